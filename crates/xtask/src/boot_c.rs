//! The static library for C: its judgement of each vector, on the host under sanitizers and on a Cortex-M7.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cases::{CASES, Case};
use image_format::{Check, Kind, Place, SoftwareCrypto};

use crate::{
    cargo::{CORTEX_M, Profile, command, for_cortex_m, for_firmware},
    process::{Failure, Outcome, capture, root, run, target_folder},
    qemu, tools,
};

/// What every file in C and C++ is compiled with.
const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// What every C file for the target is compiled with.
pub const STRICT: [&str; 5] = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// What finds a read or a write beyond an object, and whatever C leaves undefined.
const SANITIZERS: [&str; 3] = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/// The machine of the programs for QEMU.
pub const CORTEX_M7: [&str; 4] = ["-mcpu=cortex-m7", "-mthumb", "-mfpu=fpv5-d16", "-mfloat-abi=hard"];

/// What the library for a boot loader in C is built for.
#[derive(clap::Args)]
pub struct Library {
    /// Rust's name of the target. With a floating-point unit whose registers gcc passes arguments in, the one that ends in `hf`.
    #[arg(long, default_value = CORTEX_M)]
    target: String,
    /// The processor, where the target's least one is too little: `cortex-m7`.
    #[arg(long)]
    cpu: Option<String>,
    /// For few instructions instead of few bytes.
    #[arg(long)]
    speed: bool,
}

/// `cargo xtask library`: the static library for a board, with the flags that its size depends on.
pub fn library(Library { target, cpu, speed }: &Library) -> Outcome {
    tools::ensure_target(target)?;
    let profile = if *speed { Profile::Speed } else { Profile::Size };
    let cpu = cpu.as_ref().map(|cpu| format!("-Ctarget-cpu={cpu}"));
    let machine: Vec<&str> = cpu.as_deref().into_iter().collect();
    run(for_firmware("build", target, profile, &machine)?.args(["--package", "boot-c"]))?;
    println!("{}", target_folder()?.join(target).join(profile.name()).join("libwaxseal_boot.a").display());
    Ok(())
}

/// Judges every vector on the host, with gcc's sanitizers.
pub fn on_host() -> Outcome {
    run(command("build")?.args(["--package", "boot-c"]))?;
    let program = compile_for_host(Language::C, "judge", &folder()?)?;
    compare("gcc", &capture(&mut Command::new(&program))?)
}

/// What a program of tests/boot-c is compiled as.
#[derive(Clone, Copy)]
pub enum Language {
    /// C99, by gcc.
    C,
    /// C++17, by g++.
    Cpp,
}

/// Compiles a program of tests/boot-c with gcc's sanitizers and links the library, which was built for the host. The folder has the
/// headers that were generated for it, and gets the program.
pub fn compile_for_host(language: Language, name: &str, folder: &Path) -> Outcome<PathBuf> {
    let (tool, compiler, standard) = match language {
        Language::C => (tools::GCC, "gcc", ["-xc", "-std=c99"]),
        Language::Cpp => (tools::GXX, "g++", ["-xc++", "-std=c++17"]),
    };
    tool.ensure()?;
    let program = folder.join(format!("{name}-{compiler}"));
    let mut compile = Command::new(compiler);
    compile.args(standard).args(WARNINGS).args(SANITIZERS);
    sources(&mut compile, folder, name)?;
    // The library is no source, whatever the language before it.
    compile.arg("-xnone").arg(target_folder()?.join("debug/libwaxseal_boot.a"));
    capture(compile.args(["-lpthread", "-ldl", "-lm", "-o"]).arg(&program))?;
    Ok(program)
}

/// A number of a header that `waxseal gen c-header` wrote.
pub fn constant(header: &Path, name: &str) -> Outcome<u32> {
    let text = fs::read_to_string(header).map_err(Failure::at(header))?;
    let line = text.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name)?.strip_prefix(' '));
    let digits = line.map(|digits| digits.trim_end_matches('u'));
    digits
        .and_then(|digits| match digits.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => digits.parse().ok(),
        })
        .ok_or_else(|| Failure::new(format!("{} has no {name}", header.display())))
}

/// Judges every vector on a Cortex-M7.
pub fn on_cortex_m() -> Outcome {
    tools::ensure_target(CORTEX_M)?;
    tools::ensure_arm_gcc()?;
    run(for_cortex_m("build", Profile::Size)?.args(["--package", "boot-c"]))?;
    let folder = folder()?;
    let program = folder.join("judge.elf");
    let mut compile = Command::new("arm-none-eabi-gcc");
    compile.args(STRICT).args(CORTEX_M7).args(["-Os", "--specs=rdimon.specs", "-nostartfiles"]);
    sources(&mut compile, &folder, "judge")?;
    // It starts as the example does.
    let example = root()?.join("examples/boot");
    fs::copy(example.join("qemu.x"), folder.join("memory.x")).map_err(Failure::at(&folder))?;
    compile.arg(example.join("c/start.c")).arg("-L").arg(&folder).arg("-T").arg(example.join("c/sections.ld"));
    compile.arg(Profile::Size.program("libwaxseal_boot.a")?).arg("-o").arg(&program);
    capture(&mut compile)?;
    compare("Cortex-M7", &qemu::run_fast(&program, &[])?)
}

fn folder() -> Outcome<PathBuf> {
    let folder = target_folder()?.join("boot-c");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let vectors = folder.join("vectors.h");
    fs::write(&vectors, vectors_header()).map_err(Failure::at(&vectors))?;
    Ok(folder)
}

fn sources(compile: &mut Command, folder: &Path, name: &str) -> Outcome {
    let root = root()?;
    compile.arg("-I").arg(root.join("schema")).arg("-I").arg(folder);
    compile.arg(root.join(format!("tests/boot-c/{name}.c")));
    Ok(())
}

/// The vectors that a boot loader judges.
fn images() -> impl Iterator<Item = &'static Case> {
    CASES.iter().filter(|case| case.kind == Kind::Image)
}

/// Fails if a line is not what Rust says.
fn compare(where_: &str, said: &str) -> Outcome {
    let judged = |case: &Case| match case.boot(&mut SoftwareCrypto) {
        Ok(_) => format!("{} 0 0", case.name),
        Err(error) => format!("{} {} {}", case.name, error.code.number(), error.offset),
    };
    let expected: Vec<_> = images().map(judged).collect();
    let said: Vec<_> = said.lines().collect();
    if let Some((expected, said)) = expected.iter().zip(&said).find(|(expected, said)| expected != said) {
        return Err(Failure::new(format!("{where_}: the C library says `{said}`, and Rust `{expected}`")));
    }
    if expected.len() != said.len() {
        return Err(Failure::new(format!("{where_}: {} of {} vectors were judged", said.len(), expected.len())));
    }
    println!("{where_}: {} vectors judged through C as by Rust", said.len());
    Ok(())
}

/// The vectors as C.
fn vectors_header() -> String {
    let mut text = String::new();
    let mut table = String::new();
    for (number, case) in images().enumerate() {
        let mut array = |name: &str, type_name: &str, values: String| {
            let _ = writeln!(text, "static const {type_name} {name}_{number}[] = {{{values}}};");
            format!("{name}_{number}")
        };
        let mut bytes = |name: &str, bytes: &[u8]| array(name, "uint8_t", list(bytes));
        let image = bytes("image", case.image);
        let (vendor, class) = match case.device {
            Check::Require(device) => {
                (pointer(16, &bytes("vendor", &device.vendor_id)), pointer(16, &bytes("class", &device.class_id)))
            }
            Check::Waived => ("NULL".to_owned(), "NULL".to_owned()),
        };
        let revision = match &case.revision {
            Check::Require(revision) => pointer(4, &bytes("revision", revision)),
            Check::Waived => "NULL".to_owned(),
        };
        let keys = pointer(32, &bytes("keys", case.keys.as_flattened()));
        let place = match &case.place {
            Check::Require(Place { layout, run_address, payload_offset }) => {
                array("place", "waxseal_place", format!("{{{{{}}}, {run_address}u, {payload_offset}u}}", list(layout)))
            }
            Check::Waived => "NULL".to_owned(),
        };
        let counter = match case.counter {
            Check::Require(counter) => array("counter", "uint32_t", format!("{counter}u")),
            Check::Waived => "NULL".to_owned(),
        };
        let (count, threshold) = (case.keys.len(), case.threshold);
        let policy = format!("{{{keys}, {count}, {threshold}, {vendor}, {class}, {revision}, {place}, {counter}}}");
        let size = case.image.len();
        let (room, is_slot) = case.slot.map_or((size.to_string(), 0), |room| (room.to_string(), 1));
        let fault = case.fault.unwrap_or(u32::MAX);
        let _ = writeln!(table, "    {{\"{}\", {image}, {size}u, {fault}u, {room}u, {is_slot}, {policy}}},", case.name);
    }
    text + "static const struct vector vectors[] = {\n" + &table + "};\n"
}

/// An array of bytes as a pointer to an array of this size.
fn pointer(size: usize, name: &str) -> String {
    format!("(const uint8_t (*)[{size}]){name}")
}

/// The elements of an array. C has no empty ones.
fn list(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "0".to_owned();
    }
    bytes.iter().map(|byte| format!("{byte},")).collect()
}
