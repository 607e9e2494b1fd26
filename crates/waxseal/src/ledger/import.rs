//! `waxseal ledger import`: what was done to boards where no ledger was at hand.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::ledger::{Error, Record, State};
use clap::Args;
use serde_json::json;

use super::place::{LedgerArgs, WhoArgs, failure};
use super::{event_to_json, shown};
use crate::confirm::confirm;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::report::Report;
use crate::text::counted;

/// Take in a record: what was written, verified, locked or scrapped on a bench or in a browser. All of it, or nothing.
///
/// Its rows must continue one another, be of boards that the ledger issued, and not contradict what was issued. A record that
/// has grown can be taken in again: rows that are there already are passed over.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal ledger import bench.record.csv --station S1 --operator kim --ledger line.db"
)]
pub struct Command {
    /// The record, as CSV or JSON; `-` is standard input.
    file: PathBuf,
    #[command(flatten)]
    who: WhoArgs,
    /// Take in boards that were scrapped without asking.
    #[arg(long)]
    yes: bool,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A record that is not whole, or does not fit the ledger; a scrapping that is not confirmed.
    pub fn run(&self, place: &LedgerArgs) -> Result<Report, Failure> {
        let name = self.file.display();
        let record = Record::read(&files::read_text(&self.file)?)
            .map_err(|error| Failure::new(Exit::Refused, format!("{name}: {error}")))?;
        let (location, mut ledger) = place.open()?;
        let scrapped: Vec<_> = record.rows().iter().filter(|row| row.state == State::Scrapped).collect();
        if !scrapped.is_empty() {
            let names: String = scrapped.iter().map(|row| format!("{} was scrapped.\n", row.board)).collect();
            confirm(&format!("{names}Scrapped is for ever."), self.yes)?;
        }
        let imported = ledger.import(&record, &self.who.who()).map_err(|error| match &error {
            Error::Row { .. } => Failure::new(Exit::Refused, format!("{name}: {error}"))
                .help("nothing was taken in: find out which board that was before anything else is done to it"),
            _ => failure(&location, &error),
        })?;
        let mut text: String = imported.rows.iter().map(shown).collect();
        let count = imported.rows.len();
        let _ = writeln!(text, "{location}: {} of {name}, {} known before", counted(count, "row"), imported.known);
        if count > imported.compared {
            let _ = writeln!(
                text,
                "{} what was programmed: not compared with what was issued",
                match count - imported.compared {
                    1 => "1 row does not say".to_owned(),
                    several => format!("{several} rows do not say"),
                }
            );
        }
        text.push_str("the record's rows are whole; whether some were cut off at its end is not judged\n");
        let rows: Vec<_> = imported.rows.iter().map(event_to_json).collect();
        let result = json!({ "rows": rows, "known": imported.known, "compared": imported.compared });
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}
