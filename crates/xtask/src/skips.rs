//! `cargo xtask campaign skips`: an instruction of the boot decision is skipped, as a disturbed supply does it, each one in turn. No
//! image that must not start may start.

use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread::{self, available_parallelism},
};

use goblin::elf::Elf;

use crate::{
    cargo::Profile,
    process::{Failure, Outcome, target_folder},
    qemu::{self, Instruction},
    sample, verifier,
};

/// The program, of tests/target.
const PROGRAM: &str = "decide-hostile";
/// Its arguments: what is wrong with the image.
const HOSTILE: [&str; 3] = ["counter", "signature", "payload"];
/// Bytes of the payload: a few blocks of the hash.
const PAYLOAD: usize = 600;
/// Functions whose names have one of these are judged: what decides, and what is inlined into it.
const OURS: [&str; 3] = ["image_format", "4boot", "decide_hostile6decide"];
/// But for these: cryptography is a library's, and one instruction of it may well make a yes.
const NOT_OURS: [&str; 2] = ["verify_ed25519", "software"];

/// The campaign of `cargo xtask test`: skips every branch that a refusal runs through.
pub fn test() -> Outcome {
    skip(&[Profile::Size], |instruction| instruction.decides)
}

/// Skips every instruction that a refusal runs through.
pub fn campaign() -> Outcome {
    skip(&[Profile::Size, Profile::Speed], |_| true)
}

fn skip(profiles: &[Profile], which: fn(&Instruction) -> bool) -> Outcome {
    for profile in profiles.iter().copied() {
        let index = sample::write(&target_folder()?.join("skips"), PAYLOAD)?;
        verifier::build(profile, Some(&index), &[PROGRAM])?;
        let program = Program::read(&profile.program(PROGRAM)?)?;
        let started = qemu::run_bounded(&program.path, "nothing")?;
        let start = started.trim().to_owned();
        if !start.starts_with("starts ") {
            return Err(Failure::new(format!("the image starts when nothing is wrong with it, but: {started}")));
        }
        for hostile in HOSTILE {
            let mut skipped = program.executed(hostile)?;
            skipped.retain(|_, instruction| which(instruction));
            let found = program.skip_each(&skipped, hostile, &start)?;
            if !found.is_empty() {
                let list: Vec<_> = found.iter().map(|at| format!("{at:#x} in {}", program.function(*at))).collect();
                return Err(Failure::new(format!(
                    "{} profile, wrong {hostile}: the image starts where one of these is skipped:\n  {}",
                    profile.name(),
                    list.join("\n  ")
                )));
            }
            println!(
                "{}, wrong {hostile}: refused, whichever of {} instructions is skipped",
                profile.name(),
                skipped.len()
            );
        }
    }
    Ok(())
}

/// A program whose instructions can be replaced.
struct Program {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Functions by their addresses.
    functions: Vec<(Range<u32>, String)>,
    /// Where the bytes of an address are in the file.
    segments: Vec<(Range<u32>, usize)>,
}

impl Program {
    fn read(path: &Path) -> Outcome<Self> {
        let bytes = fs::read(path).map_err(Failure::at(path))?;
        let elf = Elf::parse(&bytes).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
        let symbols = elf.syms.iter().filter(|symbol| symbol.is_function() && symbol.st_size > 0);
        let functions = symbols
            .map(|symbol| {
                let start = symbol.st_value as u32 & !1;
                (start..start + symbol.st_size as u32, elf.strtab.get_at(symbol.st_name).unwrap_or("").to_owned())
            })
            .collect();
        let segments =
            elf.program_headers.iter().filter(|segment| segment.p_type == goblin::elf::program_header::PT_LOAD);
        let segments =
            segments.map(|s| (s.p_vaddr as u32..(s.p_vaddr + s.p_filesz) as u32, s.p_offset as usize)).collect();
        Ok(Program { path: path.to_owned(), functions, segments, bytes })
    }

    fn function(&self, at: u32) -> &str {
        self.functions.iter().find(|(range, _)| range.contains(&at)).map_or("", |(_, name)| name)
    }

    fn offset(&self, at: u32) -> Option<usize> {
        let (range, offset) = self.segments.iter().find(|(range, _)| range.contains(&at))?;
        Some(offset + (at - range.start) as usize)
    }

    /// The instructions of ours that a refusal runs through.
    fn executed(&self, hostile: &str) -> Outcome<BTreeMap<u32, Instruction>> {
        let mut all = qemu::instructions(&self.path, hostile)?;
        all.retain(|at, _| {
            let name = self.function(*at);
            OURS.iter().any(|part| name.contains(part)) && !NOT_OURS.iter().any(|part| name.contains(part))
        });
        if all.len() < 500 {
            return Err(Failure::new(format!(
                "only {} instructions of ours were found: have names changed?",
                all.len()
            )));
        }
        Ok(all)
    }

    /// Skips each instruction, and returns those without which the image starts.
    fn skip_each(&self, instructions: &BTreeMap<u32, Instruction>, hostile: &str, start: &str) -> Outcome<Vec<u32>> {
        let instructions: Vec<_> = instructions.iter().collect();
        let next = AtomicUsize::new(0);
        let (instructions, next) = (&instructions, &next);
        let worker = |number: usize| -> Outcome<Vec<u32>> {
            let path = self.path.with_extension(format!("skip{number}"));
            let mut found = Vec::new();
            while let Some((at, instruction)) = instructions.get(next.fetch_add(1, Ordering::Relaxed)) {
                let mut bytes = self.bytes.clone();
                let code = self.offset(**at).and_then(|offset| bytes.get_mut(offset..offset + instruction.size));
                for half in code.ok_or_else(|| Failure::new("no code"))?.chunks_exact_mut(2) {
                    // NOP.
                    half.copy_from_slice(&[0x00, 0xBF]);
                }
                fs::write(&path, bytes).map_err(Failure::at(&path))?;
                if qemu::run_bounded(&path, hostile)?.contains(start) {
                    found.push(**at);
                }
            }
            let _ = fs::remove_file(&path);
            Ok(found)
        };
        let threads = available_parallelism().map_or(1, usize::from);
        let found = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|number| scope.spawn(move || worker(number))).collect();
            workers
                .into_iter()
                .map(|worker| worker.join().map_err(|_| Failure::new("a thread ended"))?)
                .collect::<Outcome<Vec<_>>>()
        })?;
        let mut found = found.concat();
        found.sort_unstable();
        Ok(found)
    }
}
