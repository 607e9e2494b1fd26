// The package's entries, as package.json exports them.
import { readFileSync } from "node:fs";

const { exports } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** What the files of each are called: `.` is `waxseal`. */
export const ENTRIES = Object.keys(exports).map((path) => (path === "." ? "waxseal" : path.slice(2)));

/** An entry as a user imports it. */
export const imported = (entry) => import(entry === "waxseal" ? "waxseal" : `waxseal/${entry}`);
