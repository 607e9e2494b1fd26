import type { Event, Procedure, Progress } from "waxseal";

import type { Port } from "./usb";

/** Runs a procedure to its end on a board. It always has one, whatever the board answers. */
export async function drive<End>(
  procedure: Procedure<End>,
  port: Port,
  watch: { progress: (progress: Progress) => void; isCancelled: () => boolean },
): Promise<End> {
  let event: Event = { kind: "start" };
  for (;;) {
    const next = procedure.next(event);
    if ("end" in next) return next.end;
    const effect = next.do;
    if (effect.kind === "progress") {
      watch.progress(effect);
      event = { kind: watch.isCancelled() ? "cancel" : "done" };
    } else {
      event = await port.perform(effect);
    }
  }
}
