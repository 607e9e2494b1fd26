//! The corpus of manifests in tests/manifests: each is told exactly what its index says, in the words beside it.
//!
//! `UPDATE_GOLDEN=1` writes those words anew; the index is written by hand.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use manifest::diagnostic::{Help, Severity};
use manifest::{Diagnostic, Source, check, codes, includes};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/manifests")
}

fn source(name: &str) -> Source {
    Source { name: name.rsplit('/').next().unwrap().into(), text: fs::read_to_string(folder().join(name)).unwrap() }
}

/// A manifest and the fragments that it includes.
fn sources(name: &str) -> Vec<Source> {
    let main = source(name);
    let own = Path::new(name).parent().unwrap();
    let fragment = |path: &str| Source { name: path.into(), ..source(own.join(path).to_str().unwrap()) };
    let fragments: Vec<Source> = includes(&main).iter().map(|path| fragment(path)).collect();
    [vec![main], fragments].concat()
}

/// Each manifest of the index with the codes that it is told.
fn index() -> Vec<(String, Vec<String>)> {
    let index: toml::Table = source("index.toml").text.parse().unwrap();
    let codes = |value: toml::Value| value.try_into::<Vec<String>>().unwrap();
    index.into_iter().map(|(name, value)| (name, codes(value))).collect()
}

/// A diagnostic in a simple, stable form.
fn render(sources: &[Source], diagnostic: &Diagnostic) -> String {
    // The file is the manifest itself where none is named.
    let place = |file: usize, at: usize| {
        let (line, column) = sources[file].line_column(at);
        let name = if file == 0 { String::new() } else { format!("{}:", sources[file].name) };
        format!("{name}{line}:{column}")
    };
    let mut text = format!("{}[{}]: {}\n", diagnostic.severity, diagnostic.code, diagnostic.title);
    for label in &diagnostic.labels {
        let (place, marked) = (place(label.file, label.span.start), &sources[label.file].text[label.span.clone()]);
        let mark = if label.primary { '^' } else { '-' };
        writeln!(text, "  {mark} {place} {marked:?}: {}", label.text).unwrap();
    }
    for note in &diagnostic.notes {
        writeln!(text, "  note: {note}").unwrap();
    }
    for help in &diagnostic.help {
        writeln!(text, "  help: {}", help.text).unwrap();
        for edit in &help.edits {
            let (place, old) = (place(edit.file, edit.span.start), &sources[edit.file].text[edit.span.clone()]);
            writeln!(text, "        {place} {old:?} becomes {:?}", edit.replacement).unwrap();
        }
    }
    for fact in &diagnostic.facts {
        writeln!(text, "  fact: {} ({}) [{}]", fact.text, fact.source, fact.evidence).unwrap();
    }
    text
}

#[test]
fn every_manifest_is_told_what_is_wrong() {
    let mut differences = String::new();
    for (name, expected) in index() {
        let sources = sources(&name);
        let checked = check(&sources);
        let mut codes: Vec<_> = checked.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        codes.sort_unstable();
        let text: String = checked.diagnostics.iter().map(|diagnostic| render(&sources, diagnostic)).collect();
        if codes != expected {
            writeln!(differences, "{name}: expected {expected:?}\n{text}").unwrap();
        }
        let refused = checked.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        assert_eq!(checked.plan.is_none(), refused || checked.is_fragment, "{name}");
        assert_eq!(name.contains("err_"), refused, "{name}: its name says otherwise");
        if expected.is_empty() {
            continue;
        }
        let golden = folder().join(&name).with_extension("txt");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &text).unwrap();
        }
        let wanted = fs::read_to_string(&golden).unwrap_or_default();
        if wanted != text {
            writeln!(differences, "{name}: expected\n{wanted}found\n{text}").unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn the_index_is_the_folder() {
    let indexed: BTreeSet<String> =
        index().into_iter().map(|(name, _)| name).filter(|name| !name.starts_with("..")).collect();
    let list = |sub: &str| {
        let entries = fs::read_dir(folder().join(sub)).unwrap();
        entries.map(|entry| format!("{sub}{}", entry.unwrap().file_name().into_string().unwrap())).collect::<Vec<_>>()
    };
    let mut names = [list(""), list("boards/")].concat();
    names.retain(|name| name != "index.toml" && name != "boards");
    let manifests: BTreeSet<String> = names.iter().filter(|name| name.ends_with(".toml")).cloned().collect();
    assert_eq!(indexed, manifests);
    for text in names.iter().filter(|name| !name.ends_with(".toml")) {
        assert!(manifests.contains(&text.replace(".txt", ".toml")), "{text} belongs to no manifest");
    }
}

/// A manifest beside which a folder's other files lie has the folder's name.
#[test]
fn every_example_is_judged_and_has_a_broken_twin() {
    let indexed: BTreeSet<String> = index().into_iter().map(|(name, _)| name).collect();
    let mut count = 0;
    for entry in fs::read_dir(folder().join("../../examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let manifest = format!("../../examples/{name}/{name}.toml");
        if folder().join(&manifest).exists() {
            let twin = format!("err_{name}.toml");
            assert!(indexed.contains(&manifest) && indexed.contains(&twin), "{manifest}, {twin}");
            count += 1;
        }
    }
    assert!(count >= 8, "only {count} examples");
}

#[test]
fn every_code_has_a_manifest() {
    let told: BTreeSet<String> = index().into_iter().flat_map(|(_, codes)| codes).collect();
    // These need an input file: tests/inputs.rs, and the packer's tests for what is built: WX05nn, and no profile chosen.
    let of_build = [codes::LINK_ADDRESS, codes::CAPACITY, codes::PROFILE].map(|code| code.id);
    for code in codes::ALL.iter().filter(|code| !of_build.contains(&code.id) && !code.id.starts_with("WX05")) {
        assert!(told.contains(code.id), "{} {}", code.id, code.title);
    }
}

#[test]
fn the_example_of_a_code_is_told_it() {
    for code in codes::ALL {
        let Some(example) = code.example else { continue };
        let checked = check(&Source { name: example.name.into(), text: example.text.into() });
        assert!(checked.diagnostics.iter().any(|told| told.code == code.id), "{}: {}", code.id, example.name);
    }
}

#[test]
fn every_diagnostic_has_a_place_and_a_known_code() {
    for (name, _) in index() {
        for diagnostic in check(&sources(&name)).diagnostics {
            assert!(codes::find(diagnostic.code).is_some(), "{name}: {}", diagnostic.code);
            assert!(diagnostic.position().is_some(), "{name}: {}", diagnostic.title);
        }
    }
}

/// The board of the field report, in the other mode: all that the help says, and no error is left.
#[test]
fn the_help_of_several_edits_is_enough() {
    let sources = sources("err_r5.toml");
    let told = check(&sources).diagnostics;
    let help = told[0].help.iter().find(|help| help.edits.len() > 1).unwrap();
    let again = check(&edited(&sources, help));
    assert_eq!(again.diagnostics, []);
    let plan = again.plan.unwrap();
    assert_eq!(plan.slots[0].extent.range, 0x0800_0000..0x080C_0000);
    assert_eq!(plan.areas[0].extent.range, 0x080C_0000..0x0810_0000);
}

/// The files with all edits of a help.
fn edited(sources: &[Source], help: &Help) -> Vec<Source> {
    let mut edited = sources.to_vec();
    let mut edits = help.edits.clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    for edit in edits {
        edited[edit.file].text.replace_range(edit.span.clone(), &edit.replacement);
    }
    edited
}

#[test]
fn a_suggested_edit_that_replaces_a_value_is_taken() {
    let mut tried = 0;
    for (name, _) in index() {
        let sources = sources(&name);
        let told = check(&sources).diagnostics;
        for diagnostic in &told {
            for help in diagnostic.help.iter().filter(|help| !help.edits.is_empty()) {
                let again = check(&edited(&sources, help));
                let same = |other: &&Diagnostic| other.code == diagnostic.code && other.title == diagnostic.title;
                assert_eq!(again.diagnostics.iter().find(same), None, "{name}: {help:?}");
                // What a help brings in must be TOML, with keys that are known and that stand once.
                for code in [codes::SYNTAX, codes::UNKNOWN_KEY, codes::TWICE] {
                    let count = |all: &[Diagnostic]| all.iter().filter(|found| found.code == code.id).count();
                    assert!(count(&again.diagnostics) <= count(&told), "{name}: {help:?} brings {}", code.id);
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 7, "only {tried} edits");
}
