import { html, nothing, type TemplateResult } from "lit";
import type { Boards, OtpMap } from "waxseal";

import { address } from "../ui/format";
import { hexDump, type Cell } from "../ui/hex";

export type Board = NonNullable<Boards["boards"]>[number];

/** What each field of a board is to hold in one stage. */
export function fieldTable(otp: OtpMap, stage: string, board: Board): TemplateResult {
  const fields = otp.fields.filter((field) => field.stage === stage);
  return html`<wx-scroll class="scroll"><table>
    <thead><tr><th scope="col">Field</th><th scope="col">Address</th><th scope="col" class="number">Bytes</th>
      <th scope="col">Type</th><th scope="col">Value</th><th scope="col">Bytes, in hex</th></tr></thead>
    <tbody>${fields.map((field) => {
      const value = board.values.find((own) => own.field === field.name);
      return html`<tr>
        <th scope="row">${field.name}</th><td class="mono">${address(field.address)}</td><td class="number">${field.size}</td>
        <td class="nowrap">${field.type}</td><td class="wrap">${value?.value ?? nothing}</td>
        <td class="wrap mono">${value?.secret ? html`<span class="muted">secret</span>` : pairs(value?.bytes ?? "")}</td></tr>`;
    })}</tbody>
  </table></wx-scroll>`;
}

/** Blocks of the memory: which stage fills and locks each. */
export function blockMap({ size: all, block, fields }: OtpMap, stage: string): TemplateResult | typeof nothing {
  if (block === null) return nothing;
  const blocks = Array.from({ length: all / block }, (_, number) => {
    const start = number * block;
    const inside = fields.filter(({ offset, size }) => offset < start + block && offset + size > start);
    const own = inside.some((field) => field.stage === stage);
    const names = inside.map(({ name }) => name).join(", ");
    return { number, inside, own, names };
  });
  return html`
    <div class="blocks" role="list" aria-label="Blocks of ${block} bytes">${blocks.map(({ number, inside, own, names }) => html`
      <div role="listitem" class=${own ? "write" : inside.length > 0 ? "named" : ""}
        title=${names || "free"}><b>${number}</b><span class="sr-only">${own ? "filled in this stage: " : ""}${names || "free"}</span>
        <span aria-hidden="true">${own ? "+" : inside.length > 0 ? "·" : ""}</span></div>`)}
    </div>
    <p class="muted small-text">+ filled in stage ${stage}&ensp;· of another stage, or counted in the field</p>`;
}

/** The bytes of one piece of data. */
export function dataDump(base: number, bytes: Uint8Array): TemplateResult {
  const cells: Cell[] = Array.from(bytes, (value) => ({ value }));
  return hexDump(base, cells, "Bytes to program");
}

function pairs(hex: string): string {
  return hex.replace(/(..)(?!$)/g, "$1 ");
}
