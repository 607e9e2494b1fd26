import { html, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { BoardRecord, type Done } from "../whole";

import { Element } from "./element";
import { field, message, save, said, typed } from "./views";

/** What was done to boards since the page was opened, in order; all tabs write to it. */
class Record extends EventTarget {
  readonly rows = new BoardRecord(undefined);
  /** Whether there are rows that were not saved. */
  isUnsaved = false;
  station = "";
  operator = "";

  add(board: string, done: Done): void {
    const before = this.rows.length;
    this.rows.add(board, done, { station: this.station, operator: this.operator, at: new Date().toISOString() });
    this.isUnsaved ||= this.rows.length > before;
    this.dispatchEvent(new Event("change"));
  }

  saved(): void {
    this.isUnsaved = false;
    this.dispatchEvent(new Event("change"));
  }
}

export const record = new Record();
addEventListener("beforeunload", (event) => {
  if (record.isUnsaved) event.preventDefault();
});

/** Who works here, and the record to save. */
@customElement("wx-record")
export class RecordView extends Element {
  @state() private error = "";

  override connectedCallback(): void {
    super.connectedCallback();
    record.addEventListener("change", this.changed);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    record.removeEventListener("change", this.changed);
  }

  override render(): TemplateResult {
    const { length } = record.rows;
    return html`
      <p role="status">${length} ${length === 1 ? "row" : "rows"}${record.isUnsaved ? ", not saved yet" : ""}.
        <span class="muted">Chained: a changed or removed row is found. <code>waxseal ledger import</code> takes it in.</span></p>
      <div class="fields">
        ${field("Station", html`<input type="text" autocomplete="off" .value=${record.station} @input=${(event: Event) => (record.station = typed(event))}>`)}
        ${field("Operator", html`<input type="text" autocomplete="off" .value=${record.operator} @input=${(event: Event) => (record.operator = typed(event))}>`)}
      </div>
      ${this.error ? message("bad", this.error) : ""}
      <div class="actions">
        <button ?disabled=${length === 0} @click=${() => this.save("boards.record.csv", () => record.rows.csv())}>Save as CSV</button>
        <button ?disabled=${length === 0} @click=${() => this.save("boards.record.json", () => record.rows.json())}>Save as JSON</button>
      </div>`;
  }

  private readonly changed = (): void => this.requestUpdate();

  private save(name: string, text: () => string): void {
    try {
      save(name, text());
      record.saved();
    } catch (error) {
      this.error = said(error);
    }
  }
}
