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
