import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { compareBoard, judgeForFlash, planFlash, type Flashed } from "../whole";

import { demo } from "../demo";
import { manifestOf, question, signers } from "../rules";
import { Asked } from "../ui/asked";
import { Chosen } from "../ui/chosen";
import { Connection, type Compared } from "../ui/connection";
import { sentence, troubleOf } from "../ui/device";
import { Element } from "../ui/element";
import { grouped } from "../ui/format";
import { project, Watch } from "../ui/project";
import "../ui/project-files";
import { record } from "../ui/record";
import { insteadOfManifest, signersChoice } from "../ui/signers";
import { reached, step } from "../ui/steps";
import { verdict } from "../ui/verdict";
import { field, message, said, sentences, trouble, typed } from "../ui/views";
import { Work } from "../ui/work";
import { planTable } from "./plan";

type Judged = ReturnType<typeof judgeForFlash>;
type Planned = ReturnType<typeof planFlash>;

/** From a release to a board that holds it, read back. Nothing is sent to a board before a verdict. */
@customElement("wx-flash")
export class Flash extends Element {
  @state() private slots: string[] = [];
  @state() private judged: Judged | null = null;
  @state() private compared: Compared | null = null;
  @state() private planned: Planned | null = null;
  @state() private flashed: Flashed | null = null;
  @state() private error = "";
  /** What keeps the plan from being carried out, told where it was asked for. */
  @state() private problem = "";
  /** First digits of the SHA-256 of a boot loader, which nobody signs: whoever types them answers for it. */
  @state() private loader = "";
  /** The board's name in the record: the label on it, which only a person can read. */
  @state() private name = "";
  @state() private isRecorded = false;
  private readonly chosen = new Chosen(() => this.judge());
  private readonly asked = new Asked(() => this.judge());
  private readonly work = new Work(this);
  private readonly board = new Connection(this.work, () => this.compare());

  constructor() {
    super();
    new Watch(this, () => this.judge());
    void demo?.then(({ factory }) => this.chosen.take([factory]));
  }

  override render(): TemplateResult {
    const isAccepted = Boolean(this.judged?.verdict);
    const { plan } = this.planned ?? {};
    return html`
      <h1>Flash</h1>
      <p class="lead">A release onto a board over USB, judged before a byte is sent. Nothing leaves this computer. Unproven on silicon.</p>
      ${step(1, "Release and keys", this.judged ? "done" : "now", this.inputs())}
      ${step(2, "Verdict", reached(isAccepted, this.judged !== null), html`<div aria-live="polite">${this.verdict()}</div>`)}
      ${step(3, "Board", reached(Boolean(this.compared?.fit), isAccepted), this.board.render(this.compared ?? {}, "This board is not written."))}
      ${step(4, "Plan", reached(this.flashed !== null, this.planned !== null), this.plan())}
      ${step(5, "Erase, program, read back", reached(this.flashed?.done ?? false, Boolean(plan) || this.flashed !== null), this.writing())}
      ${step(6, "Record", this.flashed ? "now" : "later", html`${this.recording()}<wx-record></wx-record>`)}`;
  }

  /** Everything that follows from the inputs, anew. */
  private judge(): void {
    if (this.work.isRunning) return;
    this.error = "";
    this.problem = "";
    this.judged = null;
    this.flashed = null;
    this.slots = [];
    this.loader = "";
    const { file, others } = this.chosen;
    const options = file && question(file, others, this.asked);
    // Only a manifest says where anything goes.
    if (file && options?.manifest) this.judged = this.attempt(() => judgeForFlash(file.bytes, options));
    this.compare();
  }

  private compare(): void {
    const found = manifestOf();
    const { board, without } = this.board;
    this.compared = found && board && this.judged?.verdict
      ? this.attempt(() => compareBoard(board, found.manifest, "flash", [...without]))
      : null;
    this.makePlan();
  }

  private makePlan(): void {
    const verdict = this.judged?.verdict;
    const fit = this.compared?.fit;
    if (verdict && fit) {
      this.planned = this.attempt(() => planFlash(verdict, fit, this.slots));
      this.flashed = null;
    } else if (!this.flashed) {
      this.planned = null;
    }
    this.requestUpdate();
  }

  private inputs(): TemplateResult {
    return html`<div class="columns">
      <div>${this.chosen.render("Choose a release", "a release, a factory image, or a sealed image and its companions: BIN, HEX, DfuSe")}
        ${this.asked.render()}</div>
      <div><wx-project-files></wx-project-files>${signersChoice()}
        ${this.chosen.file && project.manifest !== null && signers().wanted ? message("note", signers().wanted) : nothing}</div>
    </div>${this.error ? message("bad", this.error) : nothing}`;
  }

  private verdict(): TemplateResult | typeof nothing {
    if (!this.judged) return nothing;
    if (this.judged.failure) return trouble(this.judged.failure);
    return this.judged.result ? html`${insteadOfManifest()}${verdict(this.judged.result)}` : message("bad", "The manifest has errors: Inspect tells them.");
  }

  private plan(): TemplateResult | typeof nothing {
    if (!this.planned) return nothing;
    const { failure, result } = this.planned;
    return html`${this.flashed ? nothing : this.choice()}${failure ? trouble(failure) : nothing}${result ? planTable(result) : nothing}`;
  }

  private choice(): TemplateResult | typeof nothing {
    const all = this.judged?.verdict?.slots() ?? [];
    if (all.length < 2) return nothing;
    return html`<fieldset ?disabled=${this.work.isRunning}><legend>Slots to write</legend><div class="fields">${all.map(({ slot, image, version }) => html`
      <label class="check"><input type="checkbox" .checked=${this.slots.length === 0 || this.slots.includes(slot)}
        @change=${(event: Event) => this.take(slot, (event.target as HTMLInputElement).checked, all.map((one) => one.slot))}>
        ${slot} <span class="muted">${image} ${version}</span></label>`)}</div></fieldset>`;
  }

  /** No slot named means all of them. */
  private take(slot: string, isTaken: boolean, all: string[]): void {
    const chosen = this.slots.length === 0 ? all : this.slots;
    const next = all.filter((own) => (own === slot ? isTaken : chosen.includes(own)));
    this.slots = next.length === all.length ? [] : next;
    this.makePlan();
  }

  private writing(): TemplateResult {
    const bytes = this.planned?.result?.slots.flatMap(({ program }) => program).reduce((sum, { size }) => sum + size, 0) ?? 0;
    return html`
      ${this.work.isRunning ? this.work.render() : nothing}
      <div aria-live="polite">${this.flashed ? this.outcome(this.flashed) : nothing}${this.problem ? message("bad", sentence(this.problem)) : nothing}</div>
      ${this.planned?.plan && this.board.board && !this.work.isRunning ? html`<div class="actions">
        ${this.planned.result?.boot_loader ? this.vouching(this.planned.result.boot_loader) : nothing}
        <button class="primary" @click=${this.write}>Erase and program ${grouped(bytes)} bytes</button>
        <button @click=${this.resume}>Leave out what is there already</button>
        <span class="muted small-text">reads the board first; for one that was left in the middle</span></div>` : nothing}
      ${this.flashed && !this.flashed.done && !this.work.isRunning ? html`<div class="actions">
        <button class="primary" @click=${this.board.connect}>Connect it again</button>
        <span class="muted small-text">then go on with “Leave out what is there already”</span></div>` : nothing}`;
  }

  private vouching(digest: string): TemplateResult {
    return field("Boot loader's SHA-256, its first 8 digits or more, as whoever built it told you", html`<input class="mono" type="text" size="16"
      maxlength=${digest.length} autocomplete="off" spellcheck="false" .value=${this.loader} @input=${(event: Event) => (this.loader = typed(event))}>`);
  }

  private outcome({ done, state, trouble: why, advice }: Flashed): TemplateResult {
    return html`
      ${why ? troubleOf(why) : nothing}
      ${message(done ? "good" : "warn", html`<p class="verdict">${done ? "Written, and read back" : "The board is unfinished"}</p>
        ${sentences(state.map(sentence))}
        ${why || advice.length === 0 ? nothing : sentences(advice)}`)}`;
  }

  private recording(): TemplateResult | typeof nothing {
    const rows = this.flashed?.rows;
    if (!rows) return nothing;
    if (this.isRecorded) return message("good", html`Recorded as ${this.name}.`);
    return html`<form class="fields" @submit=${(event: Event) => { event.preventDefault(); this.isRecorded = true; record.add(this.name, rows); }}>
      ${field("Board's name, as its label has it", html`<input type="text" required autocomplete="off" .value=${this.name}
        @input=${(event: Event) => (this.name = typed(event))}>`)}
      <button>Add to the record</button></form>`;
  }

  private readonly write = async (): Promise<void> => {
    const { plan } = this.planned ?? {};
    const { port } = this.board;
    if (!plan || !port) return;
    this.isRecorded = false;
    await this.during(async () => {
      const flashed = await this.work.run(plan.flash(this.loader), port);
      this.flashed = flashed;
      // A board that was written, or left in the middle, is looked at anew before it is written again.
      await this.board.disconnect();
    });
  };

  private readonly resume = async (): Promise<void> => {
    const { plan } = this.planned ?? {};
    const { port } = this.board;
    if (!plan || !port) return;
    await this.during(async () => {
      const read = await this.work.run(plan.resume(), port);
      if (read.trouble !== undefined) this.problem = `${sentence(read.trouble.text)} ${read.trouble.advice.join("; ")}`;
      else this.planned = read;
    });
  };

  private async during(work: () => Promise<void>): Promise<void> {
    this.problem = "";
    try {
      await work();
    } catch (error) {
      this.problem = said(error);
    }
  }

  private attempt<T>(work: () => T): T | null {
    try {
      return work();
    } catch (error) {
      this.error = said(error);
      return null;
    }
  }
}
