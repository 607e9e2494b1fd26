import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";

import { Element } from "../ui/element";

@customElement("wx-flash")
export class Flash extends Element {
  override render(): TemplateResult {
    return html`<h1>Flash</h1>`;
  }
}
