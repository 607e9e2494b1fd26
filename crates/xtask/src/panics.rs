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
/// Functions of the program, which call all of image-format: without them nothing would be looked at.
const CALLERS: [&str; 4] = ["judge_slot", "read_forms", "write_forms", "read_log"];

/// Fails if anything of image-format can panic. The program's cryptography is of its own, since curve25519-dalek can.
pub fn check() -> Outcome {
    verifier::build_programs(Profile::Size, None)?;
    // The control: a program that is known to have panics, those of curve25519-dalek.
    if panics(&functions(&Profile::Size.program("judge-vectors")?)?).is_empty() {
        return Err(Failure::new(
            "no panic is found in judge-vectors, which has some: names have changed, see panics.rs",
        ));
    }
    let functions = functions(&Profile::Size.program("format-alone")?)?;
    if let Some(missing) = CALLERS.iter().find(|name| !functions.iter().any(|function| function.contains(*name))) {
        return Err(Failure::new(format!("format-alone has no function {missing}: nothing would be looked at")));
    }
    let found = panics(&functions);
    if found.is_empty() {
        println!("none of {} functions can panic", functions.len());
        return Ok(());
    }
    Err(Failure::new(format!(
        "image-format can panic on the target: its program format-alone has {}. An index, a division, an overflow check or \
         copy_from_slice does that",
        found.join(", ")
    )))
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
