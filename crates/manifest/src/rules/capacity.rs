//! WX0125: whether what goes into a slot fits.

use geometry::bytes;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Placement, Plan, Slot};

/// A slot that header and state words fill.
pub(crate) fn no_room(slot: &Slot, header: u32, state: u32) -> Diagnostic {
    let title = format!("slot `{}` has no room for a payload", slot.name.value);
    let text =
        format!("{}: the header takes {}, the state words {state} bytes", bytes(slot.extent.size()), bytes(header));
    Diagnostic::error(codes::CAPACITY, title).at(slot.extent.span, text)
}

/// An image that is too large for a slot. `input` is the file, as it should be shown, and `size` the bytes that payload
/// and auxiliary area take.
pub fn payload_too_large(plan: &Plan, placement: &Placement, input: &str, size: u32) -> Diagnostic {
    let slot = &placement.slot.value;
    let title = format!(
        "`{input}` does not fit into slot `{slot}`: {} bytes too many",
        size.saturating_sub(placement.capacity)
    );
    let place = placement.input.as_ref().map_or(placement.slot.span, |input| input.span);
    let error = Diagnostic::error(codes::CAPACITY, title).at(place, format!("{size} bytes"));
    match plan.slot(slot) {
        Some(found) => error.see(found.extent.span, format!("room for {} bytes", placement.capacity)),
        None => error,
    }
}
