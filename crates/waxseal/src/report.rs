//! What a command hands back: its result for people and for programs. `main` prints one of the two.

use clap::ValueEnum;
use manifest::Allowed;
use manifest::Diagnostic;
use manifest::source::Source;
use serde_json::Value;

use crate::exit::Exit;

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

/// What was found wrong with a manifest and its inputs.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The texts that the diagnostics point into.
    pub sources: Vec<Source>,
    /// The diagnostics.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that the manifest lets pass.
    pub allowed: Vec<Allowed>,
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Report {
    /// The exit code.
    pub exit: Exit,
    /// The result as text, for standard output.
    pub text: String,
    /// What is said beside it, for standard error.
    pub remarks: String,
    /// What was found wrong with the manifest and the inputs.
    pub findings: Findings,
    /// The result for programs; `None` if there is none.
    pub result: Option<Value>,
}

impl Report {
    /// A text, and nothing found wrong.
    pub fn done(text: String) -> Self {
        Self { exit: Exit::Done, text, remarks: String::new(), findings: Findings::default(), result: None }
    }
}
