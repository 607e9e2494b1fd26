//! How a run ends: the exit codes, and what is said when it fails.

use std::fmt;
use std::process::ExitCode;

macro_rules! exits {
    ($( $name:ident = $number:literal: $meaning:literal, )+) => {
        /// The exit code of a run.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $( #[doc = $meaning] $name = $number, )+
        }

        /// What `--help` says of the exit codes.
        pub const HELP: &str = concat!("Exit codes:", $( "\n  ", $number, "  ", $meaning, )+);
    };
}

exits! {
    Done = 0: "done",
    Refused = 1: "an error was found, or something was refused",
    Usage = 2: "the command line is wrong",
    Missing = 3: "a file is missing or cannot be read",
    Failed = 4: "anything else: a file cannot be written, the disk is full",
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

impl Exit {
    /// The number that the shell sees.
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// Why a run could not go on: what is wrong, where, and what to do.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What is wrong, in one line.
    pub title: String,
    /// Where: `r1b.toml:47:20`.
    pub place: Option<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Failure {
    /// A failure without a place.
    pub fn new(exit: Exit, title: impl Into<String>) -> Self {
        Self { exit, title: title.into(), place: None, help: Vec::new() }
    }

    /// A wrong command line that clap cannot see.
    pub fn usage(title: impl Into<String>) -> Self {
        Self::new(Exit::Usage, title)
    }

    /// With a place in a file.
    pub fn at(mut self, place: Option<String>) -> Self {
        self.place = place;
        self
    }

    /// With something to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.title)?;
        if let Some(place) = &self.place {
            writeln!(f, "  --> {place}")?;
        }
        for help in &self.help {
            writeln!(f, "  = help: {help}")?;
        }
        Ok(())
    }
}
