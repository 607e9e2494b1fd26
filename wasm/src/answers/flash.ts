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
