import { html, nothing, type TemplateResult } from "lit";
import type { MemoryMap, MemoryRow } from "waxseal";
import { address, grouped, size } from "../ui/format";

/** Memory regions as bars, each with the table of what lies in it. */
export function memoryMap(map: MemoryMap): TemplateResult {
  return html`${map.regions.map(({ name, rows }) => html`
    <h3>${name}</h3>
    <div class="map" aria-hidden="true">${rows.map(cell)}</div>
    <wx-scroll class="scroll"><table>
      <thead><tr><th scope="col">Name</th><th scope="col">Address</th><th scope="col" class="number">Size</th>
        <th scope="col">Sectors</th><th scope="col">What</th><th scope="col" class="number">Used</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr>
        <th scope="row">${row.name ?? html`<span class="muted">free</span>`}</th>
        <td class="mono">${row.address === null ? `+${address(row.offset)}` : address(row.address)}</td>
        <td class="number">${size(row.size)}</td>
        <td class="nowrap">${sectors(row)}</td>
        <td>${row.what}</td>
        <td class="number">${row.used === null || row.capacity === null ? nothing : `${grouped(row.used)} of ${grouped(row.capacity)}`}</td>
      </tr>`)}</tbody>
    </table></wx-scroll>`)}`;
}

export function sectors({ first_sector, last_sector }: MemoryRow): string {
  return first_sector === last_sector ? `${first_sector}` : `${first_sector}-${last_sector}`;
}

/** Widths by size, but for what would be too narrow to see. Set as a property: the page's policy allows no style attribute. */
function cell(row: MemoryRow): TemplateResult {
  const { name, used, capacity } = row;
  return html`<div class=${name === null ? "" : "named"} .style=${`flex-grow: ${row.size}`}>
    <span>${name ?? nothing}</span>
    ${used === null || capacity === null ? nothing : html`<progress max=${capacity} value=${used}></progress>`}
  </div>`;
}
