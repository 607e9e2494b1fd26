//! What a procedure asks its caller to do.

use std::ops::Range;

use dfuse::Setup;

/// What to do next, in USB's own terms: whoever performs it only moves bytes. Answered with a [`dfuse::Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A control transfer to the device. Answered with `Done`, `Stalled` or `Gone`.
    Out {
        /// What it is.
        setup: Setup,
        /// Its data.
        data: Vec<u8>,
    },
    /// A control transfer from the device. Answered with `Received`, `Stalled` or `Gone`.
    In {
        /// What it is.
        setup: Setup,
        /// wLength: most bytes to come.
        length: u16,
    },
    /// Claim the interface, if it is not claimed yet, and choose an alternate setting of it. Answered with `Done` or `Gone`.
    Select {
        /// bInterfaceNumber.
        interface: u8,
        /// bAlternateSetting.
        alternate: u8,
    },
    /// Wait so many milliseconds. Answered with `Done`.
    Wait(u32),
    /// Nothing; this is how far it is. Answered with `Done`, or with `Cancel` to stop at the next safe point.
    Progress(Progress),
}

/// How far a procedure is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What it does now.
    pub stage: Stage,
    /// Bytes done.
    pub done: u64,
    /// Bytes of this stage.
    pub total: u64,
    /// The addresses that are next.
    pub range: Range<u32>,
}

/// What a procedure is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It reads what the device says of itself.
    Identify,
    /// It reads memory.
    Read,
    /// It reads again what the plan was made from.
    Recheck,
    /// It erases.
    Erase,
    /// It programs flash.
    Program,
    /// It programs one-time-programmable memory.
    Burn,
    /// It locks blocks for ever.
    Lock,
    /// It reads back what it programmed.
    ReadBack,
}

impl Stage {
    /// In words: `erasing`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Identify => "reading what the device says of itself",
            Self::Read => "reading",
            Self::Recheck => "reading again",
            Self::Erase => "erasing",
            Self::Program => "programming",
            Self::Burn => "burning",
            Self::Lock => "locking",
            Self::ReadBack => "reading back",
        }
    }

    /// Whether the board is changed meanwhile, so that whoever pulls the cable leaves it unfinished.
    pub fn changes(self) -> bool {
        matches!(self, Self::Erase | Self::Program | Self::Burn | Self::Lock)
    }
}
