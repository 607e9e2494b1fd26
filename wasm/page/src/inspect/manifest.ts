import { html, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";

import type { Answer, Checked, Label } from "waxseal";
import { check } from "../rules";
import { Element } from "../ui/element";
import { project, Watch } from "../ui/project";
import { message, save, trouble } from "../ui/views";
import { diagnosticList, utf16 } from "./diagnostics";
import "./editor";
import type { Editor, Squiggle } from "./editor";

/** How long nobody types before everything is judged by the new text, in milliseconds. */
const PAUSE = 250;

/** The manifest as text, judged while it is written. */
@customElement("wx-manifest")
export class Manifest extends Element {
  @state() private checked: Answer<Checked> | null = null;
  @query("wx-editor") private readonly editor!: Editor;
  private timer = 0;

  constructor() {
    super();
    new Watch(this, () => (this.checked = check()));
  }

  override render(): TemplateResult {
    const text = project.text();
    const { diagnostics = [], failure } = this.checked ?? {};
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    return html`
      <wx-editor label="Manifest ${project.manifest ?? ""}" .value=${text} .squiggles=${this.squiggles(text)}
        @edit=${(event: CustomEvent<string>) => this.edited(event.detail)}></wx-editor>
      <div aria-live="polite">
        ${this.checked && text && !failure && diagnostics.length === 0 ? message("good", "Nothing is wrong with it.") : nothing}
        ${failure ? trouble(failure) : nothing}
        ${diagnostics.length > 0 ? html`<h3>${errors} ${errors === 1 ? "error" : "errors"}, ${diagnostics.length - errors}
          ${diagnostics.length - errors === 1 ? "warning" : "warnings"}</h3>` : nothing}
      </div>
      ${diagnosticList(diagnostics, (label) => this.go(label))}
      <div class="actions"><button ?disabled=${!text} @click=${() => save(project.manifest ?? "manifest.toml", text)}>Save the manifest</button></div>`;
  }

  private edited(text: string): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => project.edit(text), PAUSE);
  }

  private squiggles(text: string): Squiggle[] {
    const at = utf16(text);
    return (this.checked?.diagnostics ?? []).flatMap(({ labels, severity }) =>
      labels
        .filter(({ primary, file }) => primary && file === project.manifest)
        .map(({ start, end }) => ({ start: at(start), end: at(end), severity })),
    );
  }

  private go({ file, start, end }: Label): void {
    if (file !== project.manifest && project.files.has(file)) project.choose({ manifest: file });
    const at = utf16(project.text());
    void this.updateComplete.then(() => this.editor.select(at(start), at(end)));
  }
}
