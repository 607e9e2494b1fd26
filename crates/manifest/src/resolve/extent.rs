//! Slots and areas: from regions and sectors to addresses.

use std::ops::RangeInclusive;

use geometry::sort::sort_by;
use geometry::{Alias, Citation, Mode, Part, Region, Sector, bytes, numbers};

use super::{Report, declared, refers_to, remap};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::names;
use crate::plan::{Area, Device, Extent, RunAlias, Slot, Word as _};
use crate::read::Field;
use crate::rules;
use crate::scalar::{Bytes, Offset, Sectors};
use crate::source::{Resolved, Span, Spanned};
use crate::spec::Manifest;

/// Bytes in front of a payload, if the file does not say.
const DEFAULT_HEADER: u32 = image_format::MIN_FRONT;

/// The keys that say where something lies, of a slot or of an area.
struct Geometry<'a> {
    name: &'a Spanned<String>,
    header: Span,
    region: Option<&'a Spanned<String>>,
    sectors: &'a Field<Sectors>,
    offset: &'a Field<Offset>,
    size: &'a Field<Bytes>,
}

/// All slots whose place is known, lowest address first.
pub fn slots(spec: &Manifest, device: &Device, report: &mut Report) -> Vec<Slot> {
    let boot = spec.boot.as_ref().and_then(|boot| boot.slot.as_ref());
    let mut slots = Vec::new();
    for (name, slot) in spec.slots.iter().flat_map(|slots| slots.value.iter()) {
        let place = Geometry {
            name,
            header: name.entry,
            region: slot.region.as_ref(),
            sectors: &slot.sectors,
            offset: &slot.offset,
            size: &slot.size,
        };
        let Some(extent) = place.resolve(device, spec, report) else { continue };
        if let Some(asserted) = *slot.address {
            rules::address::check(device, name, &extent, &asserted, report);
        }
        let is_boot = boot.is_some_and(|boot| boot.value == name.value);
        let header = slot.header.map(|header| header.with(header.value.0));
        let header = header.filter(|header| rules::header::check(&device.part, name, is_boot, header, report));
        let header = (!is_boot).then(|| Resolved::new(header, DEFAULT_HEADER, "default"));
        let write_protect = Resolved::new(*slot.write_protect, false, "default");
        let run_alias = *slot.run_alias;
        if let Some(wanted) = run_alias.filter(|_| extent.access != Access::Internal) {
            let error = Diagnostic::error(codes::NOTHING, format!("`{}` has no alias", extent.region.name));
            report.push(error.at(wanted.span, "only internal flash has").see(extent.region_span, "an external memory"));
            continue;
        }
        if let Some(wanted) = run_alias.filter(|wanted| alias(&device.part, wanted.value).is_none()) {
            let title = format!("{} has no alias `{}`", device.part.name, wanted.value.word());
            report.push(Diagnostic::error(codes::NOTHING, title).at(wanted.span, "its flash has one address only"));
            continue;
        }
        let log = (*slot.log).clone();
        // A fragment's may be in another file.
        if let Some(log) = log.as_ref().filter(|_| !spec.is_fragment()) {
            refers_to("area", log, &log.value, &declared(&spec.areas), report);
        }
        slots.push(Slot { name: name.clone(), extent, header, run_alias, write_protect, log });
    }
    sort_by(&mut slots, |a, b| a.extent.order(&b.extent));
    slots
}

/// The part's alias of this name.
pub fn alias(part: &Part, wanted: RunAlias) -> Option<&Alias> {
    part.aliases.iter().find(|alias| alias.name == wanted.word())
}

/// The first run of these numbers that no sector of the mode has, between some that sectors have.
fn nowhere(mode: &Mode, numbers: RangeInclusive<u32>) -> Option<RangeInclusive<u32>> {
    let exists = |number: &u32| mode.regions.iter().any(|region| region.sector(*number).is_some());
    let highest = mode.regions.iter().flat_map(|region| region.sectors().last()).map(|sector| sector.number).max()?;
    let last = highest.min(*numbers.end());
    let first = (*numbers.start()..=last).find(|number| !exists(number))?;
    let end = (first..=last).take_while(|number| !exists(number)).last()?;
    Some(first..=end)
}

/// All areas whose place is known, lowest address first.
pub fn areas(spec: &Manifest, device: &Device, report: &mut Report) -> Vec<Area> {
    let mut areas = Vec::new();
    for (name, area) in spec.areas.iter().flat_map(|areas| areas.value.iter()) {
        let place = Geometry {
            name,
            header: name.entry,
            region: area.region.as_ref(),
            sectors: &area.sectors,
            offset: &area.offset,
            size: &area.size,
        };
        let (Some(extent), Some(purpose)) = (place.resolve(device, spec, report), *area.r#use) else { continue };
        rules::counter::check_sectors(name, &extent, purpose, report);
        let log = area.log.as_ref().and_then(|log| rules::states::check(name, &extent, log, report));
        areas.push(Area { name: name.clone(), extent, purpose, log });
    }
    sort_by(&mut areas, |a, b| a.extent.order(&b.extent));
    areas
}

impl Geometry<'_> {
    fn resolve(&self, device: &Device, spec: &Manifest, report: &mut Report) -> Option<Extent> {
        let region_name = self.region?;
        let form = self.form(report);
        let Some((region, access)) = device.region(region_name) else {
            // What is wrong with a memory has been said, and a fragment's may be in another file.
            let is_left_open = spec.is_fragment() && !names::is_reserved(region_name);
            if !is_left_open && !declared(&spec.memories).iter().any(|memory| memory.value == region_name.value) {
                report.push(unknown_region(device, region_name));
            }
            return None;
        };
        let (sectors, span) = match form? {
            Form::Sectors(sectors) => (self.by_number(device, spec, region, access, sectors, report)?, sectors.span),
            Form::Range(offset, size) => {
                let span = offset.span;
                let offset = number(region, access, &offset, size, report)?;
                (self.by_offset(region, access, offset, size, report)?, span)
            }
        };
        let range = sectors.first()?.range().start..sectors.last()?.range().end;
        Some(Extent { region: region.clone(), region_span: region_name.span, access, sectors, span, range })
    }

    /// One of the two ways to say where it lies.
    fn form(&self, report: &mut Report) -> Option<Form> {
        let written = (self.sectors.is_written, self.offset.is_written, self.size.is_written);
        match written {
            (true, false, false) => return self.sectors.map(Form::Sectors),
            (false, true, true) => return Some(Form::Range((**self.offset).clone()?, (**self.size)?)),
            _ => {}
        }
        let offset = self.offset.as_ref().map(|offset| offset.entry);
        match (**self.sectors, offset, self.size.map(|size| size.entry)) {
            (Some(sectors), offset, size) => {
                let title = format!("`{}` says twice where it lies", self.name.value);
                let other = offset.or(size).unwrap_or(sectors.entry);
                let error =
                    Diagnostic::error(codes::TWICE, title).at(other, "`sectors`, or `offset` and `size`: not both");
                report.push(error.see(sectors.entry, "sectors"));
            }
            (None, ..) if self.sectors.is_written => {}
            (None, offset, size) => {
                let title = format!("`{}` does not say which sectors it has", self.name.value);
                let (place, text) = match (offset, size) {
                    (Some(offset), _) => (offset, "`size` belongs to it"),
                    (_, Some(size)) => (size, "`offset` belongs to it"),
                    _ => (self.header, "no `sectors`, and no `offset` and `size`"),
                };
                report.push(Diagnostic::error(codes::MISSING_KEY, title).at(place, text));
            }
        }
        None
    }

    fn by_number(
        &self,
        device: &Device,
        spec: &Manifest,
        region: &Region,
        access: Access,
        wanted: Spanned<Sectors>,
        report: &mut Report,
    ) -> Option<Vec<Sector>> {
        let Sectors { first, last } = wanted.value;
        let mode = &device.mode;
        let found: Vec<Sector> = region.sectors().filter(|s| (first..=last).contains(&s.number)).collect();
        let count = last.checked_sub(first).and_then(|distance| distance.checked_add(1));
        if u32::try_from(found.len()).ok() == count {
            return Some(found);
        }
        let missing = if region.sector(first).is_none() { first } else { last };
        let elsewhere = mode.regions.iter().find(|region| region.sector(missing).is_some());
        let elsewhere = elsewhere.filter(|_| access == Access::Internal);
        let has = format!("{} has sectors {}", region.name, range(region));
        let part = match (found.first(), found.last(), elsewhere) {
            (Some(from), Some(to), _) => {
                let size = found.iter().map(|sector| sector.size).sum();
                let text = format!("what {} has of it: {}", region.name, bytes(size));
                Some((text, wanted.span, numbers(from.number, to.number)))
            }
            (_, _, Some(other)) if other.sector(first).is_some() && other.sector(last).is_some() => {
                let text = format!("sectors of these numbers are in {}", other.name);
                Some((text, self.region?.span, other.name.clone()))
            }
            _ => None,
        };
        let error = match elsewhere {
            Some(other) => {
                let title = format!("`{}` does not lie inside {}", self.name.value, region.name);
                let text = format!("sector {missing} is in {}; {has}", other.name);
                let error = Diagnostic::error(codes::REGION_END, title).at(wanted.span, text);
                match nowhere(mode, first..=last) {
                    Some(gap) => error.note(format!(
                        "there are no sectors {}-{} in {}: to erase one is reported as write protection",
                        gap.start(),
                        gap.end(),
                        mode.phrase()
                    )),
                    None => error,
                }
            }
            None if access != Access::Internal => {
                let title = format!("there is no sector {missing} in {}", region.name);
                let error = Diagnostic::error(codes::UNKNOWN_SECTOR, title).at(wanted.span, has);
                let Citation { source, evidence, .. } = &region.sectors_from;
                error.fact(format!("{}: {}", region.name, region.summary()), source, *evidence)
            }
            None => {
                let title = format!("there is no sector {missing} in {}", mode.phrase());
                let error = Diagnostic::error(codes::UNKNOWN_SECTOR, title).at(wanted.span, has);
                error.fact(format!("{}: {}", mode.title, mode.summary()), &mode.citation.source, mode.citation.evidence)
            }
        };
        let error = match part {
            Some((text, span, replacement)) => error.edit(text, span, format!("\"{replacement}\"")),
            None => error,
        };
        report.push(match elsewhere {
            Some(_) => remap::propose(error, &self.name.value, wanted.value, device, spec),
            None => error,
        });
        None
    }

    fn by_offset(
        &self,
        region: &Region,
        access: Access,
        offset: Spanned<Bytes>,
        size: Spanned<Bytes>,
        report: &mut Report,
    ) -> Option<Vec<Sector>> {
        if size.value.0 == 0 {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` has no size", self.name.value));
            report.push(error.at(size.span, "one sector at least"));
            return None;
        }
        let end = offset.value.0.checked_add(size.value.0).filter(|end| *end <= region.size());
        let Some(end) = end else {
            let title = format!("`{}` does not end inside {}", self.name.value, region.name);
            let text = format!("{} has {}", region.name, bytes(region.size()));
            let error = Diagnostic::error(codes::REGION_END, title).at(size.span, text).see(offset.span, "from here");
            report.push(match region.size().checked_sub(offset.value.0).filter(|rest| *rest > 0) {
                Some(rest) => error.edit("up to its end", size.span, format!("\"{}\"", bytes(rest))),
                None => error.help(format!("an offset in {} is less than {}", region.name, bytes(region.size()))),
            });
            return None;
        };
        let start_fits = self.on_boundary(region, access, offset, Edge::Start, report);
        let edge = Edge::End { start: offset.value.0, start_fits };
        let end_fits = self.on_boundary(region, access, size, edge, report);
        let range = region.base + offset.value.0..region.base + end;
        (start_fits && end_fits).then(|| region.sectors().filter(|s| range.contains(&s.address)).collect())
    }

    /// Whether a slot's start or end is a sector boundary. `value` is what the file says.
    fn on_boundary(
        &self,
        region: &Region,
        access: Access,
        value: Spanned<Bytes>,
        edge: Edge,
        report: &mut Report,
    ) -> bool {
        let (verb, at) = match edge {
            Edge::Start => ("starts", value.value.0),
            Edge::End { start, .. } => ("ends", start + value.value.0),
        };
        let place = region.base + at;
        let Some(sector) = region.sector_at(place).filter(|sector| sector.address != place) else { return true };
        let title = format!("`{}` {verb} inside sector {}", self.name.value, sector.number);
        let (below, above) = (sector.address - region.base, sector.range().end - region.base);
        let text = format!(
            "{verb} at {}, and sector {} of {} is erased as a whole",
            access.place(place),
            sector.number,
            bytes(sector.size)
        );
        let boundaries = match edge {
            Edge::End { start, start_fits: true } if below > start => {
                format!("with a size of {} or {} it ends on a boundary", bytes(below - start), bytes(above - start))
            }
            Edge::End { start, start_fits: true } => {
                format!("with a size of {} it ends on a boundary", bytes(above - start))
            }
            _ => format!(
                "the boundaries next to it are {} and {} from the start of {}",
                bytes(below),
                bytes(above),
                region.name
            ),
        };
        report.push(Diagnostic::error(codes::SECTOR_BOUNDARY, title).at(value.span, text).help(boundaries));
        false
    }
}

/// An end of a slot.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    /// `start`: where the slot starts, and whether that is a boundary.
    End {
        start: u32,
        start_fits: bool,
    },
}

/// How a file says where something lies.
enum Form {
    Sectors(Spanned<Sectors>),
    Range(Spanned<Offset>, Spanned<Bytes>),
}

/// WX0135: an offset as a number, of which a word is none.
fn number(
    region: &Region,
    access: Access,
    offset: &Spanned<Offset>,
    size: Spanned<Bytes>,
    report: &mut Report,
) -> Option<Spanned<Bytes>> {
    let word = match &offset.value {
        Offset::Bytes(bytes) => return Some(offset.with(Bytes(*bytes))),
        Offset::Word(word) => word,
    };
    let whole = region.size();
    let error = Diagnostic::error(codes::PLACE_WORD, format!("\"{word}\" is not a place"));
    let asked = bytes(size.value.0);
    let error =
        error.at(offset.span, format!("the lowest {asked}, or the highest? Datasheets and people use it for both"));
    let error = error.note(format!("an offset counts from the base of `{}`, which has {}", region.name, bytes(whole)));
    let highest = whole.checked_sub(size.value.0).filter(|_| size.value.0 > 0);
    report.push([(0, "lowest"), (highest.unwrap_or(0), "highest")].into_iter().filter(|_| highest.is_some()).fold(
        error,
        |error, (start, which)| {
            let place = region.base + start;
            let text = format!("{which}: {}", access.span(&(place..place + size.value.0)));
            error.edit(text, offset.span, if start == 0 { "0".to_owned() } else { format!("\"{}\"", bytes(start)) })
        },
    ));
    None
}

fn range(region: &Region) -> String {
    format!("{}-{}", region.numbers().start(), region.numbers().end())
}

/// A region that does not exist, or does not in this mode.
fn unknown_region(device: &Device, name: &Spanned<String>) -> Diagnostic {
    let regions = || device.regions().map(|(region, _)| region.name.as_str());
    let Some(other) = device.part.modes.iter().find(|mode| mode.region(name).is_some()) else {
        let error = Diagnostic::error(codes::NOTHING, format!("there is no region `{}`", name.value));
        return error.at(name.span, format!("{} has {}", device.part.name, names::list(regions(), "and")));
    };
    let title = format!("there is no region `{}` in {}", name.value, device.mode.phrase());
    let error = Diagnostic::error(codes::MODE, title);
    let error = error.at(name.span, format!("there is {}", names::list(regions(), "and")));
    let span = device.mode.selectors.iter().find_map(|(option, _)| device.option(option)?.span);
    let error = match span {
        Some(span) => error.see(span, device.mode.phrase()),
        None => error,
    };
    let selectors: Vec<String> = other.selectors.iter().map(|(option, value)| format!("{option} = {value}")).collect();
    error.help(format!("`{}` is of {}: {}", name.value, other.phrase(), selectors.join(", ")))
}
