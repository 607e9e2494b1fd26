// Every vector in Chromium, by the entries as a browser loads them: the same code and offset as everywhere.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { after, before, test } from "node:test";
import { vectors } from "../testing/vectors.mjs";

const { chromium } = createRequire(new URL("../page/package.json", import.meta.url))("playwright-core");
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
let browser, server, origin;

before(async () => {
    assert(existsSync(CHROMIUM), `${CHROMIUM} is not there: install chromium, or name one in CHROMIUM`);
    server = createServer(({ url }, response) => {
        const name = new URL(url, "http://localhost").pathname.slice(1);
        const known = /^(waxseal|verify|inspect)(\.js|_bg\.wasm)$/.test(name);
        response.setHeader("Content-Type", TYPES[extname(name) || ".html"] ?? "text/plain");
        if (known) response.end(readFileSync(new URL(`../pkg/${name}`, import.meta.url)));
        else response.end(name === "" ? "<!doctype html><title>vectors</title>" : undefined);
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

/** Bytes cross into the page as Base64; everything else as it is. */
const sent = vectors.map(({ kind, bytes, policy, fault }) => ({
    kind,
    bytes: Buffer.from(bytes).toString("base64"),
    policy: JSON.stringify(policy, (_, value) => (value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value)),
    fault,
}));

for (const entry of ["waxseal", "verify", "inspect"]) {
    test(`all vectors by ${entry}.js`, async () => {
        const page = await browser.newPage();
        await page.goto(origin);
        const judged = await page.evaluate(async ({ sent, entry }) => {
            const { default: init, judge } = await import(`/${entry}.js`);
            await init();
            const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            const policy = (text) => JSON.parse(text, (_, value) => (value?.base64 === undefined ? value : bytes(value.base64)));
            return sent.map((vector) => {
                const { code, offset } = judge(vector.kind, bytes(vector.bytes), policy(vector.policy), vector.fault ?? undefined);
                return { code, offset };
            });
        }, { sent, entry });
        assert.equal(judged.length, vectors.length);
        for (const [index, { name, code, offset }] of vectors.entries()) assert.deepEqual(judged[index], { code, offset }, name);
        await page.close();
    });
}
