import { html, nothing, type TemplateResult } from "lit";

import type { Chunks, Inspected, Member, SlotGroup } from "waxseal";
import { address, grouped, size } from "../ui/format";
import { facts, message, tag } from "../ui/views";
import { signers } from "../ui/verdict";

/** What a file says of itself. Nobody has vouched for it; the verdict stands above. */
export function artefact(found: Inspected): TemplateResult {
  if (found.why) return message("warn", found.why);
  return html`
    ${found.problems.map(({ name, code, meaning, offset }) =>
      message("bad", html`<p><strong>${name} (${code})</strong> at offset ${offset}: ${meaning}</p>`))}
    ${facts([
      ["Kind", found.kind],
      ["Size", `${grouped(found.size)} bytes`],
      ["Id", html`<code>${found.id}</code>`],
      ["Signature places", found.signatures.length > 0 ? signers(found.signatures) : "no signature"],
      ...(found.revisions ? [["For revisions", found.revisions.join(", ")] as [string, string]] : []),
      ...(found.companions.length > 0 ? [["Companions", found.companions.map((id) => html`<code>${id}</code> `)] as [string, unknown]] : []),
    ])}
    ${contents(found)}
    <h3>Areas</h3>
    <wx-scroll class="scroll"><table>
      <thead><tr><th scope="col">Area</th><th scope="col" class="number">Offset</th><th scope="col" class="number">Size</th>
        <th scope="col">Digest</th><th scope="col">SHA-256</th></tr></thead>
      <tbody>${found.areas.map((area) => html`<tr>
        <th scope="row">${area.name}</th><td class="number">${grouped(area.offset)}</td><td class="number">${grouped(area.size)}</td>
        <td>${area.matches_header ? tag("good", "as in the header") : tag("bad", "differs")}</td>
        <td class="wrap"><code>${area.sha256}</code></td></tr>`)}</tbody>
    </table></wx-scroll>
    <details><summary>All header fields</summary>${fields(found.header)}</details>`;
}

function contents({ kind, contents }: Inspected): TemplateResult | typeof nothing {
  if (!contents) return nothing;
  if (kind === "release") return members(contents as Member[]);
  if (kind === "image") return digests("Chunks", contents as Chunks);
  return kind === "layout" ? groups(contents as SlotGroup[]) : nothing;
}

/** Where each chunk begins in the payload, and its SHA-256. */
function digests(title: string, { chunk_size: bytes, chunk_digests: list }: Chunks): TemplateResult {
  const lines = list.map((digest, index) => `${address(index * bytes)}  ${digest}\n`);
  return html`<details><summary>${title}: ${list.length} of ${size(bytes)}</summary>
    <wx-scroll class="scroll tall" label=${title}><pre class="hex wrap">${lines.join("")}</pre></wx-scroll></details>`;
}

function members(list: Member[]): TemplateResult {
  return html`<h3>Members</h3><wx-scroll class="scroll"><table>
    <thead><tr><th scope="col">Image id</th><th scope="col">Role</th><th scope="col" class="number">Offset</th>
      <th scope="col" class="number">Size</th><th scope="col">Chunks</th></tr></thead>
    <tbody>${list.map((member) => html`<tr>
      <th scope="row" class="wrap"><code>${member.image_id}</code></th><td>${member.lead ? "lead" : "companion"}</td>
      <td class="number">${grouped(member.offset)}</td><td class="number">${grouped(member.size)}</td>
      <td class="nowrap">${member.chunks} of ${size(member.chunk_size)}</td></tr>`)}</tbody>
  </table></wx-scroll>
  ${list.map((member) => digests(`Chunks of image ${member.image_id.slice(0, 16)}`, member))}`;
}

function groups(list: SlotGroup[]): TemplateResult {
  return html`<h3>Slot groups</h3><ul class="plain">${list.map(({ fingerprint }) => html`<li><code>${fingerprint}</code></li>`)}</ul>`;
}

function fields(header: Record<string, string | number>): TemplateResult {
  return html`<wx-scroll class="scroll"><table>
    <thead><tr><th scope="col">Field</th><th scope="col">Value</th></tr></thead>
    <tbody>${Object.entries(header).map(([name, value]) => html`<tr>
      <th scope="row"><code>${name}</code></th><td class="wrap mono">${value}</td></tr>`)}</tbody>
  </table></wx-scroll>`;
}
