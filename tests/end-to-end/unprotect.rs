//! Read protection is lifted by `waxseal unprotect` alone, and only when somebody says what it costs.

use std::process::Command;

use waxseal_tests::{Project, Run};

use crate::flash::{log, start_of_content};
use crate::{WAXSEAL, empty};

const LINE: &str = "unprotect --device simulated:STM32F746VG,RDP=1@board.bin";

/// A board whose flash is not blank.
fn project() -> Project {
    let project = empty();
    project.waxseal(&format!("{LINE} --dry-run")).exits(0);
    let mut board = project.read("board.bin");
    let start = start_of_content(&board);
    board[start] = 0x12;
    project.write("board.bin", board);
    project
}

/// Types a line at its terminal.
fn answered(project: &Project, line: &str) -> Run {
    let line = format!("printf '{line}\\n' | script -qec '{WAXSEAL} {LINE}' /dev/null");
    Run::of(Command::new("sh").current_dir(project.path(".")).args(["-c", &line]))
}

#[test]
fn nothing_is_lifted_that_nobody_asked_for() {
    let project = project();
    let cost = ["ALL of it", "security counter", "stays as it is"];
    project.waxseal(&format!("{LINE} --dry-run")).exits(0).says(&cost).says(&["nothing was done: --dry-run"]);
    project.waxseal(LINE).exits(2).says(&cost).says(&["nobody can be asked", "--yes"]);
    for answer in ["", "yes", "erase"] {
        answered(&project, answer).exits(1).says(&["Type: erase everything", "nothing was done"]);
    }
    project.waxseal(&format!("{LINE} --yes --fault unplug@0")).exits(4).says(&["the device is gone"]);
    assert!(log(&project).is_empty());
}

#[test]
fn it_is_lifted_once() {
    for typed in [false, true] {
        let project = project();
        let run =
            if typed { answered(&project, "erase everything") } else { project.waxseal(&format!("{LINE} --yes")) };
        run.exits(0).says(&["the device took the command and has reset"]);
        assert_eq!(log(&project), ["unprotected"]);
        project.waxseal(&format!("{LINE} --yes")).exits(0).says(&["not read-protected: there is nothing to lift"]);
        assert_eq!(log(&project), ["unprotected"]);
        let board = project.read("board.bin");
        assert_eq!(board[start_of_content(&board)], 0xFF, "its flash is erased");
    }
    let json = project().waxseal(&format!("{LINE} --yes --format json")).exits(0).json();
    assert_eq!((&json["result"]["lifted"], &json["result"]["device"]["read_protected"]), (&true.into(), &true.into()));
}
