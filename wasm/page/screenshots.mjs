// Pictures of the demo, light and dark, desktop and phone: `node screenshots.mjs`, after a build. To be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { serve } from "./serve.mjs";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("screenshots", import.meta.url));
const SIZES = { desktop: { width: 1080, height: 820 }, phone: { width: 390, height: 820 } };

/** How far each tab is taken, and what is then at the top of the picture. */
const SCENES = {
  inspect: async () => undefined,
  flash: async (page) => {
    await page.getByRole("button", { name: "Connect a board" }).filter({ visible: true }).click();
    const plan = page.getByRole("region", { name: /^3\. Board/ });
    await page.getByText(/^Untouched:/).first().waitFor();
    await plan.evaluate((element) => element.scrollIntoView());
  },
  provision: async (page) => {
    await page.getByRole("button", { name: "Connect a board" }).filter({ visible: true }).click();
    await page.getByLabel(/Type the board's name/).waitFor();
    await page.getByRole("region", { name: /^4\. What/ }).evaluate((element) => element.scrollIntoView());
  },
};

const server = await serve(0);
const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: root });
mkdirSync(FOLDER, { recursive: true });
for (const [device, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    for (const [tab, scene] of Object.entries(SCENES)) {
      const context = await browser.newContext({ viewport, colorScheme, serviceWorkers: "block" });
      const page = await context.newPage();
      await page.goto(`${server.url}?demo#${tab}`);
      await page.locator(`wx-${tab} wx-file-input .has-file`).first().waitFor();
      await scene(page);
      await page.screenshot({ path: join(FOLDER, `${tab}-${device}-${colorScheme}.png`) });
      await context.close();
    }
  }
}
await browser.close();
server.close();
