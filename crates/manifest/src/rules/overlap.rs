//! WX0106: a sector belongs to one slot or area.

use std::iter;

use geometry::sort::sort_by_key;
use geometry::{Region, Sector, bytes, numbers};

use super::room;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Area, Device, Extent, Slot};
use crate::source::Spanned;

/// Every two slots or areas that share a sector.
pub fn check(device: &Device, slots: &[Slot], areas: &[Area], report: &mut Vec<Diagnostic>) {
    let all: Vec<(&Spanned<String>, &Extent)> = extents(slots, areas).collect();
    for (index, (name, extent)) in all.iter().enumerate() {
        for (other_name, other) in all.iter().take(index) {
            if !extent.overlaps(other) {
                continue;
            }
            let Some(shared) = extent.sectors.iter().find(|sector| other.range.contains(&sector.address)) else {
                continue;
            };
            // What stands later is what is wrong: later in the file, and in the manifest rather than in a fragment.
            let mut pair = [(name, extent), (other_name, other)];
            sort_by_key(&mut pair, |(_, extent)| (extent.span.file == 0, extent.span));
            let [(first, first_extent), (second, second_extent)] = pair;
            let title = format!("`{}` and `{}` share sector {}", first.value, second.value, shared.number);
            let error = Diagnostic::error(codes::OVERLAP, title);
            let text = format!("sector {}, {}", shared.number, extent.access.place(shared.address));
            let error = error.at(second_extent.span, text);
            let error = error.see(first_extent.span, format!("`{}` has it too", first.value));
            let mut error = error.help(elsewhere(device, areas, second, second_extent, &all));
            if let Some(rest) = without(second_extent, first_extent) {
                error = error.help(format!("or {rest} for `{}`", second.value));
            }
            report.push(error);
        }
    }
}

/// Where the second of the two would fit: in the same region first, and never in another chip.
fn elsewhere(
    device: &Device,
    areas: &[Area],
    name: &Spanned<String>,
    extent: &Extent,
    all: &[(&Spanned<String>, &Extent)],
) -> String {
    let is_other = |region: &&Region| extent.access == Access::Internal && region.name != extent.region.name;
    let regions = iter::once(&extent.region).chain(device.mode.regions.iter().filter(is_other));
    let is_taken = |region: &Region, sector: &Sector| {
        let others = all.iter().filter(|(other, _)| other.value != name.value);
        others.into_iter().any(|(_, other)| other.region.name == region.name && other.sectors.contains(sector))
    };
    format!("`{}` elsewhere, {}", name.value, room::instead_of(name, extent, areas, regions, is_taken))
}

/// What an extent has left without another one's sectors, if these lie at one end: `"5-11" (896K)`.
fn without(extent: &Extent, other: &Extent) -> Option<String> {
    let left: Vec<&Sector> = extent.sectors.iter().filter(|sector| !other.sectors.contains(sector)).collect();
    let (first, last) = (left.first()?, left.last()?);
    let is_one_piece = usize::try_from(last.number - first.number).is_ok_and(|distance| distance + 1 == left.len());
    let size = left.iter().map(|sector| sector.size).sum();
    is_one_piece.then(|| format!("\"{}\" ({})", numbers(first.number, last.number), bytes(size)))
}

/// All slots and areas: name and place.
pub fn extents<'a>(slots: &'a [Slot], areas: &'a [Area]) -> impl Iterator<Item = (&'a Spanned<String>, &'a Extent)> {
    let slots = slots.iter().map(|slot| (&slot.name, &slot.extent));
    slots.chain(areas.iter().map(|area| (&area.name, &area.extent)))
}
