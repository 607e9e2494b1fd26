// Small views that several tabs have.

import { html, nothing, type TemplateResult } from "lit";
import type { Failure } from "waxseal";

/** How something turned out. Each has a mark, so that no one needs the colour. */
export type Tone = "good" | "warn" | "bad" | "note";

const MARKS: Record<Tone, string> = { good: "✓", warn: "!", bad: "✕", note: "i" };

/** A message in a box. What arrives later is announced to screen readers. */
export function message(tone: Tone, content: unknown): TemplateResult {
  return html`<div class="message ${tone}" role=${tone === "bad" ? "alert" : "status"}>
    <span class="mark" aria-hidden="true">${MARKS[tone]}</span><div>${content}</div>
  </div>`;
}

/** A word with its mark, for a table's cell. */
export function tag(tone: Tone | "quiet", word: string): TemplateResult {
  return html`<span class="tag ${tone}">${tone === "quiet" ? nothing : html`<span aria-hidden="true">${MARKS[tone]}</span>`}${word}</span>`;
}

/** Sentences as a list, or as themselves if there is one. */
export function sentences(texts: string[]): TemplateResult | typeof nothing {
  if (texts.length === 0) return nothing;
  return texts.length === 1 ? html`<p>${texts[0]}</p>` : html`<ul>${texts.map((text) => html`<li>${text}</li>`)}</ul>`;
}

/** Names and values. */
export function facts(rows: [name: string, value: unknown][]): TemplateResult {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** A control with what it is for. */
export function field(words: unknown, control: TemplateResult): TemplateResult {
  return html`<label class="field"><span>${words}</span>${control}</label>`;
}

/** What a control says now. */
export const typed = ({ target }: Event): string => (target as HTMLInputElement | HTMLSelectElement).value;

/** Why something could not be done, and what to do. */
export function trouble({ title, place, help }: Failure): TemplateResult {
  return message("bad", html`<p><strong>${title}</strong>${place ? html` <span class="muted">${place}</span>` : nothing}</p>${sentences(help)}`);
}

/** A view, or what the exception says that it ended in: a defect, but not an empty page. */
export function guarded(view: () => TemplateResult): TemplateResult {
  try {
    return view();
  } catch (error) {
    return message("bad", said(error));
  }
}

/** What an exception says. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Hands a file to the user. */
export function save(name: string, content: Uint8Array | string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content as BlobPart]));
  link.download = name;
  link.click();
  // The download has begun once the click returns; browsers read the blob a little later.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
