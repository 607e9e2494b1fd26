import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import {
  compareBoard, otpTarget, planBurn, readOtp,
  type Burnt, type BurnPlan, type Confirmed, type Matter, type OtpMap,
} from "../whole";

import { manifestOf } from "../rules";
import { Connection, type Compared } from "../ui/connection";
import { sentence, troubleOf } from "../ui/device";
import { Element } from "../ui/element";
import { record } from "../ui/record";
import { reached, step } from "../ui/steps";
import { field, message, said, sentences, trouble } from "../ui/views";
import { Work } from "../ui/work";
import { planned } from "./planned";

/** One board, from the cable to its locks. Burning and locking are confirmed apart, each by typing the board's name. */
@customElement("wx-burn")
export class Burn extends Element {
  @property({ attribute: false }) otp: OtpMap | null = null;
  @property({ attribute: false }) records: { name: string; text: string } | null = null;
  @property() board = "";
  @property() stage = "";
  @state() private compared: Compared | null = null;
  @state() private plan: BurnPlan | null = null;
  @state() private notes: string[] = [];
  @state() private problem: TemplateResult | null = null;
  @state() private burnt: Burnt | null = null;
  @state() private locked: Burnt | null = null;
  private readonly work = new Work(this);
  private readonly connection = new Connection(this.work, () => void this.look());

  protected override willUpdate(changed: Map<string, unknown>): void {
    // Another board's data, or another stage's: what was read and planned is not for it.
    if (["board", "stage", "records"].some((name) => changed.has(name) && changed.get(name) !== undefined)) this.forget();
  }

  override render(): TemplateResult {
    const isThere = this.plan !== null;
    const plan = this.plan?.planned;
    const isBurnt = plan?.verdict === "there already";
    const lockable = this.plan?.lockable();
    return html`
      ${step(3, "Board", isThere ? "done" : "now", this.boardFound())}
      ${step(4, "What the board has", isThere ? "done" : "later", this.otp && plan ? html`
        ${planned(this.otp, plan)}
        ${plan.owner ? message("bad", `It has what board ${plan.owner} is to have.`) : nothing}
        ${this.notes.map((note) => message("note", sentence(note)))}` : nothing)}
      ${step(5, "Burn", reached(isBurnt, isThere || this.burnt !== null), this.burning(plan?.verdict ?? null))}
      ${step(6, "Lock", reached(Boolean(plan?.done) && isBurnt, isBurnt || this.locked !== null), this.locking(lockable?.blocks ?? [], lockable?.why ?? ""))}
      ${step(7, "Record, and the next board", this.burnt || this.locked ? "now" : "later", html`<wx-record></wx-record>
        <div class="actions"><button class="primary" ?disabled=${this.work.isRunning} @click=${this.next}>Next board</button></div>`)}`;
  }

  private boardFound(): TemplateResult {
    return html`
      ${this.connection.render(this.compared ?? {}, "Nothing is burnt on this board.")}
      <div aria-live="polite">${this.problem ?? nothing}</div>
      ${this.work.isRunning && this.connection.board && !this.plan ? this.work.render() : nothing}`;
  }

  private burning(verdict: string | null): TemplateResult {
    return html`
      ${this.burnt ? this.outcome(this.burnt, "Burnt, and read back") : nothing}
      ${this.work.isRunning && this.plan ? this.work.render() : nothing}
      ${verdict === "to be programmed" && !this.work.isRunning
        ? this.confirmation("Burn for ever", "What is burnt stays for ever. Type the board's name, as it stands on the board:", this.burn)
        : verdict === "there already" && !this.burnt ? message("good", "All of it is there already: nothing is burnt.")
        : verdict === "impossible" || verdict === "locked" ? message("bad", "This board cannot become what the records say. Leave it as it is.") : nothing}`;
  }

  private locking(blocks: number[], why: string): TemplateResult {
    return html`
      ${this.locked ? this.outcome(this.locked, "Locked, and read back") : nothing}
      ${blocks.length > 0 && !this.work.isRunning
        ? this.confirmation(`Lock ${blocks.length === 1 ? "block" : "blocks"} ${blocks.join(", ")} for ever`,
            "A second confirmation: a lock cannot be taken back, nor anything in its block changed. Type the board's name again:", this.lock)
        : why && !this.locked ? message("note", sentence(why)) : nothing}`;
  }

  private confirmation(label: string, words: string, submit: (typed: string) => void): TemplateResult {
    return html`<form @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      submit(String(new FormData(event.target as HTMLFormElement).get("typed")));
    }}>
      ${field(words, html`<input class="mono" name="typed" type="text" autocomplete="off" autocapitalize="off" spellcheck="false" required>`)}
      <button class="danger">${label}</button></form>`;
  }

  private outcome({ done, state, notes, trouble: why }: Burnt, words: string): TemplateResult {
    return html`<div aria-live="polite">${why ? troubleOf(why) : nothing}
      ${message(done ? "good" : "warn", html`<p class="verdict">${done ? words : "Not finished"}</p>${sentences([...state, ...notes].map(sentence))}`)}</div>`;
  }

  /** Compares the board, and reads it. */
  private async look(): Promise<void> {
    const found = manifestOf();
    const { board, port, without } = this.connection;
    this.plan = null;
    this.compared = null;
    this.problem = null;
    this.requestUpdate();
    if (!found || !board || !port || !this.records) return;
    this.burnt = null;
    this.locked = null;
    try {
      const waived: Matter[] = [...without];
      this.compared = compareBoard(board, found.manifest, "otp", waived);
      const { target, failure } = otpTarget(found.manifest, this.records, { board: this.board, stage: this.stage });
      if (failure) this.problem = trouble(failure);
      const reading = this.compared.fit && target && readOtp(found.manifest, this.compared.fit);
      if (!reading || !target) return;
      const read = await this.work.run(reading, port);
      if (read.trouble !== undefined) {
        this.problem = troubleOf(read.trouble);
        return;
      }
      this.notes = read.notes;
      this.plan = planBurn(target, read.read);
    } catch (error) {
      this.problem = message("bad", said(error));
    }
  }

  private readonly burn = async (typed: string): Promise<void> => {
    if (this.plan) this.burnt = await this.perform(this.plan.burn(typed));
  };

  private readonly lock = async (typed: string): Promise<void> => {
    if (this.plan) this.locked = await this.perform(this.plan.lock(typed));
  };

  /** Carries out what was confirmed, and goes on from what was read back. */
  private async perform({ procedure, why }: Confirmed): Promise<Burnt | null> {
    const { port } = this.connection;
    this.problem = why ? message("warn", sentence(why)) : null;
    if (!procedure || !port) return null;
    try {
      const end = await this.work.run(procedure, port);
      record.add(this.board, end.rows);
      // A board on which something went wrong is connected and read anew before anything else.
      if (end.trouble) await this.connection.disconnect();
      else this.plan = end.rest;
      return end;
    } catch (error) {
      this.problem = message("bad", said(error));
      return null;
    }
  }

  private forget(): void {
    this.plan = null;
    this.compared = null;
    this.burnt = null;
    this.locked = null;
    this.notes = [];
    this.problem = null;
    if (this.connection.board) void this.connection.disconnect();
  }

  private readonly next = async (): Promise<void> => {
    await this.connection.disconnect();
    this.forget();
    this.dispatchEvent(new CustomEvent("next"));
  };
}
