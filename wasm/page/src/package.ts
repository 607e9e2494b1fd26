// Which of the package's entries are loaded, and when: the page starts with the small one for sealed files. What reads manifests and
// goes onto boards follows once somebody asks for it; it comes whole, since an object of one entry is no argument for another.

import initInspect, * as inspecting from "waxseal/inspect";

type Whole = typeof import("./whole");

/** Says `change` once all of the package is there. */
export const arrival = new EventTarget();
let whole: Whole | null = null;
let loading: Promise<Whole> | null = null;

/** Loads what judges sealed files, unless all of the package is there. */
export async function loadInspect(): Promise<void> {
  if (!whole) await initInspect({ module_or_path: "inspect_bg.wasm" });
}

/** Loads all of the package, once. */
export function loadWhole(): Promise<Whole> {
  loading ??= import("./whole").then(async (found) => {
    await found.default({ module_or_path: "waxseal_bg.wasm" });
    whole = found;
    arrival.dispatchEvent(new Event("change"));
    return found;
  });
  // What failed, without a network for one, may be tried again.
  loading.catch(() => (loading = null));
  return loading;
}

/** All of the package, if it is loaded. */
export const wholeNow = (): Whole | null => whole;

/** What judges sealed files: by keys and trust sets alone, as long as the whole is not there. */
export const judging = (): Pick<Whole, "inspectFile" | "verifyFile"> => whole ?? inspecting;
