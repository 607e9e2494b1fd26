// Makes the demonstration's firmware, one build for each slot: `node firmware.mjs FOLDER`. It is not a program: a vector table
// that a boot loader would take, and a pattern, long enough to see it being written.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SIZE = 40 * 1024;
const STACK = 0x2004_0000;
/** Where the code of each slot starts: `waxseal map demo.toml` says it, and `waxseal build` judges it. */
const CODE = { a: 0x0804_0400, b: 0x0808_0400 };

const folder = join(process.argv[2], "build");
mkdirSync(folder, { recursive: true });
for (const [slot, code] of Object.entries(CODE)) {
  const bytes = new DataView(new ArrayBuffer(SIZE));
  let state = code;
  for (let offset = 0; offset < SIZE; offset += 4) {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.setUint32(offset, state, true);
  }
  bytes.setUint32(0, STACK, true);
  bytes.setUint32(4, code + 0x201, true);
  writeFileSync(join(folder, `app-${slot}.bin`), bytes);
}
