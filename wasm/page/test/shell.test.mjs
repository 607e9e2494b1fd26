// The page around the tabs: policy, offline, keyboard.
import assert from "node:assert/strict";

import { axe, pageTest } from "./browser.mjs";
import { keys, manifest, release, trust } from "./inputs.mjs";

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

pageTest("judges, and looks at a board, without a network", { serviceWorkers: "allow", query: "?demo" }, async (page, context) => {
  await page.getByText("Works offline").waitFor();
  await context.setOffline(true);
  await page.reload();
  await page.locator(".verdict", { hasText: "Verified" }).first().waitFor();
  for (const tab of ["Flash", "Provision"]) {
    await page.getByRole("link", { name: tab, exact: true }).click();
    await page.getByRole("button", { name: "Connect a board" }).filter({ visible: true }).click();
    await page.getByText("The board against the manifest").filter({ visible: true }).waitFor();
  }
});

const WHOLE = /waxseal_bg\.wasm$/;

pageTest("what boards and manifests need is loaded when somebody asks for it", {}, async (page) => {
  const loaded = [];
  page.on("request", (request) => loaded.push(request.url()));
  await page.reload();
  const inspect = page.locator("wx-inspect");
  await inspect.getByLabel("Manifest and keys").setInputFiles(trust());
  await inspect.getByLabel("Choose a file").setInputFiles(release());
  await inspect.locator(".verdict", { hasText: "Verified, but for device" }).waitFor();
  assert.ok(loaded.some((url) => url.endsWith("/inspect_bg.wasm")) && !loaded.some((url) => WHOLE.test(url)), loaded.join("\n"));
  await inspect.getByRole("button", { name: "Remove trust.bin" }).click();
  await inspect.getByLabel("Manifest and keys").setInputFiles([manifest(), ...keys()]);
  await inspect.locator(".verdict", { hasText: /^Verified, but for revision$/ }).waitFor();
  assert.ok(loaded.some((url) => WHOLE.test(url)));
});

pageTest("what cannot be loaded is said, and nothing is judged by less", {}, async (page) => {
  let isThere = false;
  await page.route(WHOLE, (route) => (isThere ? route.continue() : route.fulfill({ status: 200, contentType: "application/wasm", body: "" })));
  const inspect = page.locator("wx-inspect");
  await inspect.getByLabel("Choose a file").setInputFiles(release());
  await inspect.getByLabel("Manifest and keys").setInputFiles([manifest(), ...keys()]);
  await inspect.getByText("What reads manifests could not be loaded").waitFor();
  assert.equal(await inspect.locator(".verdict").count(), 0);
  await page.getByRole("link", { name: "Flash" }).click();
  await page.getByText("This part of the page could not be loaded").waitFor();
  assert.deepEqual(await axe(page), []);
  isThere = true;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator("wx-flash .verdict", { hasText: "Verified" }).or(page.locator("wx-flash h1")).first().waitFor();
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
