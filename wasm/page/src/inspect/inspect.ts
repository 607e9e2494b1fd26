import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";

import type { MemoryMap } from "waxseal";

import { demo } from "../demo";
import { inspect, map, mapPicture, signers, slotsOf, verify } from "../rules";
import { Asked } from "../ui/asked";
import { Element } from "../ui/element";
import { Chosen } from "../ui/chosen";
import type { LoadedFile } from "../ui/file-input";
import { grouped } from "../ui/format";
import { project, Watch } from "../ui/project";
import "../ui/project-files";
import { insteadOfManifest, signersChoice } from "../ui/signers";
import { verdict } from "../ui/verdict";
import { field, guarded, message, trouble, typed } from "../ui/views";
import { artefact } from "./artefact";
import "./manifest";
import { Picture, memoryMap } from "./map";

/** What a file is, who signed it, and whether the boot loader would take it. */
@customElement("wx-inspect")
export class Inspect extends Element {
  @state() private slot_ = "";
  @state() private dump = false;
  private readonly picture = new Picture();
  private readonly chosen = new Chosen(() => this.requestUpdate());
  private readonly asked = new Asked(() => this.requestUpdate());

  constructor() {
    super();
    new Watch(this);
    void demo?.then(({ release }) => this.chosen.take([release]));
  }

  override render(): TemplateResult {
    const mapped = map();
    return html`
      <h1>Inspect</h1>
      <p class="lead">What a file is, who signed it, and whether the boot loader would start it. Nothing leaves this computer.</p>
      <div class="columns">
        <section class="card"><h2>File</h2>
          ${this.chosen.render("Choose a file", "release, image and its companions, layout, OTP blob, HEX, DfuSe, factory image, dump of a slot")}
          ${project.manifest === null ? nothing : this.options(slotsOf(mapped))}
        </section>
        <section class="card"><h2>Judged by</h2><wx-project-files></wx-project-files>${signersChoice()}</section>
      </div>
      ${this.chosen.file ? this.results(this.chosen.file) : nothing}
      ${mapped ? this.map(mapped) : nothing}
      <section class="card"><h2>Manifest</h2><wx-manifest></wx-manifest></section>`;
  }

  private results(file: LoadedFile): TemplateResult {
    return html`
      <section class="card" aria-live="polite">
        <header><h2>Verdict</h2><span class="muted">${file.name}, ${grouped(file.bytes.length)} bytes</span></header>
        ${guarded(() => this.verdict(file))}</section>
      <section class="card">
        <header><h2>What it says of itself</h2><span class="muted">read, not authenticated: decide by the verdict</span></header>
        ${guarded(() => this.itself(file))}</section>`;
  }

  private options(slots: string[]): TemplateResult {
    return html`<div class="fields">
      ${field("Slot", html`<select @change=${(event: Event) => (this.slot_ = typed(event))}>
        <option value="">by the file's layout</option>
        ${slots.map((name) => html`<option ?selected=${name === this.slot_}>${name}</option>`)}
      </select>`)}
      ${this.asked.render()}
    </div>
    <label class="check"><input type="checkbox" .checked=${this.dump}
      @change=${(event: Event) => (this.dump = (event.target as HTMLInputElement).checked)}>
      It was read back from a board: erased bytes and state words are no error</label>`;
  }

  private verdict(file: LoadedFile): TemplateResult {
    if (project.trouble) return message("bad", `What reads manifests could not be loaded: ${project.trouble}`);
    if (project.isWaiting) return message("note", "Loading what reads manifests.");
    const judged = verify(file, this.chosen.others, this.asked, { slot: this.slot_, dump: this.dump });
    if (judged === null) return message("note", signers().wanted);
    if (judged.failure) return trouble(judged.failure);
    return judged.result ? html`${insteadOfManifest()}${verdict(judged.result)}` : message("bad", "The manifest has errors: they stand below.");
  }

  private itself(file: LoadedFile): TemplateResult {
    const { result, failure } = inspect(file);
    return failure ? trouble(failure) : result ? artefact(result) : html``;
  }

  private map(map: MemoryMap): TemplateResult {
    return html`<section class="card"><header><h2>Memory map</h2><span class="muted">${map.part}</span></header>${memoryMap(map, this.picture.of(mapPicture()))}</section>`;
  }
}
