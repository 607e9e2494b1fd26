//! What happens to boards.

use std::fmt;
use std::str::FromStr;

/// What a board's row says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Its values are its own.
    Allocated,
    /// Its files were made.
    Issued,
    /// They were programmed.
    Written,
    /// They were read back.
    Verified,
    /// Its blocks were locked.
    Locked,
    /// It is waste. Its values stay its own.
    Scrapped,
}

impl State {
    /// All, in their order.
    pub const ALL: [Self; 6] =
        [Self::Allocated, Self::Issued, Self::Written, Self::Verified, Self::Locked, Self::Scrapped];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allocated => "allocated",
            Self::Issued => "issued",
            Self::Written => "written",
            Self::Verified => "verified",
            Self::Locked => "locked",
            Self::Scrapped => "scrapped",
        }
    }

    /// Whether a board in this state can become `next`. What was made or programmed can be made or programmed again, for a
    /// later stage or after a cut; nothing leaves the waste. Which stage is locked, the state does not say: a ledger also looks at
    /// the rows before.
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Scrapped, _) | (_, Self::Allocated) => false,
            (_, Self::Scrapped) => true,
            (_, Self::Issued) => true,
            (Self::Allocated, _) => false,
            (_, Self::Written) => true,
            (from, Self::Verified) => from != Self::Issued,
            (from, Self::Locked) => matches!(from, Self::Verified | Self::Locked),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| format!("`{text}` is no state of a board"))
    }
}

/// Who does it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// The station on the line.
    pub station: String,
    /// The person.
    pub operator: String,
    /// When, as they write it: the ledger has no clock. Best in UTC after RFC 3339.
    pub at: String,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1 for the first.
    pub number: i64,
    /// The board.
    pub board: String,
    /// What it became.
    pub state: State,
    /// What belongs to it, as JSON: what was claimed, digests of files.
    pub detail: String,
    /// Who did it.
    pub who: Who,
    /// SHA-256 over this row and the digest before it, as hexadecimal digits.
    pub digest: String,
}

impl Event {
    /// The digest that the row should have, after the one before it. Each text is preceded by its length in bytes, so that no
    /// two rows give the same bytes.
    pub(crate) fn chained(&self, previous: &str) -> String {
        let Who { station, operator, at } = &self.who;
        let number = self.number.to_string();
        let mut row = Vec::new();
        for text in [previous, &number, &self.board, self.state.name(), &self.detail, station, operator, at] {
            row.extend((text.len() as u64).to_le_bytes());
            row.extend(text.as_bytes());
        }
        // `encode` gathers characters one by one, and each row waits for the one before it.
        let mut digits = vec![0; 64];
        let fits = hex::encode_to_slice(sha256(&row), &mut digits).is_ok();
        debug_assert!(fits);
        String::from_utf8(digits).unwrap_or_default()
    }
}

/// A ledger hashes all of its rows one after the other: on hosts with ring, which is twice as fast as sha2.
#[cfg(feature = "databases")]
fn sha256(bytes: &[u8]) -> impl AsRef<[u8]> {
    ring::digest::digest(&ring::digest::SHA256, bytes)
}

#[cfg(not(feature = "databases"))]
fn sha256(bytes: &[u8]) -> impl AsRef<[u8]> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes)
}

#[cfg(test)]
mod tests {
    use super::State::{self, *};

    /// Each pair of states, and whether it may follow.
    #[test]
    fn what_follows_what() {
        let follows = |from: State| State::ALL.into_iter().filter(|to| from.may_become(*to)).collect::<Vec<_>>();
        assert_eq!(follows(Allocated), [Issued, Scrapped]);
        assert_eq!(follows(Issued), [Issued, Written, Scrapped]);
        assert_eq!(follows(Written), [Issued, Written, Verified, Scrapped]);
        assert_eq!(follows(Verified), [Issued, Written, Verified, Locked, Scrapped]);
        assert_eq!(follows(Locked), [Issued, Written, Verified, Locked, Scrapped]);
        assert_eq!(follows(Scrapped), []);
    }
}
