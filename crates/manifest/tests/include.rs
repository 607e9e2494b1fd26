//! Manifests of several files.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use manifest::{Source, check, includes};

/// Manifests that are right, with their names.
fn manifests() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/manifests");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name.starts_with("good_") && name.ends_with(".toml"))
        .map(|(name, path)| (name, fs::read_to_string(path).unwrap()))
        .filter(|(_, text)| !text.contains("include ="))
        .collect();
    found.sort();
    found
}

/// The text from each header to the next, with the name of the top-level table that it is of.
fn tables(text: &str) -> Vec<(&str, String)> {
    let mut tables: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            let name = line.trim_start_matches('[').split(['.', ']']).next().unwrap();
            tables.push((name, String::new()));
        }
        if let Some((_, table)) = tables.last_mut() {
            table.push_str(line);
            table.push('\n');
        }
    }
    tables
}

/// What a plan says, without the places that it says it at.
fn meaning(sources: &[Source]) -> String {
    let checked = check(sources);
    assert_eq!(checked.diagnostics, [], "{sources:#?}");
    let text = format!("{:#?}", checked.plan.unwrap());
    let mut lines = text.lines();
    let mut kept = Vec::new();
    while let Some(line) = lines.next() {
        if line.ends_with("Span {") {
            lines.by_ref().take(4).for_each(drop);
        } else {
            kept.push(line);
        }
    }
    kept.join("\n")
}

/// Whichever tables a fragment brings, the manifest means the same.
#[test]
fn a_manifest_in_two_files_means_what_it_means_in_one() {
    let mut tried = 0;
    for (name, text) in manifests() {
        let whole = meaning(&[Source { name: name.clone(), text: text.clone() }]);
        let tables = tables(&text);
        let names: BTreeSet<&str> = tables.iter().map(|(name, _)| *name).collect();
        for chosen in &names {
            for is_rest in [false, true] {
                let moved = |table: &str| (table == *chosen) != is_rest;
                let part = |wanted: bool| {
                    let own = tables.iter().filter(|(name, _)| moved(name) == wanted);
                    own.map(|(_, table)| table.as_str()).collect::<String>()
                };
                let main = format!("include = [\"part.toml\"]\n{}", part(false));
                let fragment = format!("fragment = true\n{}", part(true));
                let sources = [
                    Source { name: name.clone(), text: main },
                    Source { name: "part.toml".into(), text: fragment.clone() },
                ];
                assert_eq!(meaning(&sources), whole, "{name}: {chosen} apart, {is_rest}");
                // Alone, a part of something right is not refused.
                let alone = check(&Source { name: "part.toml".into(), text: fragment });
                assert_eq!(alone.diagnostics, [], "{name}: {chosen} alone, {is_rest}");
                assert!(alone.is_fragment && alone.plan.is_none());
                tried += 1;
            }
        }
    }
    assert!(tried >= 200, "only {tried}");
}

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), text: text.into() }
}

fn included(text: &str) -> Vec<String> {
    includes(&source("folder/m.toml", text)).into_iter().map(|path| path.value).collect()
}

#[test]
fn what_a_caller_has_to_read() {
    assert_eq!(included("include = [\"a.toml\", \"b/../c.toml\"]\n"), ["a.toml", "b/../c.toml"]);
    // What `check` refuses is not to be read.
    assert_eq!(
        included("include = [\"/etc/passwd\", \"m.toml\", \"a.toml\", \"./a.toml\", \"~/b.toml\"]\n"),
        ["a.toml"]
    );
    assert_eq!(included("include = \"a.toml\"\n"), [""; 0]);
    assert_eq!(included("include = [1, \"a.toml\"]\n"), ["a.toml"]);
    assert_eq!(included("include = [\n"), [""; 0]);
    assert_eq!(included("fragment = true\ninclude = [\"a.toml\"]\n"), [""; 0]);
}

#[test]
fn a_fragment_that_the_caller_did_not_read_is_told() {
    let checked = check(&source("m.toml", "include = [\"a.toml\"]\n"));
    assert_eq!(checked.diagnostics.iter().map(|told| told.code).collect::<Vec<_>>(), ["WX0005"]);
    assert_eq!(checked.diagnostics[0].title, "`a.toml` was not read");
    assert!(checked.plan.is_none());
    let nothing: [Source; 0] = [];
    assert!(check(&nothing).plan.is_none());
}

/// Where files are not known whole, nobody is told that tables are missing.
#[test]
fn what_could_stand_elsewhere_is_not_missed() {
    for text in ["includes = [\"a.toml\"]\n", "include = \"a.toml\"\n", "include = [1]\n"] {
        let told: Vec<_> = check(&source("m.toml", text)).diagnostics.into_iter().map(|told| told.code).collect();
        assert!(!told.is_empty() && !told.contains(&"WX0003"), "{text}: {told:?}");
    }
}

/// A memory may be in another file than the slots that lie in it.
#[test]
fn a_region_of_a_fragment_may_be_anothers_memory() {
    let device =
        "fragment = true\n[device]\npart = \"STM32F767ZI\"\noptions.nDBANK = 1\n[slots.x]\nsectors = \"0-1\"\n";
    let told = |region: &str| check(&source("m.toml", &format!("{device}region = \"{region}\"\n"))).diagnostics;
    assert_eq!(told("nor"), []);
    assert_eq!(told("bank1")[0].code, "WX0104");
}
