// Builds the page into wasm/dist: `node build.mjs DEMO`, where DEMO is the folder in which the demonstration was sealed.
// The same sources give the same bytes.
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { contentSecurityPolicy, headers } from "./headers.mjs";

const PAGE = fileURLToPath(new URL(".", import.meta.url));
const PACKAGE = join(PAGE, "../pkg");
const DIST = join(PAGE, "../dist");

const digest = (bytes, encoding) => createHash("sha256").update(bytes).digest(encoding);

/** All files of a folder, sorted, by their paths in it. */
function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/")).sort();
}

async function bundle(entries, more) {
  await build({
    absWorkingDir: PAGE,
    entryPoints: entries,
    outdir: DIST,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["chrome111", "firefox115", "safari16.4"],
    legalComments: "eof",
    logLevel: "warning",
    ...more,
  });
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });
cpSync(join(PAGE, "public"), DIST, { recursive: true });

const html = readFileSync(join(PAGE, "src/index.html"), "utf8");
writeFileSync(join(DIST, "index.html"), html.replace("{{csp}}", contentSecurityPolicy));

await bundle(["src/main.ts", "src/main.css", "src/simulated-usb.ts"], {
  splitting: true,
  chunkNames: "chunk-[hash]",
  alias: {
    "waxseal/inspect": join(PACKAGE, "inspect.js"),
    "waxseal/simulated": join(PACKAGE, "simulated.js"),
    waxseal: join(PACKAGE, "waxseal.js"),
  },
});
for (const name of ["inspect_bg.wasm", "waxseal_bg.wasm", "simulated_bg.wasm"]) cpSync(join(PACKAGE, name), join(DIST, name));

/** What the demonstration hands to the page: nothing that only the packer needs. */
const DEMO = ["demo.toml", "boards.csv", "keys/demo.pub.pem", "keys/line.pub.pem", "out/meter-1.4.0.release", "out/factory.hex"];
for (const path of DEMO) cpSync(join(process.argv[2], path), join(DIST, "demo", path));

// What tests choose beside it.
rmSync(join(PAGE, "test/built"), { recursive: true, force: true });
const HUB = ["hub/hub-1.0.0.release", "hub/app.a.bin", "hub/radio.bin"];
for (const path of HUB) cpSync(join(process.argv[2], path), join(PAGE, "test/built", path));
for (const path of ["banks/gateway-1.0.0.release", "trust.bin", "out/app.a.bin", "out/app.a.hex", "out/app.a.dfu", "out/layout.bin"]) {
  cpSync(join(process.argv[2], path), join(PAGE, "test/built", basename(path)));
}

// The service worker knows each file by its digest, and its cache by the digest of all.
const files = filesIn(DIST).map((path) => [path, `sha256-${digest(readFileSync(join(DIST, path)), "base64")}`]);
const version = digest(JSON.stringify(files), "hex").slice(0, 16);
await bundle(["src/service-worker.ts"], {
  define: { FILES: JSON.stringify(Object.fromEntries(files)), VERSION: JSON.stringify(version) },
});

// For whoever deploys it. Not a part of the page.
const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`);
writeFileSync(join(DIST, "headers.txt"), lines.join(""));

const size = filesIn(DIST).reduce((sum, path) => sum + readFileSync(join(DIST, path)).length, 0);
console.log(`wasm/dist: ${filesIn(DIST).length} files, ${size} bytes, version ${version}`);
