/** A manifest, and the files that it names. */
export interface ManifestFiles {
    /** The manifest. */
    text: string;
    /** What to call it in answers; `manifest.toml`. */
    name?: string;
    /** Files by the paths that the manifest writes: fragments and public keys. {@link namedFiles} lists them. */
    files?: Record<string, Uint8Array | string>;
    /** The profile that decides what the manifest leaves open. */
    profile?: string | null;
}

/** Paths that a manifest writes, relative to itself. */
export interface NamedFiles {
    /** Fragments: without them there is no plan. */
    includes: string[];
    /** Public keys: asked for where signatures are judged. */
    keys: string[];
    /** Firmware: not asked for here. */
    inputs: string[];
}

/** What {@link checkManifest} comes to. Nothing is wrong with the manifest if `exit` is 0. */
export interface Checked {
    /** Sentences that are worth knowing. */
    notes: string[];
    /** Files for images; none of them is judged here. */
    inputs: { image: string; slot: string; file: string | null; judged: boolean }[];
    /** Values that nobody wrote. */
    defaults: { key: string; value: string; reason: string }[];
    profile: string | null;
    profiles: string[];
    /** Warnings that the manifest lets pass. */
    allowed: (Diagnostic & { reason: string })[];
}

/** What {@link mapManifest} comes to. */
export interface MemoryMap {
    part: string;
    /** External memories. */
    memories: { name: string; part: string; bus: string; commands: number[] }[];
    /** Fingerprint of each image's slot group. */
    layouts: Record<string, string>;
    /** Values of option bytes. */
    option_bytes: Record<string, number>;
    /** Banks that the boot loader exchanges: the slot whose image runs then, the bit that does it, and where each region is seen. */
    exchanged: { slot: string; bit: string; seen: Record<string, number> }[];
    regions: { name: string; rows: MemoryRow[] }[];
    /** One-time-programmable memory, if the manifest describes it. */
    otp: OtpMap | null;
}

/** A range of whole sectors. */
export interface MemoryRow {
    /** `null` in a memory without addresses. */
    address: number | null;
    /** From the region's start. */
    offset: number;
    size: number;
    first_sector: number;
    last_sector: number;
    /** Of a slot or area; `null`: free. */
    name: string | null;
    /** What it is for, in words. */
    what: string;
    /** Bytes of payload, if they are known. */
    used: number | null;
    /** Bytes for payload and auxiliary area of an image's slot. */
    capacity: number | null;
}

/** What lies where in one-time-programmable memory. */
export interface OtpMap {
    base: number;
    size: number;
    /** Bytes that are programmed together, once; 1: any bit can be cleared at any time. */
    unit: number;
    /** Bytes of a block that is locked as a whole; `null`: no blocks. */
    block: number | null;
    /** Number of the field list. */
    version: number;
    /** Fingerprint. */
    layout: string;
    /** Bytes that fields take. */
    used: number;
    stages: { name: string; locks: boolean }[];
    fields: {
        name: string;
        type: string;
        offset: number;
        address: number;
        /** With copies and complement. */
        size: number;
        /** Without. */
        value_size: number;
        /** `null`: the device programs it. */
        stage: string | null;
        /** Of a counter. */
        steps: number | null;
        complement: boolean;
        copies: number;
    }[];
}
