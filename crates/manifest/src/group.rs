//! A slot group's fingerprint: what packer and boot loader must agree on before anything is erased.

use image_format::layout::{
    Group, GroupArea, GroupRegion, GroupSlot, MEMORY_INTERNAL, ModeBits, PURPOSE_COUNTER, ROLE_RUN, RegionRuns,
    SectorRun, TooMany,
};
use image_format::{Digest, SoftwareCrypto};

use geometry::{Ecc, Region};

use crate::plan::{Area, Device, Extent, Placement, Slot, Strategy};

/// The fingerprint of the group of slots that an image is placed in, with the area that keeps its counter. The encoding and
/// its order are `image_format::layout`'s.
///
/// # Errors
/// [`TooMany`] regions, runs or slots for the encoding.
pub fn fingerprint(
    device: &Device,
    strategy: Strategy,
    placements: &[Placement],
    slots: &[Slot],
    counter: Option<&Area>,
) -> Result<Digest, TooMany> {
    let mut placed: Vec<(&Placement, &Region)> =
        placements.iter().filter_map(|p| Some((p, region(p, slots)?))).collect();
    placed.sort_by_key(|(placement, _)| placement.store_address);
    let mut regions: Vec<&Region> = placed.iter().map(|(_, region)| *region).collect();
    regions.extend(counter.map(|area| &area.extent.region));
    regions.sort_by_key(|region| region.base);
    regions.dedup();

    let runs: Vec<Vec<SectorRun>> = regions.iter().map(|region| sector_runs(region)).collect();
    let region_runs: Vec<RegionRuns<'_>> = regions
        .iter()
        .zip(&runs)
        .map(|(region, runs)| Ok(RegionRuns { region: head(region)?, runs }))
        .collect::<Result<_, _>>()?;
    let group_slots: Vec<GroupSlot> =
        placed.iter().map(|(placement, region)| slot(placement, region, &regions, slots)).collect::<Result<_, _>>()?;
    let areas: Vec<GroupArea> = counter.iter().map(|area| counter_area(area, &regions)).collect::<Result<_, _>>()?;
    let first = placed.first().map(|(placement, _)| placement.payload_offset());
    let group = Group {
        strategy: strategy.of_format(),
        payload_offset: first.unwrap_or_default(),
        capacity: placed.iter().map(|(placement, _)| placement.capacity).min().unwrap_or_default(),
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

fn region<'a>(placement: &Placement, slots: &'a [Slot]) -> Option<&'a Region> {
    slots.iter().find(|slot| slot.name.value == placement.slot.value).map(|slot| &slot.extent.region)
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

fn slot(placement: &Placement, region: &Region, regions: &[&Region], slots: &[Slot]) -> Result<GroupSlot, TooMany> {
    let index = index(region, regions)?;
    let end = slots
        .iter()
        .find(|slot| slot.name.value == placement.slot.value)
        .map_or(placement.state_address, |slot| slot.extent.range.end);
    let log_size = end - placement.state_address;
    Ok(GroupSlot {
        role: ROLE_RUN,
        region: index,
        log_region: index,
        reserved: 0,
        offset: (placement.store_address - region.base).into(),
        size: (end - placement.store_address).into(),
        front_offset: (placement.front_address - placement.store_address).into(),
        run_address: placement.run_address.into(),
        log_offset: if log_size == 0 { 0 } else { placement.state_address - region.base }.into(),
        log_size: log_size.into(),
    })
}
