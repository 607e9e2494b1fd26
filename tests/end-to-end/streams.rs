//! Standard streams: closed pipes, full disks, colours, JSON; and the exit codes' table.

use std::fs::File;
use std::io;
use std::process::Stdio;

use waxseal_tests::Run;

use crate::{empty, r1b};

const ESCAPE: char = '\u{1b}';

#[test]
fn a_reader_that_went_away_is_no_error() {
    let project = r1b();
    project.build();
    for line in [
        "check r1b.toml",
        "map r1b.toml",
        "inspect out/app.a.bin",
        "verify out/app.a.bin --manifest r1b.toml --revision B",
        "devices",
        "devices STM32F767ZI",
        "key public keys/release.pem",
        "gen linker r1b.toml --slot a",
        "--help",
    ] {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let run = Run::of(project.command(line.split(' ')).stdout(Stdio::from(writer))).exits(0);
        assert_eq!(run.stderr, "", "{line}");
    }
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let project = r1b();
    for line in ["map r1b.toml", "gen linker r1b.toml --slot a", "check r1b.toml --format json"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        Run::of(project.command(line.split(' ')).stdout(Stdio::from(full))).exits(4).says(&["cannot write the result"]);
    }
}

#[test]
fn colours_only_where_they_are_wanted() {
    let project = r1b();
    project.edit("r1b.toml", "\"2-3\"", "\"1-3\"");
    let line = ["check", "r1b.toml"];
    assert!(!project.run(line).exits(1).stdout.contains(ESCAPE), "not on a pipe");
    let forced = Run::of(project.command(line).env("CLICOLOR_FORCE", "1")).exits(1);
    assert!(forced.stdout.contains(ESCAPE), "asked for by CLICOLOR_FORCE");
    let refused = Run::of(project.command(line).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")).exits(1);
    assert!(!refused.stdout.contains(ESCAPE), "NO_COLOR has the last word");
}

#[test]
fn results_for_programs() {
    let project = r1b();
    let build = project.waxseal("build r1b.toml --key keys/release.pem --out out --format json").exits(0).json();
    assert_eq!(build["schema"], 1);
    assert_eq!(build["exit"], 0);
    assert_eq!(build["result"]["artefacts"][1]["file"], "app.b.bin");
    assert_eq!(build["result"]["artefacts"][1]["payload_size"], 5000);

    let verify = "verify out/app.a.bin --manifest r1b.toml --format json";
    let accepted = project.waxseal(&format!("{verify} --revision B")).exits(0).json();
    assert_eq!(accepted["result"]["verified"], true);
    assert_eq!(accepted["result"]["image_id"], build["result"]["artefacts"][0]["image_id"]);
    let refused = project.waxseal(&format!("{verify} --revision D")).exits(1).json();
    assert_eq!(refused["result"]["verified"], false);
    assert_eq!(refused["result"]["refusal"]["code"], 503);
    let undecided = project.waxseal(verify).exits(2).json();
    assert_eq!((&undecided["exit"], &undecided["result"]), (&2.into(), &serde_json::Value::Null));

    let inspect = project.waxseal("inspect out/app.a.bin --format json").exits(0).json();
    assert_eq!(inspect["result"]["authenticated"], false);
    assert_eq!(inspect["result"]["header"]["body.run_address"], 0x0802_0400);

    let map = project.waxseal("map r1b.toml --format json").exits(0).json();
    assert_eq!(map["result"]["regions"][1]["rows"][0]["address"], 0x0810_0000);
    assert_eq!(map["result"]["option_bytes"]["nWRP"], 0xFFE);

    let right = project.waxseal("check r1b.toml --format json").exits(0).json();
    assert_eq!(right["diagnostics"], serde_json::json!([]));
    assert_eq!(right["result"]["inputs"][0]["judged"], true);
}

#[test]
fn findings_for_programs() {
    let project = r1b();
    project.edit("r1b.toml", "\"2-3\"", "\"1-3\"");
    for line in ["check", "map", "build --key keys/release.pem --out out"] {
        let found = project.waxseal(&format!("{line} r1b.toml --format json")).exits(1).json();
        assert_eq!(found["exit"], 1, "{line}");
        let first = &found["diagnostics"][0];
        assert_eq!(first["code"], "WX0106", "{line}");
        let label = first["labels"].as_array().unwrap().iter().find(|label| label["primary"] == true).unwrap();
        let text = String::from_utf8(project.read("r1b.toml")).unwrap();
        let place = |name: &str| usize::try_from(label[name].as_u64().unwrap()).unwrap();
        assert_eq!(label["file"], "r1b.toml");
        assert_eq!(text[..place("start")].lines().count(), place("line"), "{label}");
        assert!(!text[place("start")..place("end")].is_empty());
    }
    let missing = project.waxseal("check none.toml --format json").exits(3).json();
    assert_eq!(missing["exit"], 3);
    assert!(missing["failure"]["title"].as_str().unwrap().contains("none.toml"));
}

#[test]
fn help_lists_the_exit_codes() {
    let help = empty().waxseal("--help").exits(0);
    help.says(&["Exit codes:", "0  done", "1  ", "2  ", "3  a file is missing", "4  "]);
    empty().waxseal("nonsense").exits(2);
    empty().waxseal("").exits(2);
}
