// Every entry in Chromium, as a browser loads it: the same answers as in Node, and every vector's code and offset.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { after, before, test } from "node:test";
import { F746, F767, line, manifests, sealed } from "../testing/board.mjs";
import { ENTRIES, imported } from "../testing/entries.mjs";
import { ask, packed, unpacked } from "../testing/questions.mjs";
import { fields, vectors } from "../testing/vectors.mjs";

const { chromium } = createRequire(new URL("../page/package.json", import.meta.url))("playwright-core");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const TYPES = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const parts = ["STM32F767ZI", "MT28EW256ABA", "nothing"];
const inputs = packed({ vectors, fields, manifests, line, parts, boards: [F746, F767], ...sealed() });
let browser, server, origin;

before(async () => {
    assert(existsSync(CHROMIUM), `${CHROMIUM} is not there: install chromium, or name one in CHROMIUM`);
    const known = new Set(["testing/questions.mjs", ...ENTRIES.flatMap((entry) => [`pkg/${entry}.js`, `pkg/${entry}_bg.wasm`])]);
    server = createServer(({ url }, response) => {
        const name = new URL(url, "http://localhost").pathname.slice(1);
        response.setHeader("Content-Type", TYPES[extname(name) || ".html"] ?? "text/plain");
        if (known.has(name)) response.end(readFileSync(new URL(`../${name}`, import.meta.url)));
        else response.end(name === "" ? "<!doctype html><title>entries</title>" : undefined);
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    origin = `http://localhost:${server.address().port}/`;
    // Chromium's sandbox does not work for root, as in a container.
    browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
});
after(async () => {
    await browser?.close();
    server?.close();
});

for (const entry of ENTRIES) {
    test(`${entry} answers as in Node`, async () => {
        const page = await browser.newPage();
        await page.goto(origin);
        const told = await page.evaluate(async ({ entry, inputs }) => {
            const [{ default: init, ...functions }, { ask, packed, unpacked }] = await Promise.all([
                import(`/pkg/${entry}.js`), import("/testing/questions.mjs"),
            ]);
            await init();
            return packed(ask(functions, unpacked(inputs)));
        }, { entry, inputs });
        const answers = unpacked(told);
        assert(Object.keys(answers).length > 0, "nothing was asked");
        assert.deepEqual(answers, unpacked(packed(ask(await imported(entry), unpacked(inputs)))));
        for (const [index, { code, offset }] of answers.judge?.entries() ?? []) {
            assert.deepEqual({ code, offset }, { code: vectors[index].code, offset: vectors[index].offset }, vectors[index].name);
        }
        await page.close();
    });
}
