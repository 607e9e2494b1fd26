import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";

import { Element } from "../ui/element";

@customElement("wx-provision")
export class Provision extends Element {
  override render(): TemplateResult {
    return html`<h1>Provision</h1>`;
  }
}
