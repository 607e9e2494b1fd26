/** Why a procedure ended early, and what to do, in this order. */
export interface Trouble {
    name: string;
    text: string;
    advice: string[];
}

/** What a procedure comes to that has nothing to tell; `null`: it is done. */
export interface Ended {
    trouble: Trouble | null;
}

/** The end of {@link identifyBoard}. */
export type Identified = { connected: Connected; board: Board; trouble?: undefined } | { trouble: Trouble };

/** What a board says of itself. */
export interface Connected {
    vendor: number;
    product: number;
    /** Made from the chip's unique id, but sometimes constant: no key of a board. */
    serial: string;
    transfer_size: number;
    alternates: { number: number; name: string; layout: boolean }[];
    /** `null`: the board does not give them. */
    option_bytes: { address: number; bytes: string } | { unread: string } | null;
    read_protected: boolean;
}

/** What is to be done to a board. */
export type Purpose = "flash" | "otp";

/** What is compared. */
export type Matter = "read-protection" | "sectors" | "flash-size" | "option-bytes" | "otp";

/** A board against a manifest. */
export interface Comparison {
    right: boolean;
    findings: { matter: Matter; outcome: "right" | "note" | "unknown" | "wrong"; text: string; advice: string[] }[];
}

/** What is to be done to a board's flash. */
export interface FlashPlanned {
    slots: {
        slot: string;
        /** These three are `null` of a boot loader. */
        image: string | null;
        version: string | null;
        image_id: string | null;
        /** Of the sealed file; of a boot loader that of its bytes, gaps filled with the erased value. */
        sha256: string;
        /** In this order: what starts an image first. */
        erase: { sector: number; address: number; size: number }[];
        /** In this order: what starts the image last. */
        program: { address: number; size: number }[];
        /** Sectors that hold what they are to hold, and are left alone. */
        kept: { sector: number; address: number; size: number }[];
    }[];
    /** Accepted images that are not written, and why. */
    left_out: string[];
    notes: string[];
    untouched: string[];
    /** SHA-256 of a factory image's boot loader, if it is written: {@link FlashPlan.flash} wants its first digits. */
    boot_loader: string | null;
}

/** The end of {@link FlashPlan.resume}: the plan without what is there already. */
export type Resumed = (Answer<FlashPlanned> & { plan: FlashPlan; trouble?: undefined }) | { trouble: Trouble };

/** The end of {@link FlashPlan.flash}: the state that the board is in, however it ended. */
export interface Flashed {
    done: boolean;
    slots: {
        slot: string;
        holds: "before" | "nothing" | "doubtful" | "unverified" | "image";
        /** Numbers of sectors. */
        erased: number[];
        /** Number of a sector that may be half erased or half programmed. */
        doubtful: number | null;
        /** Bytes. */
        programmed: number;
        planned: number;
    }[];
    /** In sentences. */
    state: string[];
    /** What to do, in this order. */
    advice: string[];
    trouble: Trouble | null;
    /** For a {@link BoardRecord}. */
    rows: Done;
}

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
