// What the package is asked, with what the tabs have. No rule is here: only which file belongs to which path.

import type { Answer, Checked, Input, Inspected, ManifestFiles, MemoryMap, Verified, VerifyOptions } from "waxseal";

import { judging, wholeNow } from "./package";
import type { LoadedFile } from "./ui/file-input";
import type { Project } from "./ui/project";

/** The manifest with its files under the paths that it writes, and the paths for which nothing was chosen. `null`: there is none, or
 * what reads it is not loaded yet. */
export function manifestOf(project: Project): { manifest: ManifestFiles; missing: string[] } | null {
  const whole = wholeNow();
  if (project.manifest === null || !whole) return null;
  const files: Record<string, Uint8Array> = {};
  const manifest: ManifestFiles = { name: project.manifest, text: project.text(), files };
  const missing = new Set<string>();
  const take = (path: string): void => {
    const bytes = fileFor(project, path);
    if (bytes) files[path] = bytes;
    else missing.add(path);
  };
  // Which keys there are is known once what is included is there.
  whole.namedFiles(manifest).includes.forEach(take);
  whole.namedFiles(manifest).keys.forEach(take);
  return { manifest, missing: [...missing] };
}

/** A browser gives names, and a manifest paths: a file is meant by its path, or by its name if only one has it. */
function fileFor(project: Project, path: string): Uint8Array | undefined {
  const name = path.replace(/^.*\//, "");
  const same = [...project.files.keys()].filter((other) => other.replace(/^.*\//, "") === name);
  return project.files.get(path) ?? (same.length === 1 ? project.files.get(same[0] as string) : undefined);
}

export function check(project: Project): Answer<Checked> | null {
  const found = manifestOf(project);
  return found && (wholeNow()?.checkManifest(found.manifest) ?? null);
}

export function map(project: Project): MemoryMap | null {
  const found = manifestOf(project);
  return (found && wholeNow()?.mapManifest(found.manifest).result) ?? null;
}

/** The same as a picture: an SVG document. */
export function mapPicture(project: Project): string {
  const found = manifestOf(project);
  return (found && wholeNow()?.mapSvg(found.manifest)) ?? "";
}

export function inspect(project: Project, file: LoadedFile): Answer<Inspected> {
  const found = manifestOf(project);
  const named = found && found.missing.length === 0 ? { manifest: found.manifest } : {};
  return judging().inspectFile(file.bytes, { name: file.name, ...named });
}

/** What is asked beside the file and the manifest. An empty text is: not given. */
export interface Asked {
  slot: string;
  revision: string;
  /** The day on which a release that expires is judged. */
  date: string;
  dump: boolean;
  /** What was chosen beside the file. */
  others: LoadedFile[];
  /** Without a manifest: how many of several keys must have signed. */
  threshold: number | null;
}

/** The verdict, by the manifest, or by a trust set or keys alone; `null` without any of them. */
export function verify(project: Project, file: LoadedFile, { slot, revision, date, dump, others, threshold }: Asked): Answer<Verified> | null {
  const found = manifestOf(project);
  const { verifyFile } = judging();
  if (found) {
    const companions = companionsOf(file, others);
    const without: Input[] = ["boot-loader", ...(date ? [] : ["expiry" as const]), ...(companions?.length === 0 ? ["companions" as const] : [])];
    const options = verifyOptions(found.manifest, file.name, revision, date, companions);
    return verifyFile(file.bytes, {
      ...options,
      without: [...(options.without ?? []), ...without],
      dump,
      ...(slot ? { slot } : {}),
    });
  }
  // Never by less than somebody chose, only because it is not loaded yet.
  if (project.manifest !== null) return null;
  const { trust, keys } = signersOf(project);
  const [set] = trust;
  if (!set && keys.length === 0) return null;
  return verifyFile(file.bytes, {
    name: file.name,
    without: OF_MANIFEST,
    ...(set ? { trust: set.bytes } : { keys, ...(keys.length > 1 && threshold !== null ? { threshold } : {}) }),
  });
}

/** What only a manifest says: the rest of what a boot loader judges by. */
const OF_MANIFEST: Input[] = ["device", "revision", "layout", "counter", "companions", "expiry"];

/** Trust sets and keys among the files. Keys are text; a trust set is not. */
export function signersOf(project: Project): { trust: LoadedFile[]; keys: { name: string; text: string }[] } {
  const files = Array.from(project.files, ([name, bytes]) => ({ name, bytes }));
  const isText = ({ bytes }: LoadedFile): boolean => !bytes.includes(0);
  const keys = files.filter(isText).map(({ name, bytes }) => ({ name, text: new TextDecoder().decode(bytes) }));
  return { trust: files.filter((file) => !isText(file)), keys };
}

/** The images among the other files, if this one pins any, as it says; `null`: it does not. */
export function companionsOf(file: LoadedFile, others: LoadedFile[]): LoadedFile[] | null {
  const { inspectFile } = judging();
  const pinned = inspectFile(file.bytes).result?.companions ?? [];
  return pinned.length > 0 ? others.filter(({ bytes }) => inspectFile(bytes).result?.kind === "image") : null;
}

/** Options for a judgement by a manifest; without a revision it is waived, and the verdict says so. */
export function verifyOptions(
  manifest: ManifestFiles, name: string, revision: string, date: string, companions: LoadedFile[] | null,
): VerifyOptions {
  return {
    name,
    manifest,
    ...(revision ? { revision } : { without: ["revision"] }),
    ...(date ? { date } : {}),
    ...(companions?.length ? { companions } : {}),
  };
}

/** The slots that hold images, in the map's order. */
export function slotsOf(map: MemoryMap | null): string[] {
  const rows = map?.regions.flatMap((region) => region.rows) ?? [];
  return rows.flatMap(({ name, capacity }) => (name !== null && capacity !== null ? [name] : []));
}
