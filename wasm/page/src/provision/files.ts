import { zipSync, type Zippable } from "fflate";
import { html, type TemplateResult } from "lit";
import type { NamedFile } from "waxseal";

import { grouped } from "../ui/format";
import { save } from "../ui/views";

/** The first instant that a ZIP file can name: the same files give the same archive. */
const NO_TIME = new Date(1980, 0, 1);

/** The files of a batch, to be saved one by one or together. */
export function fileList(files: NamedFile[], name: string): TemplateResult {
  return html`
    <p>What another tool needs: a raw binary for each board, its locks in a file of their own, and the sheet with the lines to type.
      No board is needed for this.</p>
    <div class="actions">
      <button @click=${() => save(`${name}.zip`, archive(files))}>Save all ${files.length} files (.zip)</button>
    </div>
    <details><summary>One by one</summary><ul class="plain">${files.map(({ path, bytes }) => html`<li class="row">
      <code>${path}</code><span class="muted">${grouped(bytes.length)} bytes</span>
      <button class="small" aria-label="Save ${path}" @click=${() => save(path.replaceAll("/", "-"), bytes)}>Save</button></li>`)}</ul></details>`;
}

function archive(files: NamedFile[]): Uint8Array {
  const entries: Zippable = {};
  for (const { path, bytes } of files) entries[path] = bytes;
  return zipSync(entries, { mtime: NO_TIME, level: 0 });
}
