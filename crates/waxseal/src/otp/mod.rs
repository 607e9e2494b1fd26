//! `waxseal otp`: one-time-programmable memory, board by board. Nothing here writes to a board.

mod build;
mod diff;
mod ledger;
mod place;
mod plan;
mod records;
mod show;

use clap::{Args, Subcommand};
use manifest::plan::Plan;
use manifest::plan::otp::{Otp, Stage};

use crate::exit::{Exit, Failure};
use crate::load::Manifest;
use crate::report::{Format, Report};

/// What each board's one-time-programmable memory is to hold, and what is still to be done on a board.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal otp build r3.toml --records boards.csv --out out\n  waxseal otp plan r3.toml --records boards.csv --stage identity --board WX2511000101 --readback board.bin"
)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    Build(build::Command),
    Plan(plan::Command),
    Show(show::Command),
    Diff(diff::Command),
    Place(place::Command),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written, and what is wrong with the command line.
    pub fn run(&self) -> Result<Report, Failure> {
        match &self.action {
            Action::Build(command) => command.run(),
            Action::Plan(command) => command.run(),
            Action::Show(command) => command.run(),
            Action::Diff(command) => command.run(),
            Action::Place(command) => command.run(),
        }
    }
}

/// The manifest's OTP.
pub fn otp_of<'a>(manifest: &Manifest, plan: &'a Plan) -> Result<&'a Otp, Failure> {
    plan.otp.as_ref().ok_or_else(|| {
        let failure =
            Failure::new(Exit::Refused, format!("{} describes no one-time-programmable memory", manifest.name));
        failure.help("[otp] with version, board, stages and fields does")
    })
}

/// The stage of a name; of a manifest with one stage that one.
fn stage<'a>(otp: &'a Otp, name: Option<&str>) -> Result<&'a Stage, Failure> {
    let names = || otp.stages.iter().map(|stage| stage.name.value.as_str()).collect::<Vec<_>>().join(", ");
    match (name, otp.stages.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::usage(format!("which stage? --stage NAME: {}", names()))),
        (Some(name), _) => {
            otp.stage(name).ok_or_else(|| Failure::usage(format!("--stage {name}: there is {}", names())))
        }
    }
}
