//! waxseal.lock: what was built last, and what a build may not lose.

use waxseal_tests::{CODE_A, Project, elf};

use crate::r1b;

const BUILD: &str = "build r1b.toml --key keys/release.pem --out out";
const LOCK: &str = "waxseal.lock";

fn built() -> Project {
    let project = r1b();
    project.build().says(&["waxseal.lock  app 1.4.0, counter 7\n"]);
    std::fs::remove_dir_all(project.path("out")).unwrap();
    project
}

/// A refusal that writes nothing, and leaves the lock file as it was.
#[track_caller]
fn refused(project: &Project, options: &str, says: &[&str]) {
    let before = project.read(LOCK);
    project.waxseal(&format!("{BUILD} {options}")).exits(1).says(says);
    assert_eq!(project.read(LOCK), before);
    assert!(!project.path("out").exists());
}

#[test]
fn it_says_what_was_built() {
    let project = built();
    let text = String::from_utf8(project.read(LOCK)).unwrap();
    let keys: Vec<_> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let starts = [
        "form = 1",
        "vendor = \"acme.example\"",
        "class = \"gateway\"",
        "[images.app]",
        "version = \"1.4.0\"",
        "security-counter = 7",
        "layout = \"",
        "[images.app.inputs.a]",
        "file = \"build/app-a.elf\"",
        "sha256 = \"",
        "[images.app.inputs.b]",
        "file = \"build/app-b.elf\"",
        "sha256 = \"",
    ];
    assert_eq!(keys.len(), starts.len(), "{text}");
    assert!(keys.iter().zip(starts).all(|(line, start)| line.starts_with(start)), "{text}");
    // The same build leaves the same file.
    project.build();
    assert_eq!(project.read(LOCK), text.as_bytes());
}

#[test]
fn a_version_that_falls_is_refused_unless_told() {
    let project = built();
    project.edit("r1b.toml", "\"1.4.0\"", "\"1.3.9\"");
    refused(&project, "", &["error[WX0521]", "r1b.toml:", "1.3.9; the last build was 1.4.0", "--accept-lower-version"]);
    refused(&project, "--accept-lower-counter --accept-changed-layout", &["error[WX0521]"]);
    let run = project.waxseal(&format!("{BUILD} --accept-lower-version")).exits(0);
    run.says(&["waxseal.lock  app 1.3.9, counter 7 (was 1.4.0, 7)"]);
    // Accepted once: now it is the last one.
    project.waxseal(BUILD).exits(0);
}

#[test]
fn a_counter_that_falls_is_refused_unless_told() {
    let project = built();
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 6");
    refused(&project, "", &["error[WX0522]", "6; the last build had 7", "--accept-lower-counter"]);
    refused(&project, "--accept-lower-version --accept-changed-layout", &["error[WX0522]"]);
    project.waxseal(&format!("{BUILD} --accept-lower-counter")).exits(0);
    project.edit("r1b.toml", "security-counter = 6", "security-counter = 8");
    project.waxseal(BUILD).exits(0).says(&["app 1.4.0, counter 8 (was 1.4.0, 6)"]);
}

#[test]
fn a_counter_that_jumps_is_refused_unless_told() {
    let project = built();
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 24");
    refused(&project, "", &["error[WX0526]", "24; the last build had 7", "--accept-counter-jump"]);
    refused(&project, "--accept-lower-counter", &["error[WX0526]"]);
    project.edit("r1b.toml", "security-counter = 24", "security-counter = 23");
    project.waxseal(BUILD).exits(0);
    project.edit("r1b.toml", "security-counter = 23", "security-counter = 230");
    project.waxseal(&format!("{BUILD} --accept-counter-jump")).exits(0);
}

#[test]
fn a_layout_that_changes_is_refused_unless_told() {
    let project = built();
    project.edit("r1b.toml", "\"17-23\"", "\"17-22\"");
    refused(&project, "", &["error[WX0523]", "the layout of `app`", "--accept-changed-layout"]);
    refused(&project, "--accept-lower-version --accept-lower-counter", &["error[WX0523]"]);
    project.waxseal(&format!("{BUILD} --accept-changed-layout")).exits(0);
    // An unrelated area is in no fingerprint.
    project.edit("r1b.toml", "[areas.settings]", "[areas.other]");
    project.waxseal(BUILD).exits(0);
}

#[test]
fn several_losses_are_told_together() {
    let project = built();
    project.edit("r1b.toml", "\"1.4.0\"", "\"1.3.9\"");
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 6");
    refused(&project, "", &["error[WX0521]", "error[WX0522]"]);
}

#[test]
fn a_locked_build_is_the_last_one_or_none() {
    let project = built();
    project.waxseal(&format!("{BUILD} --locked")).exits(0);
    std::fs::remove_dir_all(project.path("out")).unwrap();
    project.write("build/app-a.elf", elf::firmware(CODE_A, 4004));
    let run = ["error[WX0524]", "the input of `app` for slot `a` is another one", "r1b.toml:", "sha256 ", "locked is "];
    refused(&project, "--locked", &run);
    project.edit("r1b.toml", "\"1.4.0\"", "\"1.5.0\"");
    refused(&project, "--locked", &["the version of `app` is another one", "1.5.0; locked is 1.4.0"]);
    project.waxseal(BUILD).exits(0);
    project.waxseal(&format!("{BUILD} --locked")).exits(0);
    std::fs::remove_file(project.path(LOCK)).unwrap();
    project.waxseal(&format!("{BUILD} --locked")).exits(3).says(&["there is no waxseal.lock"]);
}

#[test]
fn what_the_command_line_filled_in_is_in_it_without_paths() {
    let project = r1b();
    project.edit("r1b.toml", "version          = \"1.4.0\"", "version-from = \"command-line\"");
    project.edit("r1b.toml", "inputs.b         = \"build/app-b.elf\"\n", "");
    let given = "--image-version app=1.5.0 --input app.b=build/app-b.elf";
    project.waxseal(&format!("{BUILD} {given}")).exits(0);
    let lock = String::from_utf8(project.read(LOCK)).unwrap();
    assert!(lock.contains("command-line = [\"inputs.b\", \"version\"]"), "{lock}");
    assert!(lock.contains("version = \"1.5.0\"") && !lock.contains("app-b.elf"), "{lock}");
    project.waxseal(&format!("{BUILD} --locked {given}")).exits(0);
    let lower = given.replace("1.5.0", "1.4.9");
    project.waxseal(&format!("{BUILD} {lower}")).exits(1).says(&["error[WX0521]", "1.4.9; the last build was 1.5.0"]);
}

#[test]
fn a_file_that_is_no_lock_is_named_with_its_line() {
    let project = built();
    let good = String::from_utf8(project.read(LOCK)).unwrap();
    let line = 1 + good.lines().position(|line| line.starts_with("security-counter")).unwrap();
    for (wrong, says) in [
        (good.replace("security-counter = 7", "security-counter = -7"), format!("waxseal.lock:{line}:")),
        (good.replace("version = \"1.4.0\"", "version = \"1.4\""), "waxseal.lock is no lock file".to_owned()),
        (good.replace("form = 1", "form = 2"), "made by a newer version of waxseal".to_owned()),
        (good.replace("[images.app]", "[images.app]\nnobody = 1"), "nobody".to_owned()),
        ("<<<<<<< ours\n".to_owned(), "waxseal.lock:1:".to_owned()),
    ] {
        project.write(LOCK, wrong);
        refused(&project, "", &[&says, "no lock file"]);
    }
    project.write(LOCK, [0xFF]);
    refused(&project, "", &["waxseal.lock is not UTF-8"]);
    std::fs::remove_file(project.path(LOCK)).unwrap();
    std::fs::create_dir(project.path(LOCK)).unwrap();
    project.waxseal(BUILD).exits(3).says(&["cannot read waxseal.lock"]);
}

#[test]
fn one_of_another_product_protects_nothing() {
    let project = built();
    project.edit("r1b.toml", "gateway", "router");
    refused(&project, "", &["error[WX0525]", "acme.example gateway", "this is acme.example router", "--lock FILE"]);
    project.waxseal(&format!("{BUILD} --lock deeper/router.lock")).exits(0).says(&["deeper/router.lock  app"]);
    assert!(project.path("deeper/router.lock").exists());
}

#[test]
fn it_is_written_with_the_other_files_or_not_at_all() {
    let project = r1b();
    project.write("out/layout.bin/in-the-way", "");
    project.waxseal(BUILD).exits(4).says(&["layout.bin", "folder"]);
    assert!(!project.path(LOCK).exists());
    // And they with it.
    let project = r1b();
    project.write("file", "in the way");
    project.waxseal(&format!("{BUILD} --lock file/waxseal.lock")).exits(4).says(&["file/waxseal.lock"]);
    assert!(!project.path("out").exists());
}

#[test]
fn programs_see_what_it_was_and_is() {
    let project = built();
    project.edit("r1b.toml", "\"1.4.0\"", "\"1.4.1\"");
    let lock = project.waxseal(&format!("{BUILD} --format json")).exits(0).json()["result"]["lock"].clone();
    assert_eq!(lock["file"], LOCK);
    assert_eq!(lock["images"][0]["now"]["version"], "1.4.1");
    assert_eq!(lock["images"][0]["before"]["version"], "1.4.0");
}

/// An image that is left out for a while does not start again from nothing.
#[test]
fn an_image_that_is_gone_is_remembered() {
    let project = built();
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    project.write("r1b.toml", manifest.replace("[images.app]", "[images.next]"));
    project.waxseal(BUILD).exits(0);
    project.write("r1b.toml", manifest.replace("security-counter = 7", "security-counter = 6"));
    project.waxseal(BUILD).exits(1).says(&["error[WX0522]"]);
}
