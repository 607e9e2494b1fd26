//! Overwrite: room and state log of an image that is staged in another slot.

use geometry::bytes;

use super::Report;
use super::log::{self, Form};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Area, Copies, Placement, Slot, Strategy};
use crate::rules;

/// Takes what the other slots need out of the capacity, and places the state log of the slot that updates are staged in, which
/// is erased as the first step of an update.
pub fn settle(
    placement: &mut Placement,
    copies: &Copies,
    slots: &[Slot],
    areas: &[Area],
    tries: u8,
    report: &mut Report,
) -> Option<()> {
    let find = |name: &str| slots.iter().find(|slot| slot.name.value == name);
    let own = find(&placement.slot.value)?;
    let staging = find(copies.download.as_ref()?)?;
    let backup = copies.backup.as_ref().and_then(|name| find(name));
    let judged: Vec<bool> =
        [Some(own), Some(staging), backup].into_iter().flatten().map(|slot| judge(slot, own, report)).collect();
    if judged.contains(&false) {
        return None;
    }
    let has_backup = backup.is_some();
    // Without a copy of the old image there is nothing to try against.
    let tries = if has_backup { tries } else { 0 };
    let steps = u32::try_from(own.extent.sectors.len()).unwrap_or(u32::MAX);
    let form = Form { strategy: Strategy::Overwrite.of_format(has_backup), tries, steps };
    let log = log::place(staging, areas, form, report)?;
    let front = placement.front_size;
    let taken = front.checked_add(log.taken);
    let room = taken.and_then(|taken| staging.extent.size().checked_sub(taken)).filter(|room| *room > 0);
    let Some(room) = room else {
        report.push(rules::capacity::no_room(staging, front, log.size));
        return None;
    };
    placement.capacity = placement.capacity.min(room);
    log.put(placement);
    Some(())
}

/// Whether a slot can take part in a copy of what is in `own`.
fn judge(slot: &Slot, own: &Slot, report: &mut Report) -> bool {
    let name = &slot.name.value;
    let is_known = rules::unit::check(&slot.extent, report);
    let before = report.len();
    if slot.extent.size() < own.extent.size() {
        let title = format!("`{name}` is smaller than `{}`, which is copied", own.name.value);
        let error = Diagnostic::error(codes::SMALL_COPY, title).at(slot.extent.span, bytes(slot.extent.size()));
        report.push(error.see(own.extent.span, bytes(own.extent.size())));
    }
    if let Some(asked) = slot.write_protect.span().filter(|_| slot.write_protect.value) {
        let title = format!("write protection of `{name}` would stop updates");
        report.push(Diagnostic::error(codes::WRITE_PROTECTION, title).at(asked, "an update erases it"));
    }
    is_known && report.len() == before
}
