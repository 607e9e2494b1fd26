//! WX0115: write protection, whose bits cover whole groups of sectors.

use std::ops::RangeInclusive;

use geometry::{PageProtection, Region, Sector, WriteProtection, address, bytes, numbers};

use super::overlap::extents;
use super::room;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Area, Device, Extent, OptionValue, Slot};
use crate::source::{Span, Spanned};
use crate::spec::Manifest;

/// No protection bit may cover a sector that somebody must erase.
pub fn check(device: &Device, slots: &[Slot], areas: &[Area], spec: &Manifest, report: &mut Vec<Diagnostic>) {
    for slot in slots.iter().filter(|slot| slot.write_protect.value) {
        let Some(asked) = slot.write_protect.span() else { continue };
        let asked = entry(spec, slot).unwrap_or(asked);
        let region = &slot.extent.region;
        if let Some(pages) = &region.page_protection {
            check_pages(pages, slot, asked, slots, spec, report);
            continue;
        }
        let Some(protection) = &region.write_protection else {
            let title = format!("what write protection of `{}` covers is not known", slot.name.value);
            let text = if slot.extent.access == Access::Internal {
                format!("the database has no evidence for {} with {}", device.part.name, device.mode.title)
            } else {
                "option bytes protect internal flash, and nothing else".to_owned()
            };
            let error = Diagnostic::error(codes::WRITE_PROTECTION, title).at(asked, text);
            report.push(unprotected(error, slot, "what is not known to be protected is left open"));
            continue;
        };
        if is_updated(spec, &slot.name) {
            report.push(stops_updates(slot, asked));
            continue;
        }
        let others =
            extents(slots, areas).filter(|(name, other)| name.value != slot.name.value && shares(protection, other));
        for (name, other) in others {
            let covered = protection.sectors_of(bits(protection, &slot.extent));
            let hit: Vec<Sector> = other.sectors.iter().copied().filter(|s| covered.contains(&s.number)).collect();
            // Sectors that both have are an overlap, which is another rule's.
            if let Some(first) = hit.iter().find(|sector| !slot.extent.sectors.contains(sector)) {
                let taken: Vec<&Extent> = extents(slots, areas).map(|(_, extent)| extent).collect();
                let neighbour = Neighbour { name, extent: other, sector: *first };
                report.push(covers(device, protection, slot, asked, &neighbour, areas, &taken));
            }
        }
    }
}

/// Ranges of pages protect exactly what they should, but there are only so many.
fn check_pages(
    pages: &PageProtection,
    slot: &Slot,
    asked: Span,
    slots: &[Slot],
    spec: &Manifest,
    report: &mut Vec<Diagnostic>,
) {
    if is_updated(spec, &slot.name) {
        report.push(stops_updates(slot, asked));
    } else if range_of(slot, slots) >= pages.options.len() {
        let title = format!("no option byte is left to protect `{}`", slot.name.value);
        let has = format!("`{}` has {}", slot.extent.region.name, pages.options.join(" and "));
        let error = Diagnostic::error(codes::WRITE_PROTECTION, title).at(asked, has);
        report.push(error.fact(&pages.rule, &pages.citation.source, pages.citation.evidence));
    }
}

fn stops_updates(slot: &Slot, asked: Span) -> Diagnostic {
    let title = format!("write protection of `{}` would stop its updates", slot.name.value);
    let error = Diagnostic::error(codes::WRITE_PROTECTION, title).at(asked, "an image's slot is erased");
    unprotected(error, slot, "leave it open")
}

/// Proposes to ask for no protection of a slot.
fn unprotected(error: Diagnostic, slot: &Slot, text: &str) -> Diagnostic {
    match slot.write_protect.span() {
        Some(span) => error.edit(text, span, "false"),
        None => error,
    }
}

/// How many protected slots of its region lie before a slot: the place of its option byte.
fn range_of(slot: &Slot, slots: &[Slot]) -> usize {
    let before = slots.iter().take_while(|other| other.name.value != slot.name.value);
    before.filter(|other| other.write_protect.value && other.extent.region == slot.extent.region).count()
}

/// Something that protection covers and must not.
struct Neighbour<'a> {
    name: &'a Spanned<String>,
    extent: &'a Extent,
    sector: Sector,
}

fn covers(
    device: &Device,
    protection: &WriteProtection,
    slot: &Slot,
    asked: Span,
    neighbour: &Neighbour<'_>,
    areas: &[Area],
    taken: &[&Extent],
) -> Diagnostic {
    let Neighbour { name, extent, sector } = neighbour;
    let (slot_name, number) = (&slot.name.value, sector.number);
    let title =
        format!("write protection of `{slot_name}` also covers sector {number}, which `{}` must erase", name.value);
    let bits = bits(protection, &slot.extent);
    let covered = protection.sectors_of(bits.clone());
    let needs =
        format!("needs {} {}: sectors {} to {}", protection.option, plural(&bits), covered.start(), covered.end());
    let mut error = Diagnostic::error(codes::WRITE_PROTECTION, title);
    let mode_option = device.mode.selectors.iter().find_map(|(option, _)| device.option(option)?.span);
    if let Some(span) = mode_option {
        error = error.see(span, &protection.rule);
    }
    error = error
        .see(slot.extent.span, needs)
        .at(asked, "asked for here")
        .see(extent.span, format!("sector {number}, {}", address(sector.address)))
        .help(advice(device, protection, slot, neighbour, areas, taken));
    let register = device.part.option(&protection.option).map_or("", |option| option.field.register.as_str());
    let fact = format!("{register}.{} in {}", protection.option, device.mode.phrase());
    error.fact(fact, &protection.citation.source, protection.citation.evidence)
}

/// Two ways out: fewer sectors for the slot, or all that the bits cover and the neighbour elsewhere.
fn advice(
    device: &Device,
    protection: &WriteProtection,
    slot: &Slot,
    neighbour: &Neighbour<'_>,
    areas: &[Area],
    taken: &[&Extent],
) -> String {
    let region = &slot.extent.region;
    let bits = bits(protection, &slot.extent);
    let (first, last) = slot.extent.numbers();
    let inside = |bit: &u32| {
        let sectors = protection.sectors_of(*bit..=*bit);
        *sectors.start() >= first && *sectors.end() <= last
    };
    let whole: Vec<u32> = bits.clone().filter(inside).collect();
    let covered = protection.sectors_of(bits);
    let larger = sized(region, covered.clone());
    let slot_name = &slot.name.value;
    let sizes = match (whole.first(), whole.last()) {
        (Some(from), Some(to)) => {
            format!("{} for `{slot_name}`; or {larger}", sized(region, protection.sectors_of(*from..=*to)))
        }
        _ => format!("{larger} for `{slot_name}`"),
    };
    let is_taken = |of: &Region, sector: &Sector| {
        let others = taken.iter().filter(|extent| !std::ptr::eq(**extent, neighbour.extent));
        let is_covered = of.name == region.name && covered.contains(&sector.number);
        is_covered || others.into_iter().any(|extent| extent.region.name == of.name && extent.sectors.contains(sector))
    };
    let elsewhere = room::instead_of(neighbour.name, neighbour.extent, areas, &device.mode.regions, is_taken);
    format!("{sizes}, and `{}` elsewhere, {elsewhere}", neighbour.name.value)
}

/// What a board's option bytes should be: as the file says, and write protection as the slots ask for it.
pub fn option_bytes(device: &Device, slots: &[Slot]) -> Vec<OptionValue> {
    let mut options = device.options.clone();
    let protected = slots.iter().filter(|slot| slot.write_protect.value);
    let mut values: Vec<(&WriteProtection, u32)> = Vec::new();
    for (slot, protection) in protected.filter_map(|slot| Some((slot, slot.extent.region.write_protection.as_ref()?))) {
        let mask = bits(protection, &slot.extent).fold(0, |mask, bit| mask | 1 << bit);
        match values.iter_mut().find(|(known, _)| known.option == protection.option) {
            Some((_, value)) => *value &= !mask,
            None => values.push((protection, protection.unprotected() & !mask)),
        }
    }
    options.extend(slots.iter().filter_map(|slot| pages(slot, slots)));
    options.extend(values.into_iter().map(|(protection, value)| OptionValue {
        name: protection.option.clone(),
        value,
        text: format!("{value:#X}"),
        span: None,
    }));
    options
}

/// The option byte that protects a slot's pages.
fn pages(slot: &Slot, slots: &[Slot]) -> Option<OptionValue> {
    let region = &slot.extent.region;
    let name =
        region.page_protection.as_ref().filter(|_| slot.write_protect.value)?.options.get(range_of(slot, slots))?;
    let (first, last) = slot.extent.numbers();
    let pages = first - region.first_sector..=last - region.first_sector;
    let text = format!("pages {}-{}", pages.start(), pages.end());
    Some(OptionValue { name: name.clone(), value: PageProtection::value(pages), text, span: None })
}

/// Whether the same option byte's bits cover a region: sectors of other banks may have the same numbers.
fn shares(protection: &WriteProtection, extent: &Extent) -> bool {
    extent.region.write_protection.as_ref().is_some_and(|other| other.option == protection.option)
}

/// The bits that protect an extent.
fn bits(protection: &WriteProtection, extent: &Extent) -> RangeInclusive<u32> {
    let (first, last) = extent.numbers();
    protection.bits_for(first..=last)
}

/// `bit 0`, `bits 0 and 1`, `bits 0 to 3`.
fn plural(bits: &RangeInclusive<u32>) -> String {
    match (bits.start(), bits.end()) {
        (from, to) if from == to => format!("bit {from}"),
        (from, to) if from + 1 == *to => format!("bits {from} and {to}"),
        (from, to) => format!("bits {from} to {to}"),
    }
}

/// `"0-1" (32K)`.
fn sized(region: &Region, sectors: RangeInclusive<u32>) -> String {
    let size = region.sectors().filter(|sector| sectors.contains(&sector.number)).map(|sector| sector.size).sum();
    format!("{} ({})", quoted(*sectors.start(), *sectors.end()), bytes(size))
}

fn quoted(first: u32, last: u32) -> String {
    format!("\"{}\"", numbers(first, last))
}

/// Whether an image names this slot.
fn is_updated(spec: &Manifest, slot: &Spanned<String>) -> bool {
    let images = spec.images.iter().flat_map(|images| images.value.iter());
    images
        .filter_map(|(_, image)| image.slots.as_ref())
        .any(|slots| slots.value.0.iter().any(|name| name.value == slot.value))
}

/// The whole `write-protect = true` of a slot.
fn entry(spec: &Manifest, slot: &Slot) -> Option<Span> {
    let slots = spec.slots.as_ref()?;
    let (_, table) = slots.iter().find(|(name, _)| name.value == slot.name.value)?;
    table.write_protect.map(|value| value.entry)
}
