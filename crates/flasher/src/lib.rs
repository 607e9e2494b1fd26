//! The procedures that flash a board and burn its one-time-programmable memory over DfuSe, without I/O: for the command, over a
//! native USB stack, and for the page, over WebUSB. Neither has a rule of its own.
//!
//! A [`Procedure`] says what to do next, as an [`Effect`] in USB's own terms, and is told what came of it. The order is a matter of
//! types, so that no byte is sent to a board before a verdict:
//!
//! ```text
//! judge ─> Verdict ─┐
//!                   ├─> FlashPlan ─> flash ─> Flashed: BoardState, trouble
//! identify ─> Connected ─> compare ─> Comparison ─> accept ─> Fit
//!                                                             │
//!                         Target (records or a sealed blob) ──┼─> read_otp ─> BurnPlan ─> confirm ─> burn ─> Burnt
//!                                                                                └── locks ─> LockPlan ─> confirm ─> lock
//! ```
//!
//! Whatever the device answers, each procedure ends, in a state that it can name: [`BoardState`] and [`Burnt::sentences`].
//! Tried on a simulated device only; unproven on silicon.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

mod burn;
mod connected;
mod counter;
mod effect;
mod fit;
mod flash;
mod flash_plan;
pub mod json;
mod otp_memory;
mod otp_plan;
mod procedure;
mod protection;
pub mod record;
mod slot_plan;
mod state;
mod text;
mod trouble;
mod verdict;

pub use burn::Burnt;
pub use connected::{Alternate, Connected, Options, identify};
pub use dfuse::{Event, Setup};
pub use effect::{Effect, Progress, Stage};
pub use fit::{Comparison, Finding, Fit, Matter, Outcome, Purpose};
pub use flash::Flashed;
pub use flash_plan::{FlashPlan, PlanError};
pub use otp_plan::{
    BurnPlan, ConfirmedBurn, ConfirmedLock, LockPlan, NotConfirmed, OtpRead, Target, TargetError, read_otp,
};
pub use procedure::{Next, Procedure, Transport};
pub use protection::{ConfirmedUnprotect, PHRASE};
pub use slot_plan::{Content, Piece, SlotPlan};
pub use state::{BoardState, Holds, SlotState};
pub use text::numbered;
pub use trouble::{Trouble, closed_device, no_device};
pub use verdict::{Verdict, judge};
