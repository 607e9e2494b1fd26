// The demo as README.md tells it, step by step: a blank board is flashed, provisioned, locked and recorded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { pageTest } from "./browser.mjs";

const README = readFileSync(fileURLToPath(new URL("../README.md", import.meta.url)), "utf8");
/** The steps: a tab, a button, what to type before it, and what is then to be read. */
const STEPS = [...README.matchAll(/^\d+\. (?<words>.*)$/gm)].map(({ groups }) => {
  const quoted = (sign) => groups.words.match(new RegExp(`${sign}([^${sign}]+)${sign}`))?.[1];
  return { tab: quoted("_"), typed: quoted("`"), button: groups.words.match(/\*\*([^*]+)\*\*/)?.[1], read: groups.words.match(/“([^”]+)”/)?.[1] };
});

pageTest("a blank board to the end, by the README alone", { tab: "flash", query: "?demo" }, async (page) => {
  assert.ok(STEPS.length >= 7, "README.md has the steps");
  const download = page.waitForEvent("download", { timeout: 120_000 });
  for (const { tab, typed, button, read } of STEPS) {
    if (tab) await page.getByRole("navigation").getByRole("link", { name: tab, exact: true }).click();
    if (typed && read?.startsWith("Written")) {
      const digest = await page.getByText(/^[0-9a-f]{64}$/).filter({ visible: true }).first().innerText();
      assert.equal(typed, digest.slice(0, typed.length), "README.md: the demo's boot loader has another SHA-256");
    }
    if (typed) await page.getByLabel(/board's name|SHA-256/i).filter({ visible: true }).fill(typed);
    if (button) await page.getByRole("button", { name: new RegExp(`^${button}`) }).filter({ visible: true }).click();
    if (read) await page.getByText(read).filter({ visible: true }).first().waitFor({ timeout: 60_000 });
  }
  const rows = readFileSync(await (await download).path(), "utf8").trim().split("\n").slice(1);
  assert.deepEqual(rows.map((row) => row.split(",").slice(1, 3).join(" ")), [
    "WX2511000101 written", "WX2511000101 verified", "WX2511000101 written", "WX2511000101 verified", "WX2511000101 locked",
  ]);
});
