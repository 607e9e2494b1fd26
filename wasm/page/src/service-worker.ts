// Keeps the page's files, so that it starts without a network. A version is complete or not there: each file has to have the
// digest that it was built with, and no file of another version is ever mixed in.

/** Each file's path and its digest, as in an `integrity` attribute. Filled in by build.mjs. */
declare const FILES: Record<string, string>;
/** Digest of all of them. */
declare const VERSION: string;

/** The part of the service worker's scope that is used here; TypeScript's `DOM` and `WebWorker` exclude each other. */
interface Scope {
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly registration: { readonly scope: string };
}
interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;
const PREFIX = "waxseal-";
const CACHE = PREFIX + VERSION;

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  await Promise.all(
    Object.entries(FILES).map(async ([path, integrity]) => {
      const response = await fetch(path, { integrity, cache: "no-cache" });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      await cache.put(path, response);
    }),
  );
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const others = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.map((name) => caches.delete(name)));
  await scope.clients.claim();
}

/** From the cache if it is one of ours, else from the network. */
async function answer(request: Request): Promise<Response> {
  const path = request.url.slice(scope.registration.scope.length).replace(/[?#].*$/, "");
  const cache = await caches.open(CACHE);
  return (await cache.match(path === "" ? "index.html" : path)) ?? fetch(request);
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(scope.registration.scope)) event.respondWith(answer(request));
});
// A new version waits until the user says so: never in the middle of writing to a board.
scope.addEventListener("message", (event) => {
  if (event.data === "take over") void scope.skipWaiting();
});
