/** Records of boards. */
export interface RecordFile {
    /** CSV with a line of titles, a row for each board. */
    text: string;
    /** What to call it in answers; `records.csv`. */
    name?: string;
    /** Titles of columns that are none of waxseal's; any other that it does not know is an error. */
    ignored?: string[];
    /** Secrets by board and name, if fields have any. */
    secrets?: Record<string, Record<string, Uint8Array>>;
}

/** What {@link otpBoards} comes to: one of the two. */
export interface Boards {
    boards?: {
        board: string;
        /** In the records, from 1. */
        line: number;
        /** `bytes` is `null` for a secret, and `value` then names its digest. */
        values: { field: string; value: string | null; bytes: string | null; secret: boolean }[];
    }[];
    /** What is wrong: `line` from 1; `column` is the title, or `null` for the whole row. */
    findings?: { line: number; column: string | null; text: string }[];
}

/** Options of {@link otpBuild}. */
export interface StageOptions {
    /** The stage; without it, all stages. */
    stage?: string;
}

/** A file to be saved. */
export interface NamedFile {
    path: string;
    bytes: Uint8Array;
}

/** What {@link otpBuild} comes to. */
export interface Batch {
    boards: {
        board: string;
        stage: string;
        data: { file: string; address: number; size: number }[];
        /** Locks: programmed second, after the data was read back. */
        lock: { file: string; address: number; size: number } | null;
        /** Blocks that are locked for ever. */
        locks: number[];
        blob: null;
    }[];
    ledger: null;
}

/** Options of {@link otpPlan}. */
export interface PlanOptions {
    board: string;
    /** The stage; may be left out where there is one. */
    stage?: string;
    /** What was read back from the board: the memory from its first byte on, better with the lock bytes behind it. */
    readback: Uint8Array;
}

/** What is to be done for a byte, a field, a board; the later ones are worse. */
export type OtpVerdict = "there already" | "to be programmed" | "locked" | "impossible";

/** What {@link otpPlan} comes to. */
export interface OtpPlan {
    /** The worst of all fields. */
    verdict: OtpVerdict;
    done: boolean;
    fields: {
        field: string;
        verdict: OtpVerdict;
        /** Addresses of bytes that are not as they should be. */
        addresses: number[];
        /** All bytes. What a secret has is not shown; `stuck` has ones for bits that are 0 and cannot become 1. */
        bytes: { address: number; verdict: OtpVerdict; old: number | null; new: number | null; stuck: number | null }[];
    }[];
    /** What is left to be programmed. */
    program: { address: number; size: number }[];
    locks: { block: number; state: "locked" | "ready" | "held back" | "damaged" | "unknown" }[];
    /** The board whose content it is, if it is another one's. */
    owner: string | null;
}

/** What {@link otpShow} comes to. */
export interface OtpFields {
    fields: { field: string; value: string | null; refusal: { code: number; name: string } | null }[];
    /** The lock bytes; `null`: not in the read-back. */
    locks: number[] | null;
}

/** What {@link readField} asks of a field. */
export type FieldQuestion = "read" | "checked" | "text" | "sum" | "count";

/** What {@link readField} comes to: the value, or why the field is refused. */
export type FieldReading =
    | { code: 0; value: Uint8Array | string | number | null }
    | { code: number; name: string; doc: string };
