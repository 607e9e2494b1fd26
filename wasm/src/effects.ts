/**
 * A procedure on a board. It says what to do next, in USB's own terms, and is told what came of it; the first event is `start`.
 * Whoever drives it only moves bytes. Whatever the board answers, it ends.
 */
export interface Procedure<End> {
    /**
     * What to do next, now that the last effect came to this.
     *
     * @throws TypeError if the event is none; Error after the end.
     */
    next(event: Event): { do: Effect } | { end: End };
    free(): void;
}

/** What to do next. */
export type Effect =
    /** A control transfer to the board. Answered with `done`, `stalled` or `gone`. */
    | { kind: "out"; setup: Setup; data: Uint8Array }
    /** A control transfer from the board of `length` bytes at most. Answered with `received`, `stalled` or `gone`. */
    | { kind: "in"; setup: Setup; length: number }
    /** Claim the interface, if it is not claimed yet, and choose an alternate setting of it. Answered with `done` or `gone`. */
    | { kind: "select"; interface: number; alternate: number }
    /** Wait. Answered with `done`. */
    | { kind: "wait"; milliseconds: number }
    /** Nothing; this is how far it is. Answered with `done`, or with `cancel` to stop at the next safe point. */
    | ({ kind: "progress" } & Progress);

/** The first eight bytes of a control transfer, without its length (USB 2.0 section 9.3). */
export interface Setup {
    /** bmRequestType. */
    requestType: number;
    /** bRequest. */
    request: number;
    /** wValue. */
    value: number;
    /** wIndex. */
    index: number;
}

/** What came of an effect. */
export type Event =
    | { kind: "start" }
    | { kind: "done" }
    | { kind: "received"; bytes: Uint8Array }
    /** The board stalled the transfer. */
    | { kind: "stalled" }
    /** The board is gone: unplugged, or reset. */
    | { kind: "gone" }
    | { kind: "cancel" };

/** How far a procedure is. */
export interface Progress {
    /** What it does, in words. */
    stage: string;
    /** Whether the board is changed meanwhile, so that whoever pulls the cable leaves it unfinished. */
    changes: boolean;
    /** Bytes done, of those of this stage. */
    done: number;
    total: number;
    /** The addresses that are next. */
    address: number;
    size: number;
}
