//! The option that keeps a record of what was done to a board.

use std::path::PathBuf;

use ::ledger::{Format, Record, Who};
use clap::Args;
use flasher::record::{self, Row};

use crate::exit::{Exit, Failure};
use crate::files::{self, FileSet};
use crate::ledger::place::WhoArgs;

/// A record of what is done, which `waxseal ledger import` takes in.
#[derive(Debug, Args)]
pub struct RecordFile {
    /// A record to add rows to for what is done to the board: JSON lines if it ends in .json or .jsonl, else CSV.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    #[command(flatten)]
    who: WhoArgs,
}

impl RecordFile {
    /// Who does it, and when.
    pub fn who(&self) -> Who {
        self.who.who()
    }

    /// Whether a record is kept.
    pub fn is_kept(&self) -> bool {
        self.record.is_some()
    }

    /// Refuses a record that could not be written, before anything is done to a board.
    ///
    /// # Errors
    /// A file that is there and is no record.
    pub fn check(&self) -> Result<(), Failure> {
        self.read().map(drop)
    }

    fn read(&self) -> Result<Record, Failure> {
        let Some(path) = self.record.as_ref().filter(|path| path.exists()) else { return Ok(Record::new()) };
        Record::read(&files::read_text(path)?)
            .map_err(|error| Failure::new(Exit::Refused, format!("{}: {error}", path.display())))
    }

    /// Adds rows of a board, and says so.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&self, board: &str, rows: &[Row]) -> Result<String, Failure> {
        let Some(path) = self.record.as_ref().filter(|_| !rows.is_empty()) else { return Ok(String::new()) };
        let failed = |error: ::ledger::Error| Failure::new(Exit::Failed, format!("{}: {error}", path.display()));
        let mut kept = self.read()?;
        record::add(&mut kept, board, rows, &self.who.who()).map_err(failed)?;
        let is_json = path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl");
        let text = kept.write(if is_json { Format::Json } else { Format::Csv }).map_err(failed)?;
        let mut files = FileSet::new();
        files.add(path, text.as_bytes())?;
        files.commit()?;
        Ok(format!("recorded in {}: {}\n", path.display(), kept.head()))
    }
}
