//! What each board's one-time-programmable memory is to hold, out of records; and what is still to be done on a board, out of
//! what was read back from it.
//!
//! A library: it opens no file, writes to no board and prints nothing. Nothing that it plans sets a bit that is zero, programs
//! a unit twice, or locks a block whose content was not read back as it should be.

#![forbid(unsafe_code)]

mod board;
mod contents;
mod plan;
mod records;
mod unit;

pub use board::{Board, Inputs, Secrets, Value, boards, trust_bytes};
pub use contents::{Contents, segments};
pub use plan::{ByteStep, FieldStep, LockState, LockStep, OtpPlan, ReadBack, ReadBackError, plan};
pub use records::{Finding, Records, Row};
pub use unit::{Unit, Verdict, transition};
