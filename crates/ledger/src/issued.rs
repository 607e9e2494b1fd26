//! What was made for a board, and whether what was done to it is that.

use serde_json::Value as Json;

use crate::error::Error;
use crate::event::{Event, State};

/// What a ledger knows of the data of a stage, so that a read-back can be compared with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedData {
    /// The stage.
    pub stage: String,
    /// The pieces that its digest is over, one behind the other: offset from the memory's first byte, and bytes.
    pub pieces: Vec<(usize, usize)>,
    /// The digest, in hexadecimal digits.
    pub digest: String,
    /// Whether it is made under the ledger's own key.
    pub is_keyed: bool,
    /// The blocks that are locked then.
    pub locks: Vec<usize>,
    /// Offset of the first block's lock byte in a dump. `None`: no dump has these.
    pub lock_bytes: Option<usize>,
}

impl IssuedData {
    /// Of a board's rows, those that issued something and say where its data lies.
    pub fn of(rows: &[Event]) -> Vec<Self> {
        let issued = rows.iter().filter(|row| row.state == State::Issued);
        issued.filter_map(|row| Self::of_row(&detail(&row.detail))).collect()
    }

    fn of_row(detail: &Json) -> Option<Self> {
        let number = |value: &Json| usize::try_from(value.as_u64()?).ok();
        let piece = |piece: &Json| Some((number(&piece[0])?, number(&piece[1])?));
        let data = &detail["data"];
        Some(Self {
            stage: detail["stage"].as_str()?.to_owned(),
            pieces: detail["pieces"].as_array()?.iter().map(piece).collect::<Option<_>>()?,
            digest: data["sha256"].as_str().or(data["hmac"].as_str())?.to_owned(),
            is_keyed: data["hmac"].is_string(),
            locks: detail["locks"].as_array().into_iter().flatten().filter_map(number).collect(),
            lock_bytes: number(&detail["lock_bytes"]),
        })
    }

    /// The data out of a dump of the memory from its first byte on. `None`: the dump ends before.
    pub fn read(&self, dump: &[u8]) -> Option<Vec<u8>> {
        let piece = |(start, size): &(usize, usize)| dump.get(*start..start.checked_add(*size)?);
        Some(self.pieces.iter().map(piece).collect::<Option<Vec<_>>>()?.concat())
    }

    /// Of the blocks that are to be locked, each with its lock byte in a dump; 0x00 is locked. `None`: there are none, or the dump does not
    /// have the bytes.
    pub fn read_locks(&self, dump: &[u8]) -> Option<Vec<(usize, u8)>> {
        let first = self.lock_bytes.filter(|_| !self.locks.is_empty())?;
        let lock = |block: &usize| Some((*block, *dump.get(first.checked_add(*block)?)?));
        self.locks.iter().map(lock).collect()
    }
}

fn detail(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}

/// Whether a row says what was programmed, and something was issued that does not contradict it. A board that was issued
/// twice may have been programmed with either.
pub(crate) fn compare(before: &[Event], board: &str, state: State, row: &str) -> Result<bool, Error> {
    let done = detail(row);
    let Some(stage) = done["stage"].as_str().filter(|_| state != State::Scrapped) else { return Ok(false) };
    let issued = before.iter().filter(|event| event.state == State::Issued).map(|event| detail(&event.detail));
    let issued: Vec<Json> = issued.filter(|issued| issued["stage"] == stage).collect();
    let mut other = Error::NotIssued { board: board.to_owned(), stage: stage.to_owned() };
    for issued in &issued {
        let pairs = [
            ("layout", &issued["layout"], &done["layout"]),
            ("data", &issued["data"]["sha256"], &done["data"]["sha256"]),
            ("data", &issued["data"]["hmac"], &done["data"]["hmac"]),
            ("blob", &issued["blob"], &done["blob"]),
        ];
        let both = || pairs.iter().filter(|(_, issued, done)| !issued.is_null() && !done.is_null());
        match both().find(|(_, issued, done)| issued != done) {
            None => return Ok(both().any(|(what, ..)| *what != "layout")),
            Some((what, ..)) => {
                other = Error::OtherBytes { board: board.to_owned(), stage: stage.to_owned(), what };
            }
        }
    }
    Err(other)
}

/// Refuses to issue other bytes for a stage that was programmed: what is burnt stays. A row without a stage may be about any.
pub(crate) fn refuse(before: &[Event], board: &str, state: State, row: &str) -> Result<(), Error> {
    if state != State::Issued {
        return Ok(());
    }
    let is_programmed = |event: &&Event| matches!(event.state, State::Written | State::Verified | State::Locked);
    let mut programmed = before.iter().filter(is_programmed).peekable();
    // As of all boards of a new batch.
    if programmed.peek().is_none() {
        return Ok(());
    }
    let new = detail(row);
    let of_stage = |event: &&Event| {
        let stage = &detail(&event.detail)["stage"];
        stage.is_null() || *stage == new["stage"]
    };
    let Some(programmed) = programmed.find(of_stage) else { return Ok(()) };
    let issued = before.iter().filter(|event| event.state == State::Issued);
    let mut of_stage =
        issued.map(|event| detail(&event.detail)).filter(|issued| issued["stage"] == new["stage"]).peekable();
    // Of a stage that was never issued nothing was programmed, whatever the row was about.
    if of_stage.peek().is_none()
        || of_stage.any(|issued| issued["layout"] == new["layout"] && issued["data"] == new["data"])
    {
        return Ok(());
    }
    let stage = new["stage"].as_str().unwrap_or_default().to_owned();
    Err(Error::Programmed { board: board.to_owned(), stage, row: programmed.number })
}
