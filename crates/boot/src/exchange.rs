//! Bank swap: the boot loader erases the other bank's slot, unswapped, when the application asks for it.

use image_format::Crypto;
use image_format::log::{Entry, EntryKind, SlotLog, Strategy};

use crate::{Flash, Session};

/// The generation that a CLEAR asks for: the next above the running image's with these low 16 bits.
pub(crate) fn asked_generation(running: u32, low: u16) -> Option<u32> {
    let [a, b, ..] = running.to_le_bytes();
    let ahead = low.wrapping_sub(u16::from_le_bytes([a, b]));
    if ahead == 0 { None } else { running.checked_add(ahead.into()) }
}

/// Does what the running image's CLEAR asks for, unless it was done: erases the other slot, then vouches for it with an OPEN that
/// names no image yet. What fails is tried again in a later boot.
pub(crate) fn clear<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, logs: &[SlotLog], runs: usize) {
    let Some(log) = logs.get(runs).filter(|_| session.map.strategy == Strategy::BankSwap) else { return };
    let Some(generation) = log.clear.and_then(|low| asked_generation(log.generation, low)) else { return };
    let Some((other, state)) = logs.iter().enumerate().find(|(slot, _)| *slot != runs) else { return };
    if state.generation == generation || session.pin_okay(runs, log).is_err() {
        return;
    }
    let open = Entry::new(EntryKind::Open, generation, &[0; 32]);
    // A cut or a failure leaves no OPEN of this generation: the next boot starts over.
    let _ = session.clear_slot(other, other).and_then(|()| session.append_twice(other, &open));
}
