//! A slot group's canonical bytes, and the fingerprint over them.
//!
//! The fingerprint says all that packer and boot loader must agree on before anything is erased: mode bits, regions with
//! their sectors, program unit, ECC word and erased value, the strategy, the slots' roles and ranges, and the logs. It has
//! no names, no part number and nothing of other groups, so that an unrelated slot orphans no image.

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::header::{Body, Envelope, Kind, SignedHeader};
use crate::log::Strategy;
use crate::{Code, Crypto, Digest, Error, Sha256 as _};

structure! {
    /// The second part of a layout's header. The payload is the canonical bytes of all slot groups, one after the other, by
    /// ascending fingerprint.
    struct LayoutBody: 96 bytes {
        /// Number of slot groups, 1 at least.
        0 => group_count: U16,
        /// Zero.
        2 => reserved: [u8; 94],
    }
}

impl Body for LayoutBody {
    const KIND: Kind = Kind::Layout;

    fn judge_form(&self, _: &Envelope) -> Result<(), Error> {
        if self.reserved != [0; 94] {
            return Err(Code::Reserved.at(offset!(SignedHeader<LayoutBody>, body.reserved)));
        }
        Ok(())
    }
}

structure! {
    /// Starts a slot group. The mode bits follow, then the regions, each with its sector runs, then the slots, then the areas.
    struct GroupHead: 16 bytes {
        /// Version of this encoding, 1.
        0 => format: U16,
        /// How the image is replaced: 1 fixed, 2 direct-xip, 3 bank-swap, 4 overwrite, 5 overwrite with backup.
        2 => strategy: u8,
        /// Number of ModeBits.
        3 => mode_count: u8,
        /// Number of GroupRegions.
        4 => region_count: u8,
        /// Number of GroupSlots.
        5 => slot_count: u8,
        /// Number of GroupAreas.
        6 => area_count: u8,
        /// Zero.
        7 => reserved: u8,
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
    /// A region that slots, logs or areas of the group lie in. Its sector runs follow.
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
        /// 1 internal flash, 2 external and mapped into the address space, 3 external and read by commands,
        /// 4 one-time-programmable.
        10 => memory: u8,
        /// Zero.
        11 => reserved: [u8; 5],
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
    struct GroupSlot: 28 bytes {
        /// 1: the image runs from it; 2: updates are staged in it; 3: it keeps a copy of what an update replaces.
        0 => role: u8,
        /// Index of its region in the group.
        1 => region: u8,
        /// Index of its state log's region in the group.
        2 => log_region: u8,
        /// Zero.
        3 => reserved: u8,
        /// Offset from the region's base in bytes.
        4 => offset: U32,
        /// Size in bytes.
        8 => size: U32,
        /// Offset of the front area from the slot's start in bytes.
        12 => front_offset: U32,
        /// Address of the payload when it runs from this slot; 0 if it does not.
        16 => run_address: U32,
        /// Offset of its state log from that region's base in bytes.
        20 => log_offset: U32,
        /// Size of its state log in bytes; 0 without one.
        24 => log_size: U32,
    }
}

/// The role of a slot that the image runs from.
pub const ROLE_RUN: u8 = 1;
/// The role of a slot that updates are staged in.
pub const ROLE_STAGING: u8 = 2;
/// The role of a slot that keeps a copy of what an update replaces.
pub const ROLE_BACKUP: u8 = 3;

structure! {
    /// A range that the boot loader uses and no slot has.
    struct GroupArea: 12 bytes {
        /// 1: the security counter.
        0 => purpose: u8,
        /// Index of its region in the group.
        1 => region: u8,
        /// Zero.
        2 => reserved: [u8; 2],
        /// Offset from the region's base in bytes.
        4 => offset: U32,
        /// Size in bytes.
        8 => size: U32,
    }
}

/// The purpose of an area that keeps the security counter.
pub const PURPOSE_COUNTER: u8 = 1;
/// Internal flash.
pub const MEMORY_INTERNAL: u8 = 1;
/// An external memory that is mapped into the address space.
pub const MEMORY_MAPPED: u8 = 2;
/// An external memory that is read by commands.
pub const MEMORY_COMMANDS: u8 = 3;
/// [`GroupRegion::memory`]: one-time-programmable memory. What counts there programs a unit for each step, and nothing is erased.
pub const MEMORY_OTP: u8 = 4;

/// A region with its sector runs.
#[derive(Clone, Copy, Debug)]
pub struct RegionRuns<'a> {
    /// The region; its count of runs is filled in.
    pub region: GroupRegion,
    /// Its sectors.
    pub runs: &'a [SectorRun],
}

/// A sector of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sector {
    /// Its number, counted from the region's first: not what a reference manual calls it where a bank's sectors begin with another.
    pub number: u32,
    /// Offset of its first byte from the region's base.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

impl RegionRuns<'_> {
    /// The sector that holds this offset from the region's base.
    #[must_use]
    pub fn sector(&self, offset: u32) -> Option<Sector> {
        let (mut start, mut first) = (0u32, 0u32);
        for SectorRun { size, count } in self.runs {
            let within = offset.checked_sub(start)?.checked_div(size.get())?;
            if within < count.get() {
                let offset = start.checked_add(within.checked_mul(size.get())?)?;
                return Some(Sector { number: first.checked_add(within)?, offset, size: size.get() });
            }
            start = start.checked_add(size.get().checked_mul(count.get())?)?;
            first = first.checked_add(count.get())?;
        }
        None
    }
}

/// A slot group, in canonical order: regions by base, slots and areas by region and offset, mode bits by register and mask.
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
    /// What else the boot loader uses.
    pub areas: &'a [GroupArea],
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
            area_count: count(self.areas.len())?,
            reserved: 0,
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
        out(self.areas.as_bytes());
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

/// A slot group out of its canonical bytes.
#[derive(Clone, Copy, Debug)]
pub struct GroupView<'a> {
    bytes: &'a [u8],
    head: &'a GroupHead,
    mode: &'a [ModeBits],
    regions: &'a [u8],
    slots: &'a [GroupSlot],
    areas: &'a [GroupArea],
}

impl<'a> GroupView<'a> {
    /// The group at the start of these bytes, and what follows it. `None` if they are not of its form.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (head, rest) = GroupHead::ref_from_prefix(bytes).ok()?;
        let (mode, regions) = <[ModeBits]>::ref_from_prefix_with_elems(rest, head.mode_count.into()).ok()?;
        let mut rest = regions;
        for _ in 0..head.region_count {
            rest = region(rest)?.1;
        }
        let regions = regions.get(..regions.len().checked_sub(rest.len())?)?;
        let (slots, rest) = <[GroupSlot]>::ref_from_prefix_with_elems(rest, head.slot_count.into()).ok()?;
        let (areas, rest) = <[GroupArea]>::ref_from_prefix_with_elems(rest, head.area_count.into()).ok()?;
        let bytes = bytes.get(..bytes.len().checked_sub(rest.len())?)?;
        let group = GroupView { bytes, head, mode, regions, slots, areas };
        group.is_well_formed().then_some((group, rest))
    }

    fn is_well_formed(&self) -> bool {
        let GroupHead { format, strategy, region_count, slot_count, reserved, .. } = *self.head;
        let slot = |slot: &GroupSlot| {
            (ROLE_RUN..=ROLE_BACKUP).contains(&slot.role)
                && slot.region < region_count
                && slot.log_region < region_count
                && slot.reserved == 0
        };
        let area =
            |area: &GroupArea| area.purpose == PURPOSE_COUNTER && area.region < region_count && area.reserved == [0; 2];
        format.get() == 1
            && reserved == 0
            && slot_count > 0
            && Strategy::from_number(strategy).is_some()
            && self.slots.iter().all(slot)
            && self.areas.iter().all(area)
    }

    /// Counts, strategy, payload offset and capacity.
    #[must_use]
    pub fn head(&self) -> &'a GroupHead {
        self.head
    }

    /// Option bits to compare with the chip's before anything is erased.
    #[must_use]
    pub fn mode(&self) -> &'a [ModeBits] {
        self.mode
    }

    /// The regions with their sector runs.
    pub fn regions(&self) -> impl Iterator<Item = RegionRuns<'a>> + use<'a> {
        let mut rest = self.regions;
        core::iter::from_fn(move || {
            let (found, after) = region(rest)?;
            rest = after;
            Some(found)
        })
    }

    /// The slots.
    #[must_use]
    pub fn slots(&self) -> &'a [GroupSlot] {
        self.slots
    }

    /// What else the boot loader uses.
    #[must_use]
    pub fn areas(&self) -> &'a [GroupArea] {
        self.areas
    }

    /// What images of this group carry.
    pub fn fingerprint(&self, crypto: &mut impl Crypto) -> Digest {
        crate::sha256(crypto, self.bytes)
    }
}

fn region(bytes: &[u8]) -> Option<(RegionRuns<'_>, &[u8])> {
    let (head, rest) = GroupRegion::ref_from_prefix(bytes).ok()?;
    let (runs, rest) = <[SectorRun]>::ref_from_prefix_with_elems(rest, head.run_count.into()).ok()?;
    let well_formed = head.reserved == [0; 5]
        && !runs.is_empty()
        && (MEMORY_INTERNAL..=MEMORY_OTP).contains(&head.memory)
        && runs.iter().all(|run| run.size.get() > 0 && run.count.get() > 0);
    well_formed.then_some((RegionRuns { region: *head, runs }, rest))
}

/// Judges the form of a verified layout's payload, and gives out its groups.
///
/// # Errors
/// [`Code::PayloadForm`].
pub fn groups<'a>(
    header: &SignedHeader<LayoutBody>,
    payload: &'a [u8],
) -> Result<impl Iterator<Item = GroupView<'a>> + use<'a>, Error> {
    let refused = Code::PayloadForm.at(header.payload_start());
    let mut rest = payload;
    for _ in 0..header.body.group_count.get() {
        rest = GroupView::parse(rest).ok_or(refused)?.1;
    }
    if !rest.is_empty() || payload.is_empty() {
        return Err(refused);
    }
    let mut rest = payload;
    Ok(core::iter::from_fn(move || {
        let (group, after) = GroupView::parse(rest)?;
        rest = after;
        Some(group)
    }))
}

#[cfg(test)]
mod tests {
    use super::{GroupRegion, RegionRuns, Sector, SectorRun};

    #[test]
    fn each_offset_lies_in_one_sector() {
        let runs =
            [(4, 16), (1, 64), (2, 128)].map(|(count, size)| SectorRun { count: count.into(), size: size.into() });
        let region = GroupRegion {
            base: 0.into(),
            program_unit: 4.into(),
            ecc_word: 0.into(),
            erased: 0xFF,
            memory: super::MEMORY_INTERNAL,
            run_count: 3,
            reserved: [0; 5],
        };
        let region = RegionRuns { region, runs: &runs };
        let mut next = 0;
        for (number, size) in (0..).zip([16, 16, 16, 16, 64, 128, 128]) {
            for offset in next..next + size {
                assert_eq!(region.sector(offset), Some(Sector { number, offset: next, size }), "offset {offset}");
            }
            next += size;
        }
        assert_eq!(region.sector(next), None);
        assert_eq!(region.sector(u32::MAX), None);
    }
}
