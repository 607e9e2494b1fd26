// The entry `waxseal/devices` for Node, which does not fetch files: the WebAssembly is loaded when the module is.
import { readFileSync } from "node:fs";
import { initSync } from "../pkg/devices.js";

initSync({ module: readFileSync(new URL("../pkg/devices_bg.wasm", import.meta.url)) });

export * from "../pkg/devices.js";
// Does nothing any more, so that what is written for browsers runs here too.
export { default } from "../pkg/devices.js";
