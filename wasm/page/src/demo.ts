// The demonstration's files. The board is the simulated one.

import type { LoadedFile } from "./ui/file-input";

const MANIFEST = ["demo.toml", "keys/demo.pub.pem", "keys/line.pub.pem"];
const RELEASE = "out/meter-1.4.0.release";
const FACTORY = "out/factory.hex";
const RECORDS = "boards.csv";

export interface Demo {
  manifest: LoadedFile[];
  release: LoadedFile;
  /** Boot loader and image for a blank board. */
  factory: LoadedFile;
  records: LoadedFile;
}

/** The demonstration, if the page was opened as one: with `?demo`. */
export const demo: Promise<Demo> | null = new URLSearchParams(location.search).has("demo") ? loadDemo() : null;

async function loadDemo(): Promise<Demo> {
  const [release, factory, records, ...manifest] = await Promise.all([RELEASE, FACTORY, RECORDS, ...MANIFEST].map(load));
  if (!release || !factory || !records) throw new Error("the demonstration's files are not there");
  return { manifest, release, factory, records };
}

async function load(path: string): Promise<LoadedFile> {
  const response = await fetch(`demo/${path}`);
  if (!response.ok) throw new Error(`demo/${path}: ${response.status}`);
  const name = path.startsWith("keys/") ? path : path.replace(/^.*\//, "");
  return { name, bytes: new Uint8Array(await response.arrayBuffer()) };
}
