//! The line's memory: what was allocated to each board, and what was done to it.
//!
//! One-time-programmable memory forgives nothing, so a number that two boards share cannot be taken back. A ledger gives
//! each number of a range out once, by any number of stations at once, refuses a value that another board has, and keeps
//! what happened as a chain: each row's digest covers the row before it, so that a changed, removed or cut-off row is found.
//!
//! SQLite keeps it in a file, PostgreSQL where several stations share a line; both run the same statements.
//!
//! What is done where no ledger is at hand, on a bench or in a browser, is a [`Record`], which a ledger takes in later. Records,
//! rows and their chain need no database: without the feature `databases` this crate is only that, and builds for
//! WebAssembly.
//!
//! It has no clock: whoever writes to it says what time it is. It never holds a secret, only a digest of one under its own key.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "databases")]
mod allocate;
mod chain;
mod error;
mod event;
#[cfg(feature = "databases")]
mod export;
#[cfg(feature = "databases")]
mod import;
#[cfg(feature = "databases")]
mod issued;
#[cfg(feature = "databases")]
mod ledger;
#[cfg(feature = "databases")]
mod locked;
#[cfg(feature = "databases")]
mod many;
#[cfg(feature = "databases")]
mod ranges;
mod record;
mod rows;
#[cfg(feature = "databases")]
mod secret;
#[cfg(feature = "databases")]
mod store;
#[cfg(feature = "databases")]
mod sum;

#[cfg(feature = "databases")]
pub use allocate::{Allocated, Claim, Judged, Named, Request, Take};
pub use chain::Head;
pub use error::{Broken, Error};
pub use event::{Event, State, Who};
#[cfg(feature = "databases")]
pub use export::verify_export;
#[cfg(feature = "databases")]
pub use import::Imported;
#[cfg(feature = "databases")]
pub use issued::IssuedData;
#[cfg(feature = "databases")]
pub use ledger::{Board, Ledger, Location};
pub use record::Record;
pub use rows::Format;
#[cfg(feature = "databases")]
pub use secret::SecretKey;
#[cfg(feature = "databases")]
pub use sum::Summary;
