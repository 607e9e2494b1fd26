//! `waxseal devices`: what the device database knows, and what it does not.

use ::report::devices::Query;
use clap::Args;

use crate::exit::Failure;
use crate::report::{Format, Report};

/// Show what is known of a part: modes, sectors, OTP, option bytes, each with its source.
///
/// Without a pattern, or with one that several names match, one line for each part and external memory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal devices STM32F767\n  waxseal devices STM32F767ZI --mode nDBANK=0")]
pub struct Command {
    /// An order code, with or without package suffix; the name of an external memory; or a part of names, in which `?` is
    /// any character.
    pattern: Option<String>,
    /// Only the mode that these option bytes select: nDBANK=0.
    #[arg(long, value_name = "NAME=V", value_delimiter = ',', value_parser = ::report::devices::setting)]
    mode: Vec<(String, u32)>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A pattern that nothing matches; a mode that the part does not have.
    pub fn run(&self) -> Result<Report, Failure> {
        Query { pattern: self.pattern.as_deref(), mode: &self.mode }.report()
    }
}
