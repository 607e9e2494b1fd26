import { html, nothing, type TemplateResult } from "lit";

import { signers } from "../rules";
import { project } from "./project";
import { field, message, typed } from "./views";

/** To say whose signatures count, where more than one thing that was chosen could say it. */
export function signersChoice(): TemplateResult {
  const { all, chosen } = signers();
  const keys = chosen?.keys;
  return html`
    ${all.length < 2 ? nothing : field("Whose signatures count", html`<select @change=${(event: Event) => project.choose({ signers: typed(event) || null })}>
      ${chosen ? nothing : html`<option value="">not said yet</option>`}
      ${all.map((one) => html`<option value=${one.id} .selected=${one === chosen}>${one.words}</option>`)}
    </select>`)}
    ${keys === undefined ? nothing : field(`Signatures that must be there, of ${keys} keys`, html`<input type="number" min="1" max=${keys}
      .value=${`${project.threshold ?? ""}`} @input=${(event: Event) => project.choose({ threshold: Number(typed(event)) || null })}>`)}`;
}

/** Whose word counted, if it is not the manifest's. */
export function insteadOfManifest(): TemplateResult | typeof nothing {
  const { counting } = signers();
  return project.manifest === null || !counting || counting.id === "manifest"
    ? nothing
    : message("note", html`By the signatures of <strong>${counting.words}</strong>, in place of the manifest's keys.`);
}
