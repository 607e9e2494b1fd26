//! Runs a program for the Cortex-M7 under QEMU.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    process::{Failure, Outcome, capture, finish},
    tools,
};

/// QEMU gives each instruction 64 ns of the machine's time: every run is the same, and timers of the machine count instructions.
const CLOCK: [&str; 2] = ["-icount", "shift=6,align=off,sleep=off"];

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
pub fn run_with(program: &Path, arguments: &[String]) -> Outcome<String> {
    start(program, arguments, &CLOCK)
}

/// Runs a program that may do anything, and returns what it wrote. It ends itself after a bounded number of instructions, unless it
/// has lost its interrupts too: then it is ended after this time.
pub fn run_bounded(program: &Path, argument: &str) -> Outcome<String> {
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut qemu = command(program, &[argument.to_owned()], &CLOCK)?;
    qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let started = |e: io::Error| Failure::new(format!("QEMU: {e}"));
    let mut child = qemu.spawn().map_err(started)?;
    let since = Instant::now();
    while child.try_wait().map_err(started)?.is_none() {
        if since.elapsed() > PATIENCE {
            child.kill().map_err(started)?;
            child.wait().map_err(started)?;
        }
        thread::sleep(Duration::from_millis(5));
    }
    let said = child.wait_with_output().map_err(started)?;
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

/// An instruction that a program ran through.
pub struct Instruction {
    /// Bytes.
    pub size: usize,
    /// Whether it branches, or makes others depend on a condition.
    pub decides: bool,
}

/// The instructions that a program runs through with an argument, by their addresses.
pub fn instructions(program: &Path, argument: &str) -> Outcome<BTreeMap<u32, Instruction>> {
    let log = program.with_extension("instructions");
    finish(command(program, &[argument.to_owned()], &CLOCK)?.args(["-d", "in_asm", "-D"]).arg(&log))?;
    let text = fs::read_to_string(&log).map_err(Failure::at(&log))?;
    // 0x00000416:  f04f 32cc  mov.w    r2, #-0x33333334
    let instruction = |line: &str| {
        let (address, rest) = line.strip_prefix("0x")?.split_once(": ")?;
        let is_half = |word: &&str| word.len() == 4 && word.chars().all(|digit| digit.is_ascii_hexdigit());
        let halves = rest.split_whitespace().take(2).take_while(is_half).count();
        let name = rest.split_whitespace().nth(halves)?;
        let decides = name.starts_with('b') && !name.starts_with("bic") && !name.starts_with("bf")
            || name.starts_with("cb")
            || name.starts_with("it");
        Some((u32::from_str_radix(address, 16).ok()?, Instruction { size: 2 * halves, decides }))
    };
    Ok(text.lines().filter_map(instruction).collect())
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
