//! What a command hands back: its result for people and for programs. `main` prints one of the two.

use clap::ValueEnum;
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

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Report {
    /// The exit code.
    pub exit: Exit,
    /// The result as text, for standard output.
    pub text: String,
    /// What is said beside it, for standard error.
    pub remarks: String,
    /// What was found wrong with the manifest and the inputs: see [`crate::json`].
    pub diagnostics: Vec<Value>,
    /// The result for programs; `None` if there is none.
    pub result: Option<Value>,
}

impl Report {
    /// A text, and nothing found wrong.
    pub fn done(text: String) -> Self {
        Self { exit: Exit::Done, text, remarks: String::new(), diagnostics: Vec::new(), result: None }
    }
}
