import { html, nothing, type TemplateResult } from "lit";
import type { OtpMap, OtpPlan, OtpVerdict } from "waxseal";

import { address } from "../ui/format";
import { hexDump, type Cell } from "../ui/hex";
import { tag, type Tone } from "../ui/views";

const TONES: Record<OtpVerdict, Tone> = { "there already": "good", "to be programmed": "warn", locked: "bad", impossible: "bad" };
const STATES: Record<OtpVerdict, Cell["state"]> = { "there already": "same", "to be programmed": "burn", locked: "bad", impossible: "bad" };
const LOCKS: Record<OtpPlan["locks"][number]["state"], [Tone | "quiet", string]> = {
  locked: ["good", "locked"],
  ready: ["warn", "its data is there: it can be locked, for ever"],
  "held back": ["quiet", "not before its data was read back"],
  damaged: ["bad", "its lock byte is neither open nor locked"],
  unknown: ["warn", "its lock byte could not be read"],
};

/** Bytes that a row names. */
const SHOWN = 4;

/** What is left to do on a board that was read: field by field, byte by byte, lock by lock. */
export function planned(otp: OtpMap, plan: OtpPlan): TemplateResult {
  return html`
    <wx-scroll class="scroll"><table>
      <caption>Fields against what the board has</caption>
      <thead><tr><th scope="col">Field</th><th scope="col">State</th><th scope="col">Bytes</th></tr></thead>
      <tbody>${plan.fields.map(({ field, verdict, bytes }) => html`<tr>
        <th scope="row">${field}</th><td>${tag(TONES[verdict], verdict)}</td>
        <td class="wrap">${differing(verdict, bytes)}</td></tr>`)}</tbody>
    </table></wx-scroll>
    ${bytesOf(otp, plan)}
    <p class="muted small-text">No mark: there already.&ensp;<b>+</b> will be burnt.&ensp;<b>!</b> locked or impossible.&ensp;<b>··</b> not of this stage.</p>
    ${plan.locks.length === 0 ? nothing : html`<wx-scroll class="scroll"><table>
      <caption>Locks</caption>
      <thead><tr><th scope="col">Block</th><th scope="col">State</th></tr></thead>
      <tbody>${plan.locks.map(({ block, state }) => html`<tr><th scope="row">${block}</th><td>${tag(...LOCKS[state])}</td></tr>`)}</tbody>
    </table></wx-scroll>`}`;
}

/** Why a field is as it is: counted where all is well, byte by byte where it is not. */
function differing(verdict: OtpVerdict, bytes: Byte[]): TemplateResult | TemplateResult[] | typeof nothing {
  const wrong = bytes.filter((byte) => byte.verdict === verdict);
  if (verdict === "there already") return nothing;
  return verdict === "to be programmed" ? html`${wrong.length} to burn` : wrong.slice(0, SHOWN).map(byteWords);
}

type Byte = OtpPlan["fields"][number]["bytes"][number];

/** `0x1FF0_F00B 31 → 32: bits 1 cannot become 1`. */
function byteWords({ address: at, old, new: wanted, stuck, verdict }: Byte): TemplateResult {
  const bits = Array.from({ length: 8 }, (_, bit) => bit).filter((bit) => ((stuck ?? 0) >> bit) & 1);
  return html`<div><code>${address(at)}</code> ${old === null || wanted === null ? nothing : html`<code>${byte(old)}</code> → <code>${byte(wanted)}</code>`}
    ${verdict === "impossible" && bits.length > 0 ? `bit ${bits.join(", ")} is 0 and cannot become 1` : nothing}</div>`;
}

function bytesOf(otp: OtpMap, plan: OtpPlan): TemplateResult {
  const cells: (Cell | undefined)[] = Array.from({ length: otp.size }, () => undefined);
  for (const { bytes } of plan.fields) {
    for (const { address: at, verdict, old, new: wanted } of bytes) {
      const state = STATES[verdict];
      // What is shown is what the byte is to become; where that cannot be, what it is.
      cells[at - otp.base] = { value: state === "bad" ? old : wanted, ...(state ? { state } : {}) };
    }
  }
  return hexDump(otp.base, cells, "Bytes of the stage, with their states");
}

function byte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0");
}
