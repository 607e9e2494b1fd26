//! Images that go together: firmware, data that it loads, and what they ask of one another.

use std::fs;

use serde_json::Value;
use waxseal_tests::{CODE_A, CODE_B, Project, elf, repository};

use crate::{WAXSEAL, empty};

/// Bytes for another chip, which start with no vector table of ours.
const RADIO: &[u8] = b"\x7fELF and then nothing that an STM32 starts";

/// A hub whose application pins the firmware of its radio.
fn hub() -> Project {
    let project = Project::empty(WAXSEAL);
    let manifest = repository().join("tests/manifests/good_release.toml");
    project.write("hub.toml", fs::read(manifest).unwrap());
    project.write("build/hub-a.elf", elf::firmware(CODE_A, 4000));
    project.write("build/hub-b.elf", elf::firmware(CODE_B, 5000));
    project.write("vendor/radio-2.1.4.bin", RADIO);
    fs::create_dir(project.path("keys")).unwrap();
    project.run(["key", "new", "keys/release"]).exits(0);
    project
}

const BUILD: &str = "build hub.toml --key keys/release.pem --out out";

fn artefacts(project: &Project) -> Vec<Value> {
    let run = project.waxseal(&format!("{BUILD} --format json")).exits(0);
    run.json()["result"]["artefacts"].as_array().unwrap().clone()
}

#[test]
fn the_lead_pins_its_companions_by_id() {
    let project = hub();
    let built = artefacts(&project);
    let files: Vec<_> = built.iter().map(|artefact| artefact["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["app.a.bin", "app.b.bin", "radio.bin"]);
    let radio = &built[2]["image_id"];
    for app in &built[..2] {
        assert_eq!(app["companions"], Value::from(vec![radio.clone()]));
    }
    assert_eq!(built[2]["companions"], Value::Array(Vec::new()));
    for (file, slot) in [("app.a.bin", "a"), ("app.b.bin", "b"), ("radio.bin", "radio-a"), ("radio.bin", "radio-b")] {
        let companion = if file.starts_with("app") { "--companion out/radio.bin" } else { "" };
        project
            .waxseal(&format!("verify out/{file} --manifest hub.toml --slot {slot} --revision A {companion}"))
            .exits(0);
    }
    let inspected = project.waxseal("inspect out/app.a.bin --format json").exits(0).json();
    assert_eq!(inspected["result"]["companions"], Value::from(vec![radio.clone()]));

    // Another radio: another id, and so another application.
    project.write("vendor/radio-2.1.4.bin", b"other bytes");
    let again = artefacts(&project);
    assert_ne!(again[2]["image_id"], *radio);
    assert_ne!(again[0]["image_id"], built[0]["image_id"]);
    assert_eq!(again[0]["payload_sha256"], built[0]["payload_sha256"]);
}

/// A lead alone is nothing that boots.
#[test]
fn a_lead_is_judged_with_its_companions() {
    let project = hub();
    project.waxseal(BUILD).exits(0);
    let verify = |companions: &str| {
        project.waxseal(&format!("verify out/app.a.bin --manifest hub.toml --slot a --revision A {companions}"))
    };
    verify("").exits(2).says(&["companions", "--companion FILE, once for each image that it pins"]);
    verify("--companion out/radio.bin").exits(0).says(&["given   companions"]);
    verify("--companion out/app.b.bin").exits(1).says(&["refused: it pins image ", "which no companion is"]);
    let json = verify("--companion out/app.b.bin --format json").exits(1).json();
    assert_eq!(json["result"]["verified"], false);
    assert_eq!(json["result"]["absent_companions"].as_array().unwrap().len(), 1);
    let mut damaged = project.read("out/radio.bin");
    damaged[1024] ^= 1;
    project.write("out/damaged.bin", damaged);
    verify("--companion out/damaged.bin").exits(1).says(&["out/damaged.bin, as radio", "PayloadDigest"]);
    let key = "verify out/app.a.bin --key keys/release.pub.pem --without device,revision,layout,counter";
    project.waxseal(key).exits(2).says(&["--companion FILE"]);
    project.waxseal(&format!("{key} --companion out/radio.bin")).exits(0);
}

/// A companion that is firmware has a build for each slot: slot by slot, the lead pins the one of the same place.
#[test]
fn builds_are_pinned_slot_by_slot() {
    let project = hub();
    project.edit("hub.toml", "type         = \"data\"\n", "");
    project.edit(
        "hub.toml",
        "input        = \"vendor/radio-2.1.4.bin\"",
        "inputs.radio-a = \"c.elf\"\ninputs.radio-b = \"d.elf\"",
    );
    // Sector 9 of bank 1 and sector 21 of bank 2, and 1 KiB of header.
    project.write("c.elf", elf::firmware(0x080A_0400, 1000));
    project.write("d.elf", elf::firmware(0x081A_0400, 1000));
    let built = artefacts(&project);
    assert_eq!(built[0]["companions"], Value::from(vec![built[2]["image_id"].clone()]));
    assert_eq!(built[1]["companions"], Value::from(vec![built[3]["image_id"].clone()]));
    assert_ne!(built[2]["image_id"], built[3]["image_id"]);
}

/// Power cuts in an update of a lead, with the very companions that both releases bring; one that both pin stays where it is.
#[test]
fn a_sealed_lead_is_simulated_with_what_it_pins() {
    let project = hub();
    project.waxseal(BUILD).exits(0);
    fs::create_dir(project.path("old")).unwrap();
    for file in ["app.a.bin", "radio.bin"] {
        project.write(&format!("old/{file}"), project.read(&format!("out/{file}")));
    }
    let line = "simulate hub.toml --old old/app.a.bin --new out/app.b.bin --cuts 1 --scenario install";
    let simulate = |companions: &str| project.waxseal(&format!("{line} {companions}"));
    simulate("").exits(0).says(&["app  install"]);
    let stays = simulate("--companion old/radio.bin --format json").exits(0).json()["result"]["scenarios"][0].clone();
    assert_eq!((&stays["companions"], &stays["survived"]), (&Value::from(vec!["radio"]), &true.into()));

    project.write("vendor/radio-2.1.4.bin", b"other bytes");
    project.waxseal(BUILD).exits(0);
    let both = "--companion old/radio.bin --companion out/radio.bin";
    let changes = simulate(&format!("{both} --format json")).exits(0).json()["result"]["scenarios"][0].clone();
    assert!(changes["operations"].as_u64() > stays["operations"].as_u64(), "{changes}, {stays}");
    simulate(both).exits(0).says(&["app + radio  install"]);
    simulate("--companion old/radio.bin").exits(1).says(&["the new image pins a `radio` that no --companion is"]);
    let lead = format!("{both} --companion old/app.a.bin");
    simulate(&lead).exits(1).says(&["--companion 3 is none that the old or the new image pins"]);
    let same = "simulate hub.toml --old old/app.a.bin --new old/app.a.bin";
    project.waxseal(same).exits(1).says(&["the new image is the old one: there is nothing to install"]);
    project.waxseal("simulate hub.toml --companion old/radio.bin").exits(2);
}

#[test]
fn data_are_sealed_as_they_are() {
    let project = hub();
    project.waxseal(BUILD).exits(0).says(&["requires radio >=2.1.0, <3.0.0: the release brings 2.1.4"]);
    let sealed = project.read("out/radio.bin");
    assert!(sealed[1024..].starts_with(RADIO));
    let header = project.waxseal("inspect out/radio.bin --format json").exits(0).json()["result"]["header"].clone();
    assert_eq!((&header["body.payload_type"], &header["body.run_address"]), (&Value::from(2), &Value::from(0)));
    project.waxseal("map hub.toml").exits(0).says(&["radio-a: header 0x080A_0000, data 0x080A_0400, state words"]);
    project.waxseal("gen linker hub.toml --slot radio-a").exits(1).says(&["its image is data"]);
}

#[test]
fn data_that_cannot_be_sealed() {
    let project = hub();
    fs::remove_file(project.path("vendor/radio-2.1.4.bin")).unwrap();
    let run = project.waxseal("check hub.toml").exits(0);
    let note = "note: vendor/radio-2.1.4.bin is not there yet: capacity is not judged\n";
    assert_eq!(run.stdout.matches(note).count(), 1, "one file for two slots: {}", run.stdout);
    project.write("vendor/radio-2.1.4.bin", b"");
    project.waxseal(BUILD).exits(1).says(&["WX0501", "vendor/radio-2.1.4.bin` is empty"]);
    // Two sectors of 128 KiB, without a header of 1 KiB and 55 state words of 16 bytes.
    project.write("vendor/radio-2.1.4.bin", vec![0; 256 * 1024 - 1024 - 880 + 1]);
    project.waxseal("check hub.toml").exits(1).says(&["WX0125", "1 byte too many"]);
    project.write("one.bin", b"one");
    project.write("other.bin", b"other");
    project.edit("hub.toml", "input        = \"vendor/radio-2.1.4.bin\"\n", "");
    let inputs = |first, second| format!("{BUILD} --input radio.radio-a={first} --input radio.radio-b={second}");
    project.waxseal(&inputs("one.bin", "other.bin")).exits(1).says(&["WX0004", "`one.bin` and `other.bin` differ"]);
    assert_eq!(project.list("out"), Vec::<String>::new());
    project.waxseal(&inputs("one.bin", "one.bin")).exits(0);
}

#[test]
fn a_version_of_the_command_line_must_satisfy_the_others() {
    let project = hub();
    project.edit("hub.toml", "version        = \"4.2.0\"", "version-from   = \"command-line\"");
    let note =
        "images.app.version comes from the command line, --image-version app=X.Y.Z: what radio requires is judged then";
    project.waxseal("check hub.toml").exits(0).says(&[note]);
    let said = ["error[WX0211]: no image of this release satisfies what `radio` requires", "the release brings 3.9.0"];
    project.waxseal(&format!("{BUILD} --image-version app=3.9.0")).exits(1).says(&said);
    assert_eq!(project.list("out"), Vec::<String>::new());
    project.waxseal(&format!("{BUILD} --image-version app=4.0.0")).exits(0);
}

#[test]
fn an_image_for_one_of_the_revisions() {
    let project = hub();
    project.edit("hub.toml", "version        = \"4.2.0\"", "version        = \"4.2.0\"\nrevisions      = [\"B\"]");
    project.waxseal(BUILD).exits(0);
    let verify = |file, revision| project.waxseal(&format!("verify {file} --manifest hub.toml --revision {revision}"));
    verify("out/app.a.bin --without companions", "B")
        .exits(0)
        .says(&["verified, as the boot loader will, but for companions"]);
    verify("out/app.a.bin", "A").exits(1).says(&["OtherRevision"]);
    verify("out/radio.bin", "A").exits(0);
}

#[test]
fn what_nobody_wrote_of_a_release() {
    let project = hub();
    project.edit("hub.toml", "label   = \"hub-2027.1\"\n", "");
    project.waxseal("show hub.toml").exits(0).says(&[
        "release.label",
        "\"sensor-hub-4.2.0\"",
        "class and version of the lead",
    ]);
    // No manifest, no plan: nothing is said of a release.
    empty().waxseal("show hub.toml").exits(3);
}

/// The example e1, with new keys and small firmware.
pub fn e1() -> Project {
    let project = Project::empty(WAXSEAL);
    for file in ["e1.toml", "boards/hub-l476.toml"] {
        project.write(file, fs::read(repository().join("examples/e1").join(file)).unwrap());
    }
    // Stack in the 96 KiB of SRAM1, reset handler in the image.
    let vectors = |address: u32| [0x2001_8000_u32.to_le_bytes(), (address + 0x101).to_le_bytes()].concat();
    let code = |address| [vectors(address), vec![0x55; 1000]].concat();
    for (file, address) in [("build/hub-a.elf", 0x0801_0400), ("build/hub-b.elf", 0x0809_0400)] {
        project.write(file, elf::Elf::default().segment(address, code(address)).file());
    }
    project.write("vendor/radio-2.1.4.bin", RADIO);
    fs::create_dir_all(project.path("keys")).unwrap();
    for key in ["bench", "ci", "hsm"] {
        project.run(["key", "new", &format!("keys/{key}")]).exits(0);
    }
    project
}

#[test]
fn the_example_of_a_release() {
    let project = e1();
    project.waxseal("check e1.toml").exits(0).says(&["profiles bench, production: 0 errors, 0 warnings"]);
    let build = "build e1.toml --image-version app=4.2.0 --out out";
    let said = [
        "app 4.2.0, counter 12, requires radio >=2.1.0, <3.0.0: the release brings 2.1.4",
        "radio 2.1.4, counter 0, requires app >=4.0.0: the release brings 4.2.0",
        "  radio-a, radio-b  vendor/radio-2.1.4.bin  42 bytes  sha256 ",
        "verified  as the boot loader will, but for the board's revision: radio-a, radio-b",
        "no .hex and no .dfu: `nor` has no address",
        "no layout.bin: nothing says whose signatures `roles.layout` needs",
    ];
    project.waxseal(&format!("{build} --profile bench --key keys/bench.pem")).exits(0).says(&said);
    let files = project.list("out");
    let tools: Vec<_> = files.iter().filter(|name| name.ends_with(".hex") || name.ends_with(".dfu")).collect();
    assert_eq!(tools, ["app.a.dfu", "app.a.hex", "app.b.dfu", "app.b.hex"], "the radio's memory has no address");
    // The radio's slot as its memory was read: offsets, and erased bytes behind the image.
    project.write("radio.dump", [project.read("out/radio.bin"), vec![0xFF; 3000]].concat());
    let dump = "verify radio.dump --manifest e1.toml --profile bench --revision A --dump";
    for slot in ["radio-a", "radio-b"] {
        project.waxseal(&format!("{dump} --slot {slot}")).exits(0).says(&[&format!("as radio in slot {slot}")]);
    }
    let verify = "--companion out/radio.bin --manifest e1.toml --profile bench --revision A";
    for slot in ["a", "b"] {
        project.waxseal(&format!("verify out/app.{slot}.bin --slot {slot} {verify}")).exits(0);
    }
    // One of the two signatures that production asks for is the HSM's: nothing that boots is written.
    project.waxseal(&format!("{build} --profile production --key keys/ci.pem")).exits(0).says(&["hsm"]);
    project.waxseal(&format!("{build} --key keys/ci.pem")).exits(1).says(&["--profile"]);
}
