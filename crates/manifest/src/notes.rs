//! What is worth knowing about a plan that nothing is wrong with.

use geometry::sort::sort_by_key;
use geometry::{Evidence, Region, Sector, bytes};

use crate::map::{Exchanged, exchanged};
use crate::memory::{Access, Memory};
use crate::plan::{Area, Image, ImageKind, Plan, Slot, Strategy, Word as _};
use crate::rules::overlap::extents;
use crate::rules::room;

/// One sentence for each.
pub fn list(plan: &Plan) -> Vec<String> {
    let mut notes = Vec::new();
    for memory in &plan.device.memories {
        notes.extend([one_die(plan, memory), no_address(memory)]);
    }
    notes.extend(plan.areas.iter().map(log));
    for image in &plan.images {
        notes.extend([no_way_back(plan, image), no_counter(plan, image), no_vtor(plan, image)]);
    }
    for image in &plan.images {
        notes.extend(exchange(plan, image).into_iter().map(Some));
    }
    notes.push(otp(plan));
    notes.into_iter().flatten().collect()
}

/// How much of the one-time-programmable memory is used.
fn otp(plan: &Plan) -> Option<String> {
    let otp = plan.otp.as_ref()?;
    let count = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (fields, stages) = (count(otp.fields.len(), "field"), count(otp.stages.len(), "stage"));
    Some(format!("OTP: {fields}, {stages}, {} of {} bytes used", otp.used(), otp.memory.size))
}

/// Code runs from a memory that it writes.
fn one_die(plan: &Plan, memory: &Memory) -> Option<String> {
    let here = |name: &str| plan.slot(name).filter(|slot| slot.extent.region.name == memory.region.name);
    let image = plan.images.iter().find(|image| {
        image.kind.value == ImageKind::Firmware
            && image.placements.iter().any(|place| here(&place.slot.value).is_some())
    })?;
    let runs = image.placements.iter().find_map(|place| here(&place.slot.value))?;
    let other = |slot: &&Slot| slot.name.value != runs.name.value;
    let second = image.placements.iter().filter_map(|place| here(&place.slot.value)).find(other);
    let download = image.copies.download.as_ref().and_then(|name| here(&name.value));
    let written = second.or(download)?;
    Some(format!(
        "`{}` and `{}` are one die: the running {} cannot be fetched from while it writes an update (writer = \"{}\")",
        runs.name.value,
        written.name.value,
        image.name.value,
        memory.writer?.value.word()
    ))
}

/// A memory that has offsets only.
fn no_address(memory: &Memory) -> Option<String> {
    let word = memory.bus.value.word();
    (memory.access() == Access::Commands).then(|| {
        let name = &memory.name.value;
        format!("`{name}` has no address ({word}): what lies there has offsets, and no HEX or DfuSe file")
    })
}

/// No security counter, of the image itself or of a lead that pins it.
fn no_counter(plan: &Plan, image: &Image) -> Option<String> {
    let name = &image.name.value;
    let is_pinned = plan.images.iter().any(|lead| lead.companions.iter().any(|pinned| pinned.value == *name));
    (image.security_counter.span().is_none() && !is_pinned)
        .then(|| format!("`{name}` has no security counter: an older one, with known holes, installs again"))
}

/// A core whose interrupts go to one vector table, at address 0: CMSIS core_cm0.h, SCB_Type, has nothing where other cores have VTOR.
fn no_vtor(plan: &Plan, image: &Image) -> Option<String> {
    let device = &plan.device;
    let start = device.mode.regions.first()?.base;
    let elsewhere = image.placements.iter().any(|placement| device.part.canonical(placement.run_address) != start);
    let is_without = device.part.cores.first().is_some_and(|core| core == "cm0");
    (is_without && elsewhere && image.kind.value == ImageKind::Firmware).then(|| {
        format!(
            "a Cortex-M0 has no VTOR: interrupts of `{}` use the vector table at the start of flash, unless it copies its own to RAM and \
             maps RAM to address 0",
            image.name.value
        )
    })
}

/// What is worth knowing where the boot loader exchanges banks.
fn exchange(plan: &Plan, image: &Image) -> Vec<String> {
    let (Some(exchanged), Some(swap)) = (exchanged(plan, image), &plan.device.part.swap) else { return Vec::new() };
    let (part, Exchanged { slot, bit, .. }) = (&plan.device.part.name, exchanged);
    let mut notes = vec![format!(
        "while `{slot}` runs, an update has the boot loader erase the other slot, in its own bank: the core stands still, and a watchdog must \
         outlast it"
    )];
    if swap.citation.evidence == Evidence::Inferred {
        notes.push(format!("what {bit} does to {part} is inferred from larger parts of its line: try it on a board"));
    }
    let own = plan.boot.slot.as_ref().and_then(|own| plan.slot(own));
    if own.is_some_and(|own| own.write_protect.value) {
        let text = "which bank write protection is of while the banks are exchanged: it may not keep";
        notes.push(format!("it is unproven {text} the application in `{slot}` from the boot loader"));
    }
    notes
}

/// Overwrite without a backup, and where one would fit.
fn no_way_back(plan: &Plan, image: &Image) -> Option<String> {
    if image.strategy.value != Strategy::Overwrite || image.copies.backup.is_some() {
        return None;
    }
    let name = &image.name.value;
    let own = plan.slot(&image.placements.first()?.slot.value)?;
    let download = plan.slot(&image.copies.download.as_ref()?.value)?;
    let text = format!("revert = \"never\": a confirmed or broken `{name}` can only be replaced");
    // Beside the download first.
    let mut regions: Vec<&Region> = plan.device.regions().map(|(region, _)| region).collect();
    sort_by_key(&mut regions, |region| region.name != download.extent.region.name);
    let is_taken = |region: &Region, sector: &Sector| {
        let all = extents(&plan.slots, &plan.areas);
        all.into_iter().any(|(_, extent)| extent.region.name == region.name && extent.sectors.contains(sector))
    };
    let Some(room) = room::find(regions, own.extent.size(), 1, is_taken) else { return Some(text) };
    let (region, start) = (room.region, room.sectors.first()?.address - room.region.base);
    let size = room.sectors.iter().map(|sector| sector.size).sum();
    Some(format!(
        "{text}. A `backup` slot fits: region = \"{}\", offset = \"{}\", size = \"{}\"",
        region.name,
        bytes(start),
        bytes(size)
    ))
}

/// The log of states that an application keeps.
fn log(area: &Area) -> Option<String> {
    let log = area.log.as_ref()?;
    let room = area.extent.size();
    Some(format!("`areas.{}.log`: {}; {} entries would fit", area.name.value, log.sizes(room), log.most(room)))
}
