import { LitElement } from "lit";

/** A component in the document's own tree: one style sheet, and labels that reach across components. */
export class Element extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

let count = 0;

/** An id that no other element has, for labels. */
export function uniqueId(what: string): string {
  return `${what}-${(count += 1)}`;
}
