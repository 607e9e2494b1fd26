// The page around the tabs: policy, offline, keyboard.
import assert from "node:assert/strict";

import { axe, pageTest } from "./browser.mjs";

const TABS = ["inspect", "flash", "provision"];

const LOOKS = [{ colorScheme: "light" }, { colorScheme: "dark" }, { viewport: { width: 390, height: 844 } }];
for (const look of LOOKS) {
  pageTest(`axe finds nothing, ${Object.values(look).map((value) => value.width ?? value)}`, { ...look, query: "?demo" }, async (page) => {
    for (const tab of TABS) {
      await page.goto(`${new URL(page.url()).origin}/?demo#${tab}`);
      await page.locator(`wx-${tab} .has-file`).first().waitFor();
      assert.deepEqual(await axe(page), [], tab);
    }
  });
}

pageTest("starts without a network once it was there", { serviceWorkers: "allow" }, async (page, context) => {
  await page.getByText("Works offline").waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.locator("main h1:visible").waitFor();
  await page.getByText("Works offline").waitFor();
});

pageTest("judges without a network", { serviceWorkers: "allow", query: "?demo" }, async (page, context) => {
  await page.getByText("Works offline").waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.locator(".verdict", { hasText: "Verified" }).first().waitFor();
});

pageTest("neither inline script nor a script from a string runs", {}, async (page) => {
  const policy = await page.evaluate(() => document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute("content"));
  assert.match(policy ?? "", /script-src 'self' 'wasm-unsafe-eval';/);
  assert.doesNotMatch(policy ?? "", /unsafe-inline|'unsafe-eval'|https?:/);
  const headers = (await page.request.get(page.url())).headers();
  assert.equal(headers["content-security-policy"], `${policy}; frame-ancestors 'none'`);
});

pageTest("from tab to tab by keyboard", {}, async (page) => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Skip to the content");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Flash" }).waitFor();
});
