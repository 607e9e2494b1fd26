//! `cargo xtask bench`: what the README shows. Bytes and instructions as counts, time only as a ratio to a peer.

use std::path::Path;

use crate::{
    cargo::Profile,
    checking, peer,
    process::{Failure, Outcome, target_folder},
    qemu, sample, verifier,
};

/// What judging one image takes on the target in one profile.
struct Measured {
    size: u64,
    instructions: u64,
    hash_per_byte: f64,
    ed25519: u64,
    stack: u64,
    boot_size: u64,
    boot_instructions: u64,
    boot_stack: u64,
}

/// Prints the table.
pub fn bench() -> Outcome {
    let index = sample::write(&target_folder()?.join("bench"))?;
    let (small, fast) = (measure(Profile::Size, &index)?, measure(Profile::Speed, &index)?);
    let row =
        |what: &str, value: fn(&Measured) -> String| println!("| {what} | {} | {} |", value(&small), value(&fast));
    println!("| Judging an image of 256 KiB on a Cortex-M7 | size profile | speed profile |");
    println!("| --- | --: | --: |");
    row("Flash for the verifier, bytes", |m| grouped(m.size));
    row("Whole decision, instructions", |m| grouped(m.instructions));
    row("SHA-256, instructions per byte", |m| format!("{:.1}", m.hash_per_byte));
    row("One Ed25519 verification, instructions", |m| grouped(m.ed25519));
    row("Stack, bytes", |m| grouped(m.stack));
    row("Flash for the boot loader, the verifier in it, bytes", |m| grouped(m.boot_size));
    row("Boot decision, one of two slots with an image, instructions", |m| grouped(m.boot_instructions));
    row("Its stack, bytes", |m| grouped(m.boot_stack));
    println!();
    println!("Instructions, not cycles: QEMU counts them, and models neither the flash's wait states nor caches.");
    println!(
        "Proven in QEMU, unproven on silicon. Flash is .text, .rodata and .data beyond a program without the verifier."
    );
    println!();
    let checking = grouped(checking::instructions()?);
    println!("Checking a manifest of 200 images takes {checking} instructions on the host (callgrind).");
    println!();
    peer::compare()
}

fn measure(profile: Profile, index: &Path) -> Outcome<Measured> {
    verifier::build_programs(profile, Some(index))?;
    let whole = qemu::run(&profile.program("measure-verify")?)?;
    let parts = qemu::run(&profile.program("measure-primitives")?)?;
    let boot = qemu::run(&profile.program("measure-boot")?)?;
    Ok(Measured {
        size: verifier::size(profile, "measure-verify")?,
        instructions: figure(&whole, "instructions")?,
        hash_per_byte: figure(&parts, "sha256_instructions")? as f64 / figure(&parts, "sha256_bytes")? as f64,
        ed25519: figure(&parts, "ed25519_instructions")? / figure(&parts, "ed25519_verifications")?,
        stack: figure(&whole, "stack")?,
        boot_size: verifier::size(profile, "measure-boot")?,
        boot_instructions: figure(&boot, "instructions")?,
        boot_stack: figure(&boot, "stack")?,
    })
}

/// The number behind `name` in lines of a name and a number.
fn figure(lines: &str, name: &str) -> Outcome<u64> {
    let value = lines.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.ok_or_else(|| Failure::new(format!("no figure `{name}` in what the program on the target wrote:\n{lines}")))
}

/// Digits in groups of three.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let separated = digits.chars().rev().enumerate().flat_map(|(i, digit)| {
        let comma = (i > 0 && i % 3 == 0).then_some(',');
        comma.into_iter().chain([digit])
    });
    separated.collect::<Vec<_>>().into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{figure, grouped};

    #[test]
    fn digits_come_in_groups_of_three() {
        assert_eq!([7, 700, 7000, 1_234_567].map(grouped), ["7", "700", "7,000", "1,234,567"]);
    }

    #[test]
    fn a_figure_that_was_not_written_is_an_error() {
        let lines = "instructions 12\nstack 34\n";
        assert_eq!(figure(lines, "stack").ok(), Some(34));
        assert!(figure(lines, "bytes").is_err());
    }
}
