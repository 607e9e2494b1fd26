//! How large verifier and boot loader are on the target, and a guard that they stay so.

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
/// What the boot loader may take with the verifier and each strategy in it. Measured: 33.5 KB.
const BOOT_BUDGET: u64 = 36 * 1024;

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

/// Bytes of flash that a program takes for what it measures, once the programs are built: minus the same program without that.
pub fn size(profile: Profile, program: &str) -> Outcome<u64> {
    let with = loaded_bytes(&profile.program(program)?)?;
    let without = loaded_bytes(&profile.program("measure-empty")?)?;
    with.checked_sub(without).ok_or_else(|| Failure::new("measure-empty is the larger program"))
}

/// Fails if the verifier or the boot loader has outgrown its budget.
pub fn check_size() -> Outcome {
    for (what, program, budget) in
        [("verifier", "measure-verify", BUDGET), ("boot loader", "measure-boot", BOOT_BUDGET)]
    {
        let size = size(Profile::Size, program)?;
        println!("the {what} takes {size} of {budget} bytes");
        if size > budget {
            return Err(Failure::new(format!(
                "the {what} takes {size} bytes, and its budget is {budget}: is sha2's compact back end lost?"
            )));
        }
    }
    Ok(())
}

/// Bytes of .text, .rodata and .data.
pub fn loaded_bytes(program: &Path) -> Outcome<u64> {
    let bytes = fs::read(program).map_err(Failure::at(program))?;
    let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", program.display())))?;
    let counted = |name: Option<&str>| matches!(name, Some(".text" | ".rodata" | ".data"));
    let sections = elf.section_headers.iter().filter(|section| counted(elf.shdr_strtab.get_at(section.sh_name)));
    Ok(sections.map(|section| section.sh_size).sum())
}
