import { html, nothing, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { otpBoards, otpBuild, type Answer, type Batch, type Boards, type NamedFile, type OtpMap } from "../whole";

import { demo } from "../demo";
import { manifestOf, map } from "../rules";
import { Element, uniqueId } from "../ui/element";
import "../ui/file-input";
import type { LoadedFile } from "../ui/file-input";
import { address, grouped, size } from "../ui/format";
import { project, Watch } from "../ui/project";
import "../ui/project-files";
import { step } from "../ui/steps";
import { facts, message, trouble } from "../ui/views";
import { blockMap, dataDump, fieldTable, type Board } from "./fields";
import "./burn";
import { fileList } from "./files";

/** One-time-programmable memory, board by board. */
@customElement("wx-provision")
export class Provision extends Element {
  @state() private records: LoadedFile | null = null;
  @state() private stage = "";
  @state() private board = "";
  private otp: OtpMap | null = null;
  private read: Answer<Boards> | null = null;
  private built: (Answer<Batch> & { files: NamedFile[] }) | null = null;
  private text: { name: string; text: string } | null = null;
  private readonly name = uniqueId("board");

  constructor() {
    super();
    new Watch(this);
    void demo?.then(({ records }) => (this.records = records));
  }

  protected override willUpdate(): void {
    const found = manifestOf();
    this.otp = map()?.otp ?? null;
    const stages = this.otp?.stages.map(({ name }) => name) ?? [];
    if (!stages.includes(this.stage)) this.stage = stages[0] ?? "";
    this.read = null;
    this.built = null;
    if (!found || !this.otp || !this.records) return;
    const text = new TextDecoder().decode(this.records.bytes);
    // The same object while nothing changes: whoever has a board under way is not disturbed.
    if (this.text?.text !== text || this.text.name !== this.records.name) this.text = { name: this.records.name, text };
    this.read = otpBoards(found.manifest, this.text);
    const names = this.boards().map(({ board }) => board);
    if (!names.includes(this.board)) this.board = names[0] ?? "";
    if (names.length > 0) this.built = otpBuild(found.manifest, this.text, { stage: this.stage });
  }

  override render(): TemplateResult {
    const chosen = this.boards().find(({ board }) => board === this.board);
    return html`
      <h1>Provision</h1>
      <p class="lead">One-time-programmable memory, board by board: what is burnt stays for ever. Nothing leaves this computer.</p>
      ${step(1, "Layout and records", chosen ? "done" : "now", this.inputs())}
      ${step(2, "What will be burnt", chosen ? "done" : "later", this.otp && chosen ? this.contents(this.otp, chosen) : nothing)}
      ${chosen ? html`<wx-burn .otp=${this.otp} .records=${this.text} .board=${this.board} .stage=${this.stage} @next=${this.next}></wx-burn>` : nothing}`;
  }

  private readonly next = (): void => {
    const names = this.boards().map(({ board }) => board);
    this.board = names[names.indexOf(this.board) + 1] ?? this.board;
  };

  private boards(): Board[] {
    return this.read?.result?.boards ?? [];
  }

  private inputs(): TemplateResult {
    return html`
      <div class="columns">
        <wx-project-files></wx-project-files>
        <div>
          <wx-file-input label="Records" hint="CSV: a line of titles, a row for each board"
            .chosen=${this.records ? [this.records.name] : []}
            @files=${(event: CustomEvent<LoadedFile[]>) => (this.records = event.detail[0] ?? null)}></wx-file-input>
          ${this.otp ? this.memory(this.otp) : nothing}
        </div>
      </div>
      ${project.manifest !== null && !this.otp ? message("bad", "The manifest says nothing of one-time-programmable memory, or has errors: Inspect tells them.") : nothing}
      <div aria-live="polite">${this.findings()}</div>
      ${this.choice()}`;
  }

  private memory(otp: OtpMap): TemplateResult {
    return html`
      ${facts([
        ["Memory", html`<span class="mono">${address(otp.base)}</span>, ${size(otp.size)}${otp.block === null ? nothing : ` in blocks of ${otp.block}`}`],
        ["Used", `${grouped(otp.used)} bytes by ${otp.fields.length} fields, field list ${otp.version}`],
      ])}
      <fieldset class="stages"><legend>Stage</legend>${otp.stages.map(({ name, locks }) => html`
        <label class="check"><input type="radio" name="${this.name}-stage" .checked=${name === this.stage} @change=${() => (this.stage = name)}>
          ${name} <span class="muted">${locks ? "locks its blocks for ever" : "locks nothing"}</span></label>`)}</fieldset>`;
  }

  private findings(): TemplateResult | typeof nothing {
    if (!this.read) return nothing;
    const { failure, result } = this.read;
    if (failure) return trouble(failure);
    const findings = result?.findings ?? [];
    if (findings.length === 0) return message("good", `${this.boards().length} boards, and nothing is wrong with their rows.`);
    return html`
      ${message("bad", html`<p><strong>${findings.length} ${findings.length === 1 ? "thing is" : "things are"} wrong with the records.</strong>
        Nothing is made out of them until all rows are right.</p>`)}
      <wx-scroll class="scroll"><table>
        <thead><tr><th scope="col" class="number">Line</th><th scope="col">Column</th><th scope="col">What is wrong</th></tr></thead>
        <tbody>${findings.map(({ line, column, text }) => html`<tr>
          <td class="number">${line}</td><th scope="row">${column ?? "the row"}</th><td class="wrap">${text}</td></tr>`)}</tbody>
      </table></wx-scroll>`;
  }

  private choice(): TemplateResult | typeof nothing {
    const boards = this.boards();
    if (boards.length === 0) return nothing;
    const columns = boards[0]?.values.filter(({ field }) => this.otp?.fields.some(({ name, stage }) => name === field && stage === this.stage)) ?? [];
    return html`<wx-scroll class="scroll tall"><table>
      <caption>The board to look at, and to burn</caption>
      <thead><tr><th scope="col">Board</th>${columns.map(({ field }) => html`<th scope="col">${field}</th>`)}</tr></thead>
      <tbody>${boards.map(({ board, values }) => html`<tr>
        <th scope="row" class="nowrap"><label class="check"><input type="radio" name=${this.name} .checked=${board === this.board}
          @change=${() => (this.board = board)}>${board}</label></th>
        ${columns.map(({ field }) => html`<td class="nowrap">${values.find((own) => own.field === field)?.value ?? ""}</td>`)}</tr>`)}</tbody>
    </table></wx-scroll>`;
  }

  private contents(otp: OtpMap, board: Board): TemplateResult {
    const own = this.built?.result?.boards.find((made) => made.board === board.board);
    const bytesOf = (path: string): Uint8Array => this.built?.files.find((file) => file.path === path)?.bytes ?? new Uint8Array();
    return html`
      <h3>Board ${board.board}, stage ${this.stage}</h3>
      ${fieldTable(otp, this.stage, board)}
      ${blockMap(otp, this.stage)}
      ${own?.data.map(({ file, address: base }) => dataDump(base, bytesOf(file)))}
      ${own?.lock ? html`<p class="muted">Its locks are a second step, after the data was read back: block ${own.locks.join(", ")}, by bytes at
        <span class="mono">${address(own.lock.address)}</span>.</p>` : nothing}
      <h3>Without a board</h3>
      ${this.built?.failure ? trouble(this.built.failure) : fileList(this.built?.files ?? [], `otp-${this.stage}`)}`;
  }
}
