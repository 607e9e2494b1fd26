// What the package is asked, with what the tabs have. No rule is here: only which file belongs to which path.

import type { Answer, Checked, Input, Inspected, ManifestFiles, MemoryMap, Verified, VerifyOptions } from "waxseal";

import { judging, wholeNow } from "./package";
import type { LoadedFile } from "./ui/file-input";
import { project } from "./ui/project";

const answers = new Map<string, unknown>();
project.addEventListener("change", () => answers.clear());

/** What the project comes to, asked once however many views show it. */
function once<T>(name: string, ask: () => T): T {
  if (!answers.has(name)) answers.set(name, ask());
  return answers.get(name) as T;
}

/** The manifest with its files under the paths that it writes, and the paths for which nothing was chosen. */
interface Found {
  manifest: ManifestFiles;
  missing: string[];
}

/** `null`: there is no manifest, or what reads it is not loaded yet. */
export const manifestOf = (): Found | null => once("manifest", () => {
  const whole = wholeNow();
  if (project.manifest === null || !whole) return null;
  const files: Record<string, Uint8Array> = {};
  const manifest: ManifestFiles = { name: project.manifest, text: project.text(), files };
  const missing = new Set<string>();
  const take = (path: string): void => {
    const bytes = fileFor(path);
    if (bytes) files[path] = bytes;
    else missing.add(path);
  };
  const named = whole.namedFiles(manifest);
  named.includes.forEach(take);
  // Which keys there are is known once what is included is there.
  (named.includes.length > 0 ? whole.namedFiles(manifest) : named).keys.forEach(take);
  return { manifest, missing: [...missing] };
});

/** A browser gives names, and a manifest paths: a file is meant by its path, or by its name if only one has it. */
function fileFor(path: string): Uint8Array | undefined {
  const name = path.replace(/^.*\//, "");
  const same = [...project.files.keys()].filter((other) => other.replace(/^.*\//, "") === name);
  return project.files.get(path) ?? (same.length === 1 ? project.files.get(same[0] as string) : undefined);
}

type Whole = NonNullable<ReturnType<typeof wholeNow>>;

function ofManifest<T>(ask: (whole: Whole, manifest: ManifestFiles) => T): T | null {
  const [whole, found] = [wholeNow(), manifestOf()];
  return whole && found && ask(whole, found.manifest);
}

export const check = (): Answer<Checked> | null => once("check", () => ofManifest((whole, manifest) => whole.checkManifest(manifest)));

export const map = (): MemoryMap | null => once("map", () => ofManifest((whole, manifest) => whole.mapManifest(manifest).result ?? null));

/** The same as a picture: an SVG document. */
export const mapPicture = (): string => once("picture", () => ofManifest((whole, manifest) => whole.mapSvg(manifest)) ?? "");

export function inspect(file: LoadedFile): Answer<Inspected> {
  const found = manifestOf();
  const named = found && found.missing.length === 0 ? { manifest: found.manifest } : {};
  return judging().inspectFile(file.bytes, { name: file.name, ...named });
}

/** What somebody said beside the file. An empty text is: not given. */
interface Said {
  revision: string;
  date: string;
}

/** The verdict: by the manifest as far as there is one, and by whoever's signatures count. `null`: there is nothing to judge by. */
export function verify(file: LoadedFile, others: LoadedFile[], said: Said, { slot, dump }: { slot: string; dump: boolean }): Answer<Verified> | null {
  const options = question(file, others, said);
  if (!options) return null;
  const { verifyFile } = judging();
  if (!options.manifest) return verifyFile(file.bytes, { ...options, without: OF_MANIFEST });
  const without: Input[] = [...(options.without ?? []), "boot-loader"];
  if (!said.date) without.push("expiry");
  if (companionsOf(file, others)?.length === 0) without.push("companions");
  return verifyFile(file.bytes, { ...options, without, dump, ...(slot ? { slot } : {}) });
}

/** The same question as it is asked before anything is written: what is waived there is the revision alone. */
export function question(file: LoadedFile, others: LoadedFile[], { revision, date }: Said): VerifyOptions | null {
  const { counting } = signers();
  // Never by less than somebody chose, only because it is not loaded yet.
  if (!counting || (project.manifest !== null && !manifestOf())) return null;
  const manifest = manifestOf()?.manifest;
  if (!manifest) return { name: file.name, ...counting.options };
  const companions = companionsOf(file, others);
  return {
    name: file.name,
    manifest,
    ...counting.options,
    ...(revision ? { revision } : { without: ["revision"] }),
    ...(date ? { date } : {}),
    ...(companions?.length ? { companions } : {}),
  };
}

/** What only a manifest says: the rest of what a boot loader judges by. */
const OF_MANIFEST: Input[] = ["device", "revision", "layout", "counter", "companions", "expiry"];

/** Who may say whose signatures count. */
export interface Signers {
  id: string;
  words: string;
  /** How many keys, if somebody has to say how many of them must have signed. */
  keys?: number;
  options: Pick<VerifyOptions, "trust" | "keys" | "threshold">;
}

/** All who may say it, who was chosen, and if nobody's word counts yet, what is to be done. */
export const signers = (): { all: Signers[]; chosen: Signers | null; counting: Signers | null; wanted: string } => once("signers", () => {
  const all = allSigners();
  const said = all.find(({ id }) => id === project.signers);
  // A key too many is in many folders, and changes nothing by itself; who brings a trust set means something by it.
  const isAsked = all.length > 1 && all.some(({ options }) => options.trust);
  const chosen = said ?? (isAsked ? null : (all[0] ?? null));
  const isOpen = chosen?.keys !== undefined && project.threshold === null;
  const wanted = isOpen
    ? "say how many of the keys must have signed."
    : all.length > 0 ? "say whose signatures count." : "choose a manifest with its keys; or public keys, or a trust set, alone.";
  const counting = isOpen ? null : chosen;
  return { all, chosen, counting, wanted: counting ? "" : `Not judged: ${wanted}` };
});

/** The manifest; each trust set; and public keys, but for those that the manifest names. */
function allSigners(): Signers[] {
  const isAlone = project.manifest === null;
  const ofManifest: Signers = { id: "manifest", words: "the manifest's keys", options: {} };
  // One with errors does not say which of the files are its own.
  if (!isAlone && !map()) return [ofManifest];
  const named = Object.values(manifestOf()?.manifest.files ?? {});
  const files = Array.from(project.files, ([name, bytes]) => ({ name, bytes })).filter(({ name, bytes }) => !named.includes(bytes) && name !== project.manifest);
  // Beside a manifest may lie anything. Alone, a file is meant as what it must be.
  const sets = files.filter(({ bytes }) => bytes.includes(0) && (isAlone || judging().inspectFile(bytes).result?.kind === "trust set"));
  const keys = files
    .filter(({ bytes }) => !bytes.includes(0))
    .map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }))
    .filter(({ text }) => isAlone || /^(-----BEGIN [A-Z ]*KEY-----|ssh-)/m.test(text));
  return [
    ...(isAlone ? [] : [ofManifest]),
    ...sets.map(({ name, bytes }) => ({ id: `trust ${name}`, words: `trust set ${name}`, options: { trust: bytes } })),
    ...(keys.length === 0 ? [] : [ofKeys(keys)]),
  ];
}

function ofKeys(keys: { name: string; text: string }[]): Signers {
  const words = `public ${keys.length === 1 ? "key" : "keys"} ${keys.map(({ name }) => name).join(", ")}`;
  if (keys.length === 1) return { id: "keys", words, options: { keys } };
  return { id: "keys", words, keys: keys.length, options: { keys, ...(project.threshold === null ? {} : { threshold: project.threshold }) } };
}

/** The images among the other files, if this one pins any, as it says; `null`: it does not. */
function companionsOf(file: LoadedFile, others: LoadedFile[]): LoadedFile[] | null {
  const { inspectFile } = judging();
  const pinned = inspectFile(file.bytes).result?.companions ?? [];
  return pinned.length > 0 ? others.filter(({ bytes }) => inspectFile(bytes).result?.kind === "image") : null;
}

/** The slots that hold images, in the map's order. */
export function slotsOf(map: MemoryMap | null): string[] {
  const rows = map?.regions.flatMap((region) => region.rows) ?? [];
  return rows.flatMap(({ name, capacity }) => (name !== null && capacity !== null ? [name] : []));
}
