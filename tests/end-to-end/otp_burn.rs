//! Boards whose one-time-programmable memory is burnt over DfuSe, and everything that goes wrong on the way.

use std::fs;

use waxseal_tests::{Project, Run, repository};

use crate::WAXSEAL;
use crate::flash::{log, untouched};

const NAME: &str = "WX2511000101";

fn project() -> Project {
    let project = Project::empty(WAXSEAL);
    for name in ["r3.toml", "boards.csv"] {
        project.write(name, fs::read(repository().join("examples/r3").join(name)).unwrap());
    }
    fs::create_dir(project.path("keys")).unwrap();
    for key in ["keys/release", "keys/line"] {
        project.run(["key", "new", key]).exits(0);
    }
    project
}

fn burn(project: &Project, more: &str) -> Run {
    let line = "otp burn r3.toml --records boards.csv --stage identity --board WX2511000101";
    project.waxseal(&format!("{line} --device simulated:STM32F746VG@board.bin {more}"))
}

#[test]
fn a_board_is_burnt_locked_and_recorded() {
    let project = project();
    let run = burn(&project, "--confirm WX2511000101 --lock --confirm-lock WX2511000101 --record record.csv").exits(0);
    run.says(&[
        "all fields of stage identity are there, read back",
        "locked, read back: block 0",
        "unproven on silicon",
    ]);
    assert_eq!(log(&project), ["programmed 0x1FF0_F000 64", "programmed 0x1FF0_F400 16"]);
    let record = String::from_utf8(project.read("record.csv")).unwrap();
    for state in ["written", "verified", "locked"] {
        assert!(record.contains(&format!("{NAME},{state}")), "{record}");
    }
    // A second time nothing is done.
    burn(&project, "--confirm WX2511000101 --lock --confirm-lock WX2511000101").exits(0).says(&["there already"]);
    assert_eq!(log(&project).len(), 2);
}

/// The record fits what a ledger issued.
#[test]
fn a_record_is_taken_in_by_the_ledger() {
    let project = project();
    let build = "otp build r3.toml --records boards.csv --stage identity --key keys/line.pem --out out";
    project.waxseal("ledger init --ledger line.db").exits(0);
    project.waxseal(&format!("{build} --ledger line.db --station S1 --operator kim")).exits(0);
    let blob = format!("otp burn r3.toml --blob out/identity/{NAME}/board.otp --device simulated:STM32F746VG");
    project.waxseal(&format!("{blob} --confirm {NAME} --lock --confirm-lock {NAME} --record record.json")).exits(0);
    let import = "ledger import record.json --ledger line.db --station S1 --operator kim";
    project.waxseal(import).exits(0).says(&[NAME]);
}

#[test]
fn a_blob_is_judged_first() {
    let project = project();
    let build = "otp build r3.toml --records boards.csv --stage identity --key keys/line.pem --out out";
    project.waxseal(build).exits(0);
    let name = format!("out/identity/{NAME}/board.otp");
    let mut blob = project.read(&name);
    let middle = blob.len() - 100;
    blob[middle] ^= 1;
    project.write(&name, &blob);
    let line = format!("otp burn r3.toml --blob {name} --device simulated:STM32F746VG@board.bin --confirm {NAME}");
    project.waxseal(&line).exits(1).says(&["refused: PayloadDigest", "nothing was burnt"]);
    for file in ["out/identity/SHA256SUMS", "r3.toml"] {
        let line = format!("otp burn r3.toml --blob {file} --device simulated:STM32F746VG@board.bin --confirm {NAME}");
        project.waxseal(&line).exits(1).says(&[&format!("{file} is no OTP blob")]);
    }
    assert!(!project.path("board.bin").exists(), "no device was opened");
}

/// Whose signatures count says the manifest, or whoever stands at the line with a trust set or a key.
#[test]
fn other_keys_count_where_the_command_line_says_so() {
    let project = project();
    project.waxseal("otp build r3.toml --records boards.csv --stage identity --key keys/line.pem --out out").exits(0);
    project.waxseal("gen trust r3.toml --out trust.bin").exits(0);
    let line =
        format!("otp burn r3.toml --blob out/identity/{NAME}/board.otp --device simulated:STM32F746VG --dry-run");
    for (signers, exit) in
        [("", 0), ("--trust trust.bin", 0), ("--key keys/line.pub.pem", 0), ("--key keys/release.pub.pem", 1)]
    {
        let run = project.waxseal(&format!("{line} {signers}"));
        assert_eq!(run.exit, Some(exit), "{signers}: {}{}", run.stdout, run.stderr);
    }
    burn(&project, "--trust trust.bin").exits(2).says(&["--blob"]);
}

/// What is refused: nothing is burnt.
#[test]
fn what_cannot_be_is_refused() {
    for (more, exit, says) in [
        ("--dry-run", 0, "nothing was burnt: --dry-run"),
        ("", 2, "--confirm WX2511000101"),
        ("--confirm WX2511000102", 1, "was typed, and this is for board WX2511000101"),
        ("--confirm WX2511000101 --fault written@0x1FF0F003=0x00,0", 1, "cannot become 1"),
        ("--confirm WX2511000101 --fault written@0x1FF0F400=0x00,0", 1, "locked"),
        ("--confirm WX2511000101 --fault written@0x1FF0F003=0x00,1", 1, "changed since it was read"),
        ("--confirm WX2511000101 --fault unplug@read:2", 4, "the device is gone"),
        ("--confirm WX2511000101 --fault short-reads", 4, "bytes where"),
        ("--confirm WX2511000101 --fault slow@1000000 --fault deaf", 4, "stays in dfuDNBUSY"),
    ] {
        let project = project();
        let run = burn(&project, more);
        assert_eq!(run.exit, Some(exit), "{more}: {}{}", run.stdout, run.stderr);
        let said = run.stdout + &run.stderr;
        assert!(said.contains(says), "{more}: {said}");
        let own = log(&project).iter().filter(|line| !line.ends_with(" 1")).count();
        assert_eq!(own, 0, "{more}: {:?}", log(&project));
    }
    let project = project();
    let other = "otp burn r3.toml --records boards.csv --stage identity --board WX2511000101 --confirm WX2511000101";
    let run = project.waxseal(&format!("{other} --device simulated:STM32H743ZI")).exits(1);
    run.says(&["names no one-time-programmable memory"]);
    // The same memory at the same address, in another part.
    let run = project.waxseal(&format!("{other} --device simulated:STM32F767ZI,nDBANK=0")).exits(1);
    run.says(&["the device's sectors are none of an STM32F746VG's", "nothing was"]);
    let run = project.waxseal(&format!("{other} --device simulated:STM32F767ZI --dry-run")).exits(0);
    run.says(&[
        "the device names flash up to 0x081FFFFF, which no STM32F746VG has",
        "read what is printed on the chip",
    ]);
    let run = project.waxseal(&format!("{other} --device simulated:STM32F407VG")).exits(1);
    run.says(&["the manifest's memory is 0x1FF0_F000"]);
    let run = project.waxseal(&format!("{other} --device simulated:STM32F746VG,RDP=1")).exits(1);
    run.says(&["read-protected"]);
}

/// A board that was unplugged while it was burnt is burnt to its end by the same command.
#[test]
fn a_burning_that_was_cut_off_goes_on() {
    let project = project();
    let run = burn(&project, "--confirm WX2511000101 --fault unplug@program:0").exits(4);
    run.says(&["what it holds now is not known until it is read"]);
    burn(&project, "--confirm WX2511000101")
        .exits(0)
        .says(&["there already", "all fields of stage identity are there"]);
    // The lock: cut, and again.
    let lock = "--confirm WX2511000101 --lock --confirm-lock WX2511000101";
    burn(&project, &format!("{lock} --fault unplug@program:0")).exits(4);
    burn(&project, lock).exits(0).says(&["locked already"]);
}

/// The device stalls before the block is burnt, and after it: what it holds is only said when it was read.
#[test]
fn a_burning_that_was_stalled_goes_on() {
    let (unread, none) =
        ("what it holds now is not known until it is read", "0 of 6 fields of stage identity are there");
    for (fault, then, again) in [
        ("stall@program:0", none, "all fields of stage identity are there"),
        ("mute@program:0", unread, "its data is there"),
    ] {
        let project = project();
        let run = burn(&project, &format!("--confirm WX2511000101 --fault {fault}")).exits(4);
        run.says(&["the device stalls requests", then]);
        burn(&project, "--confirm WX2511000101").exits(0).says(&[again]);
        assert_eq!(log(&project), ["programmed 0x1FF0_F000 64"]);
    }
}

/// A device that does not come back from programming leaves a board of which nothing is said; one that CLRSTATUS frees is read back.
#[test]
fn a_board_that_stays_busy() {
    let project = project();
    let run = burn(&project, "--confirm WX2511000101 --fault busy@program:0 --fault deaf").exits(4);
    run.says(&["stays in dfuDNBUSY", "what it holds now is not known until it is read"]);
    burn(&project, "--confirm WX2511000101").exits(0).says(&["there already"]);
    let lock = "--confirm WX2511000101 --lock --confirm-lock WX2511000101 --fault busy@program:0";
    burn(&project, &format!("{lock} --fault deaf")).exits(4).says(&["stays in dfuDNBUSY"]);
    burn(&project, "--confirm WX2511000101 --lock --confirm-lock WX2511000101").exits(0).says(&["locked already"]);
    let other = self::project();
    burn(&other, lock).exits(0).says(&["locked, read back: block 0"]);
}

#[test]
fn locks_that_cannot_be_read_are_not_written() {
    let project = project();
    let lock = "--confirm WX2511000101 --lock --confirm-lock WX2511000101 --fault no-locks";
    burn(&project, lock).exits(1).says(&["lock it with a debugger"]);
    assert_eq!(log(&project), ["programmed 0x1FF0_F000 64"]);
}

/// A ledger is asked before anything is burnt, and has it afterwards: a board that is waste, that nobody issued, or that was burnt into
/// another board before, is refused while nothing has happened yet.
#[test]
fn a_ledger_is_asked_before_a_board_is_burnt() {
    let project = project();
    project.waxseal("ledger init --ledger line.db").exits(0);
    let build = "otp build r3.toml --records boards.csv --stage identity --key keys/line.pem --out out";
    let blob = |name: &str, more: &str| {
        let line = format!("otp burn r3.toml --blob out/identity/{name}/board.otp --ledger line.db --station S1");
        project.waxseal(&format!("{line} --confirm {name} {more}"))
    };
    let device = |file: &str| format!("--device simulated:STM32F746VG@{file}");
    project.waxseal(build).exits(0);
    blob(NAME, &device("board.bin")).exits(1).says(&["the ledger knows no board WX2511000101"]);
    project.waxseal(&format!("{build} --ledger line.db")).exits(0);
    // Dry, then in earnest, then locked: rows of the ledger, each with its station.
    blob(NAME, &format!("{} --dry-run", device("board.bin"))).exits(0).says(&["nothing was burnt: --dry-run"]);
    untouched(&project);
    blob(NAME, &device("board.bin")).exits(0).says(&["ledger line.db: row 7, 8"]);
    blob(NAME, &format!("{} --lock --confirm-lock {NAME}", device("board.bin"))).exits(0).says(&["row 9"]);
    let board = project.waxseal(&format!("ledger board {NAME} --ledger line.db --format json")).exits(0).json();
    assert_eq!(board["result"]["state"], "locked");
    assert_eq!(board["result"]["rows"][2]["station"], "S1");
    // The same name into a second board.
    blob(NAME, &device("second.bin")).exits(1).says(&["as verified, and this board lacks it: it is another board"]);
    // Out of records, which may leave the addresses to the ledger.
    let records = "otp burn r3.toml --records boards.csv --stage identity --board WX2511000102 --confirm WX2511000102";
    project.waxseal(&format!("{records} --ledger line.db {}", device("third.bin"))).exits(0).says(&["row 10, 11"]);
    // Waste is not burnt, and whoever builds again is told of its files.
    let scrap = "ledger record WX2511000103 --state scrapped --yes --ledger line.db";
    project.waxseal(scrap).exits(0).says(&["take it off the station"]);
    blob("WX2511000103", &device("fourth.bin")).exits(1).says(&["WX2511000103 is scrapped (row 12 of line.db)"]);
    let rows = String::from_utf8(project.read("boards.csv")).unwrap();
    project.write("boards.csv", rows.lines().take(3).map(|row| format!("{row}\n")).collect::<String>());
    let left = "WX2511000103 is scrapped (row 12), and its files are still there: remove out/identity/WX2511000103";
    project.waxseal(&format!("{build} --ledger line.db")).exits(0).says(&[left]);
    fs::remove_dir_all(project.path("out/identity/WX2511000103")).unwrap();
    let run = project.waxseal(&format!("{build} --ledger line.db")).exits(0);
    assert!(!run.stdout.contains("scrapped"), "{}", run.stdout);
    project.waxseal("ledger verify --ledger line.db").exits(0);
}
