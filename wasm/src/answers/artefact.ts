/** The texts of codes are not in `waxseal/verify`, which is kept small. */
export interface Refused {
    /** What the code means. */
    doc: string;
}

/** See {@link Refused}. */
export interface Code {
    /** What it means. */
    doc: string;
}

/** Options of {@link inspectFile}. */
export interface InspectOptions {
    /** What to call the file in answers. */
    name?: string;
}

/** What a file says of itself. **Nobody has vouched for any of it.** */
export interface Inspected {
    authenticated: false;
    size: number;
    /** Why there is no image in a file with addresses. The members below are then missing. */
    why?: string;
    kind: "image" | "layout" | "release" | "otp blob" | "trust" | "trust set" | null;
    /** Fields of the header by path: `envelope.payload_size`. */
    header: Record<string, string | number>;
    id: string | null;
    image_id: string | null;
    /** Of an image its chunks, of a layout its slot groups, of a release its members, of an OTP blob and of a trust set what it is for; else `null`. */
    contents: Chunks | SlotGroup[] | Member[] | BlobContents | TrustContents | null;
    /** Used signature places; none is judged. */
    signatures: { key_id: string; name: string | null }[];
    /** Hardware revisions that an image is for; `null`: all. */
    revisions: string[] | null;
    /** Ids of images that must be there with it. */
    companions: string[];
    areas: { name: string; offset: number; size: number; sha256: string | null; matches_header: boolean }[];
    /** What contradicts the format or the file itself. */
    problems: Refusal[];
}

/** Slots that hold builds of one image. */
export interface SlotGroup {
    fingerprint: string;
    slots: { role: "run" | "staging" | "backup"; address: number | null; offset: number; size: number; run_address: number }[];
}

/** The digests of a payload's chunks. */
export interface Chunks {
    /** Bytes of each but the last. */
    chunk_size: number;
    /** SHA-256, in order. */
    chunk_digests: string[];
}

/** An image of a release. */
export interface Member extends Chunks {
    offset: number;
    size: number;
    image_id: string;
    payload_size: number;
    lead: boolean;
    chunks: number;
}

/** What an OTP blob brings to which board. */
export interface BlobContents {
    board: string;
    address: number;
    size: number;
    /** How many bits of the data count. */
    bits: number;
    /** Numbers of the blocks that it locks. */
    locks: number[];
}

/** Whose signatures a reader takes. */
export interface TrustContents {
    epoch: number;
    roles: { role: string; threshold: number; key_hash: string; keys: { key_id: string; name: string | null }[] }[];
}

/** The first rule that is broken. */
export interface Refusal {
    /** The number of the {@link Code}; it never changes its meaning. */
    code: number;
    name: string;
    stage: string;
    meaning: string;
    offset: number;
    /** What lies at the offset. */
    place: string;
    /** What to do. */
    help: string;
}

/** An input of the boot decision that may be waived. */
export type Input = "device" | "revision" | "layout" | "counter" | "companions" | "expiry" | "beside" | "boot-loader";

/** Options of {@link verifyFile}. `trust` or `keys` says whose signatures count. */
export interface VerifyOptions {
    /** What to call the file in answers. */
    name?: string;
    /** A trust set, as `waxseal gen trust` writes it. */
    trust?: Uint8Array;
    /** Public keys, each a file of openssl's (SPKI, PEM) or OpenSSH's. */
    keys?: { name: string; text: string }[];
    /** How many of the keys must have signed. One of one needs no number. */
    threshold?: number;
    /** The hardware revision of the board. */
    revision?: string;
    /** Files of companions. */
    companions?: NamedBytes[];
    /** The day on which a release that expires is judged: `2027-06-30`. */
    date?: string;
    /** Inputs of the decision that are not to be judged. */
    without?: Input[];
}

/** Bytes and what to call them. */
export interface NamedBytes {
    name: string;
    bytes: Uint8Array;
}

/** What {@link verifyFile} comes to. */
export type Verified = VerifiedImage | VerifiedRelease | VerifiedLayout | VerifiedFactory | VerifiedOtp;

export interface VerifiedImage {
    kind: "image";
    /** Whether nothing speaks against it. */
    verified: boolean;
    /** Inputs of the decision that nobody has judged. */
    not_judged: string[];
    /** Image and slot that it was judged for. */
    image: string | null;
    slot: string | null;
    /** Inputs of the decision: what was given, or why it was waived. */
    inputs: { input: string; value: string | null; waived: string | null }[];
    /** If the format's judgement accepts it: its id, */
    image_id?: string;
    /** who signed, */
    signed?: { key_id: string; name: string | null }[];
    /** ids of the images that it pins, */
    companions?: string[];
    /** and those of them that were not given, if that was judged, */
    absent_companions?: string[];
    /** and what else the file brings to addresses. */
    beside?: { address: number; size: number }[];
    /** If it does not. */
    refusal?: Refusal;
}

export interface VerifiedRelease {
    kind: "release";
    verified: boolean;
    /** Of the release, and of any of its images; absent if the directory is refused. */
    not_judged?: string[];
    release_id?: string;
    /** Its last day, `2027-06-30`; `null`: it does not expire. */
    expires?: string | null;
    expired?: boolean;
    members?: VerifiedImage[];
    refusal?: Refusal;
}

export interface VerifiedLayout {
    kind: "layout";
    verified: boolean;
    not_judged: string[];
    /** Fingerprints of its slot groups. */
    groups: string[];
    /** Those of the manifest; `null`: not judged. */
    expected_groups: string[] | null;
    refusal: Refusal | null;
}

/** Boot loader and images for a blank board. */
export interface VerifiedFactory {
    kind: "factory";
    /** Of the images, and of what lies where: nobody signs the boot loader. */
    verified: boolean;
    not_judged: string[];
    boot_loader: {
        slot: string;
        address: number;
        size: number;
        sha256: string;
        /** Fingerprints of the slot groups that it embeds. */
        layouts: string[];
    };
    members: VerifiedImage[];
    /** Bytes that are neither the boot loader's nor an image's. */
    strays: { address: number; size: number }[];
    refusal?: undefined;
}

/** A sealed OTP blob: what one board is to hold after one stage. */
export interface VerifiedOtp {
    kind: "otp";
    verified: boolean;
    not_judged: string[];
    /** If the format's judgement accepts it: the board, */
    board?: string;
    /** the stage (`null`: not judged), */
    stage?: string | null;
    /** its data, */
    address?: number;
    size?: number;
    /** blocks that it locks, */
    locks?: number[];
    /** the fingerprint of the fields that it was made for, */
    layout?: string;
    /** and its fields. A secret's value is not told. */
    fields?: { field: string; value: string }[];
    /** The manifest's fingerprint; `null`: not judged. */
    expected_layout: string | null;
    /** Why it is none of the manifest's. */
    why?: string;
    refusal?: Refusal;
}
