//! Records: one row for each board, under column titles.

use std::fmt;

/// Rows under titles, as they stand in a CSV file (RFC 4180) with a title line.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// `3: column "made": no day such as 2026-11-19`.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "{}: column `{column}`: {}", self.line, self.text),
            None => write!(f, "{}: {}", self.line, self.text),
        }
    }
}

impl Records {
    /// Reads records.
    ///
    /// # Errors
    /// A text that is no CSV, a row of another length than the titles, a title that stands there twice, no row at all.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let wrong = |error: csv::Error| {
            let line = error.position().map_or(1, |position| line_at(text, position));
            let text = match error.kind() {
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("{len} cells under {expected_len} titles")
                }
                _ => error.to_string(),
            };
            Finding { line, column: None, text }
        };
        let columns: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        if let Some((_, twice)) = columns.iter().enumerate().find(|(index, title)| columns[..*index].contains(title)) {
            return Err(Finding::of(1, twice, "this title stands there twice"));
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            let line = record.position().map_or(0, |position| line_at(text, position));
            rows.push(Row { line, cells: record.iter().map(str::to_owned).collect() });
        }
        if rows.is_empty() {
            return Err(Finding { line: 1, column: None, text: "no row: a row is a board".to_owned() });
        }
        Ok(Self { columns, rows })
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

/// The line of a record, from 1. The csv crate's own count is one behind where lines end with CR LF, since it takes a record to
/// end with the CR.
fn line_at(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX).min(text.len());
    let bytes = text.as_bytes();
    let blank = bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes[..start + blank].iter().fold(1, |line, byte| line + u64::from(*byte == b'\n'))
}

#[cfg(test)]
mod tests {
    use super::Records;

    #[test]
    fn rows_know_their_lines() {
        let records = Records::parse("\u{feff}serial,note\r\nA1,\"two\r\nlines\"\r\nA2,\r\n").expect("records");
        let lines: Vec<_> = records.rows.iter().map(|row| (row.line, records.cell(row, "serial"))).collect();
        assert_eq!(lines, [(2, Some("A1")), (4, Some("A2"))]);
        assert_eq!(records.cell(&records.rows[0], "color"), None);
        let mut records = records;
        records.add_column("color", ["red".to_owned(), "blue".to_owned()]);
        assert_eq!(records.cell(&records.rows[1], "color"), Some("blue"));
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        for (text, expected) in [
            ("a,b\n1,2\n3\n", "3: 1 cells under 2 titles"),
            ("a,a\n1,2\n", "1: column `a`: this title stands there twice"),
            ("a,b\n", "1: no row: a row is a board"),
            ("", "1: no row: a row is a board"),
        ] {
            assert_eq!(Records::parse(text).expect_err(text).to_string(), expected);
        }
    }
}
