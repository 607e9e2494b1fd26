import { html, nothing, type TemplateResult } from "lit";

import { uniqueId } from "./element";
import "./file-input";
import type { LoadedFile } from "./file-input";

/** The file that a tab is about, and those that were chosen with it: companions, perhaps. */
export class Chosen {
  private files: LoadedFile[] = [];
  private index = 0;
  private readonly id = uniqueId("chosen");

  constructor(private readonly changed: () => void) {}

  get file(): LoadedFile | null {
    return this.files[this.index] ?? null;
  }

  get others(): LoadedFile[] {
    return this.files.filter((_, index) => index !== this.index);
  }

  readonly take = (files: LoadedFile[]): void => {
    this.files = files;
    this.index = 0;
    this.changed();
  };

  render(label: string, hint: string): TemplateResult {
    return html`<wx-file-input label=${label} hint=${hint} multiple .chosen=${this.files.map(({ name }) => name)}
        @files=${(event: CustomEvent<LoadedFile[]>) => this.take(event.detail)}></wx-file-input>
      ${this.files.length < 2 ? nothing : html`<p class="field"><label for=${this.id}>The file that this is about</label>
        <select id=${this.id} @change=${(event: Event) => { this.index = (event.target as HTMLSelectElement).selectedIndex; this.changed(); }}>
          ${this.files.map(({ name }, index) => html`<option ?selected=${index === this.index}>${name}</option>`)}
        </select></p>`}`;
  }
}
