import { html, nothing, type TemplateResult } from "lit";
import type { MemoryMap, MemoryRow } from "waxseal";
import { address, grouped, size } from "../ui/format";

/** A picture as an image's address, until there is another one. */
export class Picture {
  private text = "";
  private url = "";

  of(svg: string): string {
    if (svg !== this.text) {
      URL.revokeObjectURL(this.url);
      this.text = svg;
      this.url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    }
    return this.url;
  }
}

/** The map as the command draws it, and for each region a table that says the same. */
export function memoryMap(map: MemoryMap, picture: string): TemplateResult {
  return html`
    <wx-scroll class="scroll"><img class="picture" alt="The memory map; the tables say the same" src=${picture}></wx-scroll>
    ${map.regions.map(({ name, rows }) => html`
    <h3>${name}</h3>
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
