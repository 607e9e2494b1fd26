// The entry `waxseal/manifest` for Node, which does not fetch files: the WebAssembly is loaded when the module is.
import { readFileSync } from "node:fs";
import { initSync } from "../pkg/manifest.js";

initSync({ module: readFileSync(new URL("../pkg/manifest_bg.wasm", import.meta.url)) });

export * from "../pkg/manifest.js";
// Does nothing any more, so that what is written for browsers runs here too.
export { default } from "../pkg/manifest.js";
