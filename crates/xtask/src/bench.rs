//! `cargo xtask bench`: what MEASURED.md shows. Bytes and instructions as counts, time only as a ratio to a peer.

use crate::{
    checking,
    cost::{self, grouped},
    line, peer,
    process::Outcome,
    web,
};

/// Prints the tables.
pub fn bench() -> Outcome {
    println!("Judging and booting an image of 256 KiB on a Cortex-M7:");
    println!();
    cost::print()?;
    println!();
    println!("Instructions, not cycles: QEMU counts them, and models neither the flash's wait states nor caches.");
    println!(
        "Proven in QEMU, unproven on silicon. Flash is .text, .rodata and .data beyond a program without the verifier."
    );
    println!();
    let checking = grouped(checking::instructions()?);
    println!("Checking a manifest of 200 images takes {checking} instructions on the host (callgrind).");
    println!();
    web::compare()?;
    println!();
    peer::compare()?;
    line::compare()
}
