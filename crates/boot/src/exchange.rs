//! Bank swap: the boot loader erases the other bank's slot, unswapped, when the application asks for it.
//!
//! The request stands in the log of the slot that is to be erased, and goes with that. So the log of the image that runs, which stays for as long
//! as that image, does not grow, however often a download is cut off.
//!
//! A cut in the erase leaves cells that may read as anything from then on. Before it begins, each place of the log that may hold an entry is taken
//! out of use, as before every erase of a log, and so is the header of the slot: whatever is left, the log says nothing, and no power-up finds an
//! image in such a slot. A log that says nothing belongs to a slot that is being erased, and is erased again, unless there is a header:
//! then a factory has programmed the slot.

use image_format::log::{Entry, EntryKind, SlotLog, Status, Strategy, next_generation};
use image_format::{Crypto, HEADER_SIZE, Kind};

use crate::places::spend;
use crate::{Flash, Reason, Session};

/// What can be done with the slot of the bank that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Erased for an update, and nothing was begun since.
    Empty,
    /// An update takes a CLEAR first.
    Used,
    /// The boot loader erases it: it was asked to, it began to, or the log has no room to ask.
    ToErase,
}

impl<F: Flash, C: Crypto> Session<'_, F, C> {
    /// The slot of the bank that does not run, where banks are exchanged.
    pub(crate) fn other_bank(&self, running: usize) -> Option<usize> {
        let is_exchanged = self.map.strategy == Strategy::BankSwap;
        self.map.run_slots().find(|slot| is_exchanged && *slot != running)
    }

    /// What can be done with a slot that does not run.
    pub(crate) fn condition(&mut self, slot: usize) -> Condition {
        let log = self.scan(slot);
        match log {
            SlotLog { clear: true, .. } => Condition::ToErase,
            _ if self.room(slot, &log) == 0 => Condition::ToErase,
            SlotLog { status: Status::Blank, next: 0, .. } if self.has_header(slot) => Condition::Used,
            SlotLog { status: Status::Blank, .. } => Condition::ToErase,
            SlotLog { status: Status::Open, image: [0, 0, 0, 0], ends_valid: true, .. } if self.is_blank(slot) => {
                Condition::Empty
            }
            _ => Condition::Used,
        }
    }

    /// Whether a slot begins as an image does.
    fn has_header(&mut self, slot: usize) -> bool {
        self.header_bytes(slot).is_some_and(|bytes| bytes.starts_with(&Kind::Image.magic()))
    }

    /// Takes the header of a slot out of use: whatever a cut in the erase that follows leaves of it, it is no header.
    fn spend_header(&mut self, slot: usize) -> Result<(), Reason> {
        let area = self.map.area(slot).ok_or(Reason::NoUpdate)?;
        let (_, erased) = self.map.unit(area.region).ok_or(Reason::Layout)?;
        spend(&mut self.flash, area.region, area.offset, &[!erased; HEADER_SIZE as usize]);
        Ok(())
    }
}

/// Erases the slot of the other bank, if that is to be, and vouches for it with an OPEN that names no image yet. `runs` is the slot of a confirmed
/// image, verified in this boot. What fails is tried again in a later boot.
pub(crate) fn clear<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, logs: &[SlotLog], runs: usize) {
    let Some((other, log)) = session.other_bank(runs).zip(logs.get(runs)) else { return };
    let Some(generation) = next_generation(logs) else { return };
    if session.condition(other) != Condition::ToErase || session.pin_okay(runs, log).is_err() {
        return;
    }
    let open = Entry::new(EntryKind::Open, generation, &[0; 32]);
    // A cut or a failure leaves a log that says nothing: the next boot starts over.
    let _ = session
        .spend_header(other)
        .and_then(|()| session.clear_slot(other, other))
        .and_then(|()| session.append_twice(other, &open));
}
