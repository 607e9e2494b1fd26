import { html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";

import { Element, uniqueId } from "./element";

/** A file that was chosen: its content, and the name to show. */
export interface LoadedFile {
  name: string;
  bytes: Uint8Array;
}

/** What is read into memory at most. The largest flash that a part or its bus can have is far below. */
const LARGEST = 64 * 1024 * 1024;

/** Reads files, unless one is too large to be anything that belongs here. */
export async function readFiles(files: Iterable<File>): Promise<LoadedFile[]> {
  const loaded: LoadedFile[] = [];
  for (const file of files) {
    if (file.size > LARGEST) {
      const size = Math.ceil(file.size / (1024 * 1024));
      throw new Error(`${file.name} has ${size} MiB. No firmware, dump or record is larger than 64 MiB: is it the right file?`);
    }
    loaded.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
  }
  return loaded;
}

/** A field to choose files, or to drop them on. Sends `files` with what was read. */
@customElement("wx-file-input")
export class FileInput extends Element {
  /** What it is for. */
  @property() label = "";
  /** What fits, in a few words. */
  @property() hint = "";
  @property({ type: Boolean }) multiple = false;
  /** Names of what is chosen. */
  @property({ attribute: false }) chosen: string[] = [];
  @state() private error = "";
  @state() private over = false;
  private readonly inputId = uniqueId("file");

  override render(): TemplateResult {
    const names = this.chosen.join(", ");
    return html`
      <div class="file ${this.over ? "over" : ""} ${names ? "has-file" : ""}"
        @dragover=${this.drag} @dragenter=${this.drag} @dragleave=${() => (this.over = false)} @drop=${this.drop}>
        <input id=${this.inputId} type="file" ?multiple=${this.multiple} @change=${this.choose}
          aria-describedby="${this.inputId}-hint">
        <label for=${this.inputId}>${this.label}</label>
        <span class="file-hint" id="${this.inputId}-hint">${names || this.hint}</span>
      </div>
      ${this.error ? html`<p class="message bad" role="alert"><span class="mark" aria-hidden="true">✕</span>${this.error}</p>` : nothing}`;
  }

  private drag(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  private drop(event: DragEvent): void {
    event.preventDefault();
    this.over = false;
    void this.take([...(event.dataTransfer?.files ?? [])]);
  }

  private choose(event: Event): void {
    const input = event.target as HTMLInputElement;
    const files = [...(input.files ?? [])];
    // The same file again, changed on the disk, is a change too.
    input.value = "";
    void this.take(files);
  }

  private async take(files: File[]): Promise<void> {
    if (files.length === 0) return;
    this.error = "";
    try {
      const detail = await readFiles(this.multiple ? files : files.slice(0, 1));
      this.dispatchEvent(new CustomEvent<LoadedFile[]>("files", { detail }));
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }
}
