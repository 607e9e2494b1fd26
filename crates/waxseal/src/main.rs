//! The command `waxseal`: packs, signs and judges firmware for STM32-class microcontrollers from one manifest.
//!
//! Arguments, files and rendering are here; the rules are in the libraries. A command reads, asks a library, and hands
//! back a [`report::Report`], which is printed here as text or as JSON.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

mod build;
mod check;
mod compare;
mod confirm;
mod device;
mod devices;
mod diff;
mod explain;
mod files;
mod flash;
mod generate;
mod github;
mod inputs;
mod inspect;
mod interrupt;
mod key;
mod ledger;
mod leftovers;
mod load;
mod lock;
mod manual;
mod map;
mod new;
mod otp;
mod output;
mod passphrase;
mod plan;
mod preflight;
mod progress;
mod record;
mod render;
mod report;
mod sarif;
mod schema;
mod show;
mod sign;
mod signers;
mod simulate;
mod unprotect;
mod verify;
mod version;

use std::process::ExitCode;

use ::report::{exit, fields, json, target, text};
use clap::{Parser, Subcommand};

use crate::exit::Failure;
use crate::report::{FindingsFormat as Format, Report};

/// Packs, signs and judges firmware for STM32-class microcontrollers from one manifest.
#[derive(Debug, Parser)]
#[command(version, after_help = exit::HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Command),
    Check(check::Command),
    Show(show::Command),
    Map(map::Command),
    Build(build::Command),
    Simulate(simulate::Command),
    Sign(sign::Command),
    Otp(otp::Command),
    Ledger(ledger::Command),
    Verify(verify::Command),
    Flash(flash::Command),
    Unprotect(unprotect::Command),
    Inspect(inspect::Command),
    Preflight(preflight::Command),
    Compare(compare::Command),
    Plan(plan::Command),
    Diff(diff::Command),
    Key(key::Command),
    Devices(devices::Command),
    Explain(explain::Command),
    Schema(schema::Command),
    #[command(name = "gen")]
    Generate(generate::Command),
    Completions(manual::Completions),
    Man(manual::Pages),
}

impl Command {
    fn run(&self) -> Result<Report, Failure> {
        match self {
            Self::New(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Show(command) => command.run(),
            Self::Map(command) => command.run(),
            Self::Build(command) => command.run(),
            Self::Simulate(command) => command.run(),
            Self::Sign(command) => command.run(),
            Self::Otp(command) => command.run(),
            Self::Ledger(command) => command.run(),
            Self::Verify(command) => command.run(),
            Self::Flash(command) => command.run(),
            Self::Unprotect(command) => command.run(),
            Self::Inspect(command) => command.run(),
            Self::Preflight(command) => command.run(),
            Self::Compare(command) => command.run(),
            Self::Plan(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Key(command) => command.run(),
            Self::Devices(command) => command.run(),
            Self::Explain(command) => command.run(),
            Self::Schema(command) => command.run(),
            Self::Generate(command) => command.run(),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }

    /// Its name, and whom its result is for.
    fn format(&self) -> (&'static str, Format) {
        match self {
            Self::Check(command) => ("check", command.format),
            Self::Show(command) => ("show", command.format.into()),
            Self::Map(command) => ("map", command.format.into()),
            Self::Build(command) => ("build", command.format),
            Self::Simulate(command) => ("simulate", command.format.into()),
            Self::Sign(command) => ("sign", command.format.into()),
            Self::Otp(command) => ("otp", command.format.into()),
            Self::Ledger(command) => ("ledger", command.format.into()),
            Self::Verify(command) => ("verify", command.format.into()),
            Self::Flash(command) => ("flash", command.format.into()),
            Self::Unprotect(command) => ("unprotect", command.format.into()),
            Self::Inspect(command) => ("inspect", command.format.into()),
            Self::Explain(command) => ("explain", command.format.into()),
            Self::Compare(command) => ("compare", command.format.into()),
            Self::Plan(command) => ("plan", command.format.into()),
            Self::Diff(command) => ("diff", command.format.into()),
            Self::Preflight(command) => ("preflight", command.format.into()),
            Self::Devices(command) => ("devices", command.format.into()),
            Self::New(command) => ("new", command.format.into()),
            Self::Key(command) => ("key", command.format.into()),
            Self::Generate(command) => ("gen", command.format.into()),
            Self::Schema(_) => ("schema", Format::Human),
            Self::Completions(_) => ("completions", Format::Human),
            Self::Man(_) => ("man", Format::Human),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    survive_size_limits();
    let (name, format) = cli.command.format();
    let result = cli.command.run();
    let (exit, printed) = match (&result, format) {
        (Ok(report), Format::Human) => {
            output::remark(&report.remarks);
            (report.exit, output::print(&report.text))
        }
        (Ok(report), Format::Json) => (report.exit, output::print(&json::report(name, report))),
        (Ok(report), Format::Sarif) => (report.exit, output::print(&sarif::report(report))),
        (Ok(report), Format::Github) => (report.exit, output::print(&github::report(report))),
        (Err(failure), Format::Human) => {
            output::remark(&failure.to_string());
            (failure.exit, Ok(()))
        }
        (Err(failure), Format::Json) => (failure.exit, output::print(&json::failure(name, failure))),
        (Err(failure), Format::Sarif) => (failure.exit, output::print(&sarif::failure(failure))),
        (Err(failure), Format::Github) => (failure.exit, output::print(&github::failure(failure))),
    };
    match printed {
        Ok(()) => exit.into(),
        Err(failure) => {
            output::remark(&failure.to_string());
            failure.exit.into()
        }
    }
}

/// Makes a write beyond the process's file size limit an error that is reported and cleaned up after; without a handler
/// the signal ends the process and leaves half a file.
#[cfg(unix)]
fn survive_size_limits() {
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Default::default());
}

#[cfg(not(unix))]
fn survive_size_limits() {}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// An example of a command stands in its own help, or by its full name in that of the command above it.
    fn has_example(command: &clap::Command, above: &str, line: &str) {
        let line = format!("{line} {}", command.get_name());
        let own = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let has = |help: &str| help.starts_with("Example:\n  ") && help.contains("waxseal ");
        assert!(has(&own) || above.contains(&line), "{line}: {own:?}");
        assert!(command.get_about().is_some(), "{line}");
        command.get_subcommands().for_each(|command| has_example(command, &own, &line));
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        let cli = super::Cli::command();
        cli.clone().debug_assert();
        cli.get_subcommands().for_each(|command| has_example(command, "", "waxseal"));
    }
}
