//! `waxseal verify` of what is no plain image: releases, layouts, HEX, DfuSe, slots that were read back, trust sets.

use image_format::Digest;
use image_format::log::{Entry, EntryKind};
use waxseal_tests::{CODE_A, CODE_B, Project, elf, repository};
use zerocopy::IntoBytes as _;

use crate::{empty, r1b};

const RELEASE: &str = "out/gateway-1.4.0.release";
const JUDGED: &str = "--manifest r1b.toml --revision B";

fn built() -> Project {
    let project = r1b();
    project.build();
    project
}

/// A refusal with exit code 1, and no word of success.
#[track_caller]
fn refused(project: &Project, line: &str, says: &[&str]) {
    let run = project.waxseal(line).exits(1).says(says);
    assert!(
        !run.stdout.lines().any(|line| line.starts_with("release verified") || line == "verified"),
        "{}",
        run.stdout
    );
}

#[test]
fn a_release_is_judged_with_all_of_its_images() {
    let project = built();
    project.waxseal(&format!("verify {RELEASE} {JUDGED}")).exits(0).says(&[
        "out/gateway-1.4.0.release, a release",
        "1 of 1, keys from r1b.toml: release",
        "of 2 images",
        "member 1, as app in slot a",
        "member 2, as app in slot b",
        "release verified\n",
    ]);
    project.waxseal(&format!("verify {RELEASE} --manifest r1b.toml")).exits(2).says(&["revision"]);
    let run = project.waxseal(&format!("verify {RELEASE} {JUDGED} --without device,counter")).exits(0);
    run.says(&["release verified, but for device\n", "but for device, counter"]);
    let json = project.waxseal(&format!("verify {RELEASE} {JUDGED} --format json")).exits(0).json();
    assert_eq!(json["result"]["kind"], "release");
    assert_eq!(json["result"]["members"][1]["slot"], "b");
    // By one key: everything else is waived by name.
    let by_key = format!("verify {RELEASE} --key keys/release.pub.pem");
    project.waxseal(&by_key).exits(2).says(&["device, revision, layout, counter"]);
    project.waxseal(&format!("{by_key} --without device,revision,layout,counter")).exits(0).says(&["1 of 1"]);
    // A revision that is given is judged, of each image.
    let revision = |revision: &str| format!("{by_key} --without device,layout,counter --revision {revision}");
    project.waxseal(&revision("B")).exits(0).says(&["given   revision    B"]);
    refused(&project, &revision("Z"), &["Revision"]);
}

#[test]
fn a_truncated_release_is_refused() {
    let project = built();
    let good = project.read(RELEASE);
    for (length, code) in [(good.len() - 1, "Truncated (401)"), (1500, "Truncated (401)"), (300, "Truncated (401)")] {
        project.write("cut.release", &good[..length]);
        refused(&project, &format!("verify cut.release {JUDGED}"), &[code]);
    }
    project.write("cut.release", "");
    refused(&project, &format!("verify cut.release {JUDGED}"), &["Truncated (401)"]);
}

#[test]
fn a_release_with_extra_bytes_is_refused() {
    let project = built();
    project.write("long.release", [project.read(RELEASE), vec![0]].concat());
    refused(&project, &format!("verify long.release {JUDGED}"), &["TrailingBytes (402)"]);
}

#[test]
fn a_release_with_one_image_exchanged_is_refused() {
    let project = built();
    let good = project.read(RELEASE);
    let (a, b) = (project.read("out/app.a.bin"), project.read("out/app.b.bin"));
    let directory = good.len() - a.len() - b.len();
    assert!(good[directory..] == [a.clone(), b.clone()].concat());
    // The other way round: whole images, each of them good.
    project.write("turned.release", [&good[..directory], &b, &a].concat());
    refused(&project, &format!("verify turned.release {JUDGED}"), &["OtherMember (708)"]);
    // An image of the same size, signed by the same key, from another build.
    let firmware = project.read("build/app-b.elf");
    let mut other = firmware.clone();
    let last = other.len() - 1;
    other[last] ^= 1;
    project.write("build/app-b.elf", other);
    project.build();
    let exchanged = project.read("out/app.b.bin");
    assert_eq!(exchanged.len(), b.len());
    project.write("exchanged.release", [&good[..directory], &a, &exchanged].concat());
    refused(&project, &format!("verify exchanged.release {JUDGED}"), &["OtherMember (708)"]);
    // One bit of a payload.
    let mut flipped = good.clone();
    flipped[directory + 1024 + 2000] ^= 1;
    project.write("flipped.release", flipped);
    refused(&project, &format!("verify flipped.release {JUDGED}"), &["ChunkDigest (707)"]);
    // A member's signature: the directory does not cover it, its own judgement does.
    let mut unsigned = good;
    unsigned[directory + 300] ^= 1;
    project.write("unsigned.release", unsigned);
    let run = project.waxseal(&format!("verify unsigned.release {JUDGED}")).exits(1);
    run.says(&["BadSignature (304)", "refused: not all of its images are accepted"]);
}

#[test]
fn a_release_of_another_device_is_refused() {
    let project = built();
    project.edit("r1b.toml", "gateway", "router");
    refused(&project, &format!("verify {RELEASE} {JUDGED}"), &["OtherClass (502)"]);
    project.edit("r1b.toml", "router", "gateway");
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 8");
    refused(&project, &format!("verify {RELEASE} {JUDGED}"), &["CounterTooLow (507)"]);
}

#[test]
fn a_release_that_expires_needs_a_day() {
    let project = r1b();
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    project.write("r1b.toml", format!("{manifest}\n[release]\nexpires = 2027-06-30\n"));
    project.build();
    let verify = format!("verify {RELEASE} {JUDGED}");
    project.waxseal(&verify).exits(2).says(&["expiry", "--date DAY"]);
    project.waxseal(&format!("{verify} --date 2027-06-30")).exits(0).says(&["release verified\n"]);
    refused(&project, &format!("{verify} --date 2027-07-01"), &["refused: the release has expired"]);
    project.waxseal(&format!("{verify} --without expiry")).exits(0).says(&["release verified, but for expiry"]);
    project.waxseal(&format!("{verify} --date yesterday")).exits(2);
    let given = project.waxseal(&format!("{verify} --date 2027-06-30")).exits(0);
    given.says(&["given   expiry      the last day is 2027-06-30"]);
    let json = project.waxseal(&format!("{verify} --without expiry --format json")).exits(0).json();
    assert_eq!(json["result"]["expires"], "2027-06-30");
    assert_eq!(json["result"]["not_judged"], serde_json::json!(["expiry"]));
}

#[test]
fn companions_are_found_in_the_release() {
    let project = empty();
    let manifest = std::fs::read(repository().join("tests/manifests/good_release.toml")).unwrap();
    project.write("hub.toml", manifest);
    project.write("build/hub-a.elf", elf::firmware(CODE_A, 4000));
    project.write("build/hub-b.elf", elf::firmware(CODE_B, 5000));
    project.write("vendor/radio-2.1.4.bin", [1; 3000]);
    project.write("keys/new.txt", "");
    project.waxseal("key new keys/release").exits(0);
    project.waxseal("build hub.toml --key keys/release.pem --out out").exits(0);
    let release = project.list("out").into_iter().find(|name| name.ends_with(".release")).unwrap();
    let run =
        project.waxseal(&format!("verify out/{release} --manifest hub.toml --revision A --date 2000-01-02")).exits(0);
    run.says(&["member 1, as radio", "given   companions", "release verified"]);
}

#[test]
fn a_layout_is_the_manifest_s() {
    let project = built();
    let verify = "verify out/layout.bin --manifest r1b.toml";
    project.waxseal(verify).exits(0).says(&["out/layout.bin, a layout", "found   slot group", "verified\n"]);
    let fingerprint = project.waxseal("map r1b.toml --format json").exits(0).json()["result"]["layouts"].clone();
    let found = project.waxseal(&format!("{verify} --format json")).exits(0).json()["result"]["groups"][0].clone();
    assert!(fingerprint.to_string().contains(found.as_str().unwrap()), "{fingerprint} {found}");
    let mut changed = project.read("out/layout.bin");
    *changed.last_mut().unwrap() ^= 1;
    project.write("changed.bin", changed);
    refused(&project, "verify changed.bin --manifest r1b.toml", &["PayloadDigest (701)"]);
    project.edit("r1b.toml", "\"17-23\"", "\"17-22\"");
    refused(&project, verify, &["refused: its slot groups are not the manifest's"]);
    project.waxseal(&format!("{verify} --without layout")).exits(0).says(&["verified, but for layout"]);
    let by_key = "verify out/layout.bin --key keys/release.pub.pem";
    project.waxseal(by_key).exits(2).says(&["device, layout"]);
    project.waxseal(&format!("{by_key} --without device,layout")).exits(0);
}

#[test]
fn hex_and_dfu_files_are_judged_as_the_image_in_them() {
    let project = built();
    for slot in ["a", "b"] {
        for container in ["hex", "dfu"] {
            let run = project.waxseal(&format!("verify out/app.{slot}.{container} {JUDGED}")).exits(0);
            run.says(&[&format!("as app in slot {slot}"), "given   beside", "verified, as the boot loader will\n"]);
        }
    }
    // By key there is no layout: the only header in the file counts.
    let waived = "--key keys/release.pub.pem --without device,revision,layout,counter";
    project.waxseal(&format!("verify out/app.a.hex {waived}")).exits(0);
    let both = [project.read("out/app.a.hex"), project.read("out/app.b.hex")].concat();
    project.write("both.hex", both);
    refused(&project, &format!("verify both.hex {waived}"), &["2 sealed images in it"]);
    refused(
        &project,
        &format!("verify both.hex {JUDGED}"),
        &["2 sealed images", "--slot names the one to judge: a, b"],
    );
    refused(&project, &format!("verify both.hex {JUDGED} --slot a"), &["refused: 0x0812_0000 to 0x0812_17D3"]);
    let run = project.waxseal(&format!("verify both.hex {JUDGED} --slot a --without beside")).exits(0);
    run.says(&["verified, as the boot loader will, but for beside"]);
}

#[test]
fn damaged_hex_and_dfu_files_are_refused() {
    let project = built();
    let text = String::from_utf8(project.read("out/app.a.hex")).unwrap();
    let lines: Vec<_> = text.lines().collect();
    project.write("bad.hex", text.replacen(":10000000895758", ":10000000895759", 1));
    refused(&project, &format!("verify bad.hex {JUDGED}"), &["line 2", "checksum"]);
    // A line in the middle is missing.
    project.write("gap.hex", [&lines[..100], &lines[101..]].concat().join("\n"));
    refused(&project, &format!("verify gap.hex {JUDGED}"), &["the image's byte at 0x08020630 is not in it"]);
    project.write("none.hex", ":020000040800F2\n:0400000001020304F2\n:00000001FF\n");
    refused(&project, &format!("verify none.hex {JUDGED}"), &["no sealed image in it"]);
    let mut dfu = project.read("out/app.a.dfu");
    dfu[1000] ^= 1;
    project.write("bad.dfu", &dfu);
    refused(&project, &format!("verify bad.dfu {JUDGED}"), &["CRC"]);
    project.write("cut.dfu", &dfu[..dfu.len() - 3]);
    refused(&project, &format!("verify cut.dfu {JUDGED}"), &["no DFU suffix"]);
    // A second file behind the first, with another byte for an address of the image, or for its alias: a tool would program it.
    for (upper, byte) in [(":020000040802F0", ":010630005574"), (":020000040022D8", ":010630005574")] {
        project.write("twice.hex", format!("{text}{upper}\n{byte}\n:00000001FF\n"));
        refused(&project, &format!("verify twice.hex {JUDGED}"), &["it has two bytes for 0x08020630"]);
    }
    // At the place of the other slot, nothing of the layout is there.
    project.write("moved.hex", text.replacen(":020000040802F0", ":020000040804EE", 1));
    refused(&project, &format!("verify moved.hex {JUDGED}"), &["no sealed image in it"]);
}

/// Slot a of r1b as a read-back: the image, erased bytes, state words at the end.
fn dump(project: &Project) -> Vec<u8> {
    let mut slot = vec![0xFF; 896 * 1024];
    let image = project.read("out/app.a.bin");
    slot[..image.len()].copy_from_slice(&image);
    slot
}

#[test]
fn a_slot_that_was_read_back_is_judged_with_all_that_is_in_it() {
    let project = built();
    let verify = format!("verify dump.bin {JUDGED} --slot a --dump");
    let mut slot = dump(&project);
    project.write("dump.bin", &slot);
    project.waxseal(&verify).exits(0).says(&[
        "as app in slot a",
        "given   beside",
        "verified, as the boot loader will\n",
    ]);
    // Without --dump it is a file with something behind the image.
    refused(&project, &format!("verify dump.bin {JUDGED} --slot a"), &["TrailingBytes (402)", "--dump"]);
    // State words, at 0x080F_FC90 as `map` says; a place that was taken out of use between them.
    let log = 0xF_FC90 - 0x2_0000;
    let entry = |kind| Entry::new(kind, 3, &Digest::default()).encode();
    slot[log..log + 16].copy_from_slice(entry(EntryKind::Open).as_bytes());
    slot[log + 16..log + 32].fill(0);
    slot[log + 32..log + 48].copy_from_slice(entry(EntryKind::Ready).as_bytes());
    project.write("dump.bin", &slot);
    project.waxseal(&verify).exits(0);
    // A torn entry, and a byte where nothing belongs.
    slot[log + 64] = 0;
    slot[0x4_0000] = 0x12;
    project.write("dump.bin", &slot);
    refused(
        &project,
        &verify,
        &["refused: 0x0806_0000 to 0x0806_0000, 1 bytes", "refused: 0x080F_FCD0 to 0x080F_FCD0"],
    );
    project.waxseal(&format!("{verify} --without beside")).exits(0).says(&["but for beside"]);
    // The image itself.
    slot[2000] ^= 1;
    project.write("dump.bin", &slot);
    refused(&project, &verify, &["PayloadDigest (701)"]);
    project.write("dump.bin", vec![0xFF; 4096]);
    refused(&project, &verify, &["NotSealed (201)"]);
    // More than the slot has.
    project.write("dump.bin", [dump(&project), vec![0x55; 16]].concat());
    refused(&project, &verify, &["0x0810_0000 to 0x0810_000F, 16 bytes"]);
}

#[test]
fn a_slot_with_its_header_at_the_end_is_judged_too() {
    let project = empty();
    project.write("r5.toml", std::fs::read(repository().join("examples/r5/r5.toml")).unwrap());
    project.write("build/inverter.hex", elf::firmware(0x0020_0000, 4000));
    project.write("keys/new.txt", "");
    project.waxseal("key new keys/release").exits(0);
    project.waxseal("build r5.toml --key keys/release.pem --out out").exits(0);
    let judged = "--manifest r5.toml --revision D";
    for file in ["app.hex", "app.dfu"] {
        project.waxseal(&format!("verify out/{file} {judged}")).exits(0).says(&["as app in slot app"]);
    }
    let image = project.read("out/app.bin");
    let mut slot = vec![0xFF; 0xC_0000];
    slot[..image.len() - 1024].copy_from_slice(&image[1024..]);
    slot[0xB_FC00..].copy_from_slice(&image[..1024]);
    project.write("dump.bin", &slot);
    project.waxseal(&format!("verify dump.bin {judged} --slot app --dump")).exits(0);
    slot[0xB_0000] = 0;
    project.write("dump.bin", &slot);
    refused(&project, &format!("verify dump.bin {judged} --slot app --dump"), &["0x080B_0000 to 0x080B_0000"]);
}

#[test]
fn a_trust_set_says_whose_signatures_count() {
    let project = built();
    project.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    let waived = "--without device,revision,layout,counter";
    for file in ["out/app.a.bin", "out/app.a.hex", RELEASE] {
        project
            .waxseal(&format!("verify {file} --trust trust.bin {waived}"))
            .exits(0)
            .says(&["1 of 1, keys from trust.bin"]);
        project
            .waxseal(&format!("verify {file} --trust trust.bin"))
            .exits(2)
            .says(&["device, revision, layout, counter"]);
    }
    project.waxseal("verify out/layout.bin --trust trust.bin --without device,layout").exits(0);
    refused(&project, &format!("verify out/app.a.bin --trust r1b.toml {waived}"), &["r1b.toml is no trust set"]);
    project.waxseal(&format!("verify out/app.a.bin --trust none.bin {waived}")).exits(3);
    // Another device's: nobody there has signed.
    let other = built();
    other.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    project.write("other.bin", other.read("trust.bin"));
    refused(&project, &format!("verify {RELEASE} --trust other.bin {waived}"), &["TooFewSignatures (305)"]);
}
