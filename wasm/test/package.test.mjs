// What users get: the README's example, both ways of loading, and files that say nothing about the machine they come from.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = new URL("../", import.meta.url);
const cwd = fileURLToPath(folder);

function run(script) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-"], { cwd, input: script });
    assert.equal(status, 0, stderr.toString());
    return stdout.toString();
}

test("the README's example prints what the README says", () => {
    const readme = readFileSync(new URL("README.md", folder), "utf8");
    const [, output, script] = readme.match(/this prints `(.*?)`:\n\n```js\n(.*?)```/s);
    assert.equal(run(script), `${output}\n`);
});

test("the browser's entry works once it is loaded", () => {
    const script = `
        import { readFileSync } from "node:fs";
        import init, { codes } from "./pkg/waxseal.js";
        await init({ module_or_path: readFileSync("pkg/waxseal_bg.wasm") });
        console.log(codes().length > 0);`;
    assert.equal(run(script), "true\n");
});

test("no file names a folder of this machine", () => {
    const files = readdirSync(new URL("pkg/", folder));
    assert(files.includes("waxseal_bg.wasm"));
    const checkout = fileURLToPath(new URL("../", folder));
    for (const file of files) {
        const bytes = readFileSync(new URL(`pkg/${file}`, folder));
        for (const path of [checkout, `${homedir()}/`].filter((path) => path.length > 1)) {
            assert(!bytes.includes(path), `${file} names ${path}`);
        }
    }
});
