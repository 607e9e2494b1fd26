// Pictures of the demo, light and dark, desktop and phone: `node screenshots.mjs [FOLDER]`, after a build. To be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { serve } from "./serve.mjs";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("screenshots", import.meta.url));
const SIZES = { desktop: { width: 1180, height: 1000 }, phone: { width: 390, height: 1000 } };

const server = await serve(0);
const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root });
mkdirSync(FOLDER, { recursive: true });
for (const [device, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport, colorScheme, serviceWorkers: "block" });
    const page = await context.newPage();
    for (const tab of ["inspect", "flash", "provision"]) {
      await page.goto(`${server.url}?demo#${tab}`);
      await page.locator("main h1:visible").waitFor();
      await page.waitForTimeout(500);
      await page.screenshot({ path: join(FOLDER, `${tab}-${device}-${colorScheme}.png`), fullPage: process.argv[3] === "whole" });
    }
    await context.close();
  }
}
await browser.close();
server.close();
