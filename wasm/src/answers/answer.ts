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
