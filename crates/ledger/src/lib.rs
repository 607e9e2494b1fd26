//! The line's memory: what was allocated to each board, and what was done to it.
//!
//! One-time-programmable memory forgives nothing, so a number that two boards share cannot be taken back. A ledger gives
//! each number of a range out once, by any number of stations at once, refuses a value that another board has, and keeps
//! what happened as a chain: each row's digest covers the row before it, so that a changed, removed or cut-off row is found.
//!
//! SQLite keeps it in a file, PostgreSQL where several stations share a line; both run the same statements.
//!
//! It has no clock: whoever writes to it says what time it is. It never holds a secret, only [`SecretKey::digest`] of one.

#![forbid(unsafe_code)]

mod allocate;
mod chain;
mod error;
mod event;
mod export;
mod ledger;
mod secret;
mod store;

pub use allocate::{Allocated, Claim, Request, Take};
pub use chain::{Head, Summary};
pub use error::{Broken, Error};
pub use event::{Event, State, Who};
pub use export::{Format, verify_export};
pub use ledger::{Board, Ledger, Location};
pub use secret::SecretKey;
