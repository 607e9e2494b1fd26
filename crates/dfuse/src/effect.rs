//! What the engine asks its caller to do, and what the caller answers.

use std::ops::Range;

use crate::error::Failure;
use crate::task::{Outcome, Phase};

/// Class requests to the DFU interface (USB DFU 1.1 section 3). DETACH and GETSTATE are never needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Request {
    /// DFU_DNLOAD: commands and data to the device.
    Download = 1,
    /// DFU_UPLOAD: data from the device.
    Upload = 2,
    /// DFU_GETSTATUS.
    GetStatus = 3,
    /// DFU_CLRSTATUS.
    ClearStatus = 4,
    /// DFU_ABORT.
    Abort = 6,
}

/// What to do next. Transfers are control transfers to the DFU interface (wIndex): bmRequestType 0x21 out, 0xA1 in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this.
    Out {
        /// bRequest.
        request: Request,
        /// wValue.
        value: u16,
        /// The data stage.
        data: Vec<u8>,
    },
    /// Ask for so many bytes.
    In {
        /// bRequest.
        request: Request,
        /// wValue.
        value: u16,
        /// wLength.
        length: u16,
    },
    /// Wait so many milliseconds.
    Wait(u32),
    /// Nothing; this is how far it is. Answered with [`Event::Done`] or, if nobody wants the rest, [`Event::Cancel`].
    Progress {
        /// What it does now.
        phase: Phase,
        /// Bytes done in this phase.
        done: u64,
        /// Bytes of this phase.
        total: u64,
        /// What it does it to.
        range: Range<u32>,
    },
    /// It is finished. There is no next.
    Finished(Outcome),
    /// It ended early. There is no next.
    Failed(Failure),
}

/// What came of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The session begins.
    Start,
    /// The transfer out, the wait or the look at the progress is done.
    Done,
    /// The transfer in brought these bytes.
    Received(Vec<u8>),
    /// The device stalled the transfer.
    Stalled,
    /// The device is gone: unplugged, or reset.
    Gone,
    /// Instead of [`Event::Done`] after a progress: stop at the next safe point.
    Cancel,
}
