import { html, nothing, type TemplateResult } from "lit";

export type Reached = "done" | "now" | "later";

const SAID: Record<Reached, string> = { done: "done", now: "current step", later: "not yet" };

/** How far a step is that is done, or that one can begin. */
export function reached(isDone: boolean, isThere: boolean): Reached {
  return isDone ? "done" : isThere ? "now" : "later";
}

/** A numbered step. What is not reached shows its name alone. */
export function step(number: number, title: string, reached: Reached, content: unknown): TemplateResult {
  return html`<section class="step ${reached}" aria-label="${number}. ${title}, ${SAID[reached]}">
    <span class="number ${reached}" aria-hidden="true">${reached === "done" ? "✓" : number}</span>
    <div class="card"><h2>${title}</h2>${reached === "later" ? nothing : content}</div>
  </section>`;
}
