/**
 * All inputs of the decision whether an image is accepted. Every property has to be there: to leave a check out, write
 * `null`. Sizes and offsets are in bytes.
 */
export interface Policy {
    /** The trusted Ed25519 public keys, 1 to 8, 32 bytes each. */
    keys: Uint8Array[];
    /** How many of the keys must have signed, 1 to 4. */
    threshold: number;
    /** What the device is; `null`: do not judge. */
    device: Device | null;
    /** The board's hardware revision, 1 to 4 printable ASCII characters; `null`: do not judge. */
    revision: string | null;
    /** Where the image is to run; `null`: do not judge. */
    place: Place | null;
    /** The lowest security counter that is accepted; `null`: do not judge. */
    counter: number | null;
    /** A file, which the artefact must fill exactly, or a slot, by its room for front area, payload and auxiliary area. */
    extent: "file" | { slot: number };
}

/** What a device is. */
export interface Device {
    /** UUIDv5 of the vendor, 16 bytes. */
    vendorId: Uint8Array;
    /** UUIDv5 of the device class, 16 bytes. */
    classId: Uint8Array;
}

/** Where an image is to run. */
export interface Place {
    /** Fingerprint of the slot group, 32 bytes. */
    layout: Uint8Array;
    /** Address of the payload when it runs from this slot. */
    runAddress: number;
    /** Offset of the payload in the slot. */
    payloadOffset: number;
}

/** What was sealed. */
export type Kind = "image" | "layout" | "release" | "otp";

/** What {@link judge} comes to. */
export type Judged = Whole | Refused;

/** The artefact is whole, signed, and of its kind's form. */
export interface Whole {
    accepted: true;
    code: 0;
    offset: 0;
}

/** What {@link verify} comes to. */
export type Verdict = Accepted | Refused;

/** The image is whole, signed, and what the policy asks for. */
export interface Accepted {
    accepted: true;
    code: 0;
    offset: 0;
    /** The image's id: SHA-256 of the signed header. */
    id: Uint8Array;
    /** Where firmware starts; `null` for data. */
    entry: Entry | null;
    /** The signed fields. */
    header: Header;
}

/** The first rule that is broken. */
export interface Refused {
    accepted: false;
    /** The number of the {@link Code}; it never changes its meaning. */
    code: number;
    /** Offset in the artefact of the field, record or area that the code is about. */
    offset: number;
    /** The code's name. */
    name: string;
    /** Where in the judgement it arises. */
    stage: string;
}

/** What {@link inspect} comes to. */
export type Inspection = Unauthenticated | Refused;

/** A header of right form, and no more than that. */
export interface Unauthenticated {
    /** Fields that **nobody has vouched for**. */
    unauthenticated: Header;
}

/** The first two words of the vector table. */
export interface Entry {
    /** Initial main stack pointer. */
    stack: number;
    /** Reset vector; odd, for Thumb. */
    reset: number;
}

/** The fields of an image's header. Sizes and offsets are in bytes, digests are SHA-256. */
export interface Header {
    /** Size of the artefact. */
    size: number;
    /** Format version. */
    format: number;
    /** Size of the front area. The payload follows. */
    frontSize: number;
    /** Size of the payload. The auxiliary area follows. */
    payloadSize: number;
    /** Size of the auxiliary area, 0 if there is none. */
    auxiliarySize: number;
    /** Digest of the records' area. */
    recordsDigest: Uint8Array;
    /** Digest of the payload. */
    payloadDigest: Uint8Array;
    /** Digest of the auxiliary area. */
    auxiliaryDigest: Uint8Array;
    /** UUIDv5 of the vendor. */
    vendorId: Uint8Array;
    /** UUIDv5 of the device class. */
    classId: Uint8Array;
    /** Fingerprint of the slot group. */
    layout: Uint8Array;
    /** Address of the payload's first byte when it runs; 0 for data. */
    runAddress: number;
    /** Offset of the payload in the slot. */
    payloadOffset: number;
    /** Version by Semantic Versioning. */
    version: Version;
    /** Anti-rollback number. */
    securityCounter: number;
    /** 1 firmware, 2 data. */
    payloadType: number;
}

/** A version by Semantic Versioning, without pre-release and build parts. */
export interface Version {
    major: number;
    minor: number;
    patch: number;
}

/** Why an artefact is refused. The list is extend-only. */
export interface Code {
    /** The number, the same for the command, the boot loader and this package. */
    number: number;
    /** The name, as the specification lists it. */
    name: string;
    /** Where in the judgement it arises. */
    stage: string;
}
