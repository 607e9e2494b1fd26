// Serves wasm/dist on this machine alone, with the headers of headers.mjs: `node serve.mjs [port]`.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";

import { headers } from "./headers.mjs";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".csv": "text/csv; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".toml": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/** The file for a path, or null if it lies elsewhere. */
function fileFor(url) {
  const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  const file = normalize(join(DIST, path.endsWith("/") ? `${path}index.html` : path));
  return file.startsWith(DIST + sep) ? file : null;
}

async function answer(request, response) {
  try {
    const file = fileFor(request.url);
    const body = file && (await readFile(file));
    if (!body) throw new Error("not here");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...headers, "Content-Type": type }).end(request.method === "HEAD" ? undefined : body);
  } catch {
    response.writeHead(404, { ...headers, "Content-Type": "text/plain; charset=utf-8" }).end("not found\n");
  }
}

/** Starts the server; port 0 is any that is free. */
export async function serve(port) {
  const server = createServer(answer);
  await new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
  return { url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.argv[2] ?? 8080);
  serve(port).then(
    ({ url }) => console.log(`${url}  (stop with Ctrl+C)`),
    (error) => {
      console.error(`error: port ${port}: ${error.message}: \`--port\` chooses another one`);
      process.exit(4);
    },
  );
}
