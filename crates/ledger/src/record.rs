//! What was done to boards where no ledger is at hand: on a bench, in a browser. A ledger takes it in later.
//!
//! A record is a text with the columns of a ledger's export: `number`, `board`, `state`, `detail`, `station`, `operator`,
//! `at`, `digest`, as CSV under a line of titles, or as a JSON object on each line. Its rows are chained as a ledger's
//! are, and the first continues `waxseal record 1`: a changed or removed row is found, and so is a record that is to pass for
//! a ledger. Rows that were cut off at its end are not, unless somebody noted its [`Head`].
//!
//! A digest is SHA-256, in hexadecimal digits, over eight texts, each after its length in bytes as eight bytes little-endian:
//! the digest before it (of the first row the 16 bytes `waxseal record 1`), number, board, state, detail, station, operator, at.
//!
//! States are `written`, `verified`, `locked` and `scrapped`. `detail` is a JSON object, without blanks between, with its
//! members in the order of their names. A ledger compares these with what it issued for the board, where both have them:
//!
//! | member | what |
//! | --- | --- |
//! | `stage` | which stage of the manifest; without it nothing is compared |
//! | `layout` | the fingerprint of the fields, in hexadecimal digits |
//! | `data` | `{"sha256": …}` of the stage's data, piece behind piece: `pieces` of the row that issued it has offset and size of each. Not of a board with secrets: who has it can try short ones |
//! | `blob` | the sealed blob's id. Not of a board with secrets, as above |
//!
//! Others, such as `readback` or `note`, are kept as they are. `record` is the ledger's own.

use serde_json::{Map, Value as Json};

use crate::chain::{Head, RECORD, Walk};
use crate::error::Error;
use crate::event::{Event, State, Who};
use crate::rows::{self, Format, Writer};

/// The member of a detail under which a ledger keeps where a row came from.
pub(crate) const ORIGIN: &str = "record";

/// What was done to boards, in order. It needs no database, no file and no clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    rows: Vec<Event>,
    head: Head,
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Record {
    /// Without rows.
    pub fn new() -> Self {
        Self { rows: Vec::new(), head: Head::beginning(RECORD) }
    }

    /// Reads a record of either form.
    ///
    /// # Errors
    /// [`Error::File`]: no record. [`Error::Broken`]: the first row that does not continue the one before it.
    pub fn read(text: &str) -> Result<Self, Error> {
        let mut walk = Walk::new(RECORD, None);
        let mut rows = Vec::new();
        rows::read(text.as_bytes(), |event| {
            walk.row(event)?;
            fits(event.state, &event.detail).map_err(|error| Error::Row { row: event.number, error: error.into() })?;
            rows.push(event.clone());
            Ok(())
        })?;
        Ok(Self { rows, head: walk.end()? })
    }

    /// Adds a row: what a board became.
    ///
    /// # Errors
    /// [`Error::Unfit`]: a state that only a ledger gives, or a member `record`. Whether the state follows from the board's,
    /// only a ledger knows.
    pub fn add(&mut self, board: &str, state: State, detail: &Map<String, Json>, who: &Who) -> Result<&Event, Error> {
        let detail = Json::Object(detail.clone()).to_string();
        fits(state, &detail)?;
        let event = self.head.next(board, state, detail, who);
        let last = self.rows.len();
        self.rows.push(event);
        Ok(&self.rows[last])
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Event] {
        &self.rows
    }

    /// The last row: what to note elsewhere, to find later that rows were cut off.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The whole record as text.
    ///
    /// # Errors
    /// None of a text in memory.
    pub fn write(&self, format: Format) -> Result<String, Error> {
        let mut text = Vec::new();
        let mut writer = Writer::new(format, &mut text)?;
        self.rows.iter().try_for_each(|event| writer.row(event))?;
        String::from_utf8(text).map_err(|error| Error::File(error.to_string()))
    }
}

/// Whether a record may have this row.
fn fits(state: State, detail: &str) -> Result<(), Error> {
    if matches!(state, State::Allocated | State::Issued) {
        return Err(Error::Unfit("only a ledger allocates and issues"));
    }
    match serde_json::from_str(detail) {
        Ok(Json::Object(members)) if members.contains_key(ORIGIN) => {
            Err(Error::Unfit("`record` in a detail is the ledger's own"))
        }
        Ok(Json::Object(_)) => Ok(()),
        _ => Err(Error::Unfit("a detail is a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Broken;

    fn record() -> Record {
        let who = Who { station: "P1".to_owned(), operator: "kim, \"K\"".to_owned(), at: "2026-11-19".to_owned() };
        let mut record = Record::new();
        let Json::Object(detail) = json!({ "stage": "identity", "locks": [0, 1], "note": "a,\nb" }) else { panic!() };
        for state in [State::Written, State::Verified] {
            record.add("A1", state, &detail, &who).expect("a row");
        }
        record
    }

    /// The digest by another program, from the text above: Python's hashlib.
    #[test]
    fn the_digest_is_as_described() {
        let mut record = Record::new();
        let who = Who { station: "S1".to_owned(), operator: String::new(), at: "2026-11-19T10:00:00Z".to_owned() };
        record.add("A1", State::Written, &Map::new(), &who).expect("a row");
        let digest = "dc3bf2e9f00974f3d80259421a3f0474ec98bbc10c3b60a41eaee61cf78d4262";
        assert_eq!(record.head().to_string(), format!("1 {digest}"));
    }

    #[test]
    fn both_forms_come_back() {
        for format in [Format::Csv, Format::Json] {
            let text = record().write(format).expect("text");
            assert_eq!(Record::read(&text).expect("a record"), record(), "{text}");
            let empty = Record::new().write(format).expect("text");
            assert!(Record::read(&empty).is_ok() == (format == Format::Csv), "no byte tells an empty JSON record");
        }
    }

    /// Every text of three of the letters that CSV takes for its own comes back, in the first cell and in the last one but one.
    #[test]
    fn any_letter_stands_in_a_cell() {
        let letters = ["", "a", " ", ",", "\"", "\r", "\n", "ä"];
        let mut record = Record::new();
        for number in 0..letters.len().pow(3) {
            let text = [number / 64, number / 8 % 8, number % 8].map(|index| letters[index]).concat();
            let who = Who { station: text.clone(), operator: "o".to_owned(), at: text.clone() };
            record.add(&text, State::Written, &Map::new(), &who).expect("a row");
        }
        let text = record.write(Format::Csv).expect("text");
        assert_eq!(Record::read(&text).expect("a record"), record);
    }

    #[test]
    fn what_was_changed_is_found() {
        for format in [Format::Csv, Format::Json] {
            let text = record().write(format).expect("text");
            for (from, to) in [("P1", "P2"), ("kim", "eve"), ("verified", "locked"), ("A1", "A2"), ("2026", "2027")] {
                let found = Record::read(&text.replace(from, to));
                assert!(matches!(found, Err(Error::Broken(Broken::Changed(_)))), "{from}: {found:?}");
            }
            let without: String =
                text.lines().filter(|line| !line.contains("written")).map(|l| l.to_owned() + "\n").collect();
            assert!(matches!(Record::read(&without), Err(Error::Broken(_)) | Err(Error::File(_))), "{without}");
        }
    }

    #[test]
    fn what_only_a_ledger_says() {
        let mut record = Record::new();
        let who = Who::default();
        for state in [State::Allocated, State::Issued] {
            assert!(matches!(record.add("A1", state, &Map::new(), &who), Err(Error::Unfit(_))));
        }
        let Json::Object(detail) = json!({ "record": 1 }) else { panic!() };
        assert!(matches!(record.add("A1", State::Written, &detail, &who), Err(Error::Unfit(_))));
        assert_eq!(record, Record::new(), "nothing was added");
    }
}
