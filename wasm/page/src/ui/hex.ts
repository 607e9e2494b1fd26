import { html, type TemplateResult } from "lit";

import { address } from "./format";

/** A byte to show: its value, `null` for one that is not shown, and how it is marked. */
export interface Cell {
  value: number | null;
  state?: "same" | "burn" | "bad";
}

const WIDTH = 16;
const HALF = WIDTH / 2;
/** Marks behind a byte, so that its state is not in the colour alone. All are as wide as the space that they take. */
const MARKS = { same: " ", burn: "+", bad: "!" };

/** Bytes as a hex dump. Lines that have nothing are left out. On a phone a line is broken after its first half. */
export function hexDump(base: number, cells: (Cell | undefined)[], label: string): TemplateResult {
  const lines: TemplateResult[] = [];
  for (let at = 0; at < cells.length; at += WIDTH) {
    const row = Array.from({ length: WIDTH }, (_, index) => cells[at + index]);
    if (row.every((cell) => cell === undefined)) continue;
    lines.push(html`${address(base + at)}  ${row.slice(0, HALF).map(byte)}<span class="break">${`\n${address(base + at + HALF)}  `}</span>${
      row.slice(HALF).map(byte)}${"\n"}`);
  }
  return html`<wx-scroll class="scroll" label=${label}><pre class="hex">${lines}</pre></wx-scroll>`;
}

function byte(cell: Cell | undefined): TemplateResult | string {
  if (!cell) return "·· ";
  const digits = cell.value === null ? "**" : cell.value.toString(16).toUpperCase().padStart(2, "0");
  return cell.state ? html`<span class=${cell.state}>${digits}${MARKS[cell.state]}</span>` : `${digits} `;
}
