import { html, type TemplateResult } from "lit";

import { field, typed } from "./views";

/** What nobody can read out of the files: which revision the board has, and on which day a release that expires is judged. */
export class Asked {
  revision = "";
  date = "";

  constructor(private readonly changed: () => void) {}

  render(): TemplateResult {
    return html`
      ${field("Board's revision", html`<input type="text" size="8" maxlength="4" autocomplete="off" placeholder="not judged"
        .value=${this.revision} @input=${(event: Event) => { this.revision = typed(event); this.changed(); }}>`)}
      ${field("Day, if it expires", html`<input type="date"
        .value=${this.date} @input=${(event: Event) => { this.date = typed(event); this.changed(); }}>`)}`;
  }
}
