//! Records: one row for each board, under column titles. They are read row by row: a line's batch may be large.

use std::fmt;
use std::io::BufRead;

use manifest::plan::otp::{Otp, Source};

use crate::board::column;
use crate::cells::Stray;
use crate::lines::Lines;

/// Rows under titles, as they stand in a CSV file (RFC 4180) with a title line: all of them, or a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// The titles.
    pub columns: Vec<String>,
    /// The rows, in the file's order.
    pub rows: Vec<Row>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file that it starts in, from 1.
    pub line: u64,
    cells: Vec<String>,
}

/// Something wrong with the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1.
    pub line: u64,
    /// The column's title, if it is about one cell.
    pub column: Option<String>,
    /// What is wrong.
    pub text: String,
}

impl Finding {
    /// About a cell.
    pub(crate) fn of(line: u64, column: &str, text: impl Into<String>) -> Self {
        Self { line, column: Some(column.to_owned()), text: text.into() }
    }

    fn row(line: u64, text: impl Into<String>) -> Self {
        Self { line, column: None, text: text.into() }
    }
}

/// `3: column "made": no day: a day is written 2026-11-19`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "{}: column `{column}`: {}", self.line, self.text),
            None => write!(f, "{}: {}", self.line, self.text),
        }
    }
}

/// Records while they are read.
#[derive(Debug)]
pub struct Reader<R> {
    csv: csv::Reader<Lines<R>>,
    columns: Vec<String>,
    /// The first of the empty rows that were read last: a spreadsheet's end, unless another row follows.
    empty: Option<u64>,
    has_rows: bool,
}

impl<R: BufRead> Reader<R> {
    /// Reads the titles. A byte order mark before them is passed over; lines may end with CR LF.
    ///
    /// # Errors
    /// A text that is no CSV with commas, a column without a title, a title that stands there twice.
    pub fn new(input: R) -> Result<Self, Finding> {
        let mut csv = csv::ReaderBuilder::new().from_reader(Lines::new(input));
        let titles = csv.headers().cloned();
        let titles = titles.map_err(|error| wrong(&mut csv, &[], &error))?;
        parted(&mut csv)?;
        let columns: Vec<String> = titles.iter().map(str::to_owned).collect();
        if let [only] = columns.as_slice()
            && let Some(other) = only.chars().find(|found| [';', '\t'].contains(found))
        {
            let other = if other == ';' { "semicolons" } else { "tabulators" };
            let text = format!("cells are parted by {other}: save it as CSV with commas (RFC 4180)");
            return Err(Finding::row(1, text));
        }
        for (index, title) in columns.iter().enumerate() {
            if title.is_empty() && columns.len() > 1 {
                return Err(Finding::row(1, format!("column {} of {} has no title", index + 1, columns.len())));
            }
            if columns[..index].contains(title) {
                return Err(Finding::of(1, title, "this title stands there twice"));
            }
        }
        Ok(Self { csv, columns, empty: None, has_rows: false })
    }

    /// The titles.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// How far it has read, in bytes.
    pub fn offset(&self) -> u64 {
        self.csv.position().byte()
    }

    /// The next row. Rows of empty cells behind the last board, as spreadsheets write them, are none. At the end `None`.
    ///
    /// # Errors
    /// A row of another length than the titles, cells that are no UTF-8, a quotation mark that makes one cell of several, an empty row
    /// between others, no row at all. The row behind it can be asked for.
    pub fn row(&mut self) -> Result<Option<Row>, Finding> {
        let mut record = csv::StringRecord::new();
        loop {
            let read = self.csv.read_record(&mut record);
            if let Err(finding) = parted(&mut self.csv) {
                self.has_rows = true;
                return Err(finding);
            }
            match read {
                Ok(true) => {}
                Ok(false) if self.has_rows => return Ok(None),
                Ok(false) => {
                    self.has_rows = true;
                    return Err(Finding::row(1, "no row: a row is a board"));
                }
                Err(error) => {
                    self.has_rows = true;
                    return Err(wrong(&mut self.csv, &self.columns, &error));
                }
            }
            let start = record.position().map_or(0, csv::Position::byte);
            let line = self.csv.get_mut().line_at(start);
            if record.iter().all(str::is_empty) {
                self.empty.get_or_insert(line);
                continue;
            }
            self.has_rows = true;
            if let Some(empty) = self.empty.take() {
                // The row behind it is judged with the next file: this one has to be changed anyway.
                return Err(Finding::row(empty, format!("an empty row, and line {line} has a board")));
            }
            return Ok(Some(Row { line, cells: record.iter().map(str::to_owned).collect() }));
        }
    }

    /// The next rows, that many at most; none at the end. What is wrong with rows goes to `findings`.
    pub fn rows(&mut self, most: usize, findings: &mut Vec<Finding>) -> Records {
        let mut rows = Vec::new();
        while rows.len() < most && findings.len() < MOST_FINDINGS {
            match self.row() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(finding) => findings.push(finding),
            }
        }
        Records { columns: self.columns.clone(), rows }
    }
}

/// Findings that are told: who has more has another kind of trouble than single cells.
pub const MOST_FINDINGS: usize = 100;

/// Refuses quotation marks that would make one cell, and so one board, of several.
fn parted<R: BufRead>(csv: &mut csv::Reader<Lines<R>>) -> Result<(), Finding> {
    match csv.get_mut().stray() {
        None => Ok(()),
        Some(Stray::Open(line)) => {
            let text = "a quotation mark that is opened here and never closed: all that follows would be one cell";
            Err(Finding::row(line, text))
        }
        Some(Stray::Within(line, end)) => {
            let text = format!("a quotation mark that is opened here and closed in line {end}, in the midst of a cell");
            Err(Finding::row(line, text + ": all between them would be one cell; in a cell, write it twice (RFC 4180)"))
        }
    }
}

/// What the reader says, with its line and column.
fn wrong<R: BufRead>(csv: &mut csv::Reader<Lines<R>>, columns: &[String], error: &csv::Error) -> Finding {
    let start = error.position().map_or(0, csv::Position::byte);
    let line = csv.get_mut().line_at(start);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Finding::row(line, format!("{len} cells under {expected_len} titles"))
        }
        csv::ErrorKind::Utf8 { err, .. } => {
            let text = "not UTF-8: save it as CSV in UTF-8";
            columns.get(err.field()).map_or_else(|| Finding::row(line, text), |title| Finding::of(line, title, text))
        }
        _ => Finding::row(line, error.to_string()),
    }
}

impl Records {
    /// Reads all records.
    ///
    /// # Errors
    /// Everything that is wrong with it as a table.
    pub fn parse(text: &[u8]) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut reader = Reader::new(text).map_err(|finding| vec![finding])?;
        let records = reader.rows(usize::MAX, &mut findings);
        if findings.is_empty() { Ok(records) } else { Err(findings) }
    }

    /// Puts a column behind the others: a cell for each row.
    pub fn add_column(&mut self, title: &str, cells: impl IntoIterator<Item = String>) {
        self.columns.push(title.to_owned());
        self.rows.iter_mut().zip(cells).for_each(|(row, cell)| row.cells.push(cell));
    }

    /// The cell of a row under a title.
    pub fn cell<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let index = self.columns.iter().position(|title| title == column)?;
        row.cells.get(index).map(String::as_str)
    }
}

/// How a finding about a title that no field takes begins.
pub const STRANGE: &str = "no field takes it";

/// What is wrong with the titles: one that a field needs is missing, or one is no field's and nobody said that it is to be
/// ignored. A title with a slip in it must not make a ledger give out what the records bring.
pub fn judge_titles(otp: &Otp, columns: &[String], ignored: &[String]) -> Vec<Finding> {
    let known: Vec<&str> = otp.fields.iter().filter_map(column).collect();
    let is_there = |title: &str| columns.iter().any(|found| found == title);
    let missing = otp.fields.iter().filter_map(|field| {
        let title = column(field).filter(|title| !is_there(title))?;
        let needs = match field.source {
            Source::Range(_) => "; without a ledger, which gives numbers out, the records say them",
            _ => "",
        };
        Some(Finding::of(1, title, format!("no such title, and field `{}` needs it{needs}", field.name.value)))
    });
    let strange = columns.iter().filter(|title| !known.contains(&title.as_str()) && !ignored.contains(title));
    let strange = strange.map(|title| Finding::of(1, title, format!("{STRANGE}; fields take {}", known.join(", "))));
    let absent = ignored.iter().filter(|title| !columns.contains(title));
    let absent = absent.map(|title| Finding::of(1, title, "it is to be ignored, and there is no such title"));
    missing.chain(strange).chain(absent).collect()
}

#[cfg(test)]
mod tests {
    use super::Records;

    #[test]
    fn rows_know_their_lines() {
        let text = "\u{feff}serial,note\r\nA1,\"two\r\nlines\"\r\n\r\nA2,\r\n,\r\n,\r\n";
        let records = Records::parse(text.as_bytes()).expect("records");
        let lines: Vec<_> = records.rows.iter().map(|row| (row.line, records.cell(row, "serial"))).collect();
        assert_eq!(lines, [(2, Some("A1")), (5, Some("A2"))]);
        assert_eq!(records.cell(&records.rows[0], "note"), Some("two\nlines"));
        assert_eq!(records.cell(&records.rows[0], "color"), None);
        let mut records = records;
        records.add_column("color", ["red".to_owned(), "blue".to_owned()]);
        assert_eq!(records.cell(&records.rows[1], "color"), Some("blue"));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        for (text, expected) in [
            ("a,b\n1,2\n3\n", "3: 1 cells under 2 titles"),
            ("a,b\r\n1,2\r\n3,4,5\r\n", "3: 3 cells under 2 titles"),
            ("a,a\n1,2\n", "1: column `a`: this title stands there twice"),
            ("a,b,\n1,2,\n", "1: column 3 of 3 has no title"),
            ("a;b\n1;2\n", "1: cells are parted by semicolons: save it as CSV with commas (RFC 4180)"),
            ("a\tb\n1\t2\n", "1: cells are parted by tabulators: save it as CSV with commas (RFC 4180)"),
            ("a,b\n1,2\n,\n3,4\n", "3: an empty row, and line 4 has a board"),
            ("a,b\n", "1: no row: a row is a board"),
            ("a,b\n,\n,\n", "1: no row: a row is a board"),
            ("", "1: no row: a row is a board"),
            // Without this, one board of three.
            (
                "a,b\n1,\"2\n3,4\n5,6\n",
                "2: a quotation mark that is opened here and never closed: all that follows would be one cell",
            ),
        ] {
            let findings = Records::parse(text.as_bytes()).expect_err(text);
            assert_eq!(findings.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{text}");
        }
        let findings = Records::parse(b"a,b\n1,\xE4\n").expect_err("Latin-1");
        assert_eq!(findings[0].to_string(), "2: column `b`: not UTF-8: save it as CSV in UTF-8");
    }
}
