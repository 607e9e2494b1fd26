//! Power cuts at every operation of an update, against the boot loader as it is.
//!
//! A [`Bench`] is a device: a slot group's canonical bytes, an old image that runs and a new one that comes. A [`Scenario`] says what the
//! new image does. [`explore`] plays the update once, and then again with the power cut before and inside each operation; [`wander`]
//! cuts at seeded points, several times in one run. After each start the invariants are checked: see [`Violation`]. Nothing is stubbed: the boot loader is
//! `boot`, the memories are `flash-model`'s, and each image is verified in each boot, with digests and signatures remembered by content.
//!
//! [`otp`] plays the production line: one-time-programmable memory, by the line's own plan, with the power cut in it.

#![forbid(unsafe_code)]

mod application;
mod banks;
#[cfg(test)]
mod begun;
mod bench;
#[cfg(test)]
mod board;
mod companion;
mod counter;
mod cut;
#[cfg(test)]
mod decision;
mod device;
pub mod devices;
#[cfg(test)]
mod exchange;
mod explore;
pub mod fuzz;
#[cfg(test)]
mod last_resort;
mod memo;
pub mod otp;
#[cfg(test)]
mod reasons;
mod run;
mod sealed;
mod timeline;
mod verdict;

pub use boot::Raise;

pub use bench::{Bench, BenchError, Images};
pub use cut::{BadCuts, Cuts, PlannedCut};
pub use explore::{Count, Depth, Failure, Replay, Setting, draw, explore, replay, wander};
pub use memo::Memo;
pub use run::{Event, Outcome, Scenario, Violation};
pub use verdict::{Verdict, verdicts};
