//! `waxseal ledger record`: what was done to boards.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ::ledger::{Event, IssuedData, Ledger, Location, State};
use clap::{Args, ValueEnum};
use image_format::{SoftwareCrypto, sha256};
use serde_json::{Map, Value, json};

use super::place::{LedgerArgs, WhoArgs, failure, secret_key};
use super::{event_to_json, shown};
use crate::confirm::confirm;
use crate::exit::{Exit, Failure};
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
    /// The stage. Without it, the only one that was issued, if there is only one.
    #[arg(long)]
    stage: Option<String>,
    /// What was read back of the board, from the memory's first byte on: it is compared with what was issued. Its SHA-256 goes into
    /// the ledger; of a board with secrets an HMAC under the ledger's own key. For one board.
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
    /// A board that the ledger does not know, a state that does not follow, a read-back of other bytes than were issued, a scrapping
    /// that is not confirmed.
    pub fn run(&self, place: &LedgerArgs) -> Result<Report, Failure> {
        let (location, mut ledger) = place.open()?;
        let failed = |error| failure(&location, &error);
        let mut detail = Map::new();
        let mut has_locks = false;
        if let Some(stage) = &self.stage {
            detail.insert("stage".to_owned(), json!(stage));
        }
        if let Some(file) = &self.readback {
            let read = self.read_back(file, &location, &mut ledger)?;
            has_locks = read.has_locks;
            detail.extend(read.detail);
        }
        let is_compared = detail.contains_key("data");
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
        match (self.state, is_compared) {
            (Done::Scrapped, _) => {
                text.push_str("what was made for it stays where it was written: take it off the station\n")
            }
            (_, true) => text.push_str("compared with what was issued: the same bytes\n"),
            (_, false) => text.push_str("not compared with what was issued: the station's word\n"),
        }
        match (self.state, has_locks) {
            (Done::Locked, true) => text.push_str("its lock bytes say that it is locked\n"),
            (Done::Locked, false) => {
                text.push_str("no lock bytes were read back: that it is locked is the station's word\n")
            }
            _ => {}
        }
        let result = json!({ "compared": is_compared, "locks_compared": has_locks, "rows": events.iter().map(event_to_json).collect::<Vec<_>>() });
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}

impl Command {
    /// What a row says of a read-back: its digest, and that of the data that was issued, to be compared by the ledger. Lock bytes are
    /// compared here.
    fn read_back(&self, file: &Path, location: &Location, ledger: &mut Ledger) -> Result<Read, Failure> {
        let [board] = self.boards.as_slice() else {
            return Err(Failure::usage("--readback is of one board, and there are several"));
        };
        let read = zeroize::Zeroizing::new(files::read(file)?);
        let history = ledger.history(board).map_err(|error| failure(location, &error))?;
        let digest = |is_keyed, bytes: &[u8]| match is_keyed {
            false => Ok(hex(&sha256(&mut SoftwareCrypto, bytes))),
            true => Ok::<_, Failure>(secret_key(location, self.ledger_key.as_ref())?.digest(bytes)),
        };
        let named = |is_keyed, digest| if is_keyed { json!({ "hmac": digest }) } else { json!({ "sha256": digest }) };
        let (mut detail, mut has_locks) = (Map::new(), false);
        let is_keyed = history.iter().any(has_secrets);
        let whole = digest(is_keyed, &read)?;
        detail.insert("readback".to_owned(), if is_keyed { named(true, whole) } else { json!(whole) });
        if self.state == Done::Scrapped {
            return Ok(Read { detail, has_locks });
        }
        // Of what was issued last, unless it is what was issued before.
        for issued in self.issued(board, &history)?.iter().rev() {
            let data = issued.read(&read).ok_or_else(|| {
                let title = format!("{}: {} bytes, and the board's data lies behind them", file.display(), read.len());
                Failure::new(Exit::Refused, title).help("a dump of the whole memory, from its first byte on")
            })?;
            let found = digest(issued.is_keyed, &data)?;
            let is_it = found == issued.digest;
            if is_it || !detail.contains_key("data") {
                detail.insert("data".to_owned(), named(issued.is_keyed, found));
                detail.insert("stage".to_owned(), json!(issued.stage));
            }
            if is_it {
                let locks = issued.read_locks(&read).filter(|_| self.state == Done::Locked);
                has_locks = locks.is_some();
                if let Some((block, byte)) = locks.into_iter().flatten().find(|(_, byte)| *byte != 0) {
                    let title = format!("{board}: block {block} is not locked: its lock byte is {byte:#04X}, not 0x00");
                    return Err(Failure::new(Exit::Refused, title).help("lock it, and read the board again"));
                }
                break;
            }
        }
        Ok(Read { detail, has_locks })
    }

    /// What was issued for the stage, as far as rows say where its data lies.
    fn issued(&self, board: &str, history: &[Event]) -> Result<Vec<IssuedData>, Failure> {
        let mut issued = IssuedData::of(history);
        let stages: BTreeSet<&str> = issued.iter().map(|issued| issued.stage.as_str()).collect();
        if self.stage.is_none() && stages.len() > 1 {
            let stages: Vec<_> = stages.into_iter().collect();
            let title = format!("which stage of {board} was read back? --stage, one of {}", stages.join(", "));
            return Err(Failure::usage(title));
        }
        issued.retain(|issued| self.stage.as_ref().is_none_or(|stage| *stage == issued.stage));
        Ok(issued)
    }
}

/// What a read-back says.
struct Read {
    /// For the row.
    detail: Map<String, Value>,
    /// Whether it has the lock bytes of the blocks that the stage locks, and says that they are locked.
    has_locks: bool,
}

/// Whether a row says that secrets were made for its board.
fn has_secrets(event: &Event) -> bool {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    event.state == State::Issued && detail["secrets"].as_object().is_some_and(|secrets| !secrets.is_empty())
}
