import { html, nothing, type TemplateResult } from "lit";

import "./file-input";
import type { LoadedFile } from "./file-input";
import { field } from "./views";

/** The file that a tab is about, and those that were chosen with it: companions, perhaps. */
export class Chosen {
  private files: LoadedFile[] = [];
  private index = 0;

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
      ${this.files.length < 2 ? nothing : field("The file that this is about", html`<select @change=${(event: Event) => { this.index = (event.target as HTMLSelectElement).selectedIndex; this.changed(); }}>
          ${this.files.map(({ name }, index) => html`<option ?selected=${index === this.index}>${name}</option>`)}
        </select>`)}`;
  }
}
