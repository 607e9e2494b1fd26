//! The programs of tests/target, and how large they are.

use std::{fs, path::Path};

use goblin::elf::Elf;

use crate::{
    cargo::{CORTEX_M, Profile, for_cortex_m},
    process::{Failure, Outcome, run},
    tools,
};

/// Builds all programs of tests/target.
pub fn build_programs(profile: Profile) -> Outcome {
    build(profile, None, &[])
}

/// Builds some programs of tests/target. `index` names another index of vectors than the committed one.
pub fn build(profile: Profile, index: Option<&Path>, programs: &[&str]) -> Outcome {
    tools::ensure_target(CORTEX_M)?;
    let mut build = for_cortex_m("build", profile)?;
    build.args(["--package", "target-tests", "--features", "qemu"]).env_remove("WAXSEAL_VECTORS");
    build.args(programs.iter().flat_map(|program| ["--bin", program]));
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

/// Bytes of .text, .rodata and .data.
pub fn loaded_bytes(program: &Path) -> Outcome<u64> {
    let bytes = fs::read(program).map_err(Failure::at(program))?;
    let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", program.display())))?;
    let counted = |name: Option<&str>| matches!(name, Some(".text" | ".rodata" | ".data"));
    let sections = elf.section_headers.iter().filter(|section| counted(elf.shdr_strtab.get_at(section.sh_name)));
    Ok(sections.map(|section| section.sh_size).sum())
}
