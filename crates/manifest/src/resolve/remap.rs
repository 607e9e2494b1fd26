//! A manifest's slots and areas at the same addresses in another sector map of the part.

use std::ops::Range;

use geometry::{Mode, Sector, bytes, numbers};

use super::declared;
use crate::diagnostic::Diagnostic;
use crate::plan::Device;
use crate::scalar::Sectors;
use crate::source::Span;
use crate::spec::Manifest;

/// What to write where.
type Edits = Vec<(Span, String)>;

/// Proposes the other mode where nobody's sectors lie in two regions; `name` and `wanted` are what lies in two here.
pub fn propose(error: Diagnostic, name: &str, wanted: Sectors, device: &Device, spec: &Manifest) -> Diagnostic {
    let place = range(&device.mode, wanted);
    // Banks that the boot ROM exchanges are there to stay.
    let exchanged = device.where_banks_run().is_some_and(|(option, _)| option.value == 0);
    let others = device.part.modes.iter().filter(|mode| mode.regions.len() == 1 && !exchanged);
    let found = others.into_iter().find_map(|mode| {
        let (_, sectors) = in_mode(mode, place.as_ref()?)?;
        Some((mode, sectors, edits(mode, device, spec)?))
    });
    let Some((mode, sectors, edits)) = found else { return error };
    let selectors: Vec<String> = mode.selectors.iter().map(|(option, value)| format!("{option} = {value}")).collect();
    let size = bytes(place.map_or(0, |place| place.end - place.start));
    let text = format!(
        "or {}, which boards must have before they are written: `{name}` is sectors {sectors} then, {size}, and everything \
         stays at its address",
        selectors.join(", ")
    );
    error.edits(text, edits)
}

/// The addresses of these sectors, if they lie side by side.
fn range(mode: &Mode, wanted: Sectors) -> Option<Range<u32>> {
    let all = mode.regions.iter().flat_map(|region| region.sectors());
    let found: Vec<Sector> = all.filter(|sector| (wanted.first..=wanted.last).contains(&sector.number)).collect();
    let range = found.first()?.address..found.last()?.range().end;
    let size: u32 = found.iter().map(|sector| sector.size).sum();
    (range.end.checked_sub(range.start) == Some(size)).then_some(range)
}

/// Region and sectors of another mode that are exactly these addresses.
fn in_mode<'a>(mode: &'a Mode, place: &Range<u32>) -> Option<(&'a str, String)> {
    let region = mode.regions.iter().find(|region| region.range().contains(&place.start))?;
    let (first, last) = (region.sector_at(place.start)?, region.sector_at(place.end.checked_sub(1)?)?);
    let is_whole = first.address == place.start && last.range().end == place.end;
    is_whole.then(|| (region.name.as_str(), numbers(first.number, last.number)))
}

/// All changes; `None` if something cannot stay where it is, or says it with offsets.
fn edits(mode: &Mode, device: &Device, spec: &Manifest) -> Option<Edits> {
    let mut edits = Vec::new();
    for (option, value) in &mode.selectors {
        edits.push((device.option(option)?.span?, value.to_string()));
    }
    let slots = spec.slots.iter().flat_map(|slots| slots.value.iter());
    let slots = slots.map(|(_, slot)| (slot.region.as_ref(), *slot.sectors));
    let areas = spec.areas.iter().flat_map(|areas| areas.value.iter());
    let areas = areas.map(|(_, area)| (area.region.as_ref(), *area.sectors));
    for (region, sectors) in slots.chain(areas) {
        let region = region?;
        if !declared(&spec.memories).iter().any(|memory| memory.value == region.value) {
            let sectors = sectors?;
            let (other, numbers) = in_mode(mode, &range(&device.mode, sectors.value)?)?;
            edits.push((region.span, format!("\"{other}\"")));
            edits.push((sectors.span, format!("\"{numbers}\"")));
        }
    }
    Some(edits)
}
