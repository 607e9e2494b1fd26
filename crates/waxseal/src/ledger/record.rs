//! `waxseal ledger record`: what was done to boards.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::ledger::{Event, State};
use clap::{Args, ValueEnum};
use image_format::{SoftwareCrypto, sha256};
use serde_json::{Map, Value, json};

use super::place::{LedgerArgs, WhoArgs, failure, secret_key};
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
    /// What was read back of the board: its SHA-256 goes into the ledger; of a board with secrets an HMAC under the ledger's own
    /// key. For one board.
    #[arg(long, value_name = "FILE")]
    readback: Option<PathBuf>,
    /// The file of the ledger's own key; FILE.key beside a SQLite file if none is named.
    #[arg(long, value_name = "FILE", requires = "readback")]
    ledger_key: Option<PathBuf>,
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
            let read = zeroize::Zeroizing::new(files::read(file)?);
            let has_secrets = match self.boards.first() {
                Some(board) => ledger.history(board).map_err(failed)?.iter().any(has_secrets),
                None => false,
            };
            let digest = match has_secrets {
                false => json!(hex(&sha256(&mut SoftwareCrypto, &read))),
                true => json!({ "hmac": secret_key(&location, self.ledger_key.as_ref())?.digest(&read) }),
            };
            detail.insert("readback".to_owned(), digest);
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
        let change = |board: &String| (board.clone(), self.state.state(), Value::from(detail.clone()));
        let changes: Vec<_> = self.boards.iter().map(change).collect();
        let events = ledger.record(&changes, &self.who.who()).map_err(failed)?;
        let mut text: String = events.iter().map(shown).collect();
        let _ = writeln!(text, "{}: {}", location, counted(events.len(), "row"));
        let result = json!({ "rows": events.iter().map(event_to_json).collect::<Vec<_>>() });
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}

/// Whether a row says that secrets were made for its board.
fn has_secrets(event: &Event) -> bool {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    event.state == State::Issued && detail["secrets"].as_object().is_some_and(|secrets| !secrets.is_empty())
}
