// One browser and one server for a file of tests. Each test gets a page of its own, which is judged at its end: no request to
// anybody else, no violation of the Content-Security-Policy, no error on the console.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { serve } from "../serve.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const AXE = readFileSync(fileURLToPath(new URL("../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");

let server;
let browser;

before(async () => {
  assert.ok(existsSync(CHROMIUM), `${CHROMIUM} is not there: install chromium, or name one in CHROMIUM`);
  server = await serve(0);
  // Chromium's sandbox does not work for root, as in a container.
  browser = await chromium.launch({ executablePath: CHROMIUM, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** Runs `body(page, context)` on a page that was opened at `#tab`. Options are Playwright's for a context. */
export function pageTest(name, { tab = "inspect", query = "", prepare, ...options } = {}, body) {
  test(name, async () => {
    const context = await browser.newContext({ serviceWorkers: "block", ...options });
    const wrong = [];
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const origin = new URL(server.url).origin;
    context.on("request", (request) => {
      if (!request.url().startsWith(`${origin}/`) && !/^(blob|data):/.test(request.url())) wrong.push(`request to ${request.url()}`);
    });
    page.on("pageerror", (error) => wrong.push(`exception: ${error.stack}`));
    page.on("console", (message) => {
      // Chromium's own note that a policy was violated is an error too.
      if (message.type() === "error" && !/net::ERR_INTERNET_DISCONNECTED/.test(message.text())) wrong.push(message.text());
    });
    try {
      await prepare?.(context, page);
      await page.goto(`${server.url}${query}#${tab}`);
      await page.locator("main h1:visible").waitFor();
      await body(page, context);
      assert.deepEqual(wrong, []);
    } catch (error) {
      if (wrong.length > 0) error.message += `\nAlso: ${wrong.join("\n")}`;
      throw error;
    } finally {
      await context.close();
    }
  });
}

/** What axe finds, rule by rule. Evaluated, not added as a script: the page's policy lets no script in. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ target }) => target.join(" ")) }));
}

/** Goes to a control by the tabulator key. */
export async function reach(page, control) {
  await control.waitFor();
  for (let presses = 0; presses < 80; presses += 1) {
    if (await control.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`no way to ${control} by keyboard`);
}
