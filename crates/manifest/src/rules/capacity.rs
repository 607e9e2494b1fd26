//! WX0125: whether what goes into a slot fits.

use geometry::bytes;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Area, Extent, Placement, Plan, Slot};

/// A slot that header and state words fill.
pub(crate) fn no_room(slot: &Slot, header: u32, state: u32) -> Diagnostic {
    let title = format!("slot `{}` has no room for a payload", slot.name.value);
    let text =
        format!("{}: the header takes {}, the state words {state} bytes", bytes(slot.extent.size()), bytes(header));
    Diagnostic::error(codes::CAPACITY, title).at(slot.extent.span, text)
}

/// An area that is too small for the state log of a slot.
pub(crate) fn no_room_for_log(slot: &Slot, area: &Area, size: u32) -> Diagnostic {
    let title = format!("`{}` has no room for the state log of `{}`", area.name.value, slot.name.value);
    let error = Diagnostic::error(codes::CAPACITY, title).at(area.extent.span, bytes(area.extent.size()));
    let place = slot.log.as_ref().map_or(slot.name.span, |log| log.span);
    error.see(place, format!("the log takes {size} bytes"))
}

/// An image that is too large for a slot. `input` is the file, as it should be shown, and `size` the bytes that payload
/// and auxiliary area take.
pub fn payload_too_large(plan: &Plan, placement: &Placement, input: &str, size: u32) -> Diagnostic {
    let slot = &placement.slot.value;
    let title = match size.saturating_sub(placement.capacity) {
        1 => format!("`{input}` does not fit into slot `{slot}`: 1 byte too many"),
        more => format!("`{input}` does not fit into slot `{slot}`: {more} bytes too many"),
    };
    let place = placement.input.as_ref().map_or(placement.slot.span, |input| input.span);
    let error = Diagnostic::error(codes::CAPACITY, title).at(place, format!("{size} bytes"));
    match plan.slot(slot) {
        Some(found) => {
            let error = error.see(found.extent.span, format!("{} bytes fit at most", placement.capacity));
            error.help(larger(plan, found, placement, size))
        }
        None => error,
    }
}

/// Which sectors would hold a payload of `size` bytes in place of a slot's, and what lies there.
fn larger(plan: &Plan, slot: &Slot, placement: &Placement, size: u32) -> String {
    let Extent { region, range, .. } = &slot.extent;
    // Header and state words take as much of a larger slot.
    let needed = u64::from(size) + u64::from(slot.extent.size().saturating_sub(placement.capacity));
    let mut sectors = region.sectors().filter(|sector| sector.address >= range.start);
    let last = sectors.find(|sector| u64::from(sector.address - range.start) + u64::from(sector.size) >= needed);
    let (first, _) = slot.extent.numbers();
    let Some(last) = last else {
        return format!("no slot that starts at sector {first} is large enough: `{}` ends before", region.name);
    };
    let added = range.end..last.address.saturating_add(last.size);
    let lies = |name: &str, extent: &Extent| {
        let is_there = extent.region == *region && extent.range.start < added.end && extent.range.end > added.start;
        is_there.then(|| name.to_owned())
    };
    let slots = plan.slots.iter().filter_map(|slot| lies(&slot.name.value, &slot.extent));
    let there: Vec<String> =
        slots.chain(plan.areas.iter().filter_map(|area| lies(&area.name.value, &area.extent))).collect();
    let whose = match there.is_empty() {
        true => "and they are free".to_owned(),
        false => format!("but {} lies there now", names::list(there.iter().map(String::as_str), "and")),
    };
    format!("sectors {first}-{} ({}) would hold it, {whose}", last.number, bytes(added.end - range.start))
}
