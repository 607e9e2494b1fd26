//! Generated sources are what linkers and compilers take, for every die and mode of the database.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use manifest::plan::{ImageKind, Plan};
use manifest::{Source, check, includes, start};
use packer::build::{Input, check_input};
use packer::linker::memory_x;
use packer::source::{Language, layout};
use waxseal_tests::examples;

/// A program with a vector table, code, and data that is copied to RAM.
const PROGRAM: &str = "\
.syntax unified
.cpu cortex-m0
.thumb
.section .vector_table, \"a\"
.word stack
.word reset
.section .text.reset, \"ax\"
.thumb_func
.global reset
reset: b reset
.section .data, \"aw\"
.balign 4
.word 1
.section .bss, \"aw\", %nobits
.space 4
";

/// A linker script of a C project that takes its memory from us.
const SCRIPT: &str = "\
INCLUDE memory.x
ENTRY(reset)
stack = ORIGIN(RAM) + LENGTH(RAM);
SECTIONS
{
  .vector_table ORIGIN(FLASH) : { KEEP(*(.vector_table)) } > FLASH
  .text : { *(.text .text.*) } > FLASH
  .data : { *(.data) } > RAM AT > FLASH
  .bss (NOLOAD) : { *(.bss) } > RAM
  /DISCARD/ : { *(.ARM.attributes) }
}
";

/// A plan for each die and mode, and those of the examples: the manifest that `waxseal new` writes. Flash of which nobody
/// knows how it is programmed has none.
fn plans() -> Vec<Plan> {
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for part in geometry::parts().unwrap() {
        for mode in &part.modes {
            let Some(text) = start::manifest(&part, mode, None, "acme.example", "gateway") else { continue };
            // Parts of one die differ in what the text says, or in nothing that is generated.
            if seen.insert((part.die.clone(), text.replace(&part.name, ""))) {
                plans.extend(check(&Source { name: "m.toml".into(), text }).plan);
            }
        }
    }
    assert!(plans.len() >= 100, "only {}", plans.len());
    let examples: Vec<Plan> = examples().iter().map(|manifest| example(manifest)).collect();
    assert!(examples.len() >= 5);
    plans.extend(examples);
    plans
}

/// An example's plan.
fn example(manifest: &Path) -> Plan {
    let read = |path: &Path, name: &str| Source { name: name.into(), text: fs::read_to_string(path).unwrap() };
    let mut sources = vec![read(manifest, "m.toml")];
    for fragment in includes(&sources[0]) {
        sources.push(read(&manifest.with_file_name(&fragment.value), &fragment.value));
    }
    let checked = check(&sources);
    checked.plan.unwrap_or_else(|| panic!("{}: {:?}", manifest.display(), checked.diagnostics))
}

/// Does something with each plan, in a folder of its own, on all cores.
fn with_each(plans: &[Plan], work: impl Fn(&Plan, &Path) + Sync) {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(plan, folder.path());
                }
            });
        }
    });
}

/// Runs a program, which must say nothing and end well.
#[track_caller]
fn run(command: &mut Command, about: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{about}: {command:?}: {}\n{said}", output.status);
}

/// rust-lld, which rustup installs beside rustc.
fn rust_lld() -> PathBuf {
    let output = Command::new("rustc").args(["--print", "target-libdir"]).output().unwrap();
    Path::new(String::from_utf8(output.stdout).unwrap().trim()).parent().unwrap().join("bin/rust-lld")
}

#[test]
fn both_linkers_put_the_program_where_the_packer_wants_it() {
    let shared = tempfile::tempdir().unwrap();
    let object = shared.path().join("program.o");
    fs::write(shared.path().join("program.s"), PROGRAM).unwrap();
    let source = shared.path().join("program.s");
    run(Command::new("arm-none-eabi-as").arg(&source).arg("-o").arg(&object), "program.s");
    let lld = rust_lld();
    with_each(&plans(), |plan, folder| {
        fs::write(folder.join("program.ld"), SCRIPT).unwrap();
        for slot in plan.slots.iter().filter(|slot| holds_code(plan, &slot.name.value)) {
            let name = &slot.name.value;
            let about = format!("{}, slot {name}", plan.device.part.name);
            fs::write(folder.join("memory.x"), memory_x(plan, name, "m.toml").unwrap()).unwrap();
            let mut gnu = Command::new("arm-none-eabi-ld");
            let mut rust = Command::new(&lld);
            rust.args(["-flavor", "gnu"]);
            for (linker, name) in [(&mut gnu, "gnu.elf"), (&mut rust, "lld.elf")] {
                linker.current_dir(folder).args(["-T", "program.ld", "-o", name]).arg(&object);
                run(linker, &about);
                let elf = fs::read(folder.join(name)).unwrap();
                judge(plan, &slot.name.value, &elf, &format!("{about}, {name}"));
            }
        }
    });
}

/// Whether a program can be linked for this slot: the boot loader's, or an image's of firmware.
fn holds_code(plan: &Plan, slot: &str) -> bool {
    let firmware = plan.images.iter().filter(|image| image.kind.value == ImageKind::Firmware);
    plan.boot.is_slot(slot) || firmware.flat_map(|image| &image.placements).any(|place| place.slot.value == slot)
}

/// Whether the packer takes the program for this slot.
#[track_caller]
fn judge(plan: &Plan, slot: &str, elf: &[u8], about: &str) {
    let placed = plan.images.iter().flat_map(|image| image.placements.iter().map(move |place| (image, place)));
    if let Some((image, place)) = placed.into_iter().find(|(_, place)| place.slot.value == slot) {
        let input = Input { image: &image.name.value, slot, name: "program.elf", bytes: elf };
        let payload = check_input(plan, image, place, &input).unwrap_or_else(|found| panic!("{about}: {found:?}"));
        // Code and data follow the vector table; what the linkers put between is theirs.
        assert!(payload.bytes.ends_with(&[1, 0, 0, 0]) && (14..=16).contains(&payload.bytes.len()), "{about}");
    }
}

#[test]
fn headers_are_strict_c99_and_cpp17() {
    let header = |plan: &Plan| layout(plan, "waxseal gen c-header m.toml").render(Language::C).unwrap();
    // Headers that differ in hex digits alone are equally right.
    let mut shapes = BTreeSet::new();
    let mut plans = plans();
    plans.retain(|plan| shapes.insert(header(plan).replace(|letter: char| letter.is_ascii_hexdigit(), "")));
    with_each(&plans, |plan, folder| {
        let header = header(plan);
        // Every constant is used, as its kind wants it.
        let mut uses = String::from("#include \"layout.h\"\n#include <stdint.h>\n");
        for (index, line) in header.lines().filter_map(|line| line.strip_prefix("#define WAXSEAL_")).enumerate() {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            let declaration = match value.chars().next() {
                Some('"') => format!("extern const char c{index}[]; const char c{index}[] = WAXSEAL_{name};\n"),
                Some('{') => format!(
                    "extern const uint8_t c{index}[WAXSEAL_{name}_BYTES]; const uint8_t c{index}[] = WAXSEAL_{name};\n"
                ),
                Some(_) => format!("extern const uint32_t c{index}; const uint32_t c{index} = WAXSEAL_{name};\n"),
                None => continue,
            };
            uses.push_str(&declaration);
        }
        fs::write(folder.join("layout.h"), header).unwrap();
        fs::write(folder.join("uses.c"), uses).unwrap();
        for (compiler, arguments) in [("gcc", ["-x", "c", "-std=c99"]), ("g++", ["-x", "c++", "-std=c++17"])] {
            let mut compile = Command::new(compiler);
            compile.current_dir(folder).args(arguments);
            compile.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "uses.c"]);
            run(&mut compile, &plan.device.part.name);
        }
    });
}

#[test]
fn constants_for_rust_compile() {
    let folder = tempfile::tempdir().unwrap();
    let mut source = String::from("#![no_std]\n#![deny(warnings, missing_docs, clippy::all)]\n//! All of them.\n");
    for (index, plan) in plans().iter().enumerate() {
        let constants = layout(plan, "waxseal gen rust m.toml").render(Language::Rust).unwrap();
        source.push_str(&format!("/// {}\npub mod m{index} {{\n{constants}}}\n", plan.device.part.name));
    }
    fs::write(folder.path().join("all.rs"), source).unwrap();
    let mut compile = Command::new("rustc");
    compile.current_dir(folder.path()).args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "all.rs"]);
    run(&mut compile, "all.rs");
}
