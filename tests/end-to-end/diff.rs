//! `waxseal diff`: what differs, and what that means.

use waxseal_tests::{CODE_A, elf};

use crate::r1b;

const BUILD: &str = "build r1b.toml --key keys/release.pem --out";

#[test]
fn another_fill_is_another_image() {
    let project = r1b();
    let mut code = elf::code(CODE_A, 6000);
    for (folder, fill) in [("ff", 0xFF), ("zero", 0x00)] {
        code[0x800..0x900].fill(fill);
        project.write("build/app-a.elf", &code);
        project.waxseal(&format!("{BUILD} {folder}")).exits(0);
    }
    project.waxseal("diff ff/app.a.bin ff/app.a.bin").exits(0).says(&["images: the same"]);
    let line = "diff ff/app.a.bin zero/app.a.bin";
    project.waxseal(line).exits(1).says(&[
        "envelope.payload_digest",
        "256 bytes differ, the first at offset 0x800, all of them 0xFF and 0x00",
        "the payloads differ in filling only",
    ]);
    // A BIN that was padded to a page.
    project.write("build/app-a.elf", [code.clone(), vec![0xFF; 144]].concat());
    project.waxseal(&format!("{BUILD} padded")).exits(0);
    let padded = "144 bytes more, all of them 0xFF";
    project.waxseal("diff zero/app.a.bin padded/app.a.bin").exits(1).says(&[padded, "filling only"]);
    code[5000] ^= 1;
    project.write("build/app-a.elf", &code);
    project.waxseal(&format!("{BUILD} code")).exits(0);
    let run = project.waxseal("diff zero/app.a.bin code/app.a.bin").exits(1).says(&["1 bytes differ", "in content"]);
    assert!(!run.stdout.contains("filling"), "{}", run.stdout);
    let json = project.waxseal(&format!("{line} --format json")).exits(1).json();
    assert_eq!((&json["result"]["kind"], &json["result"]["same"]), (&"image".into(), &false.into()));
    assert_eq!(json["result"]["differences"][0]["what"], "envelope.payload_digest");
}

#[test]
fn signed_and_unsigned() {
    let project = r1b();
    project.build();
    let signed = project.read("out/app.a.bin");
    let mut unsigned = signed.clone();
    unsigned[256..544].fill(0);
    project.write("unsigned.bin", &unsigned);
    let id = project.waxseal("key id keys/release.pem").exits(0).stdout;
    let says = [&format!("- {}", id.trim_end()), "+ unsigned", "the same image: only its signatures differ"];
    project.waxseal("diff out/app.a.bin unsigned.bin").exits(1).says(&says);
    let mut damaged = signed;
    damaged[300] ^= 1;
    project.write("damaged.bin", &damaged);
    project.waxseal("diff out/app.a.bin damaged.bin").exits(1).says(&["one of the two is damaged"]);
    // Whoever signs another header makes another signature.
    let other = project.waxseal("diff out/app.a.bin out/app.b.bin").exits(1);
    assert!(!other.stdout.contains("damaged") && !other.stdout.contains("signatures"), "{}", other.stdout);
}

#[test]
fn layouts_releases_and_manifests() {
    let project = r1b();
    project.waxseal(&format!("{BUILD} one")).exits(0);
    project.write("old.toml", project.read("r1b.toml"));
    project.edit("r1b.toml", "\"5-11\"", "\"6-11\"");
    project.edit("r1b.toml", "version          = \"1.4.0\"", "version          = \"1.5.0\"");
    project.write("build/app-a.elf", elf::firmware(0x0804_0400, 4000));
    project.waxseal(&format!("{BUILD} two --accept-changed-layout")).exits(0);
    project.waxseal("diff one/layout.bin two/layout.bin").exits(1).says(&["slot group", "envelope.payload_digest"]);
    let release = |folder: &str| {
        let names = project.list(folder);
        format!("{folder}/{}", names.iter().find(|name| name.ends_with(".release")).unwrap())
    };
    let line = format!("diff {} {}", release("one"), release("two"));
    // Slot `a` begins elsewhere, so that its image is another one; in slot `b` is the next version of the same.
    project.waxseal(&line).exits(1).says(&[
        "member",
        "(nothing)",
        "image that runs at 0x0812_0400",
        "- version 1.4.0, counter 7, image id ",
        "+ version 1.5.0, counter 7, image id ",
    ]);
    // A default that is written out is no difference.
    project.edit("r1b.toml", "[update]", "[update]\nrevert = \"automatic\"");
    let run = project.waxseal("diff old.toml r1b.toml").exits(1);
    run.clone().says(&["slots.a.sectors", "- \"5-11\"", "+ \"6-11\"", "images.app.version"]);
    assert!(!run.stdout.contains("update.revert"), "{}", run.stdout);
    project.waxseal("diff old.toml old.toml").exits(0).says(&["manifests: the same"]);
}

#[test]
fn err_things_of_two_kinds() {
    let project = r1b();
    project.build();
    let two = "is a sealed image and out/layout.bin is a sealed layout: there is nothing to compare";
    project.waxseal("diff out/app.a.bin out/layout.bin").exits(1).says(&[two]);
    project.waxseal("diff out/app.a.bin r1b.toml").exits(1).says(&["r1b.toml is no sealed artefact"]);
    project.waxseal("diff build/app-a.elf r1b.toml").exits(1).says(&["not UTF-8"]);
    project.write("broken.toml", "[product\n");
    project.waxseal("diff broken.toml r1b.toml").exits(1).says(&["neither a sealed artefact nor a manifest"]);
    project.waxseal("diff r1b.toml none.toml").exits(3).says(&["none.toml"]);
}
