/** The end of {@link readOtp}. */
export type OtpReading =
    | { data: Uint8Array; locks: Uint8Array | null; notes: string[]; read: OtpRead; trouble?: undefined }
    | { trouble: Trouble };

/** A procedure that was confirmed, or why it was not. */
export type Confirmed = { procedure: Procedure<Burnt>; why?: undefined } | { why: string; procedure?: undefined };

/** Blocks that would be locked for ever, or why none would. */
export type Lockable = { blocks: number[]; why?: undefined } | { why: string; blocks?: undefined };

/** The end of a burning, or of a locking. */
export interface Burnt {
    board: string;
    stage: string;
    /** Whether it was about locks. */
    lock: boolean;
    done: boolean;
    /** Whether something was sent to be burnt, so that the board may have changed. */
    changed: boolean;
    /** In sentences. */
    state: string[];
    notes: string[];
    trouble: Trouble | null;
    /** For a {@link BoardRecord}. */
    rows: Done;
    /** What is left, by the read-back: a second burning, and the locks. `null`: it could not be read back. */
    rest: BurnPlan | null;
}
