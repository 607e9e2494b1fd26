//! `waxseal inspect`: shows what can be shown, and believes nothing.

use std::fs;

use waxseal_tests::repository;

use crate::{empty, r1b};

#[test]
fn an_image_with_and_without_its_manifest() {
    let project = r1b();
    project.build();
    let id = project.waxseal("key id keys/release.pem").exits(0).stdout;
    let said = ["not authenticated", "body.run_address", "0x0802_0400", "hardware revisions  B, C", id.trim_end()];
    project.waxseal("inspect out/app.a.bin").exits(0).says(&said).says(&["(no name known)"]);
    let named = project.waxseal("inspect out/app.a.bin --manifest r1b.toml").exits(0).says(&said);
    named.says(&[&format!("{}  release", id.trim_end())]);
    // With a wrong manifest the file is shown all the same.
    project.edit("r1b.toml", "\"2-3\"", "\"1-3\"");
    let wrong = project.waxseal("inspect out/app.a.bin --manifest r1b.toml").exits(1).says(&said);
    wrong.says(&["WX0106", "(no name known)"]);
}

#[test]
fn a_broken_image_is_shown_as_far_as_it_goes() {
    let project = r1b();
    project.build();
    let good = project.read("out/app.a.bin");
    project.write("cut.bin", &good[..200]);
    project.waxseal("inspect cut.bin").exits(1).says(&["Truncated (401)", "body.run_address", "0x0802_0400"]);
    project.write("short.bin", &good[..good.len() - 1]);
    project.waxseal("inspect short.bin").exits(1).says(&["Truncated (401)", "the file ends before", "image id"]);
    let mut flipped = good;
    flipped[2000] ^= 1;
    project.write("flipped.bin", flipped);
    project.waxseal("inspect flipped.bin").exits(1).says(&["PayloadDigest (701)", "not what the header says"]);
    let run = project.waxseal("inspect r1b.toml").exits(1).says(&["NotSealed (201)"]);
    assert!(!run.stdout.contains("body.run_address"), "{}", run.stdout);
}

#[test]
fn a_release_a_layout_and_files_with_addresses() {
    let project = r1b();
    project.build();
    let release = project.waxseal("inspect out/gateway-1.4.0.release --manifest r1b.toml").exits(0);
    release.says(&["release id", "body.member_count", "  release\n", "2 chunks of 4K, lead"]);
    let layout = project.waxseal("inspect out/layout.bin").exits(0);
    layout.says(&["layout id", "slot group ", "run     0x0802_0000    896K  payload runs at 0x0802_0400"]);
    for container in ["hex", "dfu"] {
        let run = project.waxseal(&format!("inspect out/app.a.{container}")).exits(0);
        run.says(&["0x0802_0000 to 0x0802_13CB", "the image in it: 5,068 bytes", "not authenticated", "0x0802_0400"]);
    }
    project.write("none.hex", ":0400000001020304F2\n:00000001FF\n");
    project.waxseal("inspect none.hex").exits(1).says(&["wrong: no sealed image in it"]);
    let cut = project.read("out/gateway-1.4.0.release");
    project.write("cut.release", &cut[..cut.len() - 1]);
    project.waxseal("inspect cut.release").exits(1).says(&["Truncated (401)", "member at"]);
    let json = project.waxseal("inspect out/gateway-1.4.0.release --format json").exits(0).json();
    assert_eq!(json["result"]["kind"], "release");
    assert_eq!(json["result"]["contents"][0]["lead"], true);
}

/// Broken in every way that the format knows: an answer, never a crash, and the word that nothing is authentic.
/// A trust set is not sealed, and no broken artefact either.
#[test]
fn a_trust_set_says_whose_signatures_count() {
    let project = r1b();
    project.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    let id = project.waxseal("key id keys/release.pem").exits(0).stdout;
    let run = project.waxseal("inspect trust.bin --manifest r1b.toml").exits(0);
    let run = run.says(&[
        "a trust set of epoch 0",
        "role image, 1 of 1, key hash ",
        &format!("  {}  release\n", id.trim_end()),
    ]);
    assert!(!run.stdout.contains("role root"), "{}", run.stdout);
    let json = project.waxseal("inspect trust.bin --format json").exits(0).json();
    assert_eq!(
        (&json["result"]["kind"], &json["result"]["contents"]["roles"][0]["threshold"]),
        (&"trust set".into(), &1.into())
    );
    let set = project.read("trust.bin");
    // No key can sign twice.
    let mut unusable = set.clone();
    unusable[9] = 2;
    project.write("trust.bin", unusable);
    project.waxseal("inspect trust.bin").exits(1).says(&["wrong: role image: TrustSet"]);
    project.write("trust.bin", &set[..set.len() - 1]);
    project.waxseal("inspect trust.bin").exits(1).says(&["NotSealed (201)"]);
}

#[test]
fn every_test_vector_can_be_inspected() {
    let project = empty();
    let vectors = fs::read_dir(repository().join("tests/vectors")).unwrap().map(|entry| entry.unwrap().path());
    let vectors: Vec<_> = vectors.filter(|path| path.extension().is_some_and(|extension| extension == "bin")).collect();
    assert!(vectors.len() > 50, "{} vectors", vectors.len());
    for vector in vectors {
        for format in ["human", "json"] {
            let run = project.run(["inspect".as_ref(), vector.as_os_str(), "--format".as_ref(), format.as_ref()]);
            assert!(matches!(run.exit, Some(0 | 1)), "{}: {run:?}", vector.display());
            assert!(run.stdout.contains("authenticated"), "{}: {run:?}", vector.display());
        }
    }
}
