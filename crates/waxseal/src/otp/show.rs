//! `waxseal otp show`: what firmware reads of a board.

use std::path::PathBuf;

use ::report::otp::show::report;
use clap::Args;

use crate::exit::Failure;
use crate::load::Manifest;
use crate::otp::otp_of;
use crate::otp::plan::read_back;
use crate::report::Report;

/// Show the fields of a board as its firmware reads them: redundancy and sums judged, counters read.
///
/// Exit code 1 if a field is refused; one that was never programmed is not.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal otp show r3.toml --readback board.bin")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// What was read back from the board: the memory from its first byte on, with or without the lock bytes behind it.
    #[arg(long, value_name = "DUMP")]
    readback: PathBuf,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let otp = otp_of(&manifest, plan)?;
            let found = read_back(otp, &self.readback)?;
            report(otp, &found)
        })
    }
}
