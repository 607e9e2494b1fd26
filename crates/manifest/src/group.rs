//! A slot group's canonical bytes: what packer and boot loader must agree on before anything is erased.

use std::ops::Range;

use geometry::sort::{sort_by, sort_by_key};
use image_format::layout::{
    Group, GroupArea, GroupRegion, GroupSlot, MEMORY_COMMANDS, MEMORY_INTERNAL, MEMORY_MAPPED, MEMORY_OTP, ModeBits,
    PURPOSE_COUNTER, ROLE_BACKUP, ROLE_RUN, ROLE_STAGING, RegionRuns, SectorRun, TooMany,
};

use geometry::{Ecc, Region};

use crate::memory::Access;
use crate::plan::otp::{Field, Otp};
use crate::plan::{Area, Copies, Device, Extent, Placement, Slot, Strategy};

/// Where an image lies and what belongs to it.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// Its slots.
    pub placements: &'a [Placement],
    /// Its other slots.
    pub copies: &'a Copies,
    /// All slots.
    pub slots: &'a [Slot],
    /// All areas.
    pub areas: &'a [Area],
}

/// The canonical bytes of the group of slots that an image is placed in, with what keeps its counter. The encoding and
/// its order are `image_format::layout`'s; the fingerprint is their digest.
///
/// # Errors
/// [`TooMany`] regions, runs or slots for the encoding.
pub fn canonical(
    device: &Device,
    strategy: Strategy,
    of: &Places<'_>,
    counter: Option<&Counter<'_>>,
) -> Result<Vec<u8>, TooMany> {
    let Places { placements, copies, .. } = *of;
    let mut places: Vec<Place<'_>> = placements.iter().filter_map(|placement| Place::run(placement, of)).collect();
    let front = placements.first().map_or(0, |placement| placement.front_address - placement.store_address);
    for (copy, role) in [(&copies.download, ROLE_STAGING), (&copies.backup, ROLE_BACKUP)] {
        places.extend(copy.as_ref().and_then(|name| Some(Place::copy(of.slot(&name.value)?, role, front))));
    }
    sort_by(&mut places, |a, b| a.slot.extent.order(&b.slot.extent));
    let mut regions: Vec<Memory<'_>> =
        places.iter().flat_map(|place| [Memory::of(&place.slot.extent), place.log_region]).collect();
    if let Some(Counter::Area(area)) = counter {
        regions.push(Memory::of(&area.extent));
    }
    sort_by_key(&mut regions, |memory| memory.region.base);
    let mut known: Vec<&str> = Vec::new();
    regions.retain(|memory| {
        let is_new = !known.contains(&memory.region.name.as_str());
        known.push(&memory.region.name);
        is_new
    });

    let runs: Vec<Vec<SectorRun>> = regions.iter().map(|memory| sector_runs(memory.region)).collect();
    let mut region_runs: Vec<RegionRuns<'_>> = regions
        .iter()
        .zip(&runs)
        .map(|(memory, runs)| Ok(RegionRuns { region: head(*memory)?, runs }))
        .collect::<Result<_, _>>()?;
    let group_slots: Vec<GroupSlot> = places.iter().map(|place| place.encode(&regions)).collect::<Result<_, _>>()?;
    let mut areas = Vec::new();
    let otp_run;
    match counter {
        Some(Counter::Area(area)) => areas.push(counter_area(area, &regions)?),
        Some(Counter::Otp(otp, field)) => {
            // Behind the others, whatever its address: it has no sectors, and no slot lies there.
            let region = u8::try_from(region_runs.len()).map_err(|_| TooMany)?;
            areas.push(counter_in(region, field.range()));
            otp_run = [SectorRun { size: otp.memory.size.into(), count: 1.into() }];
            region_runs.push(RegionRuns { region: otp_region(otp)?, runs: &otp_run });
        }
        None => {}
    }
    let first = placements.first().map(Placement::payload_offset);
    let group = Group {
        strategy: strategy.of_format(copies.backup.is_some()),
        payload_offset: first.unwrap_or_default(),
        capacity: placements.iter().map(|placement| placement.capacity).min().unwrap_or_default(),
        mode: &mode_bits(device),
        regions: &region_runs,
        slots: &group_slots,
        areas: &areas,
    };
    let mut bytes = Vec::new();
    group.emit(|piece| bytes.extend_from_slice(piece))?;
    Ok(bytes)
}

/// What keeps a counter.
pub enum Counter<'a> {
    /// An area of flash.
    Area(&'a Area),
    /// A field of one-time-programmable memory.
    Otp(&'a Otp, &'a Field),
}

/// A region, and how it is reached.
#[derive(Clone, Copy)]
struct Memory<'a> {
    region: &'a Region,
    access: Access,
}

impl<'a> Memory<'a> {
    fn of(extent: &'a Extent) -> Self {
        Self { region: &extent.region, access: extent.access }
    }
}

impl<'a> Places<'a> {
    fn slot(&self, name: &str) -> Option<&'a Slot> {
        self.slots.iter().find(|slot| slot.name.value == name)
    }

    /// What the state log of a placement lies in: an area, or the slot that updates are written to.
    fn log(&self, placement: &Placement) -> Option<&'a Extent> {
        if let Some(name) = &placement.state_area {
            return self.areas.iter().find(|area| area.name.value == *name).map(|area| &area.extent);
        }
        let holder = self.copies.download.as_ref().unwrap_or(&placement.slot);
        self.slot(&holder.value).map(|slot| &slot.extent)
    }
}

fn counter_area(area: &Area, regions: &[Memory<'_>]) -> Result<GroupArea, TooMany> {
    let Extent { region, range, .. } = &area.extent;
    Ok(counter_in(index(region, regions)?, range.start - region.base..range.end - region.base))
}

/// A counter at these offsets of a region.
fn counter_in(region: u8, range: Range<u32>) -> GroupArea {
    GroupArea {
        purpose: PURPOSE_COUNTER,
        region,
        reserved: [0; 2],
        offset: range.start.into(),
        size: (range.end - range.start).into(),
    }
}

/// One-time-programmable memory as a region.
fn otp_region(otp: &Otp) -> Result<GroupRegion, TooMany> {
    Ok(GroupRegion {
        base: otp.memory.base.into(),
        program_unit: u16::try_from(otp.unit).map_err(|_| TooMany)?.into(),
        ecc_word: 0.into(),
        erased: 0xFF,
        run_count: 0,
        memory: MEMORY_OTP,
        reserved: [0; 5],
    })
}

fn index(region: &Region, regions: &[Memory<'_>]) -> Result<u8, TooMany> {
    let index = regions.iter().position(|candidate| candidate.region.name == region.name).unwrap_or_default();
    u8::try_from(index).map_err(|_| TooMany)
}

/// The option bits that geometry and run addresses depend on, by register and mask.
fn mode_bits(device: &Device) -> Vec<ModeBits> {
    let options = device.part.options.iter().filter(|option| option.selects.is_some());
    let mut bits: Vec<(u32, u32, u32)> = options
        .filter_map(|option| {
            let value = device.option(&option.name)?.value;
            Some((option.field.address, option.field.mask(), option.field.place(value)))
        })
        .collect();
    sort_by(&mut bits, Ord::cmp);
    let bits = bits.into_iter();
    bits.map(|(register, mask, value)| ModeBits { register: register.into(), mask: mask.into(), value: value.into() })
        .collect()
}

fn sector_runs(region: &Region) -> Vec<SectorRun> {
    region.runs.iter().map(|run| SectorRun { size: run.size.into(), count: run.count.into() }).collect()
}

fn head(Memory { region, access }: Memory<'_>) -> Result<GroupRegion, TooMany> {
    let short = |value: u32| u16::try_from(value).map_err(|_| TooMany);
    let ecc_word = match region.ecc.as_ref().map(|ecc| ecc.value) {
        Some(Ecc::Word(word)) => word,
        // Unproven does not come here: `resolve::image` refuses the region.
        Some(Ecc::None) | None => 0,
    };
    Ok(GroupRegion {
        base: region.base.into(),
        program_unit: short(region.program_unit.as_ref().map_or(0, |unit| unit.value))?.into(),
        ecc_word: short(ecc_word)?.into(),
        erased: region.erased.as_ref().map_or(0xFF, |erased| erased.value),
        run_count: 0,
        memory: match access {
            Access::Internal => MEMORY_INTERNAL,
            Access::Mapped => MEMORY_MAPPED,
            Access::Commands => MEMORY_COMMANDS,
        },
        reserved: [0; 5],
    })
}

/// A slot in its role.
struct Place<'a> {
    slot: &'a Slot,
    role: u8,
    front_offset: u32,
    run_address: u32,
    log_region: Memory<'a>,
    log: Range<u32>,
}

impl<'a> Place<'a> {
    /// A slot that the image runs from.
    fn run(placement: &Placement, of: &Places<'a>) -> Option<Self> {
        Some(Self {
            slot: of.slot(&placement.slot.value)?,
            role: ROLE_RUN,
            front_offset: placement.front_address - placement.store_address,
            run_address: placement.run_address,
            log_region: Memory::of(of.log(placement)?),
            log: placement.state_address..placement.state_address + placement.state_size,
        })
    }

    /// A slot that it does not run from.
    fn copy(slot: &'a Slot, role: u8, front_offset: u32) -> Self {
        Self { slot, role, front_offset, run_address: 0, log_region: Memory::of(&slot.extent), log: 0..0 }
    }

    fn encode(&self, regions: &[Memory<'_>]) -> Result<GroupSlot, TooMany> {
        let Extent { region, range, .. } = &self.slot.extent;
        let log_offset = if self.log.is_empty() { 0 } else { self.log.start - self.log_region.region.base };
        Ok(GroupSlot {
            role: self.role,
            region: index(region, regions)?,
            log_region: index(self.log_region.region, regions)?,
            reserved: 0,
            offset: (range.start - region.base).into(),
            size: (range.end - range.start).into(),
            front_offset: self.front_offset.into(),
            run_address: self.run_address.into(),
            log_offset: log_offset.into(),
            log_size: (self.log.end - self.log.start).into(),
        })
    }
}
