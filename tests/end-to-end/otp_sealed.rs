//! Sealed blobs of one-time-programmable memory: who signs them, here or elsewhere, and what they are judged by.

use std::fs;

use crate::otp::{BUILD, LINE, line, r3};

#[test]
fn a_blob_is_sealed_by_its_role_and_by_nobody_else() {
    let project = r3();
    project.write("line.pem", LINE);
    project.waxseal("key new other").exits(0);
    let build = "otp build r3.toml --records boards.csv --stage identity --out out --key";
    project.waxseal(&format!("{build} other.pem")).exits(1).says(&["WX0504"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
    project.waxseal(&format!("{build} line.pem")).exits(0).says(&["board.otp  sealed"]);
    assert_eq!(project.list("out"), ["identity"]);
    let blob = project.read("out/identity/WX2511000101/board.otp");
    // Front area, then data and mask of a block, then lock bytes. The kind's letter is the eighth byte.
    assert_eq!((blob.len(), blob[7], &blob[1024..1036]), (1024 + 64 + 64 + 16, b'O', &b"WX2511000101"[..]));
}

/// What a blob is judged by, and what is refused: by whom it is signed, for which product, fields, stage and board.
#[test]
fn blobs_are_judged() {
    let project = r3();
    project.write("line.pem", LINE);
    project.waxseal("otp build r3.toml --records boards.csv --key line.pem --out out").exits(0);
    let blob = "out/identity/WX2511000101/board.otp";
    let verify = |blob: &str, by: &str| project.waxseal(&format!("verify {blob} {by}"));
    verify(blob, "--manifest r3.toml").exits(0).says(&[
        "given   signatures  1 of 1, keys from r3.toml: line",
        "board WX2511000101, stage identity: 64 bytes at 0x1FF0_F000",
        "mac  00:00:5E:00:53:00 00:00:5E:00:53:01",
        "locks block 0 for ever",
        "verified\n",
    ]);
    let json = verify("out/security/WX2511000102/board.otp", "--manifest r3.toml --format json").exits(0).json();
    let result = &json["result"];
    assert_eq!((result["kind"].as_str(), result["verified"].as_bool()), (Some("otp"), Some(true)));
    assert_eq!((result["stage"].as_str(), result["locks"][0].as_u64()), (Some("security"), Some(1)));
    let key = "--key keys/line.pub.pem";
    verify(blob, key).exits(2).says(&["device, layout", "--without device,layout"]);
    let run = verify(blob, &format!("{key} --without device,layout")).exits(0);
    run.says(&["waived  layout", "verified, but for device, layout"]);
    let other = verify(blob, "--key keys/release.pub.pem --without device,layout").exits(1);
    other.says(&["TooFewSignatures"]);
    project.waxseal("gen trust r3.toml -o trust.bin").exits(0);
    verify(blob, "--trust trust.bin --without device,layout").exits(0);
    let inspected = project.waxseal(&format!("inspect {blob} --manifest r3.toml")).exits(0);
    inspected.says(&[
        "board WX2511000101: 64 bytes at 0x1FF0_F000, of which 304 bits count",
        "not judged\n  ",
        "  line",
    ]);
    // Any byte of it changed: its data, a lock, a signature.
    let bytes = project.read(blob);
    for at in [0x10, 0x110, 1024, 1024 + 64, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        project.write("changed.otp", bytes);
        verify("changed.otp", "--manifest r3.toml").exits(1).says(&["refused: "]);
    }
    project.write("short.otp", &bytes[..bytes.len() - 1]);
    verify("short.otp", "--manifest r3.toml").exits(1).says(&["refused: "]);
    // The fields of another manifest, and another product.
    let manifest = String::from_utf8(project.read("r3.toml")).unwrap();
    project.write("moved.toml", manifest.replace("at    = 0x20", "at    = 0x22"));
    verify(blob, "--manifest moved.toml").exits(1).says(&["refused: it is for other fields than the manifest's"]);
    verify(blob, "--manifest moved.toml --without layout").exits(0).says(&["verified, but for layout"]);
    project.write("gauge.toml", manifest.replace("\"meter\"", "\"gauge\""));
    verify(blob, "--manifest gauge.toml").exits(1).says(&["OtherClass (502)"]);
    // The same fields, and a stage that locks no longer.
    project.write("open.toml", manifest.replacen("lock = \"permanent\"", "lock = \"never\"", 1));
    verify(blob, "--manifest open.toml").exits(1).says(&["are those of no stage of the manifest"]);
}

/// The role's signer is elsewhere: one round for all boards, in parts if it has to be. Until a board's blob is signed nothing of
/// it is handed out, and the ledger has it as allocated.
#[test]
fn blobs_are_signed_elsewhere() {
    let project = line();
    project.edit("r3.toml", "public = \"keys/line.pub.pem\"", "public = \"keys/line.pub.pem\"\nsigner = \"external\"");
    let build = BUILD.replace("--key line.pem ", "");
    let boards = ["WX2511000101", "WX2511000102", "WX2511000103"];
    let states = || {
        let json = project.waxseal("ledger verify --ledger line.db --format json").exits(0).json();
        let count = |state: &str| json["result"]["boards"][state].as_u64().unwrap_or(0);
        (count("allocated"), count("issued"))
    };
    let run = project.waxseal(&build).exits(0);
    run.says(&[
        "waiting for: line 6a3803d5f059902a (external), 3 boards",
        "waxseal sign export out/pending",
        "3 files.",
    ]);
    assert_eq!((project.list("out"), states()), (vec!["pending".to_owned()], (3, 0)));
    assert_eq!(project.list("out/pending"), boards.map(|board| format!("{board}.identity.otp")));
    project.waxseal(&build.replace("--out out", "--tar all.tar")).exits(2).says(&["cannot wait for signatures"]);
    let exported = project.waxseal("sign export out/pending").exits(0);
    exported.says(&["out/pending/WX2511000101.identity.otp.tosign  OTP blob for board WX2511000101"]);
    fs::create_dir(project.path("sigs")).unwrap();
    let sign = |board: &str| {
        let path = |name: String| project.path(&name).to_str().unwrap().to_owned();
        let (input, key) = (path(format!("out/pending/{board}.identity.otp.tosign")), path("line.pem".to_owned()));
        let output = path(format!("sigs/{board}.identity.otp.sig"));
        let sign = ["pkeyutl", "-sign", "-rawin", "-inkey", &key, "-in", &input, "-out", &output];
        waxseal_tests::openssl(&sign).exits(0);
    };
    // One, under a name that says nothing; then the others.
    sign(boards[1]);
    fs::rename(project.path("sigs/WX2511000102.identity.otp.sig"), project.path("sigs/first.sig")).unwrap();
    let attach = "sign attach out/pending sigs --manifest r3.toml";
    let run = project.waxseal(attach).exits(1);
    run.says(&["out/identity/WX2511000102/board.otp", "1 file verified", "waits: WX2511000101.identity.otp: 0 of 1"]);
    project.waxseal(&build).exits(0).says(&["(external), 2 boards", "ledger line.db rows 4 to 4"]);
    assert_eq!(states(), (2, 1));
    assert_eq!(project.list("out/identity/WX2511000102"), ["board.otp", "data.bin", "lock.bin"]);
    assert!(!project.path("out/identity/SHA256SUMS").exists(), "the stage is not whole");
    sign(boards[0]);
    sign(boards[2]);
    fs::remove_file(project.path("sigs/first.sig")).unwrap();
    project.waxseal(attach).exits(0).says(&["2 files verified"]);
    assert_eq!(project.list("out"), ["identity"]);
    project.waxseal(&build).exits(0).says(&["ledger line.db rows 5 to 6", "11 files"]);
    assert_eq!(states(), (0, 3));
    let blob = "out/identity/WX2511000103/board.otp";
    project.waxseal(&format!("verify {blob} --manifest r3.toml")).exits(0).says(&["signed by", "verified\n"][1..]);
    // The very bytes that a key at hand would have made.
    let twin = line();
    twin.waxseal(BUILD).exits(0);
    assert_eq!(project.read(blob), twin.read(blob));
    project.waxseal(&build).exits(0).says(&["knew it all"]);
    // A blob of other content in the place of a signed one is not taken for it.
    project.write(blob, project.read("out/identity/WX2511000101/board.otp"));
    project.waxseal(&build).exits(0).says(&["(external), 1 board."]);
}
