//! Rows that continue one another: each one's digest covers the one before it.

use std::fmt;
use std::str::FromStr;

use crate::error::Broken;
use crate::event::{Event, State, Who};

/// What the first row of a ledger continues.
#[cfg(feature = "databases")]
pub(crate) const LEDGER: &str = "waxseal ledger 1";
/// What the first row of a record continues: it is never taken for a ledger.
pub(crate) const RECORD: &str = "waxseal record 1";

/// A row and its digest: what to keep elsewhere, so that a ledger that was cut off is found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The row's number; 0 of an empty ledger.
    pub number: i64,
    /// Its digest.
    pub digest: String,
}

/// `128 3f1c…`: as `ledger head` prints it, and as it is signed.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.digest)
    }
}

impl FromStr for Head {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no head of a ledger: a row's number and its digest", text.trim());
        let (number, digest) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let number = number.parse().ok().filter(|number| *number >= 0).ok_or_else(wrong)?;
        Ok(Self { number, digest: digest.to_owned() })
    }
}

impl Head {
    /// Before the first row.
    pub(crate) fn beginning(text: &str) -> Self {
        Self { number: 0, digest: text.to_owned() }
    }

    /// The row that comes next; this is its head then.
    pub(crate) fn next(&mut self, board: &str, state: State, detail: String, who: &Who) -> Event {
        let number = self.number + 1;
        let (board, who) = (board.to_owned(), who.clone());
        let mut event = Event { number, board, state, detail, who, digest: String::new() };
        event.digest = event.chained(&self.digest);
        *self = Self { number, digest: event.digest.clone() };
        event
    }
}

/// Goes along the rows, and finds the first that does not continue the one before it.
pub(crate) struct Walk<'a> {
    head: Head,
    noted: Option<&'a Head>,
}

impl<'a> Walk<'a> {
    /// Along rows of which the first continues `beginning`, and which come to the head that was noted.
    pub(crate) fn new(beginning: &str, noted: Option<&'a Head>) -> Self {
        Self { head: Head::beginning(beginning), noted }
    }

    pub(crate) fn row(&mut self, event: &Event) -> Result<(), Broken> {
        self.compare()?;
        let Self { head, .. } = self;
        match head.number + 1 {
            next if event.number > next => return Err(Broken::Removed(next)),
            next if event.number < next => return Err(Broken::Added(event.number)),
            _ => {}
        }
        if event.digest != event.chained(&head.digest) {
            return Err(Broken::Changed(event.number));
        }
        *head = Head { number: event.number, digest: event.digest.clone() };
        Ok(())
    }

    /// Compares the head so far with what was noted of this row.
    fn compare(&self) -> Result<(), Broken> {
        match self.noted {
            Some(noted) if noted.number == self.head.number && *noted != self.head => {
                Err(Broken::Replaced(noted.number))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn end(self) -> Result<Head, Broken> {
        self.compare()?;
        match self.noted {
            Some(noted) if noted.number > self.head.number => {
                Err(Broken::CutOff { last: self.head.number, noted: noted.number })
            }
            _ => Ok(self.head),
        }
    }
}
