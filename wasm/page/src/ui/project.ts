import type { ReactiveController, ReactiveControllerHost } from "lit";

import { arrival, loadWhole, wholeNow } from "../package";
import type { LoadedFile } from "./file-input";
import { said } from "./views";

/** What the tabs share: the manifest, and the files that it names. Whoever shows it is told of changes. */
export class Project extends EventTarget {
  /** Paths as the manifest writes them, or names as they were chosen. */
  readonly files = new Map<string, Uint8Array>();
  /** Which of the files is the manifest. */
  manifest: string | null = null;
  /** Who was chosen to say whose signatures count, where several could: an id of `signers` in rules.ts. */
  signers: string | null = null;
  /** How many of several public keys must have signed. */
  threshold: number | null = null;
  /** Why a manifest cannot be read: what reads it could not be loaded. */
  trouble = "";

  constructor() {
    super();
    arrival.addEventListener("change", () => {
      this.trouble = "";
      this.dispatchEvent(new Event("change"));
    });
  }

  /** Whether there is a manifest that nothing reads yet. */
  get isWaiting(): boolean {
    return this.manifest !== null && wholeNow() === null;
  }

  /** Adds files; one of the same name takes the older one's place. */
  add(files: LoadedFile[]): void {
    for (const { name, bytes } of files) this.files.set(name, bytes);
    const first = files.find(({ name }) => name.endsWith(".toml"));
    if (first && (this.manifest === null || files.length === 1)) this.manifest = first.name;
    this.changed();
  }

  /** The manifest, as it was edited. */
  edit(text: string): void {
    if (this.manifest === null) this.manifest = "manifest.toml";
    this.files.set(this.manifest, new TextEncoder().encode(text));
    this.changed();
  }

  /** Chooses among what there is. */
  choose(chosen: Partial<Pick<Project, "manifest" | "signers" | "threshold">>): void {
    Object.assign(this, chosen);
    this.changed();
  }

  remove(name: string): void {
    this.files.delete(name);
    if (this.manifest === name) this.manifest = [...this.files.keys()].find((other) => other.endsWith(".toml")) ?? null;
    this.changed();
  }

  /** The manifest's text. */
  text(): string {
    const bytes = this.manifest === null ? undefined : this.files.get(this.manifest);
    return bytes ? new TextDecoder().decode(bytes) : "";
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
    if (this.isWaiting) void this.load();
  }

  private async load(): Promise<void> {
    try {
      await loadWhole();
    } catch (error) {
      this.trouble = said(error);
      this.dispatchEvent(new Event("change"));
    }
  }
}

export const project = new Project();

/** Has its host drawn again when the project changes. */
export class Watch implements ReactiveController {
  constructor(
    private readonly host: ReactiveControllerHost,
    private readonly changed?: () => void,
  ) {
    host.addController(this);
  }

  private readonly update = (): void => {
    this.changed?.();
    this.host.requestUpdate();
  };

  hostConnected(): void {
    project.addEventListener("change", this.update);
  }

  hostDisconnected(): void {
    project.removeEventListener("change", this.update);
  }
}
