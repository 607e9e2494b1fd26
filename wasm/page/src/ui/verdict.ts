import { html, nothing, type TemplateResult } from "lit";

import type { Refusal, Verified, VerifiedFactory, VerifiedImage, VerifiedOtp } from "waxseal";
import { address, grouped } from "./format";
import { facts, message, tag } from "./views";

type Checks = VerifiedImage["inputs"];
type Signers = NonNullable<VerifiedImage["signed"]>;

/** The verdict of a judgement with each of its checks. */
export function verdict(judged: Verified): TemplateResult {
  const told = judged.refusal ? refusal(judged.refusal) : headline(judged);
  if (judged.kind === "image") return html`${told}${checked(judged)}`;
  if (judged.kind === "layout") {
    return html`${told}
      ${judged.verified || judged.refusal ? nothing : message("bad", "Its slot groups are not the manifest's.")}<h3>Slot groups</h3><ul class="plain">${judged.groups.map((group) => html`<li><code>${group}</code></li>`)}</ul>`;
  }
  if (judged.kind === "otp") return html`${told}${blob(judged)}`;
  return html`${told}
    ${judged.kind === "release" && judged.expired ? message("bad", "It has expired on the day by which it was judged.") : nothing}
    ${judged.kind === "release" && judged.expires ? expiry(judged.expires) : nothing}
    ${judged.kind === "factory" ? factory(judged) : judged.release_id ? html`<p>Release <code>${judged.release_id}</code></p>` : nothing}
    ${judged.members?.map((member) => html`<h3>${member.image ?? "image"} ${member.slot ? `for slot ${member.slot}` : nothing}
      ${member.verified ? tag("good", "verified") : nothing}</h3>${member.verified ? checked(member) : verdict(member)}`)}`;
}

/** What this computer's clock makes of it: for the reader, and no part of the verdict. */
function expiry(lastDay: string): TemplateResult {
  const now = new Date();
  const today = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => `${part}`.padStart(2, "0")).join("-");
  return message("note", html`Its last day is <strong>${lastDay}</strong>.
    By this computer's clock, which nobody has judged, today is ${today}${today > lastDay ? html`: <strong>it has expired</strong>` : nothing}.`);
}

/** The boot loader of a factory image, and what is in neither its slot nor an image's. */
function factory({ boot_loader: { slot, address: base, size, sha256, layouts }, strays }: VerifiedFactory): TemplateResult {
  return html`
    ${strays.map((stray) => message("bad", html`${grouped(stray.size)} bytes at <code>${address(stray.address)}</code> are neither the boot loader's nor an image's.`))}
    <h3>Boot loader for slot ${slot} ${tag("warn", "not signed")}</h3>
    ${facts([
      ["Data", html`${grouped(size)} bytes at <code>${address(base)}</code>`],
      ["SHA-256", html`<code>${sha256}</code>`],
      ["Embeds layout", layouts.map((layout) => html`<code>${layout}</code> `)],
    ])}`;
}

/** What an OTP blob is for. */
function blob({ board, stage, address: base, size, locks, layout, fields, why }: VerifiedOtp): TemplateResult {
  if (board === undefined) return html``;
  return html`
    ${why ? message("warn", why) : nothing}
    ${facts([
      ["Board", board],
      ["Stage", stage ?? "not judged"],
      ["Data", html`${size} bytes at <code>${address(base ?? 0)}</code>`],
      ["Locks", locks?.length ? `blocks ${locks.join(", ")}` : "nothing"],
      ["Fields of", html`<code>${layout}</code>`],
      ...(fields ?? []).map(({ field, value }): [string, string] => [field, value]),
    ])}`;
}

function checked(image: VerifiedImage): TemplateResult {
  return html`
    ${checks(image.inputs)}
    ${image.signed?.length ? html`<p>Signed by ${signers(image.signed)}.</p>` : nothing}
    ${image.beside?.map((range) => message("bad", html`${grouped(range.size)} bytes at <code>${address(range.address)}</code> are neither the image's, nor erased, nor state words.`))}
    ${image.absent_companions?.length
      ? message("bad", html`It pins companions that are not here: ${ids(image.absent_companions)}`)
      : nothing}
    ${image.not_judged.includes("companions")
      ? message("warn", html`It starts only with the images that it pins: ${ids(image.companions)} Choose their files together with it.`)
      : nothing}`;
}

const ids = (list: string[] = []): TemplateResult[] => list.map((id) => html`<code>${id}</code> `);

function headline({ verified, not_judged: waived = [] }: Verified): TemplateResult {
  if (!verified) return message("bad", html`<p class="verdict">Refused</p>`);
  return waived.length === 0
    ? message("good", html`<p class="verdict">Verified</p>`)
    : message("warn", html`<p class="verdict">Verified, but for ${waived.join(", ")}</p><p>What is waived, nobody has judged.</p>`);
}

/** What was refused, why, and what to do. */
export function refusal({ name, code, stage, meaning, place, offset, help }: Refusal): TemplateResult {
  return message(
    "bad",
    html`<p class="verdict">Refused: ${name} (${code})</p>
      <p>${meaning}</p>
      <p class="muted">Stage ${stage}, at offset ${offset}: ${place}</p>
      <p>${help}</p>`,
  );
}

function checks(inputs: Checks): TemplateResult {
  return html`<wx-scroll class="scroll"><table>
    <caption>Inputs of the decision</caption>
    <thead><tr><th scope="col">Check</th><th scope="col">State</th><th scope="col">Against</th></tr></thead>
    <tbody>${inputs.map(({ input, value, waived }) => html`<tr>
      <th scope="row">${input}</th>
      <td>${waived === null ? tag("good", "judged") : tag("warn", "waived")}</td>
      <td class="wrap">${waived ?? value ?? ""}</td>
    </tr>`)}</tbody>
  </table></wx-scroll>`;
}

export function signers(list: Signers): TemplateResult[] {
  return list.map(
    ({ name, key_id }, index) =>
      html`${index > 0 ? ", " : ""}${name ? html`<strong>${name}</strong> ` : nothing}<code>${key_id}</code>`,
  );
}
