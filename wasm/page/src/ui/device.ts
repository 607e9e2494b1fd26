import { html, nothing, type TemplateResult } from "lit";
import type { Comparison, Connected, Matter, Trouble } from "waxseal";

import { facts, message, sentences, tag } from "./views";

const OUTCOMES = { right: ["good", "right"], note: ["note", "note"], unknown: ["warn", "unknown"], wrong: ["bad", "wrong"] } as const;

/** What a board says of itself. */
export function deviceFacts(board: Connected): TemplateResult {
  return facts([
    ["Serial number", html`${board.serial || "none"} <span class="muted">made from the chip's id and sometimes constant: no board is known by it</span>`],
    ["Memories", board.alternates.map(({ name }) => html`<div><code>${name}</code></div>`)],
  ]);
}

/** The board against the manifest. What is unknown, somebody may answer for. */
export function comparison({ findings }: Comparison, without: Set<Matter>, answerFor: (matter: Matter, isWaived: boolean) => void): TemplateResult {
  return html`<wx-scroll class="scroll"><table>
    <caption>The board against the manifest</caption>
    <thead><tr><th scope="col">Matter</th><th scope="col">State</th><th scope="col">Found</th></tr></thead>
    <tbody>${findings.map(({ matter, outcome, text, advice }) => html`<tr>
      <th scope="row" class="nowrap">${matter}</th>
      <td>${tag(OUTCOMES[outcome][0], OUTCOMES[outcome][1])}</td>
      <td class="wrap">${text}${advice.length > 0 ? html`<div class="muted">${sentences(advice)}</div>` : nothing}
        ${outcome === "unknown" ? html`<label class="check"><input type="checkbox" .checked=${without.has(matter)}
          @change=${(event: Event) => answerFor(matter, (event.target as HTMLInputElement).checked)}>I know that it is right</label>` : nothing}</td>
    </tr>`)}</tbody>
  </table></wx-scroll>`;
}

/** Why a procedure ended early. */
export function troubleOf({ text, advice }: Trouble): TemplateResult {
  return message("bad", html`<p><strong>${sentence(text)}</strong></p>${sentences(advice)}`);
}

/** The package's words begin small, to stand in a sentence. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
