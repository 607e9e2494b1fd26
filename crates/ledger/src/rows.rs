//! Rows as text, for other programs: CSV, or a JSON object on each line.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::{Map, Value as Json};

use crate::error::{Broken, Error};
use crate::event::{Event, Who};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line of titles, then a line for each row (RFC 4180).
    Csv,
    /// A JSON object for each row, each on a line.
    Json,
}

/// The columns.
const COLUMNS: [&str; 8] = ["number", "board", "state", "detail", "station", "operator", "at", "digest"];

/// Writes rows, one after the other.
pub(crate) struct Writer<'a> {
    format: Format,
    out: &'a mut dyn Write,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(format: Format, out: &'a mut dyn Write) -> Result<Self, Error> {
        let mut writer = Self { format, out };
        match format {
            Format::Csv => writer.line(&csv_line(COLUMNS))?,
            Format::Json => {}
        }
        Ok(writer)
    }

    pub(crate) fn row(&mut self, event: &Event) -> Result<(), Error> {
        let Event { number, board, state, detail, who: Who { station, operator, at }, digest } = event;
        let row = match self.format {
            Format::Csv => csv_line([&number.to_string(), board, state.name(), detail, station, operator, at, digest]),
            Format::Json => {
                let detail: Json = serde_json::from_str(detail).unwrap_or_default();
                let texts = [board, state.name(), station, operator, at, digest].map(Json::from);
                let [board, state, station, operator, at, digest] = texts;
                let cells = [Json::from(*number), board, state, detail, station, operator, at, digest];
                // Not by `json!`, which brings a serializer along that nothing else in a browser needs.
                let mut row = Map::new();
                row.extend(COLUMNS.map(str::to_owned).into_iter().zip(cells));
                Json::Object(row).to_string()
            }
        };
        self.line(&row)
    }

    fn line(&mut self, line: &str) -> Result<(), Error> {
        writeln!(self.out, "{line}").map_err(|error| Error::File(format!("rows: {error}")))
    }
}

/// Cells with commas between them (RFC 4180). By hand, since the writer of `csv` also brings what tells numbers from texts: 15 KB of a
/// browser's download.
fn csv_line(cells: [&str; COLUMNS.len()]) -> String {
    let cell = |text: &str| match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    cells.map(cell).join(",")
}

/// Reads rows of either form, which the first byte tells. Whether they continue one another is not judged here.
pub(crate) fn read(rows: impl Read, mut row: impl FnMut(&Event) -> Result<(), Error>) -> Result<(), Error> {
    let mut rows = BufReader::new(rows);
    let unreadable = |error: &dyn std::fmt::Display| Error::File(format!("no rows of a ledger: {error}"));
    let start = rows.fill_buf().map_err(|error| unreadable(&error))?;
    if start.first() == Some(&b'{') {
        for (line, number) in rows.lines().zip(1..) {
            let line = line.map_err(|error| unreadable(&error))?;
            row(&from_json(&line).ok_or(Broken::Changed(number))?)?;
        }
        return Ok(());
    }
    let mut csv = csv::Reader::from_reader(rows);
    if csv.headers().map_err(|error| unreadable(&error))? != COLUMNS.as_slice() {
        let wanted = COLUMNS.join(",");
        return Err(Error::File(format!("no rows of a ledger: neither JSON, nor is the first line {wanted}")));
    }
    for (line, number) in csv.records().zip(1..) {
        let line = line.map_err(|error| unreadable(&error))?;
        row(&from_cells(&line).ok_or(Broken::Changed(number))?)?;
    }
    Ok(())
}

fn from_cells(row: &csv::StringRecord) -> Option<Event> {
    let cell = |index: usize| row.get(index).map(ToOwned::to_owned);
    let who = Who { station: cell(4)?, operator: cell(5)?, at: cell(6)? };
    let (number, state) = (cell(0)?.parse().ok()?, cell(2)?.parse().ok()?);
    Some(Event { number, board: cell(1)?, state, detail: cell(3)?, who, digest: cell(7)? })
}

/// The digest covers the detail as a text: JSON without blanks between, members in the order of their names.
fn from_json(line: &str) -> Option<Event> {
    let row: Json = serde_json::from_str(line).ok()?;
    let text = |name: &str| row[name].as_str().map(ToOwned::to_owned);
    let who = Who { station: text("station")?, operator: text("operator")?, at: text("at")? };
    let (state, detail) = (text("state")?.parse().ok()?, row["detail"].to_string());
    Some(Event { number: row["number"].as_i64()?, board: text("board")?, state, detail, who, digest: text("digest")? })
}
