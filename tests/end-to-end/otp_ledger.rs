//! Boards with the ledger on: it gives numbers out, each once, and knows what was made for whom.

use std::fs;

use waxseal_tests::{Project, Run};

use crate::otp::{BUILD, line, programmed};

/// The first address of a board of [`line`], as its binary has it.
pub fn address(project: &Project, board: &str) -> u8 {
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
    project
        .waxseal("ledger verify --ledger line.db")
        .exits(0)
        .says(&["8 rows, chain ok", "issued            4 boards"]);
    let sheet = String::from_utf8(project.read("out/identity/sheet.txt")).unwrap();
    assert!(sheet.contains("--readback WX2511000104.read.bin --ledger line.db"), "{sheet}");
}

/// A batch has the name of its records' file, or another one; what comes through a pipe has none.
#[test]
fn a_batch_has_a_name() {
    let project = line();
    let build = BUILD.replace("boards.csv", "-");
    let piped = |build: &str| {
        let mut command = project.command(build.split_whitespace());
        Run::of(command.stdin(fs::File::open(project.path("boards.csv")).unwrap()))
    };
    piped(&build).exits(2).says(&["which batch? --batch NAME: standard input has no name"]);
    piped(&format!("{build} --batch boards.csv")).exits(0).says(&["rows 4 to 6"]);
    project.waxseal(BUILD).exits(0).says(&["knew it all"]);
    // A line of the sheet that asks for a board of another batch finds none.
    project.waxseal(&format!("{BUILD} --batch boards.csv")).exits(0);
    let sheet = String::from_utf8(project.read("out/identity/sheet.txt")).unwrap();
    let check = sheet.lines().find_map(|line| line.trim().strip_prefix("check  waxseal ")).unwrap();
    assert!(check.ends_with("WX2511000101.read.bin --ledger line.db --batch boards.csv"), "{check}");
    project.write("WX2511000101.read.bin", [0xFF; 1040]);
    project.waxseal(check).exits(0).says(&["to be programmed"]);
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

/// What a station says of a board is compared with what was issued, where it was read back.
#[test]
fn a_wrong_read_back_is_not_written_down() {
    let project = line();
    project.waxseal(&BUILD.replace("--stage identity ", "")).exits(0);
    let head = project.waxseal("ledger head --ledger line.db").exits(0).stdout;
    let record = |line: &str| project.waxseal(&format!("ledger record WX2511000101 --ledger line.db {line}"));
    let dump = programmed(&project, "WX2511000101");
    for (name, dump) in [
        ("other.bin", programmed(&project, "WX2511000102")),
        ("blank.bin", vec![0xFF; 1040]),
        ("bit.bin", dump.iter().enumerate().map(|(at, byte)| if at == 63 { byte ^ 0x80 } else { *byte }).collect()),
    ] {
        project.write(name, dump);
        let said = record(&format!("--state written --stage identity --readback {name}")).exits(1);
        said.says(&["WX2511000101: the data is not what was issued in stage identity", "which board this is"]);
    }
    project.write("short.bin", &dump[..63]);
    let short = record("--state written --stage identity --readback short.bin").exits(1);
    short.says(&["short.bin: 63 bytes, and the board's data lies behind them", "the whole memory"]);
    project.write("dump.bin", &dump);
    let which = record("--state written --readback dump.bin").exits(2);
    which.says(&["which stage of WX2511000101 was read back? --stage, one of identity, security"]);
    record("--state written --stage radio --readback dump.bin")
        .exits(1)
        .says(&["nothing was issued", "in stage radio"]);
    let early = record("--state written --stage security --readback dump.bin").exits(1);
    early.says(&["the data is not what was issued in stage security"]);
    assert_eq!(project.waxseal("ledger head --ledger line.db").exits(0).stdout, head);
    // What nobody read back is the station's word, and the ledger says so.
    record("--state written --stage identity")
        .exits(0)
        .says(&["not compared with what was issued: the station's word"]);
    let verified = record("--state verified --stage identity --readback dump.bin --format json").exits(0).json();
    assert_eq!(verified["result"]["compared"], true);
    assert!(verified["result"]["rows"][0]["detail"]["data"]["sha256"].is_string(), "{verified}");
    // The lock bytes follow the data: that of block 0, and of block 1, which another stage fills.
    let locked = "--state locked --stage identity --readback";
    record(&format!("{locked} dump.bin")).exits(1).says(&["block 0 is not locked: its lock byte is 0xFF, not 0x00"]);
    project.write("cut.bin", &dump[..1024]);
    record(&format!("{locked} cut.bin")).exits(0).says(&["that it is locked is the station's word"]);
    let mut dump = dump;
    dump[1024] = 0x00;
    project.write("dump.bin", &dump);
    record(&format!("{locked} dump.bin")).exits(0).says(&["its lock bytes say that it is locked"]);
}

/// A check by other records than those that files were made of is none.
#[test]
fn a_plan_is_for_the_bytes_that_were_issued() {
    let project = line();
    project.waxseal(BUILD).exits(0);
    project.write("dump.bin", [0xFF; 1040]);
    let plan =
        "otp plan r3.toml --records boards.csv --readback dump.bin --ledger line.db --board WX2511000101 --stage";
    project.waxseal(&format!("{plan} identity")).exits(0).says(&["to be programmed, for ever: 64 bytes"]);
    project.edit("boards.csv", "WX2511000101,C,2026-11-19", "WX2511000101,C1,2026-11-19");
    let run = project.waxseal(&format!("{plan} identity")).exits(1);
    run.says(&["WX2511000101: these are not the bytes that were issued for it in stage identity", "`otp build`"]);
    // For the other stage nothing was issued yet.
    project.waxseal(&format!("{plan} security")).exits(0).says(&["to be programmed, for ever: 64 bytes"]);
    project.waxseal(BUILD).exits(0);
    project.waxseal(&format!("{plan} identity")).exits(0).says(&["to be programmed, for ever: 64 bytes"]);
}

/// Records that were changed after boards were programmed are not taken for what these hold.
#[test]
fn no_other_bytes_are_issued_for_what_was_programmed() {
    let project = line();
    project.waxseal(BUILD).exits(0);
    // A mistake that is seen before anything was programmed can be mended.
    project.edit("boards.csv", "WX2511000101,C,2026-11-19", "WX2511000101,C,2026-11-20");
    project.waxseal(BUILD).exits(0).says(&["ledger line.db rows 7 to 7"]);
    project.write("dump.bin", programmed(&project, "WX2511000101"));
    let record = "ledger record WX2511000101 --ledger line.db --readback dump.bin --state";
    project.waxseal(&format!("{record} written")).exits(0);
    let (head, files) = (project.waxseal("ledger head --ledger line.db").exits(0).stdout, project.list("out/identity"));
    project.edit("boards.csv", "WX2511000101,C,2026-11-20", "WX2511000101,C,2026-11-21");
    let late = project.waxseal(BUILD).exits(1);
    late.says(&[
        "WX2511000101 was programmed in stage identity (row 8), and these are other bytes: what is burnt stays",
    ]);
    assert_eq!(project.waxseal("ledger head --ledger line.db").exits(0).stdout, head);
    assert_eq!((project.list("out/identity"), programmed(&project, "WX2511000101")), (files, project.read("dump.bin")));
    // The other stage, and the boards that are as they were, go on.
    project.edit("boards.csv", "WX2511000101,C,2026-11-21", "WX2511000101,C,2026-11-20");
    project.waxseal(&BUILD.replace("--stage identity ", "")).exits(0).says(&["ledger line.db rows 9 to 11"]);
    project.waxseal(BUILD).exits(0).says(&["knew it all"]);
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
    // Nor is a plain digest of what was read back, which has the secret in it. It is compared all the same.
    let mut dump = programmed(&project, "WX2511000101");
    project.write("dump.bin", &dump);
    dump[0x22] ^= 1;
    project.write("wrong.bin", &dump);
    let record = "ledger record WX2511000101 --ledger line.db --state";
    project.waxseal(&format!("{record} written --readback dump.bin")).exits(3).says(&["line.db.key"]);
    let wrong = project.waxseal(&format!("{record} written --readback wrong.bin --ledger-key kept")).exits(1);
    wrong.says(&["WX2511000101: the data is not what was issued in stage identity"]);
    project
        .waxseal(&format!("{record} written --readback dump.bin --ledger-key kept"))
        .exits(0)
        .says(&["the same bytes"]);
    let json = project.waxseal("ledger board WX2511000101 --ledger line.db --format json").exits(0).json();
    assert!(json["result"]["rows"][2]["detail"]["readback"]["hmac"].is_string(), "{json}");
}
