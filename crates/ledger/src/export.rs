//! The rows, for other programs.

use std::io::Write;

use serde_json::json;

use crate::chain::{self, Head};
use crate::error::Error;
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
                let header = ["number", "board", "state", "detail", "station", "operator", "at", "digest"];
                csv.write_record(header).map_err(|error| failed(&error))?;
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
