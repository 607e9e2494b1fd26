import { html, nothing, type TemplateResult } from "lit";
import type { FlashPlanned } from "waxseal";

import { address, grouped, size } from "../ui/format";
import { message, tag } from "../ui/views";

/** What will be erased and programmed, slot by slot, in this order. */
export function planTable(plan: FlashPlanned): TemplateResult {
  return html`
    ${plan.slots.map((slot) => html`
      <h3>Slot ${slot.slot}: ${slot.image ?? "boot loader"} ${slot.version}</h3>
      ${slot.image === null ? message("warn", html`<strong>Not signed by anybody:</strong> written as given. SHA-256 <code>${slot.sha256}</code>`) : nothing}
      <wx-scroll class="scroll"><table>
        <thead><tr><th scope="col">Step</th><th scope="col">Address</th><th scope="col" class="number">Size</th><th scope="col">What</th></tr></thead>
        <tbody>
          ${slot.kept.map(({ sector, address: at, size: bytes }) => html`<tr><th scope="row">${tag("good", "keep")}</th>
            <td class="mono">${address(at)}</td><td class="number">${size(bytes)}</td><td class="wrap">sector ${sector} holds it already</td></tr>`)}
          ${slot.erase.map(({ sector, address: at, size: bytes }) => html`<tr><th scope="row">${tag("warn", "erase")}</th>
            <td class="mono">${address(at)}</td><td class="number">${size(bytes)}</td><td>sector ${sector}</td></tr>`)}
          ${slot.program.map(({ address: at, size: bytes }, index) => html`<tr><th scope="row">${tag("note", "program")}</th>
            <td class="mono">${address(at)}</td><td class="number">${grouped(bytes)}</td>
            <td class="wrap">${index === slot.program.length - 1 ? "last: without it nothing starts from here" : nothing}</td></tr>`)}
        </tbody></table></wx-scroll>`)}
    ${plan.left_out.map((line) => message("note", `Not written: ${line}`))}
    ${plan.notes.map((note) => message("note", note))}
    <p class="muted">Untouched: ${plan.untouched.join(", ")}.</p>`;
}
