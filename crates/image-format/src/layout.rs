//! A slot group's canonical bytes, and the fingerprint over them.
//!
//! The fingerprint says all that packer and boot loader must agree on before anything is erased: mode bits, regions with
//! their sectors, program unit, ECC word and erased value, the strategy, the slots' roles and ranges, and the logs. It has
//! no names, no part number and nothing of other groups, so that an unrelated slot orphans no image.

use zerocopy::IntoBytes as _;
use zerocopy::little_endian::{U16, U32};

use crate::log::Strategy;
use crate::{Crypto, Digest, Sha256 as _};

structure! {
    /// Starts a slot group. The mode bits follow, then the regions, each with its sector runs, then the slots.
    struct GroupHead: 16 bytes {
        /// Version of this encoding, 1.
        0 => format: U16,
        /// How the image is replaced: 1 fixed, 2 direct-xip.
        2 => strategy: u8,
        /// Number of ModeBits.
        3 => mode_count: u8,
        /// Number of GroupRegions.
        4 => region_count: u8,
        /// Number of GroupSlots.
        5 => slot_count: u8,
        /// Zero.
        6 => reserved: [u8; 2],
        /// Offset of the payload in each slot, in bytes.
        8 => payload_offset: U32,
        /// Largest payload with its auxiliary area, in bytes.
        12 => capacity: U32,
    }
}

structure! {
    /// Option bits that choose the geometry or the run address, where a boot loader finds them.
    struct ModeBits: 12 bytes {
        /// Address of the register that holds them.
        0 => register: U32,
        /// Which of its bits.
        4 => mask: U32,
        /// What they must be.
        8 => value: U32,
    }
}

structure! {
    /// A region that the group's slots lie in. Its sector runs follow.
    struct GroupRegion: 16 bytes {
        /// Address of its first byte; 0 for a memory without address.
        0 => base: U32,
        /// Program unit in bytes.
        4 => program_unit: U16,
        /// ECC word in bytes; 0 without ECC.
        6 => ecc_word: U16,
        /// Value of an erased byte.
        8 => erased: u8,
        /// Number of SectorRuns.
        9 => run_count: u8,
        /// Zero.
        10 => reserved: [u8; 6],
    }
}

structure! {
    /// Neighbouring sectors of one size, by ascending address.
    struct SectorRun: 8 bytes {
        /// Size of each sector in bytes.
        0 => size: U32,
        /// How many.
        4 => count: U32,
    }
}

structure! {
    /// A slot of the group.
    struct GroupSlot: 24 bytes {
        /// 1: the image runs from it.
        0 => role: u8,
        /// Index of its region in the group.
        1 => region: u8,
        /// Zero.
        2 => reserved: [u8; 2],
        /// Offset from the region's base in bytes.
        4 => offset: U32,
        /// Size in bytes.
        8 => size: U32,
        /// Address of the payload when it runs from this slot.
        12 => run_address: U32,
        /// Offset of its state log from the region's base in bytes.
        16 => log_offset: U32,
        /// Size of its state log in bytes; 0 without one.
        20 => log_size: U32,
    }
}

/// The role of a slot that the image runs from.
pub const ROLE_RUN: u8 = 1;

/// A region with its sector runs.
#[derive(Clone, Copy, Debug)]
pub struct RegionRuns<'a> {
    /// The region; its count of runs is filled in.
    pub region: GroupRegion,
    /// Its sectors.
    pub runs: &'a [SectorRun],
}

/// A slot group, in canonical order: regions by base, slots by region and offset, mode bits by register and mask.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// How the image is replaced.
    pub strategy: Strategy,
    /// Offset of the payload in each slot, in bytes.
    pub payload_offset: u32,
    /// Largest payload with its auxiliary area, in bytes.
    pub capacity: u32,
    /// Option bits that the geometry depends on.
    pub mode: &'a [ModeBits],
    /// The regions that the slots lie in.
    pub regions: &'a [RegionRuns<'a>],
    /// The slots.
    pub slots: &'a [GroupSlot],
}

/// A group with more parts than the encoding counts (255 of each).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Group<'_> {
    /// Hands out the canonical bytes, piece by piece.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn emit(&self, mut out: impl FnMut(&[u8])) -> Result<(), TooMany> {
        let count = |length: usize| u8::try_from(length).map_err(|_| TooMany);
        let head = GroupHead {
            format: 1.into(),
            strategy: self.strategy.number(),
            mode_count: count(self.mode.len())?,
            region_count: count(self.regions.len())?,
            slot_count: count(self.slots.len())?,
            reserved: [0; 2],
            payload_offset: self.payload_offset.into(),
            capacity: self.capacity.into(),
        };
        out(head.as_bytes());
        out(self.mode.as_bytes());
        for RegionRuns { region, runs } in self.regions {
            let region = GroupRegion { run_count: count(runs.len())?, ..*region };
            out(region.as_bytes());
            out(runs.as_bytes());
        }
        out(self.slots.as_bytes());
        Ok(())
    }

    /// SHA-256 over the canonical bytes.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn fingerprint(&self, crypto: &mut impl Crypto) -> Result<Digest, TooMany> {
        let mut hash = crypto.sha256();
        self.emit(|bytes| hash.update(bytes))?;
        Ok(hash.finish())
    }
}
