//! `waxseal ledger record`: what was done to boards.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::ledger::State;
use clap::{Args, ValueEnum};
use image_format::{SoftwareCrypto, sha256};
use serde_json::{Map, json};

use super::place::{LedgerArgs, WhoArgs, failure};
use super::{event_to_json, shown};
use crate::confirm::confirm;
use crate::exit::Failure;
use crate::files;
use crate::report::Report;
use crate::text::{counted, hex};

/// What a station can say of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Done {
    /// Its files were programmed.
    Written,
    /// It was read back, and holds what it is to hold.
    Verified,
    /// Its blocks were locked.
    Locked,
    /// It is waste: nothing follows, and nobody else gets its numbers.
    Scrapped,
}

impl Done {
    fn state(self) -> State {
        match self {
            Self::Written => State::Written,
            Self::Verified => State::Verified,
            Self::Locked => State::Locked,
            Self::Scrapped => State::Scrapped,
        }
    }
}

/// Write down what was done to boards: all of it, or nothing.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal ledger record WX2511000101 --state verified --readback board.bin --station S1 --operator kim --ledger line.db"
)]
pub struct Command {
    /// The boards' names.
    #[arg(required = true)]
    boards: Vec<String>,
    /// What they became.
    #[arg(long, value_enum)]
    state: Done,
    /// What was read back of the board: its SHA-256 goes into the ledger. For one board.
    #[arg(long, value_name = "FILE")]
    readback: Option<PathBuf>,
    /// Why, or whatever else is worth knowing.
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    who: WhoArgs,
    /// Scrap without asking.
    #[arg(long)]
    yes: bool,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A board that the ledger does not know, a state that does not follow, a scrapping that is not confirmed.
    pub fn run(&self, place: &LedgerArgs) -> Result<Report, Failure> {
        let (location, mut ledger) = place.open()?;
        let failed = |error| failure(&location, &error);
        let mut detail = Map::new();
        if let Some(file) = &self.readback {
            if self.boards.len() > 1 {
                return Err(Failure::usage("--readback is of one board, and there are several"));
            }
            detail.insert("readback".to_owned(), json!(hex(&sha256(&mut SoftwareCrypto, &files::read(file)?))));
        }
        if let Some(note) = &self.note {
            detail.insert("note".to_owned(), json!(note));
        }
        if self.state == Done::Scrapped {
            let mut what = String::new();
            for name in &self.boards {
                let board = ledger
                    .board(name)
                    .map_err(failed)?
                    .ok_or_else(|| failed(::ledger::Error::Unknown(name.clone())))?;
                let _ = writeln!(what, "{name} is {} (row {}).", board.state, board.event);
            }
            confirm(&format!("{what}Scrapped is for ever."), self.yes)?;
        }
        let change = |board: &String| (board.clone(), self.state.state(), detail.clone().into());
        let changes: Vec<_> = self.boards.iter().map(change).collect();
        let events = ledger.record(&changes, &self.who.who()).map_err(failed)?;
        let mut text: String = events.iter().map(shown).collect();
        let _ = writeln!(text, "{}: {}", location, counted(events.len(), "row"));
        let result = json!({ "rows": events.iter().map(event_to_json).collect::<Vec<_>>() });
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}
