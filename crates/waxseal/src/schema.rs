//! `waxseal schema`: the manifest's keys for editors.

use clap::Args;

use crate::exit::Failure;
use crate::report::Report;

/// What is generated from the manifest's tables, and checked with them.
const SCHEMA: &str = include_str!("../../../schema/manifest.schema.json");

/// Print the JSON Schema of manifests, by which editors complete keys and show what they mean.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal schema > manifest.schema.json\n\n\
    A manifest whose first line is `#:schema manifest.schema.json` is then completed by editors that use taplo.")]
pub struct Command {}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// None.
    pub fn run(&self) -> Result<Report, Failure> {
        Ok(Report::done(SCHEMA.to_owned()))
    }
}
