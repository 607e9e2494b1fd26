import { html, nothing, type TemplateResult } from "lit";

import type { Diagnostic, Label } from "waxseal";
import { tag } from "../ui/views";

const TONES = { error: "bad", warning: "warn", note: "note" } as const;

/** What was found wrong with a manifest; each place is a button that goes there. */
export function diagnosticList(list: Diagnostic[], go: (label: Label) => void): TemplateResult {
  return html`${list.map((found) => html`<div class="diagnostic">
    <p>${tag(TONES[found.severity], `${found.severity} ${found.code}`)} <strong>${found.title}</strong></p>
    <ul class="plain">${found.labels.map((label) => html`<li>
      <button class="link" @click=${() => go(label)}>${label.file}:${label.line}:${label.column}</button> ${label.text}</li>`)}</ul>
    ${found.help.map(({ text }) => html`<p><span class="muted">Help:</span> ${text}</p>`)}
    ${found.facts.length === 0 ? nothing : html`<details><summary>The fact behind it</summary>
      ${found.facts.map(({ text, source, evidence }) => html`<p>${text} <span class="muted">(${source}) [${evidence}]</span></p>`)}</details>`}
  </div>`)}`;
}

/** Offsets in UTF-16, from those in bytes. */
export function utf16(text: string): (byte: number) => number {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  return (byte) => decoder.decode(bytes.subarray(0, byte)).length;
}
