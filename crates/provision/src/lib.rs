//! What each board's one-time-programmable memory is to hold, out of records; and what is still to be done on a board, out of
//! what was read back from it.
//!
//! A library: it opens no file, writes to no board and prints nothing. Nothing that it plans sets a bit that is zero, programs
//! a unit twice, or locks a block whose content was not read back as it should be.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

mod board;
mod cells;
mod claim;
mod contents;
mod lines;
mod plan;
mod records;
mod unit;

pub use board::{Board, Inputs, Secrets, Value, board, boards, trust_bytes};
pub use claim::{BOARD, Claim, Own, Taken, claims, kind_of};
pub use contents::{Contents, segments};
pub use plan::{ByteStep, FieldStep, LockState, LockStep, OtpPlan, ReadBack, ReadBackError, plan};
pub use records::{Finding, MOST_FINDINGS, Reader, Records, Row, STRANGE, judge_titles};
pub use unit::{Unit, Verdict, transition};
