// How long the judgement of an image takes here: `node speed.mjs FILE KEY RUNS` prints the median in milliseconds.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { verify } from "waxseal/verify";

const [file, key, runs] = process.argv.slice(2);
const image = readFileSync(file);
const trust = { keys: [Buffer.from(key, "hex")], threshold: 1 };
const policy = { ...trust, device: null, revision: null, place: null, counter: null, extent: "file" };
const times = [];
for (let run = 0; run <= Number(runs); run++) {
    const start = performance.now();
    assert.equal(verify(image, policy).code, 0);
    times.push(performance.now() - start);
}
// The first run compiles.
const counted = times.slice(1).sort((a, b) => a - b);
console.log(counted[Math.floor(counted.length / 2)]);
