//! What a ledger refuses.

use thiserror::Error;

use crate::event::State;

/// Why the ledger did not do what it was asked for. Nothing of the request has happened.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no ledger there.
    #[error("there is no ledger at {0}: `waxseal ledger init` makes one")]
    Missing(String),
    /// There is one already.
    #[error("there is a ledger at {0} already")]
    Exists(String),
    /// Made by a later version.
    #[error("the ledger has version {found}; this program knows up to {known}")]
    Version {
        /// Its version.
        found: i64,
        /// The last one known.
        known: i64,
    },
    /// Another board has the value.
    #[error("{kind} {value} is {owner}'s already; {board} cannot have it too")]
    Taken {
        /// What it is: `serial`, `eui48`.
        kind: String,
        /// The value.
        value: String,
        /// The board that has it.
        owner: String,
        /// The board that was to have it.
        board: String,
    },
    /// A request that was made before, for something else.
    #[error("{board} was allocated by another request (`{reference}`)")]
    Allocated {
        /// The board.
        board: String,
        /// The request that it was allocated by.
        reference: String,
    },
    /// A range is used up.
    #[error("range of {kind}: {left} are left, {wanted} are needed")]
    Exhausted {
        /// What its numbers are.
        kind: String,
        /// How many are free.
        left: u64,
        /// How many the request needs.
        wanted: u64,
    },
    /// A board that the ledger does not know.
    #[error("the ledger knows no board {0}")]
    Unknown(String),
    /// A state that does not follow.
    #[error("{board} is {from}: it cannot become {to}")]
    Order {
        /// The board.
        board: String,
        /// What it is.
        from: State,
        /// What it was to become.
        to: State,
    },
    /// What is locked cannot be programmed.
    #[error("{board} is locked{}: nothing can be written to it any more", in_stage(.stage))]
    Locked {
        /// The board.
        board: String,
        /// The stage; empty where its files were issued without one.
        stage: String,
    },
    /// The files of a stage were never made for a board.
    #[error("nothing was issued for {board} in stage {stage}")]
    NotIssued {
        /// The board.
        board: String,
        /// The stage.
        stage: String,
    },
    /// What was done to a board was not done with what was made for it.
    #[error("{board}: the {what} is not what was issued in stage {stage}")]
    OtherBytes {
        /// The board.
        board: String,
        /// The stage.
        stage: String,
        /// What differs: `data`, `blob`, `layout`.
        what: &'static str,
    },
    /// Files of other bytes than those that a board was programmed with.
    #[error("{board} was programmed in stage {stage} (row {row}), and these are other bytes: what is burnt stays")]
    Programmed {
        /// The board.
        board: String,
        /// The stage.
        stage: String,
        /// The row that says so.
        row: i64,
    },
    /// A row that a record cannot have.
    #[error("{0}")]
    Unfit(&'static str),
    /// A row of a record that the ledger does not take.
    #[error("row {row} of the record: {error}")]
    Row {
        /// Its number.
        row: i64,
        /// Why.
        error: Box<Self>,
    },
    /// The rows contradict one another.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The database failed.
    #[error("the ledger's database: {0}")]
    Database(String),
    /// A file beside the database.
    #[error("{0}")]
    File(String),
}

/// Where the ledger was tampered with, or damaged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Broken {
    /// A row is not what it was when it was written, or the row before it is not.
    #[error("row {0} was changed, or the row before it was")]
    Changed(i64),
    /// A row is missing.
    #[error("row {0} is missing")]
    Removed(i64),
    /// A row has a number that another one has, or that none has.
    #[error("row {0} was put in")]
    Added(i64),
    /// The last rows are missing.
    #[error("the ledger ends with row {last}, and had row {noted} when its head was noted")]
    CutOff {
        /// The last row.
        last: i64,
        /// The row of the head.
        noted: i64,
    },
    /// The row that the head names is another one.
    #[error("row {0} is not the one that the head names: rows were replaced")]
    Replaced(i64),
    /// What the rows add up to is not what the ledger says.
    #[error("what the ledger says of {0} does not follow from its rows")]
    Contradiction(String),
}

fn in_stage(stage: &str) -> String {
    if stage.is_empty() { String::new() } else { format!(" in stage {stage}") }
}

#[cfg(feature = "databases")]
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

#[cfg(feature = "databases")]
impl From<postgres::Error> for Error {
    fn from(error: postgres::Error) -> Self {
        // What the server says is in the source; the error itself says only `db error`.
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        Self::Database(format!("{error}{}", source.unwrap_or_default()))
    }
}
