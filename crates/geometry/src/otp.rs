//! One-time-programmable memory.

use std::fmt;
use std::ops::Range;

use crate::Citation;
use crate::read::words;

/// One-time-programmable memory of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otp {
    /// Address of its first byte.
    pub base: u32,
    /// Bytes of data, without lock bytes.
    pub size: u32,
    /// Bytes of a block, the smallest range that can be locked; `None` if there is no lock, or it is unproven.
    pub block: Option<u32>,
    /// Bytes that are programmed together, once. `None`: unproven.
    pub unit: Option<u32>,
    /// What makes a block permanent. `None`: unproven.
    pub lock: Option<Lock>,
    /// Address of the part's unique id, where that lies next to it. It is nobody's to write.
    pub unique_id: Option<u32>,
    /// What reading a unit does that was never programmed, if it does not just give the erased value.
    pub blank_read: Option<BlankRead>,
    /// Where this comes from.
    pub citation: Citation,
}

/// What makes one-time-programmable memory permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// A byte for each block, from this address on: 0xFF is open, 0x00 is locked, and nothing else is allowed.
    Bytes(u32),
    /// A bit for each block in a register.
    Register,
    /// Nothing: a unit that was programmed once is frozen by that.
    Unit,
}

words! {
    /// What reading a unit does that was never programmed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum BlankRead {
        /// It raises a non-maskable interrupt, for an error correction code that is not there.
        Nmi,
    }
}

impl Otp {
    /// The addresses of its data.
    pub fn range(&self) -> Range<u32> {
        self.base..self.base.saturating_add(self.size)
    }

    /// The addresses of its lock bytes, if it has any.
    pub fn lock_range(&self) -> Option<Range<u32>> {
        match self.lock? {
            Lock::Bytes(base) => Some(base..base.saturating_add(self.blocks()?)),
            Lock::Register | Lock::Unit => None,
        }
    }

    /// Whether a bit that is one can be cleared at any time, whatever else its byte holds; where it cannot, a unit is
    /// programmed once, as a whole. `None`: unproven.
    pub fn clears_bits(&self) -> Option<bool> {
        self.unit.map(|unit| unit == 1)
    }

    /// How many blocks there are.
    pub fn blocks(&self) -> Option<u32> {
        self.size.checked_div(self.block?)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(base) => write!(f, "a byte for each block from {}", crate::address(*base)),
            Self::Register => f.write_str("a register bit for each block"),
            Self::Unit => f.write_str("none: a unit is frozen once programmed"),
        }
    }
}
