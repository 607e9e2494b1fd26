// Pictures of the page, light and dark, desktop and phone: `node screenshots.mjs`. To be looked at.
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const server = await serve(0);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
mkdirSync("/tmp/shots", { recursive: true });
for (const [name, size] of [["desktop", { width: 1180, height: 900 }], ["phone", { width: 390, height: 844 }]])
for (const colorScheme of ["light", "dark"]) {
  const context = await browser.newContext({ viewport: size, colorScheme, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.locator("wx-project-files input").setInputFiles(["demo/demo.toml", "demo/keys/demo.pub.pem"]);
  await page.locator("wx-inspect wx-file-input input").first().setInputFiles("/tmp/page-demo/out/meter-1.4.0.release");
  await page.waitForTimeout(600);
  await page.screenshot({ path: `/tmp/shots/inspect-${name}-${colorScheme}.png`, fullPage: true });
  await context.close();
}
await browser.close(); server.close();
