//! WX0106: a sector belongs to one slot or area.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Area, Extent, Slot};
use crate::source::Spanned;

/// Every two slots or areas that share a sector.
pub fn check(slots: &[Slot], areas: &[Area], report: &mut Vec<Diagnostic>) {
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
            pair.sort_by_key(|(_, extent)| (extent.span.file == 0, extent.span));
            let [(first, first_extent), (second, second_extent)] = pair;
            let title = format!("`{}` and `{}` share sector {}", first.value, second.value, shared.number);
            let error = Diagnostic::error(codes::OVERLAP, title);
            let text = format!("sector {}, {}", shared.number, extent.access.place(shared.address));
            report.push(
                error.at(second_extent.span, text).see(first_extent.span, format!("`{}` has it too", first.value)),
            );
        }
    }
}

/// All slots and areas: name and place.
pub fn extents<'a>(slots: &'a [Slot], areas: &'a [Area]) -> impl Iterator<Item = (&'a Spanned<String>, &'a Extent)> {
    let slots = slots.iter().map(|slot| (&slot.name, &slot.extent));
    slots.chain(areas.iter().map(|area| (&area.name, &area.extent)))
}
