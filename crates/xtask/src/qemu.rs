//! Runs a program for the Cortex-M7 under QEMU.

use std::{path::Path, process::Command};

use crate::{
    process::{Outcome, capture},
    tools,
};

/// Runs `program` and returns what it wrote.
pub fn run(program: &Path) -> Outcome<String> {
    run_with(program, &[])
}

/// Runs `program` with arguments, as fast as QEMU can, and returns what it wrote. Counts nothing.
pub fn run_fast(program: &Path, arguments: &[String]) -> Outcome<String> {
    start(program, arguments, &[])
}

/// Runs `program` with arguments and returns what it wrote.
///
/// QEMU gives each instruction 64 ns of the machine's time (`shift=6`): every run is the same, and timers of the machine
/// count instructions.
pub fn run_with(program: &Path, arguments: &[String]) -> Outcome<String> {
    start(program, arguments, &["-icount", "shift=6,align=off,sleep=off"])
}

fn start(program: &Path, arguments: &[String], clock: &[&str]) -> Outcome<String> {
    tools::QEMU.ensure()?;
    // The first argument is the program's name, as everywhere.
    let arguments = ["program"].into_iter().chain(arguments.iter().map(String::as_str));
    let semihosting = arguments.fold("enable=on,target=native".to_owned(), |all, argument| all + ",arg=" + argument);
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an500", "-cpu", "cortex-m7"]);
    qemu.args(["-display", "none", "-monitor", "none", "-serial", "none"]);
    qemu.args(clock);
    qemu.args(["-semihosting-config", &semihosting, "-kernel"]).arg(program);
    capture(&mut qemu)
}
