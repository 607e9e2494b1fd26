//! Runs a program for the Cortex-M7 under QEMU.

use std::{path::Path, process::Command};

use crate::{
    process::{Outcome, capture, finish},
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

/// Runs `program` in a folder, where it finds its files, and returns what it wrote, whether it ends well or not.
pub fn run_in(folder: &Path, program: &Path, arguments: &[String]) -> Outcome<String> {
    let said = finish(command(program, arguments, &[])?.current_dir(folder))?;
    Ok(String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr))
}

/// Runs `program` with arguments and returns what it wrote.
///
/// QEMU gives each instruction 64 ns of the machine's time (`shift=6`): every run is the same, and timers of the machine
/// count instructions.
pub fn run_with(program: &Path, arguments: &[String]) -> Outcome<String> {
    start(program, arguments, &["-icount", "shift=6,align=off,sleep=off"])
}

fn start(program: &Path, arguments: &[String], clock: &[&str]) -> Outcome<String> {
    capture(&mut command(program, arguments, clock)?)
}

fn command(program: &Path, arguments: &[String], clock: &[&str]) -> Outcome<Command> {
    tools::QEMU.ensure()?;
    // The first argument is the program's name, as everywhere.
    let arguments = ["program"].into_iter().chain(arguments.iter().map(String::as_str));
    let semihosting = arguments.fold("enable=on,target=native".to_owned(), |all, argument| all + ",arg=" + argument);
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an500", "-cpu", "cortex-m7"]);
    qemu.args(["-display", "none", "-monitor", "none", "-serial", "none"]);
    qemu.args(clock);
    qemu.args(["-semihosting-config", &semihosting, "-kernel"]).arg(program);
    Ok(qemu)
}
