/** The texts of codes are in this entry alone: `waxseal/verify` is kept small. */
export interface Refused {
    /** What the code means. */
    doc: string;
}

/** See {@link Refused}. */
export interface Code {
    /** What it means. */
    doc: string;
}

/**
 * What a question comes to: the object that the command prints with `--format json`, whose shapes `JSON.md` of the command
 * describes, and the text that it prints without. Names are those of the command, so that what reads the one reads the other.
 * Within a `schema`, members are added, and none is removed or changes its meaning. Digests, ids and bytes are lower-case
 * hex; addresses and sizes are numbers.
 */
export interface Answer<Result> {
    /** Version of the shapes. */
    schema: number;
    /** The command that answers the same question. */
    command: string;
    /** 0: done and nothing against it; 1: an error was found, or something was refused; 2: the question is wrong; 3: a file is missing; 4: anything else. */
    exit: 0 | 1 | 2 | 3 | 4;
    /** What was found wrong with the manifest and its inputs. */
    diagnostics: Diagnostic[];
    /** Why there is no result. */
    failure?: Failure;
    /** The result; missing if there is a failure, or where diagnostics say why. */
    result?: Result;
    /** For people; may be empty. */
    text: string;
}

/** Why a question could not be answered. */
export interface Failure {
    /** What is wrong. */
    title: string;
    /** Where: `r1b.toml:47:20`. */
    place: string | null;
    /** What to do. */
    help: string[];
}

/** One thing that a person should know about a manifest or its inputs. */
export interface Diagnostic {
    /** What {@link explain} takes: `WX0115`. */
    code: string;
    severity: "error" | "warning" | "note";
    /** What is wrong, in one line. */
    title: string;
    /** Where. The first primary one is the place of the diagnostic. */
    labels: Label[];
    /** More to know, without a place. */
    notes: string[];
    /** What to do. */
    help: Help[];
    /** Hardware facts behind the rule. */
    facts: { text: string; source: string; evidence: string }[];
}

/** A place in a text, and what about it. */
export interface Label {
    /** Name of the text. */
    file: string;
    /** From 1. */
    line: number;
    /** From 1, in characters. */
    column: number;
    /** First byte, and one past the last, in UTF-8. */
    start: number;
    end: number;
    /** What about it; may be empty. */
    text: string;
    /** Whether this is what is wrong, rather than a place that explains it. */
    primary: boolean;
}

/** Something to do, and how texts change if it is a matter of editing them. */
export interface Help {
    text: string;
    edits: { file: string; start: number; end: number; replacement: string }[];
}

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

/** Options of {@link inspectFile}. */
export interface InspectOptions {
    /** What to call the file in answers. */
    name?: string;
    /** Takes names of keys from this manifest. */
    manifest?: ManifestFiles;
}

/** What a file says of itself. **Nobody has vouched for any of it.** */
export interface Inspected {
    authenticated: false;
    size: number;
    /** Why there is no image in a file with addresses. The members below are then missing. */
    why?: string;
    kind: "image" | "layout" | "release" | "otp blob" | "trust" | null;
    /** Fields of the header by path: `envelope.payload_size`. */
    header: Record<string, string | number>;
    id: string | null;
    image_id: string | null;
    /** Of a layout its slot groups, of a release its members; else `null`. */
    contents: SlotGroup[] | Member[] | null;
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

/** An image of a release. */
export interface Member {
    offset: number;
    size: number;
    image_id: string;
    payload_size: number;
    lead: boolean;
    chunks: number;
    chunk_size: number;
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
export type Input = "device" | "revision" | "layout" | "counter" | "companions" | "expiry" | "beside";

/**
 * Options of {@link verifyFile}. `trust`, `keys` or else `manifest` says whose signatures count: one of them has to be there.
 * A manifest with one of the others says of what device the file must be, and none of its keys is asked for.
 */
export interface VerifyOptions {
    /** What to call the file in answers. */
    name?: string;
    /** The manifest of the device: product, layout and counter come from it, and keys unless they are given. */
    manifest?: ManifestFiles;
    /** A trust set, as `waxseal gen trust` writes it. */
    trust?: Uint8Array;
    /** Public keys, each a file of openssl's (SPKI, PEM) or OpenSSH's. */
    keys?: { name: string; text: string }[];
    /** How many of the keys must have signed. One of one needs no number. */
    threshold?: number;
    /** With a manifest: the slot that the image is to run in; else the one of its run address. */
    slot?: string;
    /** The file is what was read back of that slot, from its first byte on. */
    dump?: boolean;
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
    /** ids that it pins and that were not given, */
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

/** What {@link devices} comes to: a part, an external memory, or a list. */
export type Devices = Part | ExternalMemory | { parts: PartLine[]; memories: MemoryLine[] };

export interface PartLine {
    part: string;
    modes: { title: string; options: Record<string, number>; size: number; map: string }[];
}

export interface MemoryLine {
    memory: string;
    size: number;
    map: string;
}

/** Where a value comes from. */
export interface Source {
    text: string;
    evidence: string;
    note: string | null;
}

export interface Sector {
    /** The reference manual's, where it is proven. */
    number: number;
    address: number;
    size: number;
}

export interface Region {
    name: string;
    base: number;
    size: number;
    sector_numbers_proven: boolean;
    sectors: Sector[];
    write_protection: { options: string[]; rule: string; source: Source } | null;
    source: Source;
}

/** `value` is `null` where there is no proof. */
export interface Fact {
    name: string;
    value: string | null;
    source?: string;
    evidence?: string;
    note?: string | null;
}

export interface Part {
    part: string;
    family: string;
    die: string;
    cores: string[];
    vector_table: { entries: number; alignment: number; source: Source };
    modes: { title: string; options: Record<string, number>; source: Source; regions: Region[]; facts: Fact[] }[];
    facts: Fact[];
    otp: {
        base: number;
        size: number;
        block: number | null;
        unit: number | null;
        lock: string | null;
        unique_id: number | null;
        blank_read: "nmi" | null;
    } | null;
    options: {
        name: string;
        register: string;
        address: number;
        shift: number;
        width: number;
        meanings: string[];
        shipped: number | null;
        source: Source;
    }[];
    ram: { name: string; base: number; size: number; source: Source }[];
    option_memory: { name: string; base: number; size: number; source: Source }[];
    eeprom: { name: string; base: number; size: number; source: Source }[];
    windows: { bus: string; base: number; size: number; source: Source }[];
    corrections: { of: string; upstream: string; ours: string; source: Source }[];
    /** What abbreviations in sources stand for. */
    sources: Record<string, string>;
}

export interface ExternalMemory {
    memory: string;
    interface: string;
    erase_sizes: number[];
    page: number;
    command_offsets: number[];
    source: Source;
    region: Region;
    facts: Fact[];
    sources: Record<string, string>;
}

/** What {@link explain} comes to. */
export interface Explained {
    codes: {
        code: string;
        title: string;
        rule: string;
        fix: string;
        hardware: { number: number; rule: string }[];
        /** A manifest. */
        example: string | null;
    }[];
}

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
