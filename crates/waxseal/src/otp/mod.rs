//! `waxseal otp`: one-time-programmable memory, board by board. `burn` alone writes to a board.

mod build;
mod burn;
mod diff;
mod judge;
mod ledger;
mod make;
mod numbers;
mod place;
mod plan;
mod records;
mod show;
mod simulate;
mod sink;
mod spool;
mod work;

pub use ::report::otp::{otp_of, stage};
use clap::{Args, Subcommand};

use crate::exit::Failure;
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
    Burn(burn::Command),
    Plan(plan::Command),
    Show(show::Command),
    Diff(diff::Command),
    Place(place::Command),
    Simulate(simulate::Command),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written, and what is wrong with the command line.
    pub fn run(&self) -> Result<Report, Failure> {
        match &self.action {
            Action::Build(command) => command.run(),
            Action::Burn(command) => command.run(),
            Action::Plan(command) => command.run(),
            Action::Show(command) => command.run(),
            Action::Diff(command) => command.run(),
            Action::Place(command) => command.run(),
            Action::Simulate(command) => command.run(),
        }
    }
}
