//! Writing into an area of places: a state log, or a sector of the counter.
//!
//! A power cut leaves at most one place in doubt: it may read as free now, as valid later, and the other way round. What must never
//! happen is that an entry goes to such a place. So each power-up, before its first entry, takes out of use every place that may be one.
//!
//! Why two behind the last that is not free are enough, for any number of cuts: let `f` be the last place whose programming ended. It never reads as
//! free again. Behind it lie at most an entry `f + 1` that a cut tore, and, where a later power-up read that as valid, a place `f + 2` torn while it
//! was being taken out of use. No power-up goes further while both are in doubt: if `f + 2` reads as free it is
//! programmed again, and if it reads as anything else it is no valid entry, and is programmed again too. The next entry is written only when
//! that programming has ended, which makes its place the new `f`.
//!
//! This needs a memory that programs all bits of a place whatever it holds. Where a controller refuses to (L0), each cut that hits such a place
//! may leave one more; then what is lost with a third cut is what one entry says: see `power-cuts.md`.

use image_format::log::{ENTRY_SIZE, Entry, LogForm, MAX_PLACE, PlaceState, read_place};
use zerocopy::IntoBytes as _;

use crate::map::Area;
use crate::session::Window;
use crate::{Fault, Flash};

/// Places behind the last one that is not free that power cuts may have left in doubt.
pub(crate) const DOUBTFUL: u32 = 2;

/// Takes the places out of use that power cuts may have left in doubt: the last one that is not free, unless it is a valid entry, and
/// two behind it. `next` and `ends_valid` are what the area reads as. The place that the next entry goes to.
pub(crate) fn spend_doubtful<F: Flash>(flash: &mut F, area: Area, form: &LogForm, next: u32, ends_valid: bool) -> u32 {
    let first = if ends_valid { next } else { next.saturating_sub(1) };
    let end = next.saturating_add(DOUBTFUL);
    for place in first..end {
        spend_place(flash, area, form, place);
    }
    end
}

/// Takes all places out of use that may hold an entry, `next` being the one behind the last that is not free. The first one comes first, so what
/// is left of a log by a cut meanwhile is its end: no READY without the OKAY or DROP behind it.
pub(crate) fn spend_all<F: Flash>(flash: &mut F, area: Area, form: &LogForm, next: u32) {
    for place in 0..next.saturating_add(DOUBTFUL) {
        spend_place(flash, area, form, place);
    }
}

/// Takes a place out of use: whatever it reads as then, it is not free any more.
fn spend_place<F: Flash>(flash: &mut F, area: Area, form: &LogForm, place: u32) {
    let bytes = [form.spent(); MAX_PLACE as usize];
    if let (Some(offset), Some(bytes)) = (form.offset(place), bytes.get(..form.place_size() as usize)) {
        spend(flash, area.region, area.offset.saturating_add(offset), bytes);
    }
}

/// Programs all bits of a piece, whatever it holds. Where the memory reports a failure, a second time: the first one may have left what was there.
pub(crate) fn spend<F: Flash>(flash: &mut F, region: u8, offset: u32, bytes: &[u8]) {
    let _ = flash.program(region, offset, bytes).or_else(|Fault| flash.program(region, offset, bytes));
}

/// Programs an entry into a place of an area. Whether it can be read back; where it cannot, the place is taken out of use. `None` behind the
/// last place.
pub(crate) fn write_entry<F: Flash>(
    flash: &mut F,
    area: Area,
    form: &LogForm,
    place: u32,
    entry: &Entry,
) -> Option<bool> {
    let offset = form.offset(place)?;
    let mut bytes = [0; MAX_PLACE as usize];
    let (head, _) = bytes.split_at_mut(ENTRY_SIZE as usize);
    head.copy_from_slice(entry.encode().as_bytes());
    let bytes = bytes.get(..form.place_size() as usize)?;
    let written = flash.program(area.region, area.offset.saturating_add(offset), bytes).is_ok();
    let is_there = written && read_place(&mut Window { flash, area }, form, place) == PlaceState::Valid(*entry);
    if !is_there {
        spend_place(flash, area, form, place);
    }
    Some(is_there)
}
