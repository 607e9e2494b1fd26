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
