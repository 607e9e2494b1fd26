//! Overwrite: room and state log of an image that is staged in another slot.

use geometry::bytes;
use image_format::log;

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Copies, Placement, Slot, Strategy};
use crate::rules;

/// Takes what the other slots need out of the capacity, and places the state log: at the end of the slot that updates are
/// staged in, which is erased as the first step of an update.
pub fn settle(
    placement: &mut Placement,
    copies: &Copies,
    slots: &[Slot],
    tries: u8,
    report: &mut Report,
) -> Option<()> {
    let find = |name: &str| slots.iter().find(|slot| slot.name.value == name);
    let own = find(&placement.slot.value)?;
    let staging = find(copies.download.as_ref()?)?;
    let backup = copies.backup.as_ref().and_then(|name| find(name));
    let before = report.len();
    for slot in [Some(own), Some(staging), backup].into_iter().flatten() {
        judge(slot, own, report);
    }
    if report.len() > before {
        return None;
    }
    let has_backup = backup.is_some();
    // Without a copy of the old image there is nothing to try against.
    let tries = if has_backup { tries } else { 0 };
    let steps = u32::try_from(own.extent.sectors.len()).unwrap_or(u32::MAX);
    let strategy = Strategy::Overwrite.of_format(has_backup);
    let state = log::state_space(strategy, tries, staging.extent.region.unit()?, steps).unwrap_or(u32::MAX);
    let front = placement.front_size;
    let rest = |slot: &Slot, log: u32| slot.extent.size().checked_sub(front)?.checked_sub(log).filter(|rest| *rest > 0);
    let Some(room) = rest(staging, state) else {
        report.push(rules::capacity::no_room(staging, front, state));
        return None;
    };
    placement.capacity = placement.capacity.min(room);
    placement.state_address = staging.extent.range.end - state;
    placement.state_size = state;
    Some(())
}

/// Whether a slot can take part in a copy of what is in `own`.
fn judge(slot: &Slot, own: &Slot, report: &mut Report) {
    let name = &slot.name.value;
    if slot.extent.region.unit().is_none() {
        let title = format!("it is unproven how the `{}` of this part is programmed", slot.extent.region.name);
        let text = "the device database has no evidence for its program unit or its ECC word";
        report.push(Diagnostic::error(codes::NOTHING, title).at(slot.extent.region_span, text));
    }
    if slot.extent.size() < own.extent.size() {
        let title = format!("`{name}` is smaller than `{}`, which is copied", own.name.value);
        let error = Diagnostic::error(codes::SMALL_COPY, title).at(slot.extent.span, bytes(slot.extent.size()));
        report.push(error.see(own.extent.span, bytes(own.extent.size())));
    }
    if let Some(asked) = slot.write_protect.span().filter(|_| slot.write_protect.value) {
        let title = format!("write protection of `{name}` would stop updates");
        report.push(Diagnostic::error(codes::WRITE_PROTECTION, title).at(asked, "an update erases it"));
    }
}
