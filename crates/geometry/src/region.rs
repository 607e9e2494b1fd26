//! Regions and their sectors.

use std::ops::{Range, RangeInclusive};

use serde::Deserialize;

use crate::Citation;

/// A contiguous range of one memory with one set of rules: the whole flash, or one of its banks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// `flash` on a part in single-bank mode, `bank1` or `bank2` otherwise.
    pub name: String,
    /// Address of its first byte, as the bus sees it when it is programmed.
    pub base: u32,
    /// The reference manual's number of its first sector. Banks do not start at zero each.
    pub first_sector: u32,
    /// Neighbouring sectors of one size, lowest address first.
    pub runs: Vec<Run>,
    /// The range, in bytes, that one program operation fills; what is programmed is a multiple of it and aligned to it.
    pub program_unit: u32,
    /// Bytes that share one error correction code and are programmed at most once per erase. `None`: no ECC.
    pub ecc_word: Option<u32>,
    /// What an erased byte reads as.
    pub erased: u8,
    /// What may be programmed over a unit that is not erased.
    pub rewrite: Rewrite,
    /// Where all this comes from.
    pub citations: RegionCitations,
}

/// Where the properties of a region come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionCitations {
    /// Of base, numbers and sizes of the sectors.
    pub sectors: Citation,
    /// Of the program unit.
    pub program_unit: Citation,
    /// Of the ECC word, or that there is none.
    pub ecc_word: Citation,
    /// Of the erased value.
    pub erased: Citation,
    /// Of the rewrite rule.
    pub rewrite: Citation,
}

/// Neighbouring sectors of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// How many.
    pub count: u32,
    /// Bytes of each.
    pub size: u32,
}

/// The smallest range that can be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sector {
    /// The reference manual's number.
    pub number: u32,
    /// Address of its first byte.
    pub address: u32,
    /// Bytes.
    pub size: u32,
}

/// What may be programmed over a unit that is not erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rewrite {
    /// Any value that only clears bits.
    ClearBits,
    /// Nothing: a unit is programmed once per erase.
    Never,
}

/// A size as people write it: `1M`, `896K`, `100` for one that is no multiple of 1024.
pub fn bytes(size: u32) -> String {
    const K: u32 = 1024;
    const M: u32 = 1024 * K;
    match size {
        0 => "0".into(),
        size if size.is_multiple_of(M) => format!("{}M", size / M),
        size if size.is_multiple_of(K) => format!("{}K", size / K),
        size => size.to_string(),
    }
}

/// An address as people write it: `0x0800_0000`.
pub fn address(address: u32) -> String {
    format!("0x{:04X}_{:04X}", address >> 16, address & 0xFFFF)
}

impl Sector {
    /// The addresses it covers.
    pub fn range(&self) -> Range<u32> {
        self.address..self.address.saturating_add(self.size)
    }
}

impl Region {
    /// Its sectors, lowest address first.
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        let mut next = Sector { number: self.first_sector, address: self.base, size: 0 };
        self.runs.iter().flat_map(|run| (0..run.count).map(|_| run.size)).map(move |size| {
            let sector = Sector { size, ..next };
            next = Sector { number: sector.number + 1, address: sector.address.saturating_add(size), size };
            sector
        })
    }

    /// Bytes of all its sectors.
    pub fn size(&self) -> u32 {
        self.sectors().map(|sector| sector.size).sum()
    }

    /// The addresses it covers.
    pub fn range(&self) -> Range<u32> {
        self.base..self.base.saturating_add(self.size())
    }

    /// The sector of this number, if it is one of this region.
    pub fn sector(&self, number: u32) -> Option<Sector> {
        self.sectors().find(|sector| sector.number == number)
    }

    /// The sector that holds this address, if one does.
    pub fn sector_at(&self, address: u32) -> Option<Sector> {
        self.sectors().find(|sector| sector.range().contains(&address))
    }

    /// The sector map in words: `4x32K, 128K, 7x256K`.
    pub fn summary(&self) -> String {
        let run = |run: &Run| match run.count {
            1 => bytes(run.size),
            count => format!("{count}x{}", bytes(run.size)),
        };
        self.runs.iter().map(run).collect::<Vec<_>>().join(", ")
    }

    /// The first and the last sector number.
    pub fn numbers(&self) -> RangeInclusive<u32> {
        let count: u32 = self.runs.iter().map(|run| run.count).sum();
        self.first_sector..=(self.first_sector + count).saturating_sub(1)
    }
}
