import { html, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";
import { Element } from "../ui/element";
import "../ui/file-input";

@customElement("wx-inspect")
export class Inspect extends Element {
  override render(): TemplateResult {
    return html`<h1>Inspect</h1><wx-file-input label="Choose a file" hint="a release, an image, HEX, a dump"></wx-file-input>`;
  }
}
