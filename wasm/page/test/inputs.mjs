// Files to choose, out of the demonstration: as it is, and broken. In memory, as Playwright's setInputFiles takes them.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(`../../dist/demo/${path}`, import.meta.url));

/** A file of these tests. */
function here(path) {
  const buffer = readFileSync(fileURLToPath(new URL(path, import.meta.url)));
  return { name: path.replace(/^.*\//, ""), mimeType: "application/octet-stream", buffer };
}

/** A file of the demonstration. */
export function demo(path) {
  return { name: path.replace(/^.*\//, ""), mimeType: "application/octet-stream", buffer: readFileSync(at(path)) };
}

export const manifest = () => demo("demo.toml");
export const keys = () => [demo("keys/demo.pub.pem"), demo("keys/line.pub.pem")];
export const release = () => demo("out/meter-1.4.0.release");
export const factory = () => demo("out/factory.hex");
export const records = () => demo("boards.csv");

/** A product whose part has two sector maps: manifest and release. */
export const banks = () => ({ manifest: here("banks.toml"), release: here("built/gateway-1.0.0.release") });

/** An image with the companion that it pins, and a release of both that expires on 2027-06-30. */
export const hub = () => ({
  manifest: here("hub.toml"), release: here("built/hub/hub-1.0.0.release"), app: here("built/hub/app.a.bin"), radio: here("built/hub/radio.bin"),
});

/** Of the demonstration too: its trust set, its layout, and the image of slot a in this form. */
export const trust = () => here("built/trust.bin");
export const layout = () => here("built/layout.bin");
export const image = (form) => here(`built/app.a.${form}`);

/** The same file with other bytes. */
export function changed(file, change) {
  const buffer = Buffer.from(file.buffer);
  return { ...file, buffer: change(buffer) ?? buffer };
}

/** With one bit flipped. */
export function flipped(file, offset) {
  return changed(file, (buffer) => void (buffer[offset] ^= 1));
}

/** The manifest with a piece of text replaced. */
export function edited(file, from, to) {
  return changed(file, (buffer) => {
    const text = buffer.toString();
    if (!text.includes(from)) throw new Error(`the manifest has no ${from}`);
    return Buffer.from(text.replace(from, to));
  });
}

/** A file of 200 MiB, which is there while `choose` runs. */
export async function withHuge(choose) {
  const folder = mkdtempSync(join(tmpdir(), "page-"));
  try {
    const file = join(folder, "huge.bin");
    writeFileSync(file, "");
    truncateSync(file, 200 * 1024 * 1024);
    return await choose(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
