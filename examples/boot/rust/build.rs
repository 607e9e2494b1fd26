//! Hands the linker the memory that this build is for, and the compiler what `waxseal gen` wrote.

use std::{env, error::Error, fs, path::PathBuf};

/// Names the linker script with the memory: what `waxseal gen linker` wrote, or qemu.x for the boot loader in QEMU.
const MEMORY: &str = "WAXSEAL_MEMORY_X";
/// Names the folder with layout.rs and trust.rs, which are one manifest's; for an STM32F767 with layout.bin too.
const GENERATED: &str = "WAXSEAL_GENERATED";

fn main() -> Result<(), Box<dyn Error>> {
    let (memory, generated) = (path(MEMORY)?, path(GENERATED)?);
    println!("cargo::rerun-if-changed={}", generated.display());
    println!("cargo::rustc-env={GENERATED}={}", generated.display());
    println!("cargo::rerun-if-changed={}", memory.display());
    let script = fs::read(&memory).map_err(|e| format!("{MEMORY}: {}: {e}", memory.display()))?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    fs::write(out.join("memory.x"), script)?;
    println!("cargo::rustc-link-search={}", out.display());
    Ok(())
}

fn path(variable: &str) -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var_os(variable).map(PathBuf::from).ok_or_else(|| {
        format!("{variable} is not set: `cargo xtask test \"boot loader\"` sets it, see the example's README")
    })
}
