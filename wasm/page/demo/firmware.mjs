// Makes the demonstration's firmware, one build for each slot: `node firmware.mjs FOLDER`. Once its layout is sealed there, it makes
// the boot loader, which embeds it: `node firmware.mjs FOLDER out/layout.bin`. None of them is a program: a vector table that would
// be taken, and a pattern, long enough to see it being written.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const STACK = 0x2004_0000;
/** Where the code of each slot starts: `waxseal map demo.toml` says it, and `waxseal build` judges it. */
const CODE = { a: 0x0804_0400, b: 0x0808_0400 };
const BOOT = 0x0800_0000;

const [, , target, layout] = process.argv;
const folder = join(target, "build");
mkdirSync(folder, { recursive: true });
if (layout === undefined) {
  for (const [slot, code] of Object.entries(CODE)) writeFileSync(join(folder, `app-${slot}.bin`), program(code, 40 * 1024));
} else {
  writeFileSync(join(folder, "boot.bin"), Buffer.concat([program(BOOT, 20 * 1024), readFileSync(join(target, layout))]));
}

/** So many bytes that begin as a program at this address does. */
function program(code, size) {
  const bytes = new DataView(new ArrayBuffer(size));
  let state = code;
  for (let offset = 0; offset < size; offset += 4) {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.setUint32(offset, state, true);
  }
  bytes.setUint32(0, STACK, true);
  bytes.setUint32(4, code + 0x201, true);
  return new Uint8Array(bytes.buffer);
}
