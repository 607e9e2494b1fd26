//! The security counter where it is kept in flash: an area of places, as a log has them.

use super::entry::EntryKind;
use super::places::{LogForm, PlaceState, each_place};
use crate::ReadAt;

/// What some sectors of a counter's area say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The highest value; `None` without an entry.
    pub value: Option<u32>,
    /// Number of the place behind the last one that is not free.
    pub next: u32,
    /// Whether that last one is a valid entry.
    pub ends_valid: bool,
}

/// Reads places of a counter's area: the highest COUNT is the value. A torn one that reads as valid now and not later says
/// nothing false, since a value is written only once it may be reached.
pub fn read_count(area: &mut impl ReadAt, form: &LogForm) -> Count {
    let mut count = Count::default();
    each_place(area, form, |number, state| {
        count.next = number.saturating_add(1);
        count.ends_valid = matches!(state, PlaceState::Valid(_));
        if let PlaceState::Valid(entry) = state
            && entry.kind == EntryKind::Count
        {
            count.value = count.value.max(Some(entry.generation));
        }
    });
    count
}
