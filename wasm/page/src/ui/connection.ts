import { html, nothing, type TemplateResult } from "lit";
import { closedBoardAdvice, compareBoard, identifyBoard, noBoardAdvice, unprotectBoard, unprotectPhrase, type Board, type Connected, type Matter } from "../whole";

import { usbOf } from "../transport/usb-of";
import { ClosedError, Port } from "../transport/usb";
import { comparison, deviceFacts, troubleOf } from "./device";
import { field, message, said, sentences, trouble } from "./views";
import type { Work } from "./work";

/** How a board compares with the manifest. */
export type Compared = ReturnType<typeof compareBoard>;

/** A board that is connected: chosen by the user, identified, and compared by the tab that has it. */
export class Connection {
  port: Port | null = null;
  board: Board | null = null;
  /** What is unknown of the board, and somebody answers for. */
  readonly without = new Set<Matter>();
  private connected: Connected | null = null;
  private problem: TemplateResult | null = null;

  constructor(
    private readonly work: Work,
    /** Called when there is a board, or none any more, or somebody answers for something. */
    private readonly changed: () => void,
  ) {}

  /** Asks the user for a board, and the board what it is. */
  readonly connect = async (): Promise<void> => {
    await this.disconnect();
    try {
      const usb = await usbOf();
      if (!usb) {
        this.problem = message("bad", html`<p><strong>This browser has no WebUSB.</strong></p>
          <p>Chromium, Chrome and Edge have it, on a page from https or from this computer.</p>`);
        return;
      }
      this.port = await Port.request(usb, this.unplugged);
      if (!this.port) {
        this.problem = message("note", html`<p><strong>No board was chosen.</strong> If yours is not in the list:</p>${sentences(noBoardAdvice())}`);
        return;
      }
      const found = await this.work.run(identifyBoard(), this.port);
      if (found.trouble !== undefined) {
        this.problem = troubleOf(found.trouble);
        await this.lose();
      } else {
        this.connected = found.connected;
        this.board = found.board;
      }
    } catch (error) {
      this.problem = message("bad", html`<p><strong>${said(error)}</strong></p>${error instanceof ClosedError ? sentences(closedBoardAdvice()) : nothing}`);
      await this.lose();
    } finally {
      this.changed();
    }
  };

  /** Forgets the board. */
  async disconnect(): Promise<void> {
    this.problem = null;
    this.without.clear();
    await this.lose();
    this.changed();
  }

  /** The board as it was found, and how it compares; `refused` says what is not done to one that does not fit. */
  render({ failure, result, fit }: Partial<Compared>, refused: string): TemplateResult {
    return html`
      ${failure ? trouble(failure) : nothing}
      <div aria-live="polite">${this.problem ?? nothing}</div>
      ${this.connected ? deviceFacts(this.connected) : nothing}
      ${result ? comparison(result, this.without, this.answerFor) : nothing}
      ${this.connected?.read_protected ? this.unprotection() : nothing}
      ${this.work.isRunning && !this.board ? this.work.render() : nothing}
      <div class="actions">
        <button class=${this.board ? "" : "primary"} ?disabled=${this.work.isRunning} @click=${this.connect}>
          ${this.board ? "Connect another board" : "Connect a board"}</button>
        ${this.board ? nothing : html`<span class="muted small-text">in its boot loader: BOOT0 high at reset</span>`}
      </div>
      ${fit === null && !failure ? message("bad", html`<p><strong>${refused}</strong> What is wrong with it stands above.</p>`) : nothing}`;
  }

  /** While something runs, its next transfer fails, and its end says in what state the board is. */
  private readonly unplugged = async (): Promise<void> => {
    if (this.work.isRunning) return;
    await this.disconnect();
    this.problem = message("warn", html`<p><strong>The board is gone.</strong></p>
      <p>It was unplugged or reset while nothing was being done to it. Connect it again to go on.</p>`);
    this.changed();
  };

  private readonly answerFor = (matter: Matter, isWaived: boolean): void => {
    if (isWaived) this.without.add(matter);
    else this.without.delete(matter);
    this.changed();
  };

  private async lose(): Promise<void> {
    await this.port?.close();
    this.port = null;
    this.board = null;
    this.connected = null;
  }

  private unprotection(): TemplateResult {
    return html`<details><summary>Lift the read protection</summary>
      <form @submit=${this.unprotect}>
        <p>All flash of the board is erased by it, and nobody can bring it back. Type <code>${unprotectPhrase()}</code> to do it.</p>
        ${field("What it costs", html`<input name="typed" type="text" autocomplete="off">`)}
        <button class="danger" ?disabled=${this.work.isRunning}>Lift the read protection</button>
      </form></details>`;
  }

  private readonly unprotect = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const typed = String(new FormData(event.target as HTMLFormElement).get("typed"));
    const procedure = this.board && unprotectBoard(this.board, typed);
    if (!procedure || !this.port) {
      this.problem = message("warn", `Nothing was done: ${unprotectPhrase()} was not typed.`);
    } else {
      const { trouble: why } = await this.work.run(procedure, this.port);
      await this.lose();
      this.problem = why
        ? troubleOf(why)
        : message("good", "The flash is erased, and the protection lifted. The board has reset: bring it into its boot loader again, and connect it.");
    }
    this.changed();
  };
}
