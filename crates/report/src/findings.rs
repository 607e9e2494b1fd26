//! What a command hands back: its result for people and for programs.

use manifest::source::Source;
use manifest::{Allowed, Diagnostic};
use serde_json::Value;

use crate::exit::Exit;

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

    /// The report of work that these diagnostics stop.
    pub fn refused(found: Vec<Diagnostic>) -> Self {
        let findings = Findings { diagnostics: found, ..Findings::default() };
        Self { exit: Exit::Refused, findings, ..Self::done(String::new()) }
    }
}
