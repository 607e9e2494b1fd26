//! `waxseal build`: the same inputs give the same bytes, and its files are complete or absent.

use std::fs::{self, File};
use std::process::{Command, Stdio};

use waxseal_tests::{CODE_A, Project, Run, elf, openssl};

use crate::{WAXSEAL, r1b};

/// What a build of r1b writes.
pub const OUTPUTS: [&str; 8] = [
    "app.a.bin",
    "app.a.dfu",
    "app.a.hex",
    "app.b.bin",
    "app.b.dfu",
    "app.b.hex",
    "gateway-1.4.0.release",
    "layout.bin",
];

const BUILD: &str = "build r1b.toml --key keys/release.pem --out out";

#[test]
fn one_sealed_image_for_each_slot() {
    let project = r1b();
    project.build().says(&["4,000 bytes at 0x0802_0400", "5,000 bytes at 0x0812_0400", "release", "(1 of 1 needed)"]);
    assert_eq!(project.list("out"), OUTPUTS);
    // The header takes 1 KiB, and the payload follows as it is. Behind it, the digest of its only chunk: 8 + 4 + 32 bytes.
    let (image, input) = (project.read("out/app.a.bin"), project.read("build/app-a.elf"));
    assert_eq!(image.len(), 1024 + 4000 + 44);
    assert!(input.ends_with(&image[1024..1024 + 4000]));
}

#[test]
fn openssl_agrees_with_the_signature() {
    let project = r1b();
    project.build();
    // FrontHead: 256 signed bytes, then the first signature place, 8 bytes of key id and 64 of signature.
    let image = project.read("out/app.a.bin");
    project.write("signed", &image[..256]);
    project.write("signature", &image[264..328]);
    let path = |name| project.path(name).into_os_string().into_string().unwrap();
    let (key, signed, signature) = (path("keys/release.pub.pem"), path("signed"), path("signature"));
    openssl(&["pkeyutl", "-verify", "-pubin", "-inkey", &key, "-rawin", "-in", &signed, "-sigfile", &signature])
        .exits(0);
}

#[test]
fn neither_folder_nor_clock_nor_locale_changes_a_byte() {
    let (one, two) = (r1b(), Project::empty(WAXSEAL));
    for name in ["r1b.toml", "keys/release.pem", "keys/release.pub.pem", "build/app-a.elf", "build/app-b.elf"] {
        two.write(&format!("deeper/{name}"), one.read(name));
    }
    let build = |project: &Project, folder: &str, zone: &str, locale: &str| {
        let line =
            ["build", &format!("{folder}r1b.toml"), "--key", &format!("{folder}keys/release.pem"), "--out", "out"]
                .map(str::to_owned);
        Run::of(project.command(line).env("TZ", zone).env("LC_ALL", locale)).exits(0);
    };
    build(&one, "", "Asia/Tokyo", "C");
    build(&two, "deeper/", "America/Lima", "de_DE.UTF-8");
    for name in OUTPUTS.map(|name| format!("out/{name}")) {
        assert!(one.read(&name) == two.read(&name), "{name} differs");
    }
    assert!(one.read("waxseal.lock") == two.read("deeper/waxseal.lock"));
}

#[test]
fn files_that_cannot_be_written_leave_nothing() {
    let project = r1b();
    project.write("file", "in the way");
    project.waxseal("build r1b.toml --key keys/release.pem --out file/out").exits(4).says(&["cannot write file/out"]);
    assert_eq!(project.read("file"), b"in the way");
    // The second of two files cannot take its place: the first one does not either.
    fs::create_dir_all(project.path("out/app.b.bin")).unwrap();
    project.waxseal(BUILD).exits(4).says(&["app.b.bin", "folder"]);
    assert_eq!(project.list("out"), ["app.b.bin"]);
}

#[test]
fn a_full_disk_leaves_nothing() {
    // A file size limit of 4 KiB (8 blocks of 512 bytes) lets the first image pass its header and no image end.
    for trap in ["", "trap '' XFSZ;"] {
        let project = r1b();
        project.write("build/app-b.elf", elf::firmware(waxseal_tests::CODE_B, 100_000));
        let line = format!("{trap} ulimit -f 8; exec {WAXSEAL} {BUILD}");
        let run = Run::of(Command::new("sh").args(["-c", &line]).current_dir(project.path("."))).exits(4);
        run.says(&["cannot write out/app."]);
        assert!(!project.path("out").exists(), "{:?}", project.list("out"));
    }
}

#[test]
fn a_failure_keeps_what_was_there() {
    let project = r1b();
    project.build();
    let before = (project.read("out/app.a.bin"), project.read("out/app.b.bin"));
    project.write("build/app-a.elf", elf::firmware(CODE_A, 2000));
    project.write("build/app-b.elf", elf::firmware(CODE_A, 2000));
    project.waxseal(BUILD).exits(1).says(&["WX0108"]);
    assert_eq!(before, (project.read("out/app.a.bin"), project.read("out/app.b.bin")));
    assert_eq!(project.list("out"), OUTPUTS);
}

#[test]
fn a_missing_file_is_named_with_the_line_that_names_it() {
    let project = r1b();
    fs::remove_file(project.path("build/app-b.elf")).unwrap();
    let line = 1 + String::from_utf8(project.read("r1b.toml"))
        .unwrap()
        .lines()
        .position(|line| line.contains("app-b.elf"))
        .unwrap();
    project.waxseal(BUILD).exits(3).says(&["build/app-b.elf", &format!("r1b.toml:{line}:")]);
    fs::remove_file(project.path("keys/release.pub.pem")).unwrap();
    project.write("build/app-b.elf", "");
    project.waxseal(BUILD).exits(3).says(&["keys/release.pub.pem", "r1b.toml:"]);
    project.waxseal("build none.toml --out out").exits(3).says(&["none.toml"]);
    assert!(!project.path("out").exists());
}

#[test]
fn a_signature_that_is_missing_or_not_asked_for_is_named() {
    let project = r1b();
    let id = project.waxseal("key id keys/release.pem").exits(0).stdout;
    project.waxseal("build r1b.toml --out out").exits(1).says(&["signatures missing", id.trim_end()]);
    project.waxseal("key new other").exits(0);
    let other = project.waxseal("key id other.pem").exits(0).stdout;
    project.waxseal("build r1b.toml --key keys/release.pem --key other.pem --out out").exits(1).says(&[
        other.trim_end(),
        "release",
        id.trim_end(),
    ]);
    project.waxseal("build r1b.toml --key keys/release.pub.pem --out out").exits(1).says(&["this is a public key"]);
    project.waxseal("build r1b.toml --key none.pem --out out").exits(3).says(&["none.pem"]);
    assert!(!project.path("out").exists());
}

#[test]
fn keys_come_from_the_environment_and_from_standard_input() {
    let project = r1b();
    project.build();
    let expected = project.read("out/app.a.bin");
    let mut by_environment = project.command(["build", "r1b.toml", "--out", "env"]);
    Run::of(by_environment.env("WAXSEAL_KEY", "keys/release.pem")).exits(0);
    assert_eq!(project.read("env/app.a.bin"), expected);
    let key = File::open(project.path("keys/release.pem")).unwrap();
    let mut by_input = project.command(["build", "r1b.toml", "--key", "-", "--out", "stdin"]);
    Run::of(by_input.stdin(Stdio::from(key))).exits(0);
    assert_eq!(project.read("stdin/app.a.bin"), expected);
}

#[test]
fn inputs_come_from_elsewhere_only_where_the_manifest_allows_it() {
    let project = r1b();
    project.build();
    let expected = project.read("out/app.b.bin");
    fs::rename(project.path("build"), project.path("elsewhere")).unwrap();
    project.write("ci/build/app-a.elf", project.read("elsewhere/app-a.elf"));
    project.write("ci/build/app-b.elf", project.read("elsewhere/app-b.elf"));
    project.waxseal(&format!("{BUILD} --input-dir ci")).exits(0);
    assert_eq!(project.read("out/app.b.bin"), expected);

    let given = "--input app.b=elsewhere/app-b.elf";
    project.waxseal(&format!("{BUILD} --input-dir ci {given}")).exits(2).says(&["r1b.toml:", "overrides nothing"]);
    project.edit("r1b.toml", "inputs.b         = \"build/app-b.elf\"\n", "");
    project.waxseal(&format!("{BUILD} --input-dir ci")).exits(1).says(&["--input app.b=FILE"]);
    fs::remove_dir_all(project.path("out")).unwrap();
    project.waxseal(&format!("{BUILD} --input-dir ci {given}")).exits(0);
    assert_eq!(project.read("out/app.b.bin"), expected);
    for other in ["app.b=build/app-b.elf", "app.b=elsewhere/app-b.elf", "app=build/app-b.elf"] {
        let twice = format!("{BUILD} {given} --input {other}");
        project.waxseal(&twice).exits(2).says(&["--input app"]);
    }
    project.waxseal(&format!("{BUILD} --input nothing=x")).exits(2).says(&["nothing"]);
    project.waxseal(&format!("{BUILD} --input app.c=x")).exits(2).says(&["app"]);
}

#[test]
fn a_version_comes_from_the_command_line_only_where_the_manifest_says_so() {
    let project = r1b();
    let line = format!("{BUILD} --image-version app=1.5.0");
    project.waxseal(&line).exits(2).says(&["the version of `app` is said already", "r1b.toml:"]);
    project.edit("r1b.toml", "version          = \"1.4.0\"", "version-from = \"command-line\"");
    project.waxseal("check r1b.toml").exits(0);
    project.waxseal(BUILD).exits(1).says(&["WX0003", "which version of `app`", "--image-version app=X.Y.Z"]);
    project.waxseal(&format!("{BUILD} --image-version radio=1.5.0")).exits(2).says(&["no image `radio`"]);
    project.waxseal(&line).exits(0).says(&["app 1.5.0"]);
    let judged = "verify out/app.a.bin --manifest r1b.toml --revision B";
    project.waxseal(judged).exits(0).says(&["version 1.5.0"]);
}
