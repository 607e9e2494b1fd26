//! How large the verifier is on the target, and a guard that it stays so.

use std::{fs, path::Path};

use goblin::elf::Elf;

use crate::{
    cargo::{CORTEX_M, Profile, for_cortex_m},
    process::{Failure, Outcome, run},
    tools,
};

/// What the verifier may take in the size profile, in bytes. Measured: 21.8 KB.
///
/// Without sha2's compact back end it is about 32 KB more, so a lost `--cfg` does not go unnoticed.
const BUDGET: u64 = 24 * 1024;

/// Builds the programs of tests/target. `index` names another index of vectors than the committed one.
pub fn build_programs(profile: Profile, index: Option<&Path>) -> Outcome {
    tools::ensure_target(CORTEX_M)?;
    let mut build = for_cortex_m("build", profile)?;
    build.args(["--package", "target-tests", "--features", "qemu"]).env_remove("WAXSEAL_VECTORS");
    if let Some(index) = index {
        build.env("WAXSEAL_VECTORS", index);
    }
    run(&mut build)
}

/// Bytes of flash that the verifier takes, once the programs are built: a program with it minus the same one without.
pub fn size(profile: Profile) -> Outcome<u64> {
    let with = loaded_bytes(&profile.program("measure-verify")?)?;
    let without = loaded_bytes(&profile.program("measure-empty")?)?;
    with.checked_sub(without).ok_or_else(|| Failure::new("the program without the verifier is the larger one"))
}

/// Fails if the verifier has outgrown its budget.
pub fn check_size() -> Outcome {
    let size = size(Profile::Size)?;
    println!("the verifier takes {size} of {BUDGET} bytes");
    if size <= BUDGET {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the verifier takes {size} bytes, and its budget is {BUDGET}: is sha2's compact back end lost?"
    )))
}

/// Bytes of .text, .rodata and .data.
fn loaded_bytes(program: &Path) -> Outcome<u64> {
    let bytes = fs::read(program).map_err(Failure::at(program))?;
    let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", program.display())))?;
    let counted = |name: Option<&str>| matches!(name, Some(".text" | ".rodata" | ".data"));
    let sections = elf.section_headers.iter().filter(|section| counted(elf.shdr_strtab.get_at(section.sh_name)));
    Ok(sections.map(|section| section.sh_size).sum())
}
