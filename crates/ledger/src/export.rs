//! The rows, for other programs.

use std::io::{Read, Write};

use serde_json::json;

use crate::chain::{self, Head};
use crate::error::{Broken, Error};
use crate::event::{Event, Who};
use crate::ledger::Ledger;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A header line, then a line for each row.
    Csv,
    /// A JSON object for each row, each on a line.
    Json,
}

/// The columns.
const COLUMNS: [&str; 8] = ["number", "board", "state", "detail", "station", "operator", "at", "digest"];

/// Reads rows that were exported as CSV, and returns the last one's number and digest: without the ledger, it is known that
/// they are what the head stands for. (Rows as JSON do not keep the text that the digests cover.)
///
/// # Errors
/// A text that is no export; where the rows do not continue one another, or do not come to the head that was noted.
pub fn verify_export(rows: impl Read, noted: Option<&Head>) -> Result<Head, Error> {
    let unreadable = |error: csv::Error| Error::File(format!("no rows of a ledger: {error}"));
    let mut csv = csv::Reader::from_reader(rows);
    if csv.headers().map_err(unreadable)? != COLUMNS.as_slice() {
        return Err(Error::File(format!("no rows of a ledger: the first line is not {}", COLUMNS.join(","))));
    }
    let mut walk = chain::Walk::new(noted);
    for (index, row) in csv.records().enumerate() {
        let row = row.map_err(unreadable)?;
        let cell = |index: usize| row.get(index).unwrap_or_default().to_owned();
        let expected = i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1);
        let (Ok(number), Ok(state)) = (cell(0).parse(), cell(2).parse()) else {
            return Err(Broken::Changed(expected).into());
        };
        let who = Who { station: cell(4), operator: cell(5), at: cell(6) };
        walk.row(&Event { number, board: cell(1), state, detail: cell(3), who, digest: cell(7) })?;
    }
    Ok(walk.end()?)
}

impl Ledger {
    /// Writes all rows, and returns the last one's number and digest: whoever signs these has signed all rows.
    ///
    /// # Errors
    /// The database's and the writer's.
    pub fn export(&mut self, format: Format, out: &mut dyn Write) -> Result<Head, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::File(format!("export: {error}"));
        match format {
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(COLUMNS).map_err(|error| failed(&error))?;
                chain::each(&mut *self.store, |event| {
                    let Event { number, board, state, detail, who: Who { station, operator, at }, digest } = event;
                    let number = number.to_string();
                    let row = [&number, &board, state.name(), &detail, &station, &operator, &at, &digest];
                    csv.write_record(row).map_err(|error| failed(&error))
                })?;
                csv.flush().map_err(|error| failed(&error))?;
            }
            Format::Json => chain::each(&mut *self.store, |event| {
                let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
                let row = json!({
                    "number": event.number, "board": event.board, "state": event.state.name(), "detail": detail,
                    "station": event.who.station, "operator": event.who.operator, "at": event.who.at,
                    "digest": event.digest,
                });
                writeln!(out, "{row}").map_err(|error| failed(&error))
            })?,
        }
        self.head()
    }
}
