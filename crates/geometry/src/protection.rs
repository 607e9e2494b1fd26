//! Write protection: which option bits keep which sectors from being written.

use std::ops::RangeInclusive;

use crate::Citation;

/// Write protection of a region's sectors by bits that each cover a group of neighbours and protect when 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteProtection {
    /// The option byte that holds the bits. Regions may share one.
    pub option: String,
    /// How many bits the option byte has.
    pub bits: u32,
    /// Bit i covers the sectors from `first_sector + i * sectors_per_bit`.
    pub sectors_per_bit: u32,
    /// The number of the first sector that bit 0 covers.
    pub first_sector: u32,
    /// The same in words.
    pub rule: String,
    /// Where this comes from.
    pub citation: Citation,
}

impl WriteProtection {
    /// The bits that must be 0 to protect these sectors.
    pub fn bits_for(&self, sectors: RangeInclusive<u32>) -> RangeInclusive<u32> {
        let bit = |sector: &u32| sector.saturating_sub(self.first_sector) / self.sectors_per_bit;
        bit(sectors.start())..=bit(sectors.end())
    }

    /// All sectors that these bits cover.
    pub fn sectors_of(&self, bits: RangeInclusive<u32>) -> RangeInclusive<u32> {
        let first = |bit: u32| self.first_sector + bit * self.sectors_per_bit;
        first(*bits.start())..=first(bits.end() + 1) - 1
    }

    /// The value of the option byte when nothing is protected: all ones.
    pub fn unprotected(&self) -> u32 {
        u32::MAX.checked_shr(32 - self.bits).unwrap_or(0)
    }
}

/// Write protection of a region by ranges of pages, each from a first to a last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageProtection {
    /// The option bytes that each hold one range.
    pub options: Vec<String>,
    /// The same in words.
    pub rule: String,
    /// Where this comes from.
    pub citation: Citation,
}

impl PageProtection {
    /// The value of an option byte that protects these pages, counted from 0 in the region: first, and last from bit 16 on.
    pub fn value(pages: RangeInclusive<u32>) -> u32 {
        pages.start() | pages.end() << 16
    }
}
