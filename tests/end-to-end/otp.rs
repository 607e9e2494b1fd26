//! One-time-programmable memory: example r3.

use std::fs;

use waxseal_tests::{Project, repository};

/// PKCS#8 of the example's key `line`: everybody knows it. Its seed is 32 bytes of 2.
pub const LINE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\n\
    -----END PRIVATE KEY-----\n";

use crate::empty;

/// Example r3 in a folder of its own.
fn r3() -> Project {
    let project = empty();
    for name in ["r3.toml", "boards.csv", "keys/release.pub.pem", "keys/line.pub.pem"] {
        project.write(name, fs::read(repository().join("examples/r3").join(name)).unwrap());
    }
    project
}

#[test]
fn the_blocks_and_what_lies_in_them() {
    let project = r3();
    let map = project.waxseal("map r3.toml").exits(0).stdout;
    let page = fs::read_to_string(repository().join("examples/r3/README.md")).unwrap();
    assert!(page.contains(&map), "{map}");
    let json = project.waxseal("map r3.toml --format json").exits(0).json();
    let otp = &json["result"]["otp"];
    assert_eq!((otp["used"].as_u64(), otp["fields"].as_array().map(Vec::len)), (Some(358), Some(8)));
}

#[test]
fn a_check_says_how_much_is_used() {
    let said = ["note: OTP: 8 fields, 2 stages, 358 of 1024 bytes used", "0 errors, 1 warning", "WX0129"];
    r3().waxseal("check r3.toml").exits(0).says(&said);
}

#[test]
fn flash_and_otp_in_one_map() {
    let project = empty();
    let manifest = repository().join("tests/manifests/good_otp_counter.toml");
    project.write("m.toml", fs::read(manifest).unwrap());
    project.waxseal("map m.toml").exits(0).says(&["security counter", "rollback 40-7F: 64 steps, a byte each"]);
}

/// The boot loader counts in OTP, whatever the power does meanwhile.
#[test]
fn a_counter_in_otp_survives_power_cuts() {
    let project = empty();
    project.write("m.toml", fs::read(repository().join("tests/manifests/good_otp_counter.toml")).unwrap());
    project.waxseal("simulate m.toml --cuts 1").exits(0).says(&["downgrade", "survived"]);
}

/// There is nothing to build or to link in a manifest about OTP alone, and that is said.
#[test]
fn no_image_is_made_of_otp_alone() {
    let project = r3();
    project.waxseal("build r3.toml --key none.pem --out out").exits(1).says(&["no image"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
}

/// What the station programs is not what is sealed: who has the raw data judged is told which file to give.
#[test]
fn no_image_is_judged_by_otp_alone() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --stage identity --out out").exits(0);
    let verify = "verify out/identity/WX2511000101/data.bin --manifest r3.toml";
    project.waxseal(verify).exits(2).says(&["r3.toml has no image", "board.otp"]);
}

/// The memory and its lock bytes as a board has them after its data was programmed.
fn programmed(project: &Project, board: &str) -> Vec<u8> {
    let mut dump = vec![0xFF; 1024 + 16];
    dump[..64].copy_from_slice(&project.read(&format!("out/identity/{board}/data.bin")));
    dump
}

#[test]
fn binaries_locks_and_a_sheet_for_each_board() {
    let project = r3();
    let run = project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    run.says(&["boards.csv: 3 boards", "no --key: no blob is sealed", "Nothing was written to any board."]);
    for board in ["WX2511000101", "WX2511000102", "WX2511000103"] {
        assert_eq!(project.list(&format!("out/identity/{board}")), ["data.bin", "lock.bin"]);
        let data = project.read(&format!("out/identity/{board}/data.bin"));
        assert_eq!((data.len(), &data[..12]), (64, board.as_bytes()));
        let locks = project.read(&format!("out/identity/{board}/lock.bin"));
        assert_eq!((locks.len(), locks[0], &locks[1..]), (16, 0, &[0xFF; 15][..]));
        assert_eq!(project.read(&format!("out/security/{board}/data.bin")).len(), 64);
        assert_eq!(project.read(&format!("out/security/{board}/lock.bin"))[..2], [0xFF, 0]);
    }
    let sheet = String::from_utf8(project.read("out/identity/sheet.txt")).unwrap();
    let line = "STM32_Programmer_CLI -c port=swd -w WX2511000101/data.bin 0x1FF0F000 -v\n";
    assert!(sheet.contains(line), "{sheet}");
    // Data, then the check, then the lock.
    let place = |text: &str| sheet.find(text).unwrap();
    assert!(place("  data ") < place("  check ") && place("  check ") < place("  lock "));
}

#[test]
fn the_same_records_give_the_same_files() {
    let project = r3();
    project.write("line.pem", LINE);
    for out in ["a", "b"] {
        project.waxseal(&format!("otp build r3.toml --records boards.csv --key line.pem --out {out}")).exits(0);
    }
    for file in ["data.bin", "lock.bin", "board.otp"] {
        let read = |out: &str| project.read(&format!("{out}/identity/WX2511000102/{file}"));
        assert_eq!(read("a"), read("b"), "{file}");
    }
    assert_eq!(project.read("a/identity/sheet.txt"), project.read("b/identity/sheet.txt"));
}

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

/// Everything that is wrong with the records is told, and nothing is written.
#[test]
fn wrong_records_are_told_with_line_and_column() {
    let project = r3();
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    let last = records.lines().last().unwrap();
    project.write("twice.csv", format!("{records}{last}\n"));
    let run = project.waxseal("otp build r3.toml --records twice.csv --out out").exits(1);
    run.says(&[
        "twice.csv:5: column `serial`: board WX2511000103 stands in line 4 already",
        "column `mac`: line 4 has it",
    ]);
    project.write("wrong.csv", records.replace(",C1,", ",D,").replace("2026-11-19", "2026-11-31"));
    let run = project.waxseal("otp build r3.toml --records wrong.csv --out out").exits(1);
    run.says(&["wrong.csv:2: column `made`: no day", "wrong.csv:4: column `revision`: product.revisions has"]);
    project.write("title.csv", records.replacen("made", "mode", 1));
    let run = project.waxseal("otp build r3.toml --records title.csv --out out").exits(1);
    run.says(&["title.csv:1: column `made`: no such title"]);
    project.waxseal("otp build r3.toml --records none.csv --out out").exits(3).says(&["none.csv"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
}

#[test]
fn a_board_from_blank_to_locked() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    let plan = "otp plan r3.toml --records boards.csv --stage identity --board WX2511000101 --readback dump.bin";
    project.write("dump.bin", [0xFF; 1040]);
    let run = project.waxseal(plan).exits(0);
    run.says(&["serial        WX2511000101", "to be programmed, for ever: 64 bytes at 0x1FF0_F000", "held back"]);
    let mut dump = programmed(&project, "WX2511000101");
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(0).says(&["there already", "can be locked, for ever", "the next step is the lock"]);
    dump[1024] = 0;
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(0).says(&["locked already", "nothing to do"]);
    let json = project.waxseal(&format!("{plan} --format json")).exits(0).json();
    assert_eq!((json["command"].as_str(), json["result"]["done"].as_bool()), (Some("otp"), Some(true)));
    dump[1024] = 0x7F;
    project.write("dump.bin", &dump);
    project.waxseal(plan).exits(1).says(&["0x7F: neither open nor locked"]);
}

/// Another board's content: refused, with the bits that stand in the way, and whose board it is.
#[test]
fn the_wrong_board_is_told() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    project.write("dump.bin", programmed(&project, "WX2511000101"));
    let plan = "otp plan r3.toml --records boards.csv --stage identity --board WX2511000102 --readback dump.bin";
    project.waxseal(plan).exits(1).says(&[
        "impossible     0x1FF0_F00B  31 -> 32: bit 1 is 0 and cannot become 1",
        "refused: 3 of 6 fields",
        "it has what board WX2511000101 is to have",
    ]);
    project.write("short.bin", [0xFF; 100]);
    let run = project.waxseal(&plan.replace("dump.bin", "short.bin")).exits(1);
    run.says(&["a dump of 100 bytes: the memory has 1024, or 1040 with its lock bytes"]);
    project.waxseal(&plan.replace("WX2511000102", "WX1")).exits(1).says(&["boards.csv has no board WX1"]);
    project.waxseal(&plan.replace("identity", "idenity")).exits(2).says(&["identity, security"]);
}

#[test]
fn what_firmware_reads() {
    let project = r3();
    project.waxseal("otp build r3.toml --records boards.csv --out out").exits(0);
    let mut dump = programmed(&project, "WX2511000103");
    dump[0x80..0x83].fill(0);
    project.write("dump.bin", &dump);
    let run = project.waxseal("otp show r3.toml --readback dump.bin").exits(0);
    run.says(&[
        "serial        WX2511000103",
        "made          2026-11-20",
        "rollback      3 of 256 steps",
        "Blank (804)",
    ]);
    project.write("blank.bin", [0xFF; 1024]);
    let run = project.waxseal("otp diff r3.toml blank.bin dump.bin").exits(0);
    run.says(&["revision: Blank (804) -> C1 (4 bytes differ)", "rollback: 0 of 256 steps -> 3 of 256 steps"]);
    // A bit of the serial is lost: the sum is wrong.
    dump[3] &= !0x10;
    project.write("dump.bin", &dump);
    project.waxseal("otp show r3.toml --readback dump.bin").exits(1).says(&["Sum (807)"]);
}

#[test]
fn a_place_for_a_further_field() {
    let project = r3();
    assert_eq!(
        project.waxseal("otp place r3.toml --size 8 --stage identity").exits(0).stdout,
        "at = 0x22   # 0x1FF0_F022\n"
    );
    assert_eq!(project.waxseal("otp place r3.toml --size 64").exits(0).stdout, "at = 0x180   # 0x1FF0_F180\n");
    project.waxseal("otp place r3.toml --size 2000").exits(1).says(&["no room for 2000 bytes"]);
}

/// Secrets come from a folder for each board, and only their digest is shown.
#[test]
fn secrets_are_not_shown() {
    let project = empty();
    let manifest = fs::read(repository().join("tests/manifests/good_otp_of_units.toml")).unwrap();
    project.write("m.toml", manifest);
    project.write("boards.csv", "serial,color,address\nA1,red,00:00:5E:00:53:00:00:00\n");
    let build = "otp build m.toml --records boards.csv --out out";
    project.waxseal(build).exits(1).says(&["where is the secret `token`? --secrets DIR"]);
    project.write("secrets/A1/token", b"0123456789abcdef");
    project.waxseal(&format!("{build} --secrets secrets")).exits(0);
    let data = project.read("out/line/A1/data.bin");
    assert_eq!(data[0x30..0x40], *b"0123456789abcdef");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(project.path("out/line/A1/data.bin")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "nobody else may read a secret");
    }
    project.write("dump.bin", vec![0xFF; 1024]);
    let plan = "otp plan m.toml --records boards.csv --secrets secrets --board A1 --readback dump.bin";
    let run = project.waxseal(plan).exits(0).says(&["secret, sha256 "]);
    assert!(!run.stdout.contains("3031") && !run.stdout.contains("0123456789abcdef"), "{}", run.stdout);
}

/// The page of the example shows what the commands say, from the records to a board that was read back: all of them are run.
#[cfg(unix)]
#[test]
fn the_page_is_true() {
    let project = r3();
    project.write("line.pem", LINE);
    let run = crate::readme::runs_as_shown(&repository().join("examples/r3/README.md"), &project);
    assert_eq!(run, 23);
}

/// A batch has more files than a process may have open.
#[cfg(unix)]
#[test]
fn a_batch_of_boards() {
    let project = r3();
    project.edit("r3.toml", "00:00:5E:00:53:FF", "00:00:5E:00:FF:FF");
    let row = |board: u32| {
        let [_, _, high, low] = (0x5300 + 2 * board).to_be_bytes();
        format!("WX{board},C,2026-11-19,00:00:5E:00:{high:02X}:{low:02X}\n")
    };
    let rows: String = (0..100).map(row).collect();
    project.write("batch.csv", format!("serial,revision,made,mac\n{rows}"));
    let waxseal = project.command(["otp"]).get_program().to_owned();
    let line = "ulimit -n 64; exec \"$0\" otp build r3.toml --records batch.csv --out out";
    let run = waxseal_tests::Run::of(
        std::process::Command::new("sh").args(["-c", line]).arg(waxseal).current_dir(project.path("")),
    );
    run.exits(0).says(&["batch.csv: 100 boards", "404 files"]);
    assert_eq!(project.list("out/identity").len(), 102);
}

/// What a spreadsheet makes of a table: taken where it is meant so, refused with line, column and what to do where it is not.
#[test]
fn records_out_of_a_spreadsheet() {
    let project = r3();
    let build = |text: &[u8], options: &str| {
        project.write("sheet.csv", text);
        project.waxseal(&format!("otp build r3.toml --records sheet.csv --out out {options}"))
    };
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    build(records.as_bytes(), "").exits(0);
    let data = project.read("out/identity/WX2511000102/data.bin");
    let windows = format!("\u{feff}{}", records.replace('\n', "\r\n").replace("WX2511000102", "\"WX2511000102\""));
    for (what, text) in [
        ("byte order mark, CR LF, quotes", windows.clone()),
        ("empty rows at the end", format!("{windows},,,\r\n,,,\r\n")),
        ("blank lines", records.replace('\n', "\n\n")),
        ("no line end at the end", records.trim_end().to_owned()),
    ] {
        fs::remove_dir_all(project.path("out")).unwrap();
        build(text.as_bytes(), "").exits(0).says(&["3 boards"]);
        assert_eq!(project.read("out/identity/WX2511000102/data.bin"), data, "{what}");
    }
    fs::remove_dir_all(project.path("out")).unwrap();
    let first = "WX2511000101,C,2026-11-19";
    assert!(records.contains(first));
    let noted = records.replace("\nWX", ",\nWX").replacen("mac,\n", "mac,note\n", 1).trim_end().to_owned() + ",\n";
    for (text, expected) in [
        (records.replace(',', ";"), "sheet.csv:1: cells are parted by semicolons: save it as CSV with commas"),
        (records.replace(',', "\t"), "sheet.csv:1: cells are parted by tabulators"),
        (records.replacen("made", "serial", 1), "sheet.csv:1: column `serial`: this title stands there twice"),
        (noted.clone(), "sheet.csv:1: column `note`: no field takes it; fields take serial, revision, mac, made"),
        (records.replacen("mac\n", "MAC\n", 1), "sheet.csv:1: column `MAC`: no field takes it"),
        (windows.replacen("C,2026-11-19", "C,19.11.2026", 1), "sheet.csv:2: column `made`: no day"),
        (windows.replacen("\r\n\"WX", "\r\n,,,\r\n\"WX", 1), "sheet.csv:3: an empty row, and line 4 has a board"),
        (windows.replacen("C,2026-11-19", "C", 1), "sheet.csv:2: 3 cells under 4 titles"),
    ] {
        build(text.as_bytes(), "").exits(1).says(&[expected, "nothing was written"]);
    }
    build(b"serial,revision,made,mac\nM\xFCller,C,2026-11-19,00:00:5E:00:53:00\n", "")
        .exits(1)
        .says(&["sheet.csv:2: column `serial`: not UTF-8"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
    build(noted.as_bytes(), "--ignore-column note").exits(0).says(&["3 boards"]);
    build(records.as_bytes(), "--ignore-column note").exits(1).says(&["column `note`: it is to be ignored"]);
}

/// Wherever in a long file the two stand, before anything is written.
#[test]
fn duplicates_in_a_long_file() {
    let project = r3();
    project.edit("r3.toml", "00:00:5E:00:53:FF", "00:00:5E:00:FF:FF");
    let row = |name: &str, board: u32| {
        let [_, _, high, low] = (0x5300 + 2 * board).to_be_bytes();
        format!("{name},C,2026-11-19,00:00:5E:00:{high:02X}:{low:02X}\n")
    };
    let mut rows: Vec<String> = (0..2500).map(|board| row(&format!("WX{board}"), board)).collect();
    rows[2400] = row("WX7", 2400);
    rows[2401] = row("WX2401", 8);
    rows[2402] = row("wx11", 2402);
    project.write("long.csv", format!("serial,revision,made,mac\n{}", rows.concat()));
    let run = project.waxseal("otp build r3.toml --records long.csv --out out").exits(1);
    run.says(&[
        "3 things are wrong",
        "long.csv:2402: column `serial`: board WX7 stands in line 9 already",
        "long.csv:2403: column `mac`: line 10 has it already, or one of those that follow it",
        "long.csv:2404: column `serial`: boards WX11, in line 13, and wx11 would have one folder",
    ]);
    assert_eq!(project.list("out"), [] as [String; 0]);
    rows.truncate(2400);
    project.write("long.csv", format!("serial,revision,made,mac\n{}", rows.concat()));
    let json =
        project.waxseal("otp build r3.toml --records long.csv --stage identity --out out --format json").exits(0);
    let result = &json.json()["result"];
    assert_eq!((result["count"].as_u64(), result["boards"].as_array().map(Vec::len)), (Some(2400), Some(1000)));
    assert_eq!(project.list("out/identity").len(), 2402);
    let bad: String = (0..150).map(|board| row(&format!("W/{board}"), board)).collect();
    project.write("long.csv", format!("serial,revision,made,mac\n{bad}"));
    let run = project.waxseal("otp build r3.toml --records long.csv --out new").exits(1);
    run.says(&["long.csv:101: column", "no more than 100 are told"]);
}

/// Runs a program on a file of the project; its standard output.
fn program(project: &Project, program: &str, arguments: &[&str]) -> waxseal_tests::Run {
    waxseal_tests::Run::of(std::process::Command::new(program).args(arguments).current_dir(project.path("")))
}

/// One stream has what the folder has, and tells by itself whether it is whole.
#[test]
fn a_stream_of_all_boards() {
    let project = r3();
    project.write("line.pem", LINE);
    let build = "otp build r3.toml --records boards.csv --key line.pem";
    project.waxseal(&format!("{build} --out out")).exits(0);
    project
        .waxseal(&format!("{build} --tar all.tar"))
        .exits(0)
        .says(&["22 files", "identity/WX2511000101/data.bin  64"]);
    fs::create_dir(project.path("there")).unwrap();
    let listed = program(&project, "tar", &["--list", "--verbose", "--file", "all.tar"]).exits(0).stdout;
    assert!(listed.lines().all(|line| line.starts_with("-rw-r--r-- 0/0") && line.contains("1970-01-01")), "{listed}");
    assert!(listed.lines().last().unwrap().ends_with(" security/SHA256SUMS"), "{listed}");
    program(&project, "tar", &["--extract", "--file", "all.tar", "--directory", "there"]).exits(0);
    program(&project, "diff", &["--recursive", "out", "there"]).exits(0);
    for stage in ["identity", "security"] {
        let check = format!("cd there/{stage} && sha256sum --check --strict SHA256SUMS");
        let checked = program(&project, "sh", &["-c", &check]).exits(0).stdout;
        assert_eq!(checked.lines().filter(|line| line.ends_with(": OK")).count(), 3 * 3 + 1, "{checked}");
    }
    // The same bytes again, also through a pipe, where what is told goes to the other stream.
    let waxseal = project.command(["otp"]).get_program().to_owned();
    let line = format!("exec \"$0\" {build} --tar - > piped.tar");
    let piped = std::process::Command::new("sh")
        .args(["-c", &line])
        .arg(waxseal)
        .current_dir(project.path(""))
        .output()
        .unwrap();
    assert!(piped.status.success() && String::from_utf8(piped.stderr).unwrap().contains("22 files"));
    assert_eq!(project.read("piped.tar"), project.read("all.tar"));
    // What is refused leaves no file, and a file that was there stays.
    project.edit("boards.csv", "WX2511000102", "WX2511000101");
    project.waxseal(&format!("{build} --tar all.tar")).exits(1);
    assert_eq!(project.read("piped.tar"), project.read("all.tar"));
    project.waxseal(&format!("{build} --tar new.tar")).exits(1);
    assert!(!project.path("new.tar").exists());
    project.waxseal(&format!("{build} --tar new.tar --out out")).exits(2);
    project.waxseal(build).exits(2).says(&["--out"]);
}

/// Example r3 with a ledger, and records that leave the addresses to it.
pub fn line() -> Project {
    let project = r3();
    project.write("line.pem", LINE);
    let records = String::from_utf8(project.read("boards.csv")).unwrap();
    let without: Vec<&str> = records.lines().map(|line| line.rsplit_once(',').unwrap().0).collect();
    project.write("boards.csv", without.join("\n") + "\n");
    project.waxseal("ledger init --ledger line.db").exits(0);
    project
}

const BUILD: &str = "otp build r3.toml --records boards.csv --stage identity --key line.pem --ledger line.db \
                     --at 2026-11-19T10:00:00Z --out out";

/// The first address of a board of [`line`], as its binary has it.
fn address(project: &Project, board: &str) -> u8 {
    project.read(&format!("out/identity/{board}/data.bin"))[0x15]
}

#[test]
fn addresses_out_of_the_ledger_each_once() {
    let project = line();
    let taken = "mac: 256 of 256 left, 00:00:5E:00:53:00 to 00:00:5E:00:53:05 taken now, 250 left";
    project.waxseal(BUILD).exits(0).says(&["3 boards", taken, "ledger line.db rows 4 to 6"]);
    assert_eq!(["WX2511000101", "WX2511000102", "WX2511000103"].map(|name| address(&project, name)), [0, 2, 4]);
    let files = project.read("out/identity/WX2511000102/board.otp");
    // Again: the same values, the same bytes, and not a row more.
    project.waxseal(BUILD).exits(0).says(&["250 of 256 left, none taken now", "ledger line.db knew it all"]);
    assert_eq!(project.read("out/identity/WX2511000102/board.otp"), files);
    // Further rows get further numbers; those before keep theirs.
    project.edit("boards.csv", "WX2511000103,", "WX2511000104,C,2026-11-20\nWX2511000103,");
    project.waxseal(BUILD).exits(0).says(&["00:00:5E:00:53:06 to 00:00:5E:00:53:07 taken now, 248 left"]);
    assert_eq!((address(&project, "WX2511000104"), address(&project, "WX2511000103")), (6, 4));
    project.waxseal("ledger verify --ledger line.db").exits(0).says(&["8 rows, chain ok", "issued        4 boards"]);
    let sheet = String::from_utf8(project.read("out/identity/sheet.txt")).unwrap();
    assert!(sheet.contains("--readback WX2511000104.read.bin --ledger line.db"), "{sheet}");
}

/// What another board has is refused, and nothing is written: no file, no row.
#[test]
fn a_duplicate_against_the_ledger() {
    let project = line();
    project.waxseal(BUILD).exits(0);
    let head = project.waxseal("ledger head --ledger line.db").exits(0).stdout;
    let build = BUILD.replace("--out out", "--out new");
    project.write("tuesday.csv", "serial,revision,made\nWX2511000200,C,2026-11-20\nWX2511000102,C,2026-11-20\n");
    let run = project.waxseal(&build.replace("boards.csv", "tuesday.csv")).exits(1);
    run.says(&["WX2511000102 was allocated by another request", "boards.csv/WX2511000102", "--batch"]);
    project.write("tuesday.csv", "serial,revision,made,mac\nWX2511000200,C,2026-11-20,00:00:5E:00:53:03\n");
    let run = project.waxseal(&build.replace("boards.csv", "tuesday.csv")).exits(1);
    run.says(&["eui48", "WX2511000102's already; WX2511000200 cannot have it too"]);
    let rows: String = (0..129).map(|n| format!("WX26{n:08},C,2026-11-20\n")).collect();
    project.write("tuesday.csv", format!("serial,revision,made\n{rows}"));
    let run = project.waxseal(&build.replace("boards.csv", "tuesday.csv")).exits(1);
    run.says(&["range `mac` has not that many numbers"]);
    let rows: String = rows.lines().take(126).map(|line| format!("{line}\n")).collect();
    project.write("tuesday.csv", format!("serial,revision,made\n{rows}"));
    project.waxseal(&build.replace("boards.csv", "tuesday.csv")).exits(1).says(&["range of eui48", "are needed"]);
    assert_eq!(project.waxseal("ledger head --ledger line.db").exits(0).stdout, head);
    assert_eq!(project.list("new"), [] as [String; 0]);
    // What is waste is made no more.
    project.waxseal("ledger record WX2511000101 --state scrapped --yes --ledger line.db").exits(0);
    project.waxseal(&build).exits(1).says(&["WX2511000101 is scrapped (row 7 of line.db)"]);
    assert_eq!(project.list("new"), [] as [String; 0]);
}

/// A dump tells which board it is of, also one that the records do not have.
#[test]
fn a_dump_is_told_by_the_ledger() {
    let project = line();
    let plan = "otp plan r3.toml --records boards.csv --stage identity --readback dump.bin --ledger line.db --board";
    project.write("dump.bin", [0xFF; 1040]);
    project.waxseal(&format!("{plan} WX2511000101")).exits(1).says(&["line 2 of the records is not in it"]);
    project.waxseal(BUILD).exits(0);
    project.waxseal("ledger record WX2511000101 --state written --ledger line.db").exits(0);
    project.write("dump.bin", programmed(&project, "WX2511000101"));
    let own = project.waxseal(&format!("{plan} WX2511000101")).exits(0);
    own.says(&["there already", "This is the board of ledger row 7, WX2511000101: written."]);
    let other = project.waxseal(&format!("{plan} WX2511000103")).exits(1);
    other.says(&["impossible", "ledger row 7, WX2511000101: written.", "To finish that one: --board WX2511000101"]);
}

/// Killed at any time, the same command finishes the work: nothing is lost, nothing is there twice.
/// `WAXSEAL_TEST_KILLS` says how often.
#[test]
fn a_build_that_is_killed_resumes() {
    const BOARDS: usize = 40;
    let kills = std::env::var("WAXSEAL_TEST_KILLS").map_or(20, |text| text.parse::<u64>().unwrap());
    let project = line();
    let rows: String = (0..BOARDS).map(|n| format!("WX26{n:08},C,2026-11-20\n")).collect();
    project.write("boards.csv", format!("serial,revision,made\n{rows}"));
    // Kills are spread over the time that a run takes: one of another project tells.
    let twin = line();
    twin.write("boards.csv", project.read("boards.csv"));
    let start = std::time::Instant::now();
    twin.waxseal(BUILD).exits(0);
    let step = start.elapsed() / 16;
    for kill in 0..kills {
        // Half of them into an empty folder.
        if kill % 2 == 0 {
            let _ = fs::remove_dir_all(project.path("out"));
        }
        let mut command = project.command(BUILD.split_whitespace());
        let command = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(step * u32::try_from(kill * 7 % 17).unwrap());
        let _ = child.kill();
        child.wait().unwrap();
        // Complete or absent, board by board, whenever it was killed.
        for n in 0..BOARDS {
            let file = project.path(&format!("out/identity/WX26{n:08}/board.otp"));
            assert!(!file.exists() || fs::metadata(&file).unwrap().len() == 1024 + 64 + 64 + 16, "{n}");
        }
        project.waxseal("ledger verify --ledger line.db").exits(0);
    }
    project.waxseal(BUILD).exits(0).says(&["40 boards"]);
    let mut addresses: Vec<u8> = (0..BOARDS).map(|n| address(&project, &format!("WX26{n:08}"))).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, (0..BOARDS).map(|n| u8::try_from(n * 2).unwrap()).collect::<Vec<_>>());
    let json = project.waxseal("ledger verify --ledger line.db --format json").exits(0).json();
    let result = &json["result"];
    // A name and two addresses each; a row for the allocation and one for the files.
    assert_eq!((result["boards"]["issued"].as_u64(), result["values"].as_u64()), (Some(40), Some(120)));
    let head = project.waxseal("ledger head --ledger line.db").exits(0).stdout;
    assert!(head.starts_with("80 "), "{head}");
}

/// The ledger tells two secrets apart and knows neither; nor does a digest of the whole data give a short one away.
#[test]
fn secrets_are_not_in_the_ledger() {
    let project = line();
    let field = "[otp.fields.pin]\nat = 0x22\ntype = \"bytes\"\nlen = 4\nstage = \"identity\"\nsecret = \"pin\"\n\n";
    project.edit("r3.toml", "[otp.fields.identity-crc]", &format!("{field}[otp.fields.identity-crc]"));
    for (board, pin) in [("WX2511000101", b"4711"), ("WX2511000102", b"0815"), ("WX2511000103", b"4711")] {
        project.write(&format!("secrets/{board}/pin"), pin);
    }
    let build = BUILD.replace("--out", "--secrets secrets --out");
    fs::rename(project.path("line.db.key"), project.path("kept")).unwrap();
    project.waxseal(&build).exits(3).says(&["line.db.key", "ledger init"]);
    project.waxseal(&format!("{build} --ledger-key kept")).exits(0);
    let detail = |board: &str| {
        let json = project.waxseal(&format!("ledger board {board} --ledger line.db --format json")).exits(0).json();
        json["result"]["rows"][1]["detail"].clone()
    };
    let [first, second, third] = ["WX2511000101", "WX2511000102", "WX2511000103"].map(detail);
    assert_eq!(first["secrets"]["pin"], third["secrets"]["pin"]);
    assert_ne!(first["secrets"]["pin"], second["secrets"]["pin"]);
    assert!(first["data"]["sha256"].is_null() && first["data"]["hmac"].is_string());
    let text = project.waxseal("ledger export --rows json --out all --ledger line.db").exits(0);
    let rows = String::from_utf8(project.read("all")).unwrap();
    assert!(!rows.contains("4711") && !rows.contains("34373131"), "{}", text.stdout);
    // Nor is a plain digest of what was read back, which has the secret in it.
    project.write("dump.bin", [0x5A; 1024]);
    let record = "ledger record WX2511000101 --ledger line.db --state";
    project.waxseal(&format!("{record} written --readback dump.bin")).exits(3).says(&["line.db.key"]);
    project.waxseal(&format!("{record} written --readback dump.bin --ledger-key kept")).exits(0);
    let json = project.waxseal("ledger board WX2511000101 --ledger line.db --format json").exits(0).json();
    assert!(json["result"]["rows"][2]["detail"]["readback"]["hmac"].is_string(), "{json}");
}

/// What the line is told of power cuts: nothing is waste where bits are cleared alone, a torn unit is elsewhere, and a field without
/// redundancy is a finding.
#[test]
fn a_line_with_power_cuts() {
    let project = r3();
    let simulate = "otp simulate r3.toml --records boards.csv --cuts 1";
    let json = project.waxseal(&format!("{simulate} --format json")).exits(0).json()["result"].clone();
    assert_eq!((json["board"].as_str(), json["seed"].as_u64()), (Some("WX2511000101"), Some(1)));
    let rows = json["rows"].as_array().unwrap();
    let titles: Vec<_> = rows.iter().map(|row| row["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["identity, data", "identity, lock", "security, data", "security, lock"]);
    for row in rows {
        let count = |kind: &str| row[kind]["runs"].as_u64().unwrap();
        let ends = count("by_hand") + count("waste") + count("weak") + count("unnoticed");
        assert_eq!(row["runs"].as_u64(), Some(row["done"].as_u64().unwrap() + ends));
        assert_eq!((count("waste"), count("unnoticed")), (0, 0), "{row}");
    }
    project.waxseal(&format!("{simulate} --board WX9")).exits(1).says(&["boards.csv has no board WX9"]);

    let golden = &crate::otp_golden::PARTS[2];
    let project = golden.project();
    let simulate = "otp simulate l476.toml --records boards.csv --secrets secrets --cuts 3 --board L4-2 --seed 9";
    let run = project.waxseal(simulate).exits(1);
    let run = run.says(&["L4-2 on STM32L476RG", "3 cuts anywhere", "waste: the plan refuses the board"]);
    let run = run.says(&[
        "is waste, even if it reads right",
        "unnoticed: ",
        "`address`",
        "help: complement = true, copies = 3",
    ]);
    assert_eq!(project.waxseal(simulate).exits(1).stdout, run.stdout);
}
