//! What the READMEs show: each message that they quote is the one that the command gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use waxseal_tests::{Run, repository};

use crate::WAXSEAL;

/// What a README shows of a command: its arguments, and the lines below it.
struct Shown {
    arguments: Vec<String>,
    lines: Vec<String>,
}

/// The commands of the blocks that are marked `console`.
fn shown(readme: &str) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    let mut is_console = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            is_console = line == "```console";
        } else if let Some(command) = line.strip_prefix("$ ").filter(|_| is_console) {
            let arguments = command.split_whitespace().map(str::to_owned).collect();
            commands.push(Shown { arguments, lines: Vec::new() });
        } else if let Some(command) = commands.last_mut().filter(|_| is_console) {
            command.lines.push(line.to_owned());
        }
    }
    commands
}

/// Runs all commands of a page's consoles in a project, one after the other, and compares what each prints with the lines below it:
/// `...` stands for any lines, and no line at all for anything. Checks are [`checks_are_true`]'s. How many they were.
#[cfg(unix)]
pub fn runs_as_shown(readme: &Path, project: &waxseal_tests::Project) -> usize {
    let path = format!("{}:{}", Path::new(WAXSEAL).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shown = shown(&fs::read_to_string(readme).unwrap());
    shown.retain(|shown| shown.arguments.get(1).is_none_or(|word| word != "check"));
    for Shown { arguments, lines } in &shown {
        let line = arguments.join(" ");
        let run = Run::of(Command::new("sh").args(["-c", &line]).current_dir(project.path(".")).env("PATH", &path));
        let said: Vec<&str> = run.stdout.lines().map(str::trim_end).collect();
        let is_shown =
            lines.is_empty() || is_like(&said, &lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>());
        assert!(is_shown, "{}: {line} says\n{}\n{}", readme.display(), run.stdout, run.stderr);
        assert!(!lines.is_empty() || run.exit == Some(0), "{}: {line} fails\n{}", readme.display(), run.stderr);
    }
    shown.len()
}

/// Whether lines are these, `...` standing for any number of them.
#[cfg(unix)]
fn is_like(said: &[&str], shown: &[&str]) -> bool {
    match shown {
        [] => said.is_empty(),
        ["...", rest @ ..] => (0..=said.len()).any(|skipped| is_like(&said[skipped..], rest)),
        [first, rest @ ..] => said.first() == Some(first) && is_like(&said[1..], rest),
    }
}

/// The checks of manifests of the corpus that a README shows. The lines below each are lines of what the command says, without
/// a gap: what a README leaves out stands before or behind them.
fn checks_are_true(readme: &Path) -> usize {
    let corpus = repository().join("tests/manifests");
    let shown = shown(&fs::read_to_string(readme).unwrap());
    let of_corpus = shown.iter().filter(|shown| match &shown.arguments[..] {
        [waxseal, check, manifest] => waxseal == "waxseal" && check == "check" && corpus.join(manifest).is_file(),
        _ => false,
    });
    let mut count = 0;
    for Shown { arguments, lines } in of_corpus {
        let run = Run::of(Command::new(WAXSEAL).current_dir(&corpus).args(&arguments[1..]));
        let said: Vec<&str> = run.stdout.lines().collect();
        let is_said = said.windows(lines.len()).any(|window| window == lines);
        assert!(!lines.is_empty() && is_said, "{}: {arguments:?} says\n{}", readme.display(), run.stdout);
        count += 1;
    }
    count
}

#[test]
fn every_example_tells_its_problem_and_the_message() {
    for entry in fs::read_dir(repository().join("examples")).unwrap() {
        let folder = entry.unwrap().path();
        // What has no manifest of its own has no message to quote.
        if !folder.join(folder.file_name().unwrap()).with_extension("toml").is_file() {
            continue;
        }
        let readme = folder.join("README.md");
        let count = checks_are_true(&readme);
        assert!(count > 0, "{} shows no `waxseal check` of a manifest in tests/manifests", readme.display());
    }
}

#[test]
fn the_message_in_the_readme_is_given() {
    assert!(checks_are_true(&repository().join("README.md")) > 0);
}

/// The firmware is not built for this, so the lines with its size are left out.
#[test]
fn the_map_in_the_readme_is_given() {
    let shown = shown(&fs::read_to_string(repository().join("README.md")).unwrap());
    let map = shown.iter().find(|shown| shown.arguments == ["waxseal", "map", "r1b.toml"]).unwrap();
    let example = repository().join("examples/r1b");
    let run = Run::of(Command::new(WAXSEAL).current_dir(example).args(&map.arguments[1..])).exits(0);
    let said: Vec<&str> = run.stdout.lines().filter(|line| !line.contains("app 1.4.0")).collect();
    let shown: Vec<&str> = map.lines.iter().map(String::as_str).filter(|line| !line.contains("app 1.4.0")).collect();
    assert_eq!(said, shown);
}

/// What stands under "Begin" leads from nothing to sealed images, with the two things that it leaves to the reader: vendor and class, and
/// a build for each slot.
#[cfg(unix)]
#[test]
fn the_beginning_leads_to_sealed_images() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let begin = readme.split_once("\n## Begin\n").unwrap().1.split_once("\n## ").unwrap().0;
    let project = crate::empty();
    let path = format!("{}:{}", Path::new(WAXSEAL).parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut tried = Vec::new();
    for Shown { arguments, .. } in shown(begin).iter().filter(|shown| shown.arguments[0] == "waxseal") {
        if arguments[1] == "build" {
            for slot in ["a", "b"] {
                let script = String::from_utf8(project.read(&format!("memory-{slot}.x"))).unwrap();
                let origin = script.split_once("FLASH : ORIGIN = 0x").unwrap().1.split_once(',').unwrap().0;
                let firmware = waxseal_tests::elf::firmware(u32::from_str_radix(origin, 16).unwrap(), 4000);
                project.write(&format!("build/app-{slot}.elf"), firmware);
            }
        }
        let line = arguments.join(" ");
        let run = Run::of(Command::new("sh").args(["-c", &line]).current_dir(project.path(".")).env("PATH", &path));
        run.exits(0);
        if arguments[1] == "new" {
            project.edit("mine.toml", "vendor = \"\"", "vendor = \"acme.example\"");
            project.edit("mine.toml", "class  = \"\"", "class  = \"gateway\"");
        }
        tried.push(arguments[1].clone());
    }
    assert_eq!(tried, ["new", "key", "gen", "gen", "check", "build"]);
    assert!(project.list("out").contains(&"app.a.bin".to_owned()));
}
