//! `waxseal check` and `waxseal map`.

use std::fs;

use waxseal_tests::{CODE_A, elf};

use crate::{empty, r1b};

#[test]
fn a_right_manifest_with_right_inputs() {
    let project = r1b();
    let run = project.waxseal("check r1b.toml").exits(0);
    assert_eq!(run.stdout, "note: inputs read: build/app-a.elf, build/app-b.elf\nr1b.toml: 0 errors, 0 warnings\n");
    assert_eq!(run.stderr, "");
}

/// What the example's README says of a boot loader that takes more than 32K.
#[test]
fn r1b_has_room_for_the_boot_loader_of_the_examples() {
    let project = r1b();
    project.edit("r1b.toml", "sectors       = \"0-1\"", "sectors       = \"0-3\"");
    project.edit("r1b.toml", "region  = \"bank1\"\nsectors = \"2-3\"", "region  = \"bank2\"\nsectors = \"12-13\"");
    project.edit("r1b.toml", "sectors = \"12-15\"", "sectors = \"14-15\"");
    project.waxseal("check r1b.toml").exits(0).says(&["r1b.toml: 0 errors, 0 warnings"]);
}

#[test]
fn values_that_nobody_wrote_are_listed() {
    let run = r1b().waxseal("check -v r1b.toml").exits(0);
    run.says(&[
        "images.app.type",
        "\"firmware\"",
        "roles.image.threshold",
        "the only key",
        "nWRP[0] = 0, nWRP[11:1] = 1",
    ]);
}

#[test]
fn what_is_not_judged_is_said() {
    let project = r1b();
    fs::remove_file(project.path("build/app-b.elf")).unwrap();
    project.waxseal("check r1b.toml").exits(0).says(&["build/app-b.elf is not there yet", "not judged", "0 errors"]);
}

#[test]
fn public_keys_are_judged_too() {
    let project = r1b();
    project.write("keys/release.pub.pem", project.read("keys/release.pem"));
    project.waxseal("check r1b.toml").exits(1).says(&["WX0002", "r1b.toml:", "this is a private key"]);
    fs::remove_file(project.path("keys/release.pub.pem")).unwrap();
    project.waxseal("check r1b.toml").exits(0).says(&["keys/release.pub.pem cannot be read", "not judged"]);
}

#[test]
fn one_key_under_two_names_is_refused() {
    let project = r1b();
    project.write("keys/again.pub.pem", project.read("keys/release.pub.pem"));
    let text = String::from_utf8(project.read("r1b.toml")).unwrap();
    let roles = "\n[roles.image]\nkeys = [\"release\", \"again\"]\nthreshold = 2\n";
    project.write("r1b.toml", text + "\n[keys.again]\npublic = \"keys/again.pub.pem\"\n" + roles);
    let why = "error[WX0004]: `release` and `again` are one key";
    project.waxseal("check r1b.toml").exits(1).says(&[why]);
    project.waxseal("build r1b.toml --key keys/release.pem --out out").exits(1).says(&[why]);
}

/// What is wrong with the one file for two slots is told once, beside what the manifest is told, and all is counted.
#[test]
fn a_finding_is_told_once() {
    let project = r1b();
    project.edit("r1b.toml", "keep-fallback", "strict");
    project.edit("r1b.toml", "build/app-b.elf", "build/app-a.elf");
    project.write("build/app-a.elf", "junk");
    for command in ["check r1b.toml", "build r1b.toml --key keys/release.pem --out out"] {
        let run = project.waxseal(command).exits(1);
        let said = run.stdout + &run.stderr;
        assert_eq!(said.matches("warning[WX0411]").count(), 1, "{said}");
        assert_eq!(said.matches("r1b.toml: 2 errors, 1 warning\n").count(), 1, "{said}");
    }
    project.write("build/app-a.elf", elf::firmware(CODE_A, 4000));
    for command in ["map r1b.toml", "show r1b.toml", "gen linker r1b.toml --slot a"] {
        let run = project.waxseal(command).exits(0);
        assert_eq!(run.stderr.matches("warning[WX0411]").count(), 1, "{}", run.stderr);
        assert_eq!(run.stderr.matches("r1b.toml: 0 errors, 1 warning\n").count(), 1, "{}", run.stderr);
    }
}

/// The broken twin: one build for both slots, and a protection bit that covers more than the boot loader.
#[test]
fn the_broken_twin_is_told_why() {
    let project = r1b();
    project.edit("r1b.toml", "sectors       = \"0-1\"", "sectors       = \"0-2\"");
    project.edit("r1b.toml", "sectors = \"2-3\"", "sectors = \"3-4\"");
    project.edit("r1b.toml", "build/app-b.elf", "build/app-a.elf");
    project.waxseal("check r1b.toml").exits(1).says(&[
        "error[WX0108]: `build/app-a.elf` is linked at 0x0802_0400 and slot `b` runs at 0x0812_0400",
        "the same file, right here",
        "^^^^^^^^^^^^^^^^^ this build cannot run in `b`",
        "error[WX0115]: write protection of `boot` also covers sector 3, which `counter` must erase",
        "needs nWRP bits 0 and 1: sectors 0 to 3",
        "= fact: OPTCR.nWRP in dual-bank mode",
        "[two sources]",
        "r1b.toml: 2 errors, 0 warnings",
    ]);
}

#[test]
fn findings_are_in_the_order_of_the_file() {
    let project = r1b();
    project.write("build/app-b.elf", "");
    project.edit("r1b.toml", "tries =", "tires =");
    let said = project.waxseal("check r1b.toml").exits(1).stdout;
    let (input, unknown_key) = (said.find("WX0501").unwrap(), said.find("WX0001").unwrap());
    assert!(input < unknown_key, "{said}");
}

#[test]
fn a_text_that_is_no_manifest_is_refused_with_its_place() {
    let project = empty();
    project.write("broken.toml", "[product]\nvendor = \n");
    project.waxseal("check broken.toml").exits(1).says(&["WX0000", "broken.toml:2:"]);
    project.write("bytes.toml", b"a = 1\n\xFF\n");
    project.waxseal("check bytes.toml").exits(1).says(&["bytes.toml:2", "UTF-8"]);
    project.waxseal("check none.toml").exits(3).says(&["none.toml"]);
    project.waxseal("check .").exits(3);
}

#[test]
fn escape_sequences_of_a_manifest_do_not_reach_the_terminal() {
    let project = empty();
    project.write("m.toml", "\"\\u001b[31mred\" = 1 # \u{1b}[31m\n");
    let run = project.waxseal("check m.toml").exits(1);
    assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
}

#[test]
fn a_damaged_input_is_refused() {
    let project = r1b();
    project.write("build/app-a.elf", &elf::firmware(CODE_A, 4000)[..60]);
    project.waxseal("check r1b.toml").exits(1).says(&["build/app-a.elf", "r1b.toml:", "1 error"]);
}

const MAP: &str = "  address       size  sectors  name
bank1
  0x0800_0000     32K  0-1      boot      boot loader
  0x0800_8000     32K  2-3      counter   security counter
  0x0801_0000     64K  4        -         free
  0x0802_0000    896K  5-11     a         app 1.4.0               457,800 of     915,600   50%  ##########..........
bank2
  0x0810_0000     64K  12-15    settings  of the application
  0x0811_0000     64K  16       -         free
  0x0812_0000    896K  17-23    b         app 1.4.0                     - of     915,600
  a: header 0x0802_0000, code 0x0802_0400, state words 0x080F_FC90
  b: header 0x0812_0000, code 0x0812_0400, state words 0x081F_FC90
  option bytes as shipped: nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000 RDP=level 1 nWRP=0xFFE
";

#[test]
fn the_map() {
    let project = r1b();
    project.write("build/app-a.elf", elf::firmware(CODE_A, 915_600 / 2));
    fs::remove_file(project.path("build/app-b.elf")).unwrap();
    let run = project.waxseal("map r1b.toml").exits(0);
    let (title, rest) = run.stdout.split_once('\n').unwrap();
    assert!(title.starts_with("STM32F767ZI, nDBANK=0 nDBOOT=1, layout "), "{title}");
    assert_eq!(rest, MAP);
}

#[test]
fn there_is_no_map_of_a_wrong_manifest() {
    let project = r1b();
    project.edit("r1b.toml", "\"2-3\"", "\"1-3\"");
    let run = project.waxseal("map r1b.toml").exits(1).says(&["WX0106", "r1b.toml: "]);
    assert_eq!(run.stdout, "");
}

#[test]
fn what_the_manifest_lets_pass_is_said_with_its_reason() {
    let project = r1b();
    project.edit("r1b.toml", "keep-fallback", "strict");
    let reason = "an old image must not start again";
    let lints = format!("\n[lints]\nWX0411 = {{ level = \"allow\", reason = \"{reason}\" }}\n");
    let text = String::from_utf8(project.read("r1b.toml")).unwrap() + &lints;
    project.write("r1b.toml", text);
    let allowed = "allowed WX0411 (once an update is confirmed, the old image cannot start again): ";
    project.waxseal("check r1b.toml").exits(0).says(&[allowed, reason, "0 warnings"]);
    project.waxseal("check r1b.toml --format json").exits(0).says(&["\"allowed\": [", reason]);
}
