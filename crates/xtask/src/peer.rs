//! `waxseal build` against `imgtool sign`, on the same payload in the same run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use goblin::elf::{Elf, program_header::PT_LOAD};

use crate::{
    cargo,
    example::{Example, KEY, LOCK, MANIFEST, SLOTS},
    large,
    process::{Failure, Outcome, capture, root, run, target_folder},
    sample, tools,
    vectors::EXAMPLE_KEY,
};

/// Payload for each slot: the two together are 1 MiB.
const PAYLOAD: usize = 512 * 1024;
/// Runs of each; odd, so that one is in the middle.
pub const RUNS: usize = 11;

/// Prints the ratios.
pub fn compare() -> Outcome {
    run(cargo::command("build")?.args(["--release", "--package", "waxseal"]))?;
    let small = Example { waxseal: target_folder()?.join("release/waxseal"), ..Example::here()? };
    small.prepare()?;
    small.build_firmware()?;
    let firmware = small.folder.join("build");
    let large = small.twin(target_folder()?.join("bench"), EXAMPLE_KEY)?;
    large.forget(LOCK)?;
    let mut both = Vec::new();
    for slot in SLOTS {
        let name = format!("app-{slot}.elf");
        let run_address = run_address(&firmware.join(&name))?;
        let payload = sample::payload(PAYLOAD, run_address);
        let file = large.folder.join("build").join(&name);
        fs::write(&file, elf(run_address, &payload)).map_err(Failure::at(&file))?;
        both.extend(payload);
    }
    let payload = large.folder.join("payload.bin");
    fs::write(&payload, both).map_err(Failure::at(&payload))?;
    println!("| Sealing 1 MiB: `waxseal build` against `imgtool sign` 2.5.0 | times as fast |");
    println!("| --- | --: |");
    let build = |kinds| ["build", MANIFEST, "--key", KEY, "--out", "out-only", "--only", kinds];
    for (what, arguments, theirs, address) in [
        ("without HEX", &build("bin")[..], "payload.signed.bin", None),
        ("with HEX", &build("bin,hex"), "payload.signed.hex", Some("0x08020000")),
        (
            "`waxseal --version`, which is no more than a process, against the first",
            &["--version"],
            "payload.signed.bin",
            None,
        ),
    ] {
        let mut build = large.waxseal(arguments);
        let mut peer = Command::new(imgtool()?);
        peer.args(["sign", "--key", KEY, "--version=1.4.0", "--header-size=0x400", "--pad-header"]);
        peer.args(["--align=1", "--slot-size=0x200000"]).args(address.map(|address| format!("--hex-addr={address}")));
        peer.args(["payload.bin", theirs]).current_dir(&large.folder);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(time(&mut build)?);
            theirs.push(time(&mut peer)?);
        }
        let ratio = median(theirs).as_secs_f64() / median(ours).as_secs_f64();
        println!("| {what} | {ratio:.0} |");
    }
    println!();
    println!(
        "Medians of {RUNS} runs of each in turn. waxseal reads two ELF files of 512 KiB, signs two images, and judges both;"
    );
    println!("imgtool signs one binary of the same 1 MiB.");
    println!();
    large::compare(&large)
}

/// imgtool in a virtual environment of its own.
fn imgtool() -> Outcome<PathBuf> {
    tools::ensure_venv()?;
    let environment = target_folder()?.join("imgtool");
    let imgtool = environment.join("bin/imgtool");
    if !imgtool.exists() {
        capture(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let wanted = root()?.join("crates/xtask/imgtool.txt");
        capture(Command::new(environment.join("bin/pip")).args(["install", "--quiet", "--requirement"]).arg(wanted))?;
    }
    Ok(imgtool)
}

/// How long a command takes.
pub fn time(command: &mut Command) -> Outcome<Duration> {
    let start = Instant::now();
    capture(command)?;
    Ok(start.elapsed())
}

/// The middle one.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Where the firmware in this ELF file is loaded.
fn run_address(file: &Path) -> Outcome<u32> {
    let bytes = fs::read(file).map_err(Failure::at(file))?;
    let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
    let loaded = elf.program_headers.iter().find(|segment| segment.p_type == PT_LOAD && segment.p_filesz > 0);
    let address = loaded.and_then(|segment| u32::try_from(segment.p_paddr).ok());
    address.ok_or_else(|| Failure::new(format!("{} loads nothing", file.display())))
}

/// An executable for Arm with one segment (System V ABI, chapters 4 and 5; ELF for the Arm architecture, 5.3).
fn elf(address: u32, payload: &[u8]) -> Vec<u8> {
    const HEADERS: u32 = 52 + 32;
    let size = payload.len() as u32;
    // Class 32 bits, little-endian, version 1; then executable, Arm.
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0".to_vec();
    // Version, entry, program headers, section headers, flags (EABI 5).
    file.extend([1, address + 9, 52, 0, 0x0500_0000].map(u32::to_le_bytes).concat());
    // Sizes of the file header and of a program header, one of them; no section headers.
    file.extend([52_u16, 32, 1, 40, 0, 0].map(u16::to_le_bytes).concat());
    // PT_LOAD: offset, addresses, sizes, read and execute, alignment.
    file.extend([1, HEADERS, address, address, size, size, 5, 4].map(u32::to_le_bytes).concat());
    file.extend_from_slice(payload);
    file
}
