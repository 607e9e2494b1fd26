//! Boards that are flashed over DfuSe, and everything that goes wrong on the way. The simulated board's file tells what was done
//! to it.

use std::fs::{self, File};
use std::str::from_utf8;

use waxseal_tests::{Project, Run, repository};

use crate::WAXSEAL;

/// The board of r1b, as it comes from the factory of boards: nothing protected yet.
pub const BOARD: &str = "simulated:STM32F767ZI,nDBANK=0,nDBOOT=1,BOOT_ADD0=0x2000,nWRP=0xFFF,RDP=0@board.bin";

/// Example r1b, built.
fn project() -> Project {
    let project = Project::r1b(WAXSEAL);
    project.build();
    project
}

fn flash(project: &Project, device: &str, more: &str) -> Run {
    let line =
        format!("flash out/gateway-1.4.0.release --manifest r1b.toml --revision B --yes --device {device} {more}");
    project.waxseal(&line)
}

/// Where the board's content begins in its file: flash first.
pub fn start_of_content(file: &[u8]) -> usize {
    let end_of_head = b"\ncontent\n";
    file.windows(end_of_head.len()).position(|window| window == end_of_head).unwrap() + end_of_head.len()
}

/// What was done to the board in this file, in order.
pub fn log(project: &Project) -> Vec<String> {
    let file = project.read("board.bin");
    let head = from_utf8(&file[..start_of_content(&file)]).unwrap();
    head.lines().filter_map(|line| line.strip_prefix("log ")).map(str::to_owned).collect()
}

/// The board's flash, from its first byte on.
pub fn content(project: &Project) -> Vec<u8> {
    let file = project.read("board.bin");
    file[start_of_content(&file)..][..2 << 20].to_vec()
}

/// Nothing was done to a board: there is none, or its log is empty.
#[track_caller]
pub fn untouched(project: &Project) {
    if project.path("board.bin").exists() {
        assert!(log(project).is_empty(), "{:?}", log(project));
    }
}

#[test]
fn a_release_is_flashed_and_kept() {
    let project = project();
    let run = flash(&project, BOARD, "--record record.csv --board A1 --station S1").exits(0);
    run.says(&["slot a holds app 1.4.0, read back and compared", "untouched: the boot loader, area counter"]);
    let content = content(&project);
    let slot = |at: usize, name: &str| {
        let file = project.read(name);
        assert!(content[at..at + file.len()] == file, "{name}");
    };
    slot(0x2_0000, "out/app.a.bin");
    slot(0x12_0000, "out/app.b.bin");
    // Header and signatures come last, slot by slot.
    let log = log(&project);
    let last = |start: &str| log.iter().rposition(|line| line.starts_with(start)).unwrap();
    assert!(last("programmed 0x0802_0000") > last("programmed 0x0802_0400"), "{log:?}");
    assert!(log.iter().all(|line| line.contains("0x0802_") || line.contains(" 0x08") && !line.contains("0x0800_")));
    project.waxseal("ledger head --export record.csv").exit.unwrap();
    let record = from_utf8(&project.read("record.csv")).unwrap().to_owned();
    assert!(record.contains("A1,written") && record.contains("A1,verified"), "{record}");
}

#[test]
fn the_plan_is_shown_and_nothing_is_done() {
    let project = project();
    let line = format!("flash out/gateway-1.4.0.release --manifest r1b.toml --revision B --device {BOARD}");
    let plan = ["erase    sectors 5-11, 896K", "last: without it nothing starts from here"];
    project.waxseal(&format!("{line} --dry-run")).exits(0).says(&plan).says(&["nothing was written: --dry-run"]);
    untouched(&project);
    project.waxseal(&line).exits(2).says(&plan).says(&["--yes"]);
    untouched(&project);
    let run = project.waxseal(&format!("{line} --dry-run --slot b --format json")).exits(0);
    let json = run.json();
    assert_eq!(json["result"]["plan"]["slots"][0]["slot"], "b");
    assert_eq!(json["result"]["comparison"]["right"], true, "what is still to come is a note");
}

/// A board that has counted higher refuses the release. A dry run says so too; where there is no board, it says what nobody looked at.
#[test]
fn a_dry_run_looks_at_the_boards_counter() {
    let project = Project::r1b(WAXSEAL);
    project.write("r1b.toml", fs::read(repository().join("tests/manifests/good_otp_counter.toml")).unwrap());
    project.build();
    flash(&project, BOARD, "--dry-run").exits(0).says(&["the board's is read first", "nothing was written: --dry-run"]);
    // Eight units of one-time-programmable memory, behind two megabytes of flash, are spent.
    let mut board = project.read("board.bin");
    let spent = start_of_content(&board) + (2 << 20) + 0x40;
    board[spent..spent + 8].fill(0);
    project.write("board.bin", board);
    let says = ["starts no image with a security counter below 8", "not older than what this board has had"];
    let run = flash(&project, BOARD, "--dry-run --format json").exits(1);
    assert_eq!(run.json()["result"]["trouble"]["name"], "counter");
    for dry in ["--dry-run", ""] {
        flash(&project, BOARD, dry).exits(1).says(&says);
        untouched(&project);
    }
    flash(&project, BOARD, "--dry-run --without counter").exits(0).says(&["the board's is not read"]);
    let line = "flash out/gateway-1.4.0.release --manifest r1b.toml --revision B --dry-run";
    project.waxseal(line).exits(4).says(&["no board was looked at", "nor its security counter"]);
}

/// What is refused before any device is looked at.
#[test]
fn what_is_no_good_release_reaches_no_board() {
    let project = project();
    let release = project.read("out/gateway-1.4.0.release");
    project.run(["key", "new", "keys/other"]).exits(0);
    flash(&project, BOARD, "--key keys/other.pub.pem").exits(1).says(&["refused", "no byte was sent to any board"]);
    let mut tampered = release.clone();
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    let page = b"<!DOCTYPE html><html><body>404 Not Found</body></html>".to_vec();
    for (name, file) in
        [("tampered", tampered), ("cut short", release[..middle].to_vec()), ("a page", page), ("empty", Vec::new())]
    {
        project.write("out/gateway-1.4.0.release", &file);
        let run = flash(&project, BOARD, "");
        assert_eq!(run.exit, Some(1), "{name}: {} {}", run.stdout, run.stderr);
        untouched(&project);
    }
    // 200 MB that are on no disk.
    let huge = File::create(project.path("out/gateway-1.4.0.release")).unwrap();
    huge.set_len(200_000_000).unwrap();
    flash(&project, BOARD, "").exits(1).says(&["NotSealed"]);
    untouched(&project);
    project.write("out/gateway-1.4.0.release", &release);
    flash(&project, BOARD, "--slot c").exits(1).says(&["it fits a and b"]);
    untouched(&project);
    let swapped = format!("flash r1b.toml --manifest out/app.a.bin --revision B --device {BOARD}");
    project.waxseal(&swapped).exits(1).says(&["out/app.a.bin is not UTF-8", "is this the file that goes here?"]);
    let layout = format!("flash out/layout.bin --manifest r1b.toml --revision B --device {BOARD}");
    project.waxseal(&layout).exits(1).says(&["out/layout.bin is accepted, and has no image", "give a release"]);
    untouched(&project);
}

/// What is refused because of the device.
#[test]
fn what_is_no_good_board_is_left_alone() {
    let part = "simulated:STM32F767ZI,nDBOOT=1,BOOT_ADD0=0x2000";
    for (name, device, says) in [
        ("another part", "simulated:STM32F746VG@board.bin".to_owned(), "the device has other sectors"),
        ("another bank mode", format!("{part},nDBANK=1@board.bin"), "this board is in single-bank mode"),
        ("read-protected", format!("{part},nDBANK=0,RDP=1@board.bin"), "read-protected"),
        ("write-protected", format!("{part},nDBANK=0,nWRP=0xFFB@board.bin"), "write-protected"),
    ] {
        let project = project();
        let run = flash(&project, &device, "").exits(1).says(&[says]);
        untouched(&project);
        assert!(!run.stdout.contains("holds app"), "{name}");
    }
}

/// What the device does, what is said of the board then, and that the same again, resumed, finishes the work.
#[test]
fn faults_on_the_way_leave_a_state_that_is_told() {
    for (fault, exit, says) in [
        ("--fault unplug@erase:0", 4, "slot a: sector 5 half erased or half programmed"),
        ("--fault unplug@erase:3", 4, "sectors 5-6 and 11 erased, sector 7 half erased"),
        ("--fault unplug@erase:7", 4, "do not rely on it"),
        ("--fault unplug@0", 4, "the device is gone"),
        ("--fault unplug@program:0", 4, "nothing starts from it"),
        ("--fault stall@program:0", 4, "stalls requests"),
        ("--fault busy --fault deaf", 4, "stays in dfuDNBUSY"),
        ("--fault short-reads", 4, "bytes where"),
        ("--fault mute@erase:2", 4, "stalls requests"),
        ("--fault status@program:0=6", 4, "the device reports errPROG"),
        ("--fault status@erase:1=11", 1, "read-protected"),
        ("--fault written@0x08020500=0x00,0", 1, "reads back differently"),
    ] {
        let project = project();
        let run = flash(&project, BOARD, fault);
        assert_eq!(run.exit, Some(exit), "{fault}: {}{}", run.stdout, run.stderr);
        let said = run.stdout + &run.stderr;
        assert!(said.contains(says), "{fault}: {said}");
        flash(&project, BOARD, "--resume").exits(0).says(&["slot a holds app 1.4.0", "slot b holds app 1.4.0"]);
    }
}

/// Whoever tries a bad day that does not come is told so: the run is no proof of anything.
#[test]
fn a_fault_that_was_not_reached_is_no_success() {
    let project = project();
    let faults = "--fault unplug@99999 --fault busy --fault status@erase:99999=6";
    let run = flash(&project, BOARD, faults).exits(4);
    run.says(&["slot a holds app 1.4.0", "--fault unplug@99999, status@erase:99999=6: it did not come that far"]);
    flash(&project, "simulated:STM32F746VG@other.bin", "--fault unplug@99999")
        .exits(1)
        .says(&["it did not come that far"]);
}

/// A device that stalls when it is asked for its names is not one without memory.
#[test]
fn a_device_that_does_not_say_its_strings() {
    let project = project();
    for (transfer, string) in [(3, "string 4"), (6, "string 3")] {
        let run = flash(&project, BOARD, &format!("--fault stall@{transfer}")).exits(4);
        run.says(&[&format!("the device does not say its {string}"), "hold the boot pin"]);
        untouched(&project);
    }
}

/// What devices do that are not broken.
#[test]
fn quirks_are_borne() {
    let project = project();
    for fault in ["--fault busy", "--fault slow@20", "--fault status-stalls@0"] {
        flash(&project, BOARD, fault).exits(0);
    }
}

#[test]
fn a_machine_without_the_device_says_so() {
    let project = project();
    let line = "flash out/gateway-1.4.0.release --manifest r1b.toml --revision B --yes";
    project.waxseal(line).exits(4).says(&["boot pin", "WinUSB", "udev"]);
    let line = format!("{line} --device STM32F767ZI");
    project.waxseal(&line).exits(2).says(&["--device simulated:"]);
}

#[test]
fn other_keys_count_where_the_command_line_says_so() {
    let project = project();
    flash(&project, BOARD, "--key keys/release.pub.pem").exits(0);
}
