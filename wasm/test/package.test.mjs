// What users get: the README's examples, both ways of loading, what npm packs and what TypeScript makes of it, the sizes; and
// files that say nothing about the machine they come from.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { ENTRIES } from "../testing/entries.mjs";

const folder = new URL("../", import.meta.url);
const cwd = fileURLToPath(folder);
const read = (path) => readFileSync(new URL(path, folder));
/** For each entry a function of its own with what must hold of it. */
const USES = {
    waxseal: ["codes", "codes().length > 0"],
    verify: ["codes", "codes().length > 0"],
    inspect: ["inspectFile", "inspectFile(new Uint8Array(9)).command === 'inspect'"],
    manifest: ["checkManifest", "checkManifest({ text: '' }).exit === 1"],
    devices: ["devices", "devices('STM32F746VG').result.part === 'STM32F746VG'"],
    flash: ["judgeForFlash", "judgeForFlash(new Uint8Array(9), { manifest: { text: '' } }).verdict === null"],
    provision: ["otpBoards", "otpBoards({ text: '' }, { text: '' }).exit === 1"],
    simulated: ["SimulatedBoard", "new SimulatedBoard('STM32F746VG').log.length === 0"],
};

function run(program, words, options) {
    const { status, stdout, stderr, error } = spawnSync(program, words, { cwd, ...options });
    assert.equal(status, 0, `${error ?? ""}${stdout}${stderr}`);
    return stdout.toString();
}

const script = (input) => run(process.execPath, ["--input-type=module", "-"], { input });

const examples = [...read("README.md").toString().matchAll(/prints `([^`]*)`:\n\n```js\n(.*?)```/gs)];
for (const [index, [, output, input]] of examples.entries()) {
    test(`the README's example ${index + 1} prints what the README says`, () => assert.equal(script(input), `${output}\n`));
}

test("the README has examples", () => assert.equal(examples.length, 2));

test("the entries for browsers work once they are loaded", () => {
    assert.deepEqual(Object.keys(USES), ENTRIES);
    for (const [entry, [imported, use]] of Object.entries(USES)) {
        const input = `
            import { readFileSync } from "node:fs";
            import init, { ${imported} } from "./pkg/${entry}.js";
            await init({ module_or_path: readFileSync("pkg/${entry}_bg.wasm") });
            console.log(${use});`;
        assert.equal(script(input), "true\n", entry);
    }
});

test("npm packs the entries, their declarations, and nothing else", () => {
    const [{ files }] = JSON.parse(run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"]));
    const wanted = ENTRIES.flatMap((entry) => [
        `pkg/${entry}.node.mjs`, `pkg/${entry}.js`, `pkg/${entry}.d.ts`, `pkg/${entry}_bg.wasm`, `pkg/${entry}_bg.wasm.d.ts`,
    ]);
    assert.deepEqual(files.map(({ path }) => path).sort(), [...wanted, "README.md", "package.json"].sort());
    for (const entry of Object.values(JSON.parse(read("package.json").toString()).exports)) {
        for (const path of Object.values(entry)) assert(existsSync(new URL(path, folder)), path);
    }
});

test("TypeScript takes a program of a user's, strictly", () => {
    run("page/node_modules/.bin/tsc", ["-p", "testing"]);
});

/** The README's table of sizes says what each entry may have: a change that needs more says so there. */
const SIZES = [...read("README.md").toString().matchAll(/^\| `waxseal(?:\/(\w+))?` \| ([\d,]+) \| ([\d,]+) \|/gm)].map(([, entry, ...sizes]) => (
    [entry ?? "waxseal", ...sizes.map((size) => Number(size.replaceAll(",", "")))]
));

test("the README has the sizes of all entries", () => assert.deepEqual(SIZES.map(([entry]) => entry), ENTRIES));

for (const [entry, webAssembly, javaScript] of SIZES) {
    for (const [file, limit] of [[`${entry}_bg.wasm`, webAssembly], [`${entry}.js`, javaScript]]) {
        test(`${file} is of ${limit} bytes at most with gzip`, () => {
            const size = gzipSync(read(`pkg/${file}`), { level: 9 }).length;
            assert(size <= limit, `${size} bytes`);
            assert(size > limit * 0.9, `${size} bytes: lower the limit, so that it holds what was won`);
        });
    }
}

test("no file names a folder of this machine", () => {
    const files = readdirSync(new URL("pkg/", folder));
    assert(files.includes("waxseal_bg.wasm"));
    const checkout = fileURLToPath(new URL("../", folder));
    for (const file of files) {
        const bytes = read(`pkg/${file}`);
        for (const path of [checkout, `${homedir()}/`].filter((path) => path.length > 1)) {
            assert(!bytes.includes(path), `${file} names ${path}`);
        }
    }
});
