//! Hands the linker the memory of the slot that this build is for.

use std::{env, error::Error, fs, path::PathBuf};

/// Names the file that `waxseal gen linker` wrote for the slot. Relative paths count from this folder.
const VARIABLE: &str = "WAXSEAL_MEMORY_X";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let Some(script) = env::var_os(VARIABLE).map(PathBuf::from) else {
        println!("cargo::error={VARIABLE} is not set: it names the memory.x of the slot to build for");
        println!("cargo::error=`waxseal gen linker r1b.toml --slot a` writes one; `cargo demo` does all of it");
        return Ok(());
    };
    println!("cargo::rerun-if-changed={}", script.display());
    let memory = fs::read(&script).map_err(|e| format!("{VARIABLE}: {}: {e}", script.display()))?;

    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    fs::write(out.join("memory.x"), memory)?;
    println!("cargo::rustc-link-search={}", out.display());
    Ok(())
}
