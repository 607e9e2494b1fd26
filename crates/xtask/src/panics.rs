//! Whether anything in a program for the target can panic: whether what panics call is linked.

use std::{fs, path::Path};

use goblin::elf::Elf;

use crate::{
    cargo::Profile,
    process::{Failure, Outcome},
    verifier,
};

/// Parts of the names of functions in core that only a panic calls, and of the handler itself: whatever can panic keeps that.
const PANICS: [&str; 6] =
    ["panic", "rust_begin_unwind", "unwrap_failed", "expect_failed", "slice_index", "len_mismatch_fail"];
/// Programs, and functions of theirs that call all of a crate: without them nothing would be looked at.
const PROGRAMS: [(&str, &str, &[&str]); 2] = [
    ("image-format", "format-alone", &["judge_slot", "read_forms", "write_forms", "read_log", "read_otp"]),
    ("boot", "boot-alone", &["decide", "run_application", "stage_update", "name_reasons"]),
];

/// Fails if anything of image-format or boot can panic. The programs' cryptography is of their own, since curve25519-dalek can.
pub fn check() -> Outcome {
    verifier::build_programs(Profile::Size)?;
    // The control: a program that is known to have panics, those of curve25519-dalek.
    if panics(&functions(&Profile::Size.program("judge-vectors")?)?).is_empty() {
        return Err(Failure::new(
            "no panic is found in judge-vectors, which has some: names have changed, see panics.rs",
        ));
    }
    for (name, program, callers) in PROGRAMS {
        let functions = functions(&Profile::Size.program(program)?)?;
        if let Some(missing) = callers.iter().find(|name| !functions.iter().any(|function| function.contains(*name))) {
            return Err(Failure::new(format!("{program} has no function {missing}: nothing would be looked at")));
        }
        let found = panics(&functions);
        if !found.is_empty() {
            return Err(Failure::new(format!(
                "{name} can panic on the target: its program {program} has {}. An index, a division, an overflow check or \
                 copy_from_slice does that",
                found.join(", ")
            )));
        }
        println!("{name}: none of {} functions can panic", functions.len());
    }
    Ok(())
}

fn panics(functions: &[String]) -> Vec<&str> {
    functions.iter().map(String::as_str).filter(|name| PANICS.iter().any(|part| name.contains(part))).collect()
}

/// Names of all functions in a program.
fn functions(program: &Path) -> Outcome<Vec<String>> {
    let bytes = fs::read(program).map_err(Failure::at(program))?;
    let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", program.display())))?;
    let functions = elf.syms.iter().filter(|symbol| symbol.is_function());
    Ok(functions.filter_map(|symbol| elf.strtab.get_at(symbol.st_name)).map(str::to_owned).collect())
}
