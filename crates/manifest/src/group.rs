//! A slot group's fingerprint: what packer and boot loader must agree on before anything is erased.

use std::ops::Range;

use image_format::layout::{
    Group, GroupArea, GroupRegion, GroupSlot, MEMORY_INTERNAL, ModeBits, PURPOSE_COUNTER, ROLE_BACKUP, ROLE_RUN,
    ROLE_STAGING, RegionRuns, SectorRun, TooMany,
};
use image_format::{Digest, SoftwareCrypto};

use geometry::{Ecc, Region};

use crate::plan::{Area, Copies, Device, Extent, Placement, Slot, Strategy};

/// The fingerprint of the group of slots that an image is placed in, with the area that keeps its counter. The encoding and
/// its order are `image_format::layout`'s.
///
/// # Errors
/// [`TooMany`] regions, runs or slots for the encoding.
pub fn fingerprint(
    device: &Device,
    strategy: Strategy,
    placements: &[Placement],
    copies: &Copies,
    slots: &[Slot],
    counter: Option<&Area>,
) -> Result<Digest, TooMany> {
    let find = |name: &str| slots.iter().find(|slot| slot.name.value == name);
    let mut places: Vec<Place<'_>> =
        placements.iter().filter_map(|p| Some(Place::run(p, find(&p.slot.value)?, copies, slots))).collect();
    let front = placements.first().map_or(0, |placement| placement.front_address - placement.store_address);
    for (copy, role) in [(&copies.download, ROLE_STAGING), (&copies.backup, ROLE_BACKUP)] {
        places.extend(copy.as_ref().and_then(|name| Some(Place::copy(find(&name.value)?, role, front))));
    }
    places.sort_by_key(|place| place.slot.extent.range.start);
    let mut regions: Vec<&Region> =
        places.iter().flat_map(|place| [&place.slot.extent.region, place.log_region]).collect();
    regions.extend(counter.map(|area| &area.extent.region));
    regions.sort_by_key(|region| region.base);
    regions.dedup();

    let runs: Vec<Vec<SectorRun>> = regions.iter().map(|region| sector_runs(region)).collect();
    let region_runs: Vec<RegionRuns<'_>> = regions
        .iter()
        .zip(&runs)
        .map(|(region, runs)| Ok(RegionRuns { region: head(region)?, runs }))
        .collect::<Result<_, _>>()?;
    let group_slots: Vec<GroupSlot> = places.iter().map(|place| place.encode(&regions)).collect::<Result<_, _>>()?;
    let areas: Vec<GroupArea> = counter.iter().map(|area| counter_area(area, &regions)).collect::<Result<_, _>>()?;
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
    group.fingerprint(&mut SoftwareCrypto)
}

fn counter_area(area: &Area, regions: &[&Region]) -> Result<GroupArea, TooMany> {
    let Extent { region, range, .. } = &area.extent;
    Ok(GroupArea {
        purpose: PURPOSE_COUNTER,
        region: index(region, regions)?,
        reserved: [0; 2],
        offset: (range.start - region.base).into(),
        size: area.extent.size().into(),
    })
}

fn index(region: &Region, regions: &[&Region]) -> Result<u8, TooMany> {
    let index = regions.iter().position(|candidate| *candidate == region).unwrap_or_default();
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
    bits.sort_unstable();
    let bits = bits.into_iter();
    bits.map(|(register, mask, value)| ModeBits { register: register.into(), mask: mask.into(), value: value.into() })
        .collect()
}

fn sector_runs(region: &Region) -> Vec<SectorRun> {
    region.runs.iter().map(|run| SectorRun { size: run.size.into(), count: run.count.into() }).collect()
}

fn head(region: &Region) -> Result<GroupRegion, TooMany> {
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
        memory: MEMORY_INTERNAL,
        reserved: [0; 5],
    })
}

/// A slot in its role.
struct Place<'a> {
    slot: &'a Slot,
    role: u8,
    front_offset: u32,
    run_address: u32,
    log_region: &'a Region,
    log: Range<u32>,
}

impl<'a> Place<'a> {
    /// A slot that the image runs from.
    fn run(placement: &Placement, slot: &'a Slot, copies: &Copies, slots: &'a [Slot]) -> Self {
        let holder = copies.download.as_ref().and_then(|name| slots.iter().find(|slot| slot.name.value == name.value));
        Self {
            slot,
            role: ROLE_RUN,
            front_offset: placement.front_address - placement.store_address,
            run_address: placement.run_address,
            log_region: &holder.unwrap_or(slot).extent.region,
            log: placement.state_address..placement.state_address + placement.state_size,
        }
    }

    /// A slot that it does not run from.
    fn copy(slot: &'a Slot, role: u8, front_offset: u32) -> Self {
        Self { slot, role, front_offset, run_address: 0, log_region: &slot.extent.region, log: 0..0 }
    }

    fn encode(&self, regions: &[&Region]) -> Result<GroupSlot, TooMany> {
        let Extent { region, range, .. } = &self.slot.extent;
        let log_offset = if self.log.is_empty() { 0 } else { self.log.start - self.log_region.base };
        Ok(GroupSlot {
            role: self.role,
            region: index(region, regions)?,
            log_region: index(self.log_region, regions)?,
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
