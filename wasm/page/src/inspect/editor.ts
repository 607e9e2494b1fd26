import { html, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";

import { Element, uniqueId } from "../ui/element";

/** A place to underline: UTF-16 offsets into the text. */
export interface Squiggle {
  start: number;
  end: number;
  severity: "error" | "warning" | "note";
}

/** A text field with numbered lines and underlined places. Sends `edit` with each change. */
@customElement("wx-editor")
export class Editor extends Element {
  @property() label = "";
  @property() value = "";
  @property({ attribute: false }) squiggles: Squiggle[] = [];
  private readonly inputId = uniqueId("editor");

  override render(): TemplateResult {
    return html`
      <label class="sr-only" for=${this.inputId}>${this.label}</label>
      <div class="editor">
        <pre class="lines" aria-hidden="true">${this.numbers()}</pre>
        <div class="pane">
          <pre class="under" aria-hidden="true">${this.underlined()}</pre>
          <textarea class="text" id=${this.inputId} spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
            .value=${this.value} @input=${this.input} @scroll=${this.scrolled}></textarea>
        </div>
      </div>`;
  }

  protected override updated(_: PropertyValues): void {
    this.scrolled();
  }

  /** Selects a range and shows it. */
  select(start: number, end: number): void {
    const area = this.area();
    area.focus();
    area.setSelectionRange(start, end);
    const line = this.value.slice(0, start).split("\n").length - 1;
    const height = parseFloat(getComputedStyle(area).lineHeight);
    area.scrollTop = Math.max(0, (line - 4) * height);
  }

  private area(): HTMLTextAreaElement {
    return this.querySelector("textarea") as HTMLTextAreaElement;
  }

  private input(): void {
    this.value = this.area().value;
    this.dispatchEvent(new CustomEvent<string>("edit", { detail: this.value }));
  }

  private scrolled(): void {
    const { scrollTop, scrollLeft } = this.area();
    for (const below of this.querySelectorAll("pre")) {
      below.scrollTop = scrollTop;
      if (below.className === "under") below.scrollLeft = scrollLeft;
    }
  }

  private numbers(): TemplateResult[] {
    const marked = new Map<number, string>();
    for (const { start, severity } of this.squiggles) {
      const line = this.value.slice(0, start).split("\n").length;
      if (marked.get(line) !== "bad") marked.set(line, severity === "error" ? "bad" : "warn");
    }
    return this.value.split("\n").map((_, index) => {
      const mark = marked.get(index + 1);
      return html`<span class=${mark ?? ""}>${mark ? "● " : ""}${index + 1}${"\n"}</span>`;
    });
  }

  private underlined(): (string | TemplateResult)[] {
    const parts: (string | TemplateResult)[] = [];
    let at = 0;
    for (const { start, end, severity } of [...this.squiggles].sort((a, b) => a.start - b.start)) {
      if (start < at) continue;
      const text = this.value.slice(start, Math.max(end, start + 1));
      parts.push(this.value.slice(at, start), html`<mark class=${severity === "error" ? "" : "warn"}>${text}</mark>`);
      at = start + text.length;
    }
    // A last line without a newline would have no height.
    return [...parts, this.value.slice(at), "\n"];
  }
}
