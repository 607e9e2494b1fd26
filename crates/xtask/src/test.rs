//! `cargo xtask test`: every test there is. A failure does not keep the others from running.

use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

use crate::{
    boot_c, boot_example, boot_f767, boot_life, campaign,
    cargo::{CORTEX_M, Profile, WASM, build_waxseal, build_xtask_wasm, command, for_cortex_m, for_target},
    cost, demo,
    entries::ENTRIES,
    example::{Example, SLOTS},
    r#gen, header, page, panics,
    process::{Failure, Outcome, capture, root, run},
    qemu, reproducible, skips, tools, vectors, verifier,
};

/// A name and what must not fail.
type Step = (&'static str, fn() -> Outcome);

/// Quick ones first; each builds on what those before it have built.
const STEPS: &[Step] = &[
    ("format", format),
    ("generated files", || r#gen::run(true)),
    ("header for C and C++", header::check),
    ("vectors through C", boot_c::on_host),
    ("a life through C", boot_life::check),
    ("vectors as generated", || vectors::run(true)),
    ("lint for the host", lint_host),
    ("documentation", document),
    ("tests on the host", test_host),
    ("image-format alone", test_image_format),
    ("records without a database", build_records),
    ("demo", demo::demo),
    ("the same bytes elsewhere", reproducible::check),
    ("lint for the Cortex-M7", lint_cortex_m),
    ("vectors on a Cortex-M7", vectors_on_cortex_m),
    ("boards' OTP on a Cortex-M7", otp_on_cortex_m),
    ("vectors through C on a Cortex-M7", boot_c::on_cortex_m),
    ("boot loader in Rust", boot_example::in_rust),
    ("boot loader in C", boot_example::in_c),
    ("boot loader for an STM32F767", boot_f767::check),
    ("mutations on host and Cortex-M7", campaign::differential_test),
    ("cost on the target", cost::check),
    ("no panic on the target", panics::check),
    ("skipped branches", skips::test),
    ("lint for WebAssembly", lint_wasm),
    ("npm package", npm_package),
    ("page in Chromium", page_in_chromium),
    ("vectors by a stranger's reader", vectors_by_a_stranger),
];

/// Peers that tests on the host compare with.
const HOST_TOOLS: [tools::Tool; 8] = [
    tools::OPENSSL,
    tools::SSH_KEYGEN,
    tools::SCRIPT,
    tools::DFU_SUFFIX,
    tools::OBJCOPY,
    tools::GCC,
    tools::GXX,
    tools::BINUTILS,
];
/// The members that are not built for the host.
const NOT_FOR_HOST: [&str; 6] = ["--exclude", "waxseal-wasm", "--exclude", "r1b-firmware", "--exclude", "boot-example"];
/// What turns a warning into a failure, for clippy only: RUSTFLAGS would replace flags that builds need.
const DENY_WARNINGS: [&str; 3] = ["--", "-D", "warnings"];

/// What code that judges hostile bytes must do without, on the target and in browsers; for `--no-deps`, since hosts' crates may do it.
const MUST_NOT_PANIC: [&str; 8] = [
    "--no-deps",
    "--",
    "-Dwarnings",
    "-Dclippy::indexing_slicing",
    "-Dclippy::unwrap_used",
    "-Dclippy::expect_used",
    "-Dclippy::panic",
    "-Dclippy::arithmetic_side_effects",
];

/// Runs all steps whose name has `part`. The last line is `N passed, N failed`.
pub fn test(part: &str) -> Outcome {
    let mut results = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| name.contains(part)) {
        println!("== {name}");
        let result = step();
        if let Err(failure) = &result {
            println!("{failure}");
        }
        results.push((name, result.is_ok()));
    }
    println!("==");
    for (name, passed) in &results {
        println!("{}  {name}", if *passed { "ok    " } else { "FAILED" });
    }
    let passed = results.iter().filter(|(_, passed)| *passed).count();
    let failed = results.len() - passed;
    println!("{passed} passed, {failed} failed");
    match (failed, passed) {
        (0, 0) => Err(Failure::new(format!("no step has `{part}` in its name"))),
        (0, _) => Ok(()),
        _ => Err(Failure::told()),
    }
}

fn format() -> Outcome {
    run(command("fmt")?.args(["--all", "--check"]))
}

fn lint_host() -> Outcome {
    run(command("clippy")?.args(["--workspace", "--all-targets"]).args(NOT_FOR_HOST).args(DENY_WARNINGS))?;
    let on_target = ["--package", "image-format", "--package", "boot", "--package", "boot-c", "--lib"];
    run(command("clippy")?.args(on_target).args(MUST_NOT_PANIC))
}

/// A link that leads nowhere fails.
fn document() -> Outcome {
    run(command("doc")?.args(["--workspace", "--no-deps"]).args(NOT_FOR_HOST).env("RUSTDOCFLAGS", "-Dwarnings"))
}

fn test_host() -> Outcome {
    for tool in HOST_TOOLS {
        tool.ensure()?;
    }
    tools::ensure_arm_gcc()?;
    tools::ensure_postgresql()?;
    run(command("test")?.arg("--workspace").args(NOT_FOR_HOST))?;
    run(command("test")?.args(["--package", "boot", "--features", "embedded-storage", "--doc"]))
}

/// With the packer in the same build, image-format's dependencies get features that a target does not give them.
fn test_image_format() -> Outcome {
    tools::ensure_target(CORTEX_M)?;
    tools::ensure_target(WASM)?;
    let package = ["--package", "image-format"];
    run(command("test")?.args(package))?;
    run(command("build")?.args(package).arg("--no-default-features"))?;
    run(for_cortex_m("build", Profile::Size)?.args(package))?;
    run(for_target("build", WASM, "web")?.args(package))
}

/// What a browser writes down of the boards that it burns, without the databases of the ledger.
fn build_records() -> Outcome {
    tools::ensure_target(WASM)?;
    run(for_target("build", WASM, "web")?.args(["--package", "ledger", "--no-default-features"]))
}

fn lint_cortex_m() -> Outcome {
    tools::ensure_target(CORTEX_M)?;
    let programs = ["--package", "target-tests", "--features", "qemu"];
    run(for_cortex_m("clippy", Profile::Size)?.args(programs).args(DENY_WARNINGS))?;
    run(for_cortex_m("clippy", Profile::Size)?.args(["--package", "boot-c"]).args(DENY_WARNINGS))?;
    boot_example::lint()?;
    let example = Example::here()?;
    example.prepare()?;
    run(example.cargo("clippy", SLOTS[0])?.args(DENY_WARNINGS))
}

fn vectors_on_cortex_m() -> Outcome {
    verifier::build_programs(Profile::Size)?;
    let judged = qemu::run(&Profile::Size.program("judge-vectors")?)?;
    println!("{} vectors judged as the index says", judged.lines().count());
    Ok(())
}

/// The vectors of fields by the format's reader, and whole boards by generated accessors.
fn otp_on_cortex_m() -> Outcome {
    verifier::build_programs(Profile::Size)?;
    let read = qemu::run(&Profile::Size.program("read-otp")?)?;
    println!("{} fields read as written down", read.lines().count());
    Ok(())
}

fn lint_wasm() -> Outcome {
    tools::ensure_target(WASM)?;
    let lint = |feature: &str, lints: &[&str]| {
        let entry = ["--package", "waxseal-wasm", "--no-default-features", "--features", feature];
        run(for_target("clippy", WASM, "web")?.args(entry).args(lints))
    };
    // The crates behind the entries have the same features in each of them.
    lint("full", &DENY_WARNINGS)?;
    ENTRIES.iter().try_for_each(|(_, feature)| lint(feature, &MUST_NOT_PANIC))
}

fn npm_package() -> Outcome {
    tools::CHROMIUM.ensure()?;
    page::install_packages()?;
    wasm()?;
    node_tests("wasm/test", Some(build_waxseal()?))
}

fn page_in_chromium() -> Outcome {
    tools::CHROMIUM.ensure()?;
    wasm()?;
    page::build()?;
    node_tests("wasm/page/test", None)
}

/// The reader that was written from the specification alone: if it disagrees, one of the two is wrong.
fn vectors_by_a_stranger() -> Outcome {
    node_tests("tests/reader", None)
}

/// Runs the tests of a folder with Node's own test runner. `WAXSEAL` names the command to those that seal something.
fn node_tests(folder: &str, waxseal: Option<PathBuf>) -> Outcome {
    tools::NODE.ensure()?;
    let folder = root()?.join(folder);
    let files = fs::read_dir(&folder).map_err(Failure::at(&folder))?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut tests = files.filter(|file| file.to_string_lossy().ends_with(".test.mjs")).collect::<Vec<PathBuf>>();
    tests.sort();
    if tests.is_empty() {
        return Err(Failure::new(format!("{}: no *.test.mjs, so nothing would be tested", folder.display())));
    }
    let mut node = Command::new("node");
    node.arg("--test").args(tests).envs(waxseal.map(|waxseal| ("WAXSEAL", waxseal))).current_dir(root()?);
    capture(&mut node).map(drop)
}

/// `cargo xtask wasm`: builds the npm package, once a run: its entries are one crate, so that each build of cargo's takes the place of the one
/// before, and is begun anew. A program of its own, so that xtask need not build wasm-bindgen for the rest.
pub fn wasm() -> Outcome {
    static BUILT: OnceLock<()> = OnceLock::new();
    if BUILT.get().is_some() {
        return Ok(());
    }
    tools::ensure_target(WASM)?;
    run(&mut Command::new(build_xtask_wasm()?))?;
    BUILT.get_or_init(|| ());
    Ok(())
}
