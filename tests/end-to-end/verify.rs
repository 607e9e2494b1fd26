//! `waxseal verify`: never a success for a check that was not made.

use std::fs::File;
use std::process::Stdio;

use image_format::{Device, ImageHeader};
use packer::artefact::Contents;
use packer::{Draft, PrivateKey};
use waxseal_tests::{Project, Run};
use zerocopy::FromBytes as _;

use crate::r1b;

/// Offsets in an artefact of 1 KiB front area: one byte of each part, and the refusal that its change must cause.
const PARTS: [(&str, usize, &str); 6] = [
    ("magic", 0, "NotSealed (201)"),
    ("run address", 192, "BadSignature (304)"),
    ("signature", 300, "BadSignature (304)"),
    ("unused signature place", 400, "SignaturePlace (303)"),
    ("records", 548, "RecordDigest (601)"),
    ("payload", 2000, "PayloadDigest (701)"),
];

fn built() -> Project {
    let project = r1b();
    project.build();
    project
}

#[test]
fn what_build_wrote_is_accepted() {
    let project = built();
    for slot in ["a", "b"] {
        let line = format!("verify out/app.{slot}.bin --manifest r1b.toml --revision B");
        project.waxseal(&line).exits(0).says(&[
            &format!("as app in slot {slot}"),
            "1 of 1, keys from r1b.toml: release",
            "acme.example gateway",
            "7 or higher",
            "signed by release",
            "verified, as the boot loader will\n",
        ]);
    }
    let line = "verify - --manifest r1b.toml --revision B";
    let file = File::open(project.path("out/app.a.bin")).unwrap();
    Run::of(project.command(line.split(' ')).stdin(Stdio::from(file))).exits(0);
}

#[test]
fn every_input_is_given_or_waived_by_name() {
    let project = built();
    let by_manifest = "verify out/app.a.bin --manifest r1b.toml";
    project.waxseal(by_manifest).exits(2).says(&["revision"]);
    project.waxseal(&format!("{by_manifest} --without revision")).exits(0).says(&["but for revision"]);
    project.waxseal(&format!("{by_manifest} --without revision --revision B")).exits(2);
    let by_key = "verify out/app.a.bin --key keys/release.pub.pem";
    let waivers = ["device", "revision", "layout", "counter"];
    for left_out in waivers {
        let others: Vec<_> = waivers.into_iter().filter(|waiver| *waiver != left_out).collect();
        project.waxseal(&format!("{by_key} --without {}", others.join(","))).exits(2).says(&[left_out]);
    }
    let run = project.waxseal(&format!("{by_key} --without {}", waivers.join(","))).exits(0);
    run.says(&["1 of 1, keys from the command line", "but for device, layout, counter, revision"]);
    project.waxseal("verify out/app.a.bin").exits(2);
    project.waxseal(&format!("{by_manifest} --key keys/release.pub.pem")).exits(2);
}

#[test]
fn a_change_in_any_part_is_refused() {
    let project = built();
    let good = project.read("out/app.a.bin");
    for (part, offset, refusal) in PARTS {
        let mut bytes = good.clone();
        bytes[offset] ^= 1;
        project.write("changed.bin", bytes);
        let run = project.waxseal("verify changed.bin --manifest r1b.toml --revision B").exits(1);
        assert!(run.stdout.contains(refusal), "{part}: {}", run.stdout);
        assert!(!run.stdout.contains("verified"), "{part}: {}", run.stdout);
    }
    project.write("changed.bin", &good[..good.len() - 1]);
    project
        .waxseal("verify changed.bin --manifest r1b.toml --revision B")
        .exits(1)
        .says(&["Truncated (401)", "not whole"]);
    project.write("changed.bin", [good.as_slice(), &[0]].concat());
    project.waxseal("verify changed.bin --manifest r1b.toml --revision B").exits(1).says(&["TrailingBytes (402)"]);
}

#[test]
fn an_image_for_something_else_is_refused() {
    let project = built();
    let verify = "verify out/app.a.bin --manifest r1b.toml";
    let refused = |more: &str, refusal: &str| {
        project.waxseal(&format!("{verify} {more}")).exits(1).says(&[refusal, "= help:"]);
    };
    refused("--revision D", "OtherRevision (503)");
    refused("--revision B --slot b", "OtherRunAddress (505)");
    project.edit("r1b.toml", "security-counter = 7", "security-counter = 8");
    refused("--revision B", "CounterTooLow (507)");
    project.waxseal(&format!("{verify} --revision B --without counter")).exits(0).says(&["but for counter"]);
    project.edit("r1b.toml", "security-counter = 8", "security-counter = 7");
    project.edit("r1b.toml", "gateway", "other");
    refused("--revision B", "OtherClass (502)");
    project.waxseal(&format!("{verify} --revision B --without device")).exits(0);
    project.edit("r1b.toml", "other", "gateway");
    project.edit("r1b.toml", "\"5-11\"", "\"6-11\"");
    refused("--revision B", "OtherLayout (504)");
    project.waxseal(&format!("{verify} --revision B --without layout")).exits(0);
    project.waxseal(&format!("{verify} --revision B --slot nine")).exits(2).says(&["nine", "a, b"]);
    project.waxseal(&format!("{verify} --revision toolong")).exits(2);
}

/// No packer of ours makes it; whoever has the key could. It would run into the slot's state words.
#[test]
fn an_image_that_is_too_large_for_its_slot_is_refused() {
    let project = built();
    let (header, _) = ImageHeader::read_from_prefix(&project.read("out/app.a.bin")).unwrap();
    let device = Device { vendor_id: header.envelope.vendor_id, class_id: header.envelope.class_id };
    let key = PrivateKey::from_text(&String::from_utf8(project.read("keys/release.pem")).unwrap(), None).unwrap();
    // Slot a without header and state words, as `waxseal map` shows it.
    let capacity = 915_600;
    let mut payload = project.read("out/app.a.bin")[1024..].to_vec();
    for (size, exit) in [(capacity, 0), (capacity + 1, 1)] {
        payload.resize(size, 0);
        let (payload, auxiliary) = (payload.clone(), Vec::new());
        let contents = Contents { device, front_size: 1024, body: header.body, records: &[], payload, auxiliary };
        let draft = Draft::new(contents).unwrap();
        project.write("large.bin", draft.seal(&[key.sign(draft.to_sign())]));
        let run = project.waxseal("verify large.bin --manifest r1b.toml --revision B").exits(exit);
        assert_eq!(run.stdout.contains("ExceedsSlot (403)"), exit == 1, "{}", run.stdout);
    }
}

#[test]
fn another_key_does_not_do() {
    let project = built();
    project.waxseal("key new other").exits(0);
    let without = "--without device,revision,layout,counter";
    let verify = "verify out/app.a.bin --key";
    project.waxseal(&format!("{verify} other.pub.pem {without}")).exits(1).says(&["TooFewSignatures (305)"]);
    let both = "keys/release.pub.pem --key other.pub.pem";
    project.waxseal(&format!("{verify} {both} {without}")).exits(2).says(&["--threshold"]);
    project.waxseal(&format!("{verify} {both} {without} --threshold 1")).exits(0).says(&["1 of 2"]);
    project.waxseal(&format!("{verify} {both} {without} --threshold 2")).exits(1).says(&["TooFewSignatures (305)"]);
    project.waxseal(&format!("{verify} {both} {without} --threshold 3")).exits(1).says(&["TrustSet (301)"]);
    project.waxseal(&format!("{verify} {both} {without} --threshold 0")).exits(2);
    // The manifest's own key was exchanged after the build.
    project.write("keys/release.pub.pem", project.read("other.pub.pem"));
    let verify = "verify out/app.a.bin --manifest r1b.toml --revision B";
    project.waxseal(verify).exits(1).says(&["TooFewSignatures (305)"]);
}

#[test]
fn what_is_no_image_is_refused() {
    let project = built();
    for file in ["build/app-a.elf", "r1b.toml"] {
        let line = format!("verify {file} --manifest r1b.toml --revision B");
        project.waxseal(&line).exits(1).says(&["NotSealed (201)", "header field envelope.magic"]);
    }
    project.write("empty.bin", "");
    project.waxseal("verify empty.bin --manifest r1b.toml --revision B").exits(1);
    project.waxseal("verify none.bin --manifest r1b.toml --revision B").exits(3).says(&["none.bin"]);
}
