//! Runs of a command, and what came of them.

use std::process::{Command, Output};

use serde_json::Value;

/// A run that has ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub exit: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    ///
    /// # Panics
    /// If there is no such command, or if it writes no UTF-8.
    pub fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { exit: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Demands an exit code.
    ///
    /// # Panics
    /// With all that the run said, if it is another one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.exit, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Demands texts in what the run said, on either stream.
    ///
    /// # Panics
    /// With all that it said, if one is not there.
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            let said = self.stdout.contains(text) || self.stderr.contains(text);
            assert!(said, "{text:?} is missing in stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        }
        self
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {:?}", self.stdout))
    }
}

/// openssl with these arguments.
///
/// # Panics
/// If it is not installed: a check that needs it must not pass without it.
pub fn openssl(arguments: &[&str]) -> Run {
    Run::of(Command::new("openssl").args(arguments))
}
