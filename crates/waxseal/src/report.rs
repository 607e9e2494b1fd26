//! Whom the result of a command is for. `main` prints it as text or as JSON.

use clap::ValueEnum;

pub use ::report::{Findings, Report};

/// Whom the result is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text.
    #[default]
    Human,
    /// One JSON object on standard output.
    Json,
}

/// Whom the findings of a command are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FindingsFormat {
    /// Text.
    #[default]
    Human,
    /// One JSON object on standard output.
    Json,
    /// A SARIF 2.1.0 log on standard output, for code scanning and editors.
    Sarif,
    /// GitHub annotations on standard output: each finding beside its line of a pull request.
    Github,
}

impl From<Format> for FindingsFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
        }
    }
}
