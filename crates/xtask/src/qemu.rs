//! Runs a program for the Cortex-M7 under QEMU.

use std::{path::Path, process::Command};

use crate::{
    process::{Outcome, capture},
    tools,
};

/// Runs `program` and returns what it wrote.
///
/// QEMU gives each instruction 64 ns of the machine's time (`shift=6`): every run is the same, and timers of the machine
/// count instructions.
pub fn run(program: &Path) -> Outcome<String> {
    tools::QEMU.ensure()?;
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", "mps2-an500", "-cpu", "cortex-m7"]);
    qemu.args(["-display", "none", "-monitor", "none", "-serial", "none"]);
    qemu.args(["-icount", "shift=6,align=off,sleep=off"]);
    qemu.args(["-semihosting-config", "enable=on,target=native", "-kernel"]).arg(program);
    capture(&mut qemu)
}
