//! `waxseal sign`: signatures that openssl makes elsewhere.

use std::path::Path;
use std::process::Command;

use waxseal_tests::{Project, Run, repository};

use crate::build::OUTPUTS;
use crate::factory::boot_loader;
use crate::release::e1;
use crate::{WAXSEAL, r1b};

const BUILD: &str = "build r1b.toml --key keys/release.pem --out out";
const EXPORT: &str = "sign export out/pending";
const VERIFY_A: &str = "verify out/app.a.bin --manifest r1b.toml --revision B";

/// Example r1b with a second key, whose private half `build` does not get: `threshold` of the two must sign.
fn with_external(threshold: u8) -> Project {
    let project = r1b();
    openssl_in(&project, "genpkey -algorithm ed25519 -out hsm.pem");
    openssl_in(&project, "pkey -in hsm.pem -pubout -out keys/hsm.pub.pem");
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let keys = "[keys.hsm]\npublic = \"keys/hsm.pub.pem\"\nsigner = \"external\"\n";
    let role = |name| format!("\n[roles.{name}]\nkeys = [\"release\", \"hsm\"]\nthreshold = {threshold}\n");
    let roles = ["image", "layout", "release"].map(role).concat();
    project.write("r1b.toml", manifest + "\n" + keys + &roles);
    project
}

/// Runs openssl in the project's folder.
#[track_caller]
fn openssl_in(project: &Project, line: &str) -> Run {
    Run::of(Command::new("openssl").current_dir(project.path(".")).args(line.split_whitespace())).exits(0)
}

/// Signs what was exported of a file, as the output of `sign export` says.
#[track_caller]
fn sign(project: &Project, key: &str, file: &str, signature: &str) {
    openssl_in(project, &format!("pkeyutl -sign -rawin -inkey {key} -in out/pending/{file}.tosign -out {signature}"));
}

/// What is to be signed, and the files that [`sign_all`] makes.
const PENDING: [&str; 4] = ["app.a.bin", "app.b.bin", "gateway-1.4.0.release", "layout.bin"];
const SIGNATURES: &str = "one.sig two.sig three.sig four.sig";

/// Exports, and signs everything with a key.
#[track_caller]
fn sign_all(project: &Project, key: &str) {
    project.waxseal(EXPORT).exits(0);
    for (file, signature) in PENDING.iter().zip(SIGNATURES.split(' ')) {
        sign(project, key, file, signature);
    }
}

#[test]
fn a_round_with_openssl() {
    let project = with_external(2);
    let run = project.waxseal(BUILD).exits(0);
    let id = project.waxseal("key id keys/hsm.pub.pem").exits(0).stdout;
    let waiting = format!(
        "waiting for: hsm {} (external), 4 signatures. Nothing that a board would accept was written.\n  \
         waxseal sign export out/pending\n  \
         waxseal sign attach out/pending *.sig --manifest r1b.toml\n",
        id.trim_end()
    );
    assert!(run.stdout.ends_with(&waiting), "{}", run.stdout);
    assert_eq!(project.list("out"), ["pending"]);
    assert_eq!(project.list("out/pending"), PENDING);
    // Not by itself: one of two has signed.
    let pending = "verify out/pending/app.a.bin --manifest r1b.toml --revision B";
    project.waxseal(pending).exits(1).says(&["TooFewSignatures (305)"]);

    let said = project.waxseal(EXPORT).exits(0);
    said.says(&["out/pending/app.a.bin.tosign  image 1.4.0, counter 7, runs at 0x0802_0400, id ", "openssl pkeyutl"]);
    assert_eq!(project.read("out/pending/app.a.bin.tosign"), project.read("out/pending/app.a.bin")[..256]);
    sign_all(&project, "hsm.pem");
    // In any order, under any name.
    let run =
        project.waxseal("sign attach out/pending two.sig four.sig one.sig three.sig --manifest r1b.toml").exits(0);
    run.says(&["one.sig  by hsm", "4 files verified, as the boot loader will, but for the board's revision"]);
    assert_eq!(project.list("out"), OUTPUTS);
    project.waxseal(VERIFY_A).exits(0).says(&["2 of 2, keys from"]);
    project.waxseal("verify out/app.b.bin --manifest r1b.toml --revision B").exits(0);
}

#[test]
fn the_same_bytes_as_with_all_keys_at_hand() {
    let project = with_external(2);
    project.waxseal(&format!("{BUILD} --key hsm.pem")).exits(0);
    let expected = OUTPUTS.map(|name| project.read(&format!("out/{name}")));
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    project.waxseal(&format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml --out elsewhere")).exits(0);
    assert_eq!(project.list("elsewhere"), OUTPUTS);
    assert!(OUTPUTS.map(|name| project.read(&format!("elsewhere/{name}"))) == expected);
}

#[test]
fn a_factory_image_as_with_all_keys_at_hand() {
    let project = with_external(2);
    project.edit("r1b.toml", "# input = \"build/boot.elf\"", "input = \"build/boot.elf\" #");
    project.waxseal(&format!("{BUILD} --key hsm.pem --no-factory")).exits(0);
    project.write("build/boot.elf", boot_loader(&project.read("out/layout.bin")).file());
    project.waxseal(&format!("{BUILD} --key hsm.pem")).exits(0);
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    let attach = format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml");
    let missing = project.waxseal(&format!("{attach} --out elsewhere --input-dir nowhere"));
    missing.exits(3).says(&["cannot read nowhere/build/boot.elf", "r1b.toml:19:", "--no-factory"]);
    project.write("build/boot.elf", boot_loader(&[]).file());
    project.waxseal(&format!("{attach} --out elsewhere")).exits(1).says(&["WX0511", "embeds no layout"]);
    assert!(!project.path("elsewhere").exists());
    project.write("build/boot.elf", boot_loader(&project.read("out/layout.bin")).file());
    project.waxseal(&format!("{attach} --out elsewhere")).exits(0).says(&["elsewhere/factory.hex  "]);
    for name in ["factory.hex", "factory.dfu"] {
        assert!(project.read(&format!("elsewhere/{name}")) == project.read(&format!("out/{name}")), "{name}");
    }
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    project.waxseal(&format!("{attach} --no-factory --out without")).exits(0);
    assert_eq!(project.list("without"), OUTPUTS);
}

#[test]
fn nobody_is_waited_for_where_enough_have_signed() {
    let project = with_external(1);
    project.waxseal(BUILD).exits(0).says(&["(1 of 1 needed)", "verified"]);
    assert_eq!(project.list("out"), OUTPUTS);
}

#[test]
fn without_any_key_here() {
    let project = with_external(1);
    project.waxseal("build r1b.toml --out out").exits(0).says(&["by nobody yet (0 of 1 needed)", "waiting for: hsm"]);
    sign_all(&project, "hsm.pem");
    project.waxseal(&format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml")).exits(0);
    project.waxseal(VERIFY_A).exits(0);
}

#[test]
fn a_file_signer_is_not_waited_for() {
    let project = with_external(2);
    let run = project.waxseal("build r1b.toml --out out").exits(1);
    run.says(&["WX0504", "2 of 2 signatures of `roles.image` missing", "has not signed; its signer is external"]);
    assert!(!project.path("out").exists());
}

#[test]
fn two_of_three_in_one_round() {
    let project = with_external(2);
    openssl_in(&project, "genpkey -algorithm ed25519 -out second.pem");
    openssl_in(&project, "pkey -in second.pem -pubout -out keys/second.pub.pem");
    project.edit(
        "r1b.toml",
        "[keys.hsm]",
        "[keys.second]\npublic = \"keys/second.pub.pem\"\nsigner = \"external\"\n\n[keys.hsm]",
    );
    for _ in ["image", "layout", "release"] {
        project.edit("r1b.toml", "[\"release\", \"hsm\"]", "[\"release\", \"hsm\", \"second\"]");
    }
    project.waxseal(BUILD).exits(0).says(&["waiting for: 1 of ", "second", "hsm"]);
    project.waxseal("build r1b.toml --out out").exits(0).says(&["by nobody yet (0 of 2 needed)", "8 signatures"]);
    project.waxseal(EXPORT).exits(0);
    let mut files = Vec::new();
    for key in ["hsm", "second"] {
        for image in PENDING {
            files.push(format!("{key}-{image}.sig"));
            sign(&project, &format!("{key}.pem"), image, &files[files.len() - 1]);
        }
    }
    let attach =
        |files: &[String]| project.waxseal(&format!("sign attach out/pending {} --manifest r1b.toml", files.join(" ")));
    // Seven of the eight: the others would be finished, and are not moved alone.
    let before = project.list("out/pending");
    attach(&files[..7]).exits(1).says(&["layout.bin: 1 of 2 signatures; still to sign: release", "second"]);
    assert_eq!(project.list("out/pending"), before);
    assert_eq!(project.list("out"), ["pending"]);
    attach(&files).exits(0);
    assert_eq!(project.list("out"), OUTPUTS);
}

#[test]
fn a_signature_that_fits_nowhere_changes_nothing() {
    let project = with_external(2);
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    let before = (project.read("out/pending/app.a.bin"), project.list("out/pending"));
    let attach = |files: &str| project.waxseal(&format!("sign attach out/pending {files} --manifest r1b.toml"));
    // Of a key that the manifest does not know.
    openssl_in(&project, "genpkey -algorithm ed25519 -out stranger.pem");
    sign(&project, "stranger.pem", "app.a.bin", "stranger.sig");
    attach(&format!("{SIGNATURES} stranger.sig"))
        .exits(1)
        .says(&["stranger.sig is no signature of any of these artefacts"]);
    // Over something else.
    project.write("out/pending/other.tosign", [7; 256]);
    sign(&project, "hsm.pem", "other", "other.sig");
    attach(&format!("{SIGNATURES} other.sig")).exits(1).says(&["other.sig is no signature"]);
    std::fs::remove_file(project.path("out/pending/other.tosign")).unwrap();
    // Not a signature.
    project.write("hex.sig", "00".repeat(64));
    attach("hex.sig").exits(1).says(&["hex.sig: an Ed25519 signature has 64 bytes, and this file 128", "openssl"]);
    attach("none.sig").exits(3).says(&["none.sig"]);
    // Too few.
    attach("one.sig").exits(1).says(&["app.b.bin: 1 of 2 signatures"]);
    assert_eq!(before, (project.read("out/pending/app.a.bin"), project.list("out/pending")));
    assert_eq!(project.list("out"), ["pending"]);
}

#[test]
fn what_was_tampered_with_is_not_finished() {
    let project = with_external(2);
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    let attach = || project.waxseal(&format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml")).exits(1);
    // The payload.
    let good = project.read("out/pending/app.a.bin");
    let mut bytes = good.clone();
    bytes[2000] ^= 1;
    project.write("out/pending/app.a.bin", &bytes);
    attach().says(&["app.a.bin: refused: ", "PayloadDigest"]);
    // What is signed: the signatures fit the copy in the release, and nothing fits this.
    bytes.clone_from(&good);
    bytes[100] ^= 1;
    project.write("out/pending/app.a.bin", &bytes);
    attach().says(&["app.a.bin: refused: BadSignature"]);
    // The manifest: the device would refuse it now.
    project.write("out/pending/app.a.bin", &good);
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 8");
    attach().says(&["CounterTooLow"]);
    assert_eq!(project.list("out"), ["pending"]);
}

#[test]
fn a_set_is_finished_whole_and_by_its_own_manifest() {
    let project = with_external(2);
    project.waxseal(BUILD).exits(0);
    sign_all(&project, "hsm.pem");
    let line = &format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml");
    project.edit("r1b.toml", "\"1.4.0\"", "\"1.4.1\"");
    project.waxseal(line).exits(1).says(&["version 1.4.0 of `app`, and the manifest says 1.4.1"]);
    project.edit("r1b.toml", "\"1.4.1\"", "\"1.4.0\"");
    // One image is gone, and so is the release that has it.
    std::fs::rename(project.path("out/pending/app.b.bin"), project.path("app.b.bin")).unwrap();
    std::fs::remove_file(project.path("out/pending/gateway-1.4.0.release")).unwrap();
    project
        .waxseal("sign attach out/pending one.sig four.sig --manifest r1b.toml")
        .exits(1)
        .says(&["`app` for slot `b` is not there"]);
    assert_eq!(project.list("out"), ["pending"]);
}

/// Example e1 in production: two images and their release, one key in the pipeline, one in a hardware module.
#[test]
fn a_release_of_two_images_in_one_round() {
    let project = e1();
    let build = "build e1.toml --profile production --key keys/ci.pem --image-version app=4.2.0 --out out";
    let run = project.waxseal(build).exits(0);
    run.says(&["4 signatures", "sign attach out/pending *.sig --manifest e1.toml --profile production"]);
    let pending = ["app.a.bin", "app.b.bin", "radio.bin", "sensor-hub-4.2.0.release"];
    assert_eq!(project.list("out/pending"), pending);
    project.waxseal(EXPORT).exits(0).says(&["radio.bin.tosign  image 2.1.4, counter 0, id "]);
    let mut line = "sign attach out/pending".to_owned();
    for name in pending {
        sign(&project, "keys/hsm.pem", name, &format!("{name}.sig"));
        line += &format!(" {name}.sig");
    }
    project.waxseal(&format!("{line} --manifest e1.toml")).exits(1).says(&["WX0011", "--profile production"]);
    project.waxseal(&format!("{line} --manifest e1.toml --profile production")).exits(0);
    for name in pending {
        assert!(project.path(&format!("out/{name}")).exists(), "{name}");
    }
    let verify = "verify out/sensor-hub-4.2.0.release --manifest e1.toml --profile production --revision A";
    project.waxseal(verify).exits(0).says(&["release verified"]);
}

#[test]
fn a_folder_with_nothing_to_sign() {
    let project = r1b();
    project.waxseal("sign export keys").exits(1).says(&["no sealed file is there", "waxseal build"]);
    project.waxseal("sign export none").exits(3).says(&["none"]);
    project.waxseal("sign export r1b.toml").exits(1).says(&["r1b.toml", "NotSealed"]);
}

#[test]
fn a_finished_file_can_be_exported_too() {
    let project = r1b();
    project.build();
    project.waxseal("sign export out/app.a.bin").exits(0).says(&["has signatures of "]);
    assert_eq!(project.read("out/app.a.bin.tosign"), project.read("out/app.a.bin")[..256]);
}

/// The commands of README.md's section, as they stand there.
#[test]
fn the_commands_of_the_readme() {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let section = readme.split("**Sign elsewhere.**").nth(1).unwrap();
    let block = section.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let commands: Vec<_> = block.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    assert!(commands.len() > 3, "{block}");
    let project = with_external(2);
    project.write("build/release.pem", project.read("keys/release.pem"));
    for command in commands {
        let path = Path::new(WAXSEAL).parent().unwrap().display().to_string() + ":" + &std::env::var("PATH").unwrap();
        let mut shell = Command::new("sh");
        Run::of(shell.current_dir(project.path(".")).env("PATH", path).args(["-ec", command])).exits(0);
    }
    assert_eq!(project.list("out"), OUTPUTS);
    project.waxseal(VERIFY_A).exits(0);
}

#[test]
fn results_for_programs() {
    let project = with_external(2);
    let build = project.waxseal(&format!("{BUILD} --format json")).exits(0).json();
    assert_eq!(build["result"]["artefacts"][0]["missing"], 1);
    assert_eq!(build["result"]["artefacts"][0]["waiting"][0]["name"], "hsm");
    let export = project.waxseal(&format!("{EXPORT} --format json")).exits(0).json();
    assert_eq!(export["result"]["to_sign"][1]["file"], "out/pending/app.b.bin.tosign");
    sign_all(&project, "hsm.pem");
    let line = format!("sign attach out/pending {SIGNATURES} --manifest r1b.toml --format json");
    let attach = project.waxseal(&line).exits(0).json();
    assert_eq!(attach["result"]["attached"][0]["name"], "hsm");
    assert_eq!(attach["result"]["files"].as_array().unwrap().len(), OUTPUTS.len());
    assert_eq!(attach["result"]["files"][0], "out/app.a.bin");
}
