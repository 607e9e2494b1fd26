//! What can go wrong on a device, and what had been done until then.

use std::ops::Range;

use thiserror::Error;

use crate::status::{State, Status};

/// Why a session ended early.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The device is not there any more.
    #[error("the device is gone: unplugged, or reset")]
    Gone,
    /// The caller wanted it to stop.
    #[error("stopped on request")]
    Cancelled,
    /// The ROM refuses the address: no memory of this alternate setting, or write-protected.
    #[error("the device refuses address {0:#010X}")]
    Address(u32),
    /// The flash is protected from being read. Lifting that erases everything, so it is never done here.
    #[error("the flash is read-protected (RDP level 1): it can be neither read nor written over USB")]
    ReadProtected,
    /// The device reports another error.
    #[error("the device reports {} in {} at {address:#010X}", status.code, status.state)]
    Reported {
        /// Its status.
        status: Status,
        /// What it worked on.
        address: u32,
    },
    /// It does not come out of a state: not by waiting as long as it asked for, nor by CLRSTATUS.
    #[error("the device stays in {0}")]
    Stuck(State),
    /// It stalled a request that it has to answer.
    #[error("the device stalls requests")]
    Stalls,
    /// An answer that is too short, or too long.
    #[error("the device answers {got} bytes where {wanted} were asked for at {address:#010X}")]
    Short {
        /// What it read.
        address: u32,
        /// Bytes asked for.
        wanted: usize,
        /// Bytes that came.
        got: usize,
    },
    /// The caller's answer does not belong to the effect.
    #[error("an event that answers no effect")]
    Event,
    /// What was programmed reads back differently.
    #[error("{address:#010X} was programmed with {wanted:#04X} and reads {found:#04X}")]
    ReadBack {
        /// The first byte that differs.
        address: u32,
        /// What was programmed.
        wanted: u8,
        /// What it reads.
        found: u8,
    },
}

/// Why a session ended early, and the state that it leaves the board in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{error}")]
pub struct Failure {
    /// Why.
    #[source]
    pub error: Error,
    /// What had been done. What is in neither list is as it was.
    pub journal: Journal,
}

/// What a session did to the memory so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// Sectors that were erased, by their addresses.
    pub erased: Vec<Range<u32>>,
    /// Ranges that were programmed.
    pub programmed: Vec<Range<u32>>,
    /// What was being erased or programmed when it ended: its content is unknown, and must be erased again.
    pub doubtful: Option<Range<u32>>,
}
