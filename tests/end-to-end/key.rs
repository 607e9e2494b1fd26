//! Keys are openssl's, private ones are private, and none is overwritten.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use waxseal_tests::{Run, openssl};

use crate::empty;

#[test]
fn openssl_reads_both_halves() {
    let project = empty();
    project.waxseal("key new k").exits(0).says(&["k.pem", "k.pub.pem"]);
    let (private, public) = (project.path("k.pem"), project.path("k.pub.pem"));
    let derived = openssl(&["pkey", "-in", private.to_str().unwrap(), "-pubout"]).exits(0).stdout;
    assert_eq!(derived.as_bytes(), project.read("k.pub.pem"), "openssl derives another public key");
    openssl(&["pkey", "-pubin", "-in", public.to_str().unwrap(), "-noout"]).exits(0);
}

#[test]
fn a_key_of_openssl_is_read() {
    let project = empty();
    let file = project.path("o.pem");
    let file = file.to_str().unwrap();
    openssl(&["genpkey", "-algorithm", "ed25519", "-out", file]).exits(0);
    let public = openssl(&["pkey", "-in", file, "-pubout"]).exits(0).stdout;
    assert_eq!(project.waxseal("key public o.pem").exits(0).stdout, public);
    project.write("o.pub.pem", &public);
    assert_eq!(project.waxseal("key public o.pub.pem").exits(0).stdout, public);
    let ids = ["key id o.pem", "key id o.pub.pem"].map(|line| project.waxseal(line).exits(0).stdout);
    assert_eq!(ids[0], ids[1]);
    let id = ids[0].trim_end();
    assert!(id.len() == 16 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id:?}");
}

#[test]
fn nobody_else_may_read_a_private_key() {
    let project = empty();
    project.waxseal("key new k").exits(0);
    assert_eq!(fs::metadata(project.path("k.pem")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn nothing_is_overwritten() {
    let project = empty();
    project.waxseal("key new k.pem").exits(0);
    let kept = (project.read("k.pem"), project.read("k.pub.pem"));
    for name in ["k", "k.pem", "./k"] {
        project.run(["key", "new", name]).exits(4).says(&["exists already"]);
    }
    // A public half alone keeps its name to itself, and no private half is left beside it.
    project.write("other.pub.pem", "mine");
    project.waxseal("key new other").exits(4);
    assert_eq!(project.read("other.pub.pem"), b"mine");
    assert_eq!(kept, (project.read("k.pem"), project.read("k.pub.pem")));
    assert_eq!(project.list("."), ["k.pem", "k.pub.pem", "other.pub.pem"]);
}

#[test]
fn a_link_that_leads_nowhere_is_not_followed() {
    let project = empty();
    std::os::unix::fs::symlink("elsewhere", project.path("k.pem")).unwrap();
    project.waxseal("key new k").exits(4);
    assert_eq!(project.list("."), ["k.pem"]);
}

#[test]
fn the_name_of_a_public_half_is_no_name_of_a_pair() {
    let project = empty();
    project.waxseal("key new k.pub.pem").exits(2).says(&["waxseal key new k"]);
    assert!(project.list(".").is_empty());
}

#[test]
fn two_keys_are_two() {
    let project = empty();
    project.waxseal("key new one").exits(0);
    project.waxseal("key new two").exits(0);
    assert_ne!(project.read("one.pem"), project.read("two.pem"));
}

#[test]
fn files_that_are_no_keys_are_refused() {
    let project = empty();
    project.write("text.pem", "hello\n");
    project.write("bytes.pem", [0xFF, 0xFE, 0x00]);
    let p256 = project.path("p256.pem");
    openssl(&["genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", p256.to_str().unwrap()])
        .exits(0);
    for (name, why) in [("text.pem", "PEM"), ("bytes.pem", "UTF-8"), ("p256.pem", "not Ed25519")] {
        project.run(["key", "public", name]).exits(1).says(&[name, why]);
    }
    project.waxseal("key public missing.pem").exits(3).says(&["missing.pem"]);
}

#[test]
fn a_key_comes_from_standard_input_too() {
    let project = empty();
    project.waxseal("key new k").exits(0);
    let file = fs::File::open(project.path("k.pem")).unwrap();
    let run = Run::of(project.command(["key", "public", "-"]).stdin(Stdio::from(file))).exits(0);
    assert_eq!(run.stdout.as_bytes(), project.read("k.pub.pem"));
}
