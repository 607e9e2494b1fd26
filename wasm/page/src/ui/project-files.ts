import { html, nothing, type TemplateResult } from "lit";
import { customElement } from "lit/decorators.js";

import { Element } from "./element";
import "./file-input";
import type { LoadedFile } from "./file-input";
import { grouped } from "./format";
import { manifestOf } from "../rules";
import { project, Watch } from "./project";
import { field, message, typed } from "./views";

/** The manifest and the files that belong to it: chosen once, for all tabs. */
@customElement("wx-project-files")
export class ProjectFiles extends Element {
  constructor() {
    super();
    new Watch(this);
  }

  override render(): TemplateResult {
    const names = [...project.files.keys()].sort();
    const manifests = names.filter((name) => name.endsWith(".toml"));
    const missing = manifestOf()?.missing ?? [];
    return html`
      <wx-file-input label="Manifest and keys" multiple
        hint=${names.length === 0 ? "the .toml, what it includes, the public keys it names; or keys, or a trust set, alone" : "add or replace files"}
        @files=${(event: CustomEvent<LoadedFile[]>) => project.add(event.detail)}></wx-file-input>
      ${manifests.length > 1 ? this.choice(manifests) : nothing}
      ${names.length === 0 ? nothing : html`<ul class="plain">${names.map((name) => this.row(name))}</ul>`}
      ${missing.length === 0 ? nothing : message("warn", html`The manifest names files that are not here: ${missing.map(
        (path, index) => html`${index > 0 ? ", " : ""}<code>${path}</code>`)}`)}`;
  }

  private choice(manifests: string[]): TemplateResult {
    return field("The manifest", html`<select @change=${(event: Event) => project.choose({ manifest: typed(event) })}>
      ${manifests.map((name) => html`<option value=${name} ?selected=${name === project.manifest}>${name}</option>`)}
    </select>`);
  }

  private row(name: string): TemplateResult {
    const bytes = project.files.get(name)?.length ?? 0;
    return html`<li class="row">
      <code>${name}</code>
      <span class="muted">${name === project.manifest ? "manifest, " : ""}${grouped(bytes)} bytes</span>
      <button class="small" aria-label="Remove ${name}" @click=${() => project.remove(name)}>Remove</button>
    </li>`;
  }
}
