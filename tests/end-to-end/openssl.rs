//! Signatures are openssl's: it verifies ours, and makes the same bytes.

use image_format::{FRONT_HEAD_SIZE, FrontHead};
use waxseal_tests::{Project, Run, openssl};
use zerocopy::FromBytes as _;

use crate::r1b;

/// A built project with the header of image a, and its signature: in `header.bin` and `signature.bin`.
fn signed() -> Project {
    let project = r1b();
    project.build();
    let image = project.read("out/app.a.bin");
    let head = FrontHead::ref_from_bytes(&image[..FRONT_HEAD_SIZE as usize]).unwrap();
    let [first, ..] = &head.signatures;
    project.write("header.bin", head.header);
    project.write("signature.bin", first.signature);
    project
}

/// `openssl pkeyutl` over the header, which must be a file: with `-rawin` it reads no stream.
fn pkeyutl(project: &Project, arguments: &[&str]) -> Run {
    let paths: Vec<_> = arguments.iter().map(|word| path_or_word(project, word)).collect();
    let words = ["pkeyutl", "-rawin"].into_iter().chain(paths.iter().map(String::as_str));
    openssl(&words.collect::<Vec<_>>())
}

/// Words with a dot inside name files of the project.
fn path_or_word(project: &Project, word: &str) -> String {
    if word.contains('.') { project.path(word).to_str().unwrap().to_owned() } else { word.to_owned() }
}

const VERIFY: [&str; 8] =
    ["-verify", "-pubin", "-inkey", "keys/release.pub.pem", "-in", "header.bin", "-sigfile", "signature.bin"];

#[test]
fn openssl_verifies_our_signature() {
    pkeyutl(&signed(), &VERIFY).exits(0).says(&["Signature Verified Successfully"]);
}

#[test]
fn openssl_refuses_our_signature_of_another_header() {
    let project = signed();
    let mut header = project.read("header.bin");
    header[100] ^= 1;
    project.write("header.bin", header);
    pkeyutl(&project, &VERIFY).exits(1).says(&["Signature Verification Failure"]);
}

#[test]
fn openssl_makes_the_same_signature() {
    let project = signed();
    let sign = ["-sign", "-inkey", "keys/release.pem", "-in", "header.bin", "-out", "theirs.bin"];
    pkeyutl(&project, &sign).exits(0);
    assert_eq!(project.read("theirs.bin"), project.read("signature.bin"));
}
