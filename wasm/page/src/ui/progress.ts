import { html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Element, uniqueId } from "./element";
import { size } from "./format";

/** How far something is. Screen readers are told at each tenth, not at each block. */
@customElement("wx-progress")
export class Progress extends Element {
  /** What is being done. */
  @property() what = "";
  @property({ type: Number }) done = 0;
  @property({ type: Number }) total = 0;
  @state() private spoken = "";
  private readonly labelId = uniqueId("progress");

  override render(): TemplateResult {
    const percent = this.total === 0 ? 0 : Math.floor((this.done / this.total) * 100);
    return html`<div class="progress">
        <span id=${this.labelId}>${this.what}</span><span>${size(this.done)} of ${size(this.total)}, ${percent}%</span>
        <progress max=${this.total || 1} value=${this.done} aria-labelledby=${this.labelId}></progress>
      </div>
      <p class="sr-only" role="status">${this.spoken}</p>`;
  }

  protected override willUpdate(_: PropertyValues): void {
    const tenth = this.total === 0 ? 0 : Math.floor((this.done / this.total) * 10);
    this.spoken = `${this.what}: ${tenth * 10} percent`;
  }
}
