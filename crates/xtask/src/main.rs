//! The project's own tasks.
//!
//! A task installs what it needs and this machine lacks, or says how; it never skips what it cannot do.

mod bench;
mod boot_c;
mod boot_example;
mod boot_f767;
mod boot_life;
mod c_api;
mod campaign;
mod cargo;
mod checking;
mod cost;
mod demo;
mod devices;
mod diagnostics;
mod entries;
mod example;
mod r#gen;
mod generated;
mod header;
mod large;
mod line;
mod page;
mod panics;
mod peer;
mod power;
mod process;
mod qemu;
mod reproducible;
mod sample;
mod skips;
mod test;
mod tools;
mod vectors;
mod verifier;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::process::{Outcome, run};

/// The project's own tasks.
#[derive(Parser)]
#[command(name = "cargo xtask", after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 4 a program is missing.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds, seals and judges the example r1b, and shows each step.
    Demo,
    /// Runs every test on host, Cortex-M7 (QEMU) and Node.
    Test {
        /// Only the steps whose name has this.
        step: Option<String>,
    },
    /// Writes the generated files.
    Gen {
        /// Fails if a file is not as it would be written, and writes nothing.
        #[arg(long)]
        check: bool,
    },
    /// Writes the test vectors.
    Vectors {
        /// Fails if a file is not as it would be written, and writes nothing.
        #[arg(long)]
        check: bool,
    },
    /// Writes schema/devices/parts and second-source.toml from the data of other projects.
    Devices(devices::Sources),
    /// Builds the example's firmware, once for each slot.
    Firmware,
    /// Builds the static library for boot loaders and applications in C, and prints where it is.
    Library(boot_c::Library),
    /// Builds the WebAssembly package, and the page into wasm/dist.
    Wasm,
    /// Builds the package and the page, and serves the page on this machine.
    Serve {
        /// The port; 0 is any that is free.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
    /// Measures the verifier and the packer, and prints a table for MEASURED.md.
    Bench {
        /// Only `waxseal build` against its peers.
        #[arg(long)]
        builds: bool,
        /// Only `waxseal otp build` of many boards.
        #[arg(long, conflicts_with = "builds")]
        line: bool,
    },
    /// Runs a test with as many cases as one likes.
    #[command(subcommand)]
    Campaign(campaign::Campaign),
    /// Judges licences, sources and versions of dependencies. Needs cargo-deny.
    Deny,
}

fn main() -> ExitCode {
    match perform(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let message = failure.to_string();
            if !message.is_empty() {
                eprintln!("error: {message}");
            }
            ExitCode::from(failure.code)
        }
    }
}

fn perform(task: Task) -> Outcome {
    match task {
        Task::Demo => demo::demo(),
        Task::Test { step } => test::test(step.as_deref().unwrap_or_default()),
        Task::Gen { check } => r#gen::run(check),
        Task::Vectors { check } => vectors::run(check),
        Task::Devices(sources) => devices::import(&sources),
        Task::Firmware => example::firmware(),
        Task::Library(library) => boot_c::library(&library),
        Task::Wasm => test::wasm().and_then(|()| page::build()),
        Task::Serve { port } => page::serve(port),
        Task::Bench { builds: true, .. } => peer::compare(),
        Task::Bench { line: true, .. } => line::compare(),
        Task::Bench { .. } => bench::bench(),
        Task::Campaign(campaign) => campaign::run_campaign(&campaign),
        Task::Deny => deny(),
    }
}

fn deny() -> Outcome {
    tools::ensure_cargo_deny()?;
    // Advisories would need the network and change without a commit.
    run(cargo::command("deny")?.args(["check", "bans", "licenses", "sources"]))
}
