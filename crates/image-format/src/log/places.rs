//! Reading the places of a log area: each twice, many at a time.

use zerocopy::FromBytes as _;

use super::entry::{ENTRY_SIZE, Entry, EntryBytes, MAX_PLACE};
use super::space::place_size;
use crate::ReadAt;
use crate::structure::index;

/// Bytes that are read at a time. A counter's area has two sectors, most of them free: place by place, looking through two of 16 KiB takes
/// a Cortex-M7 a million instructions.
const BLOCK: u32 = 256;
const _: () = assert!(BLOCK >= MAX_PLACE);

/// What a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceState {
    /// Both readings were erased throughout.
    Free,
    /// Both readings were the same entry, with the right checksum and padding.
    Valid(Entry),
    /// Both readings had every bit programmed: the place was taken out of use, and says nothing.
    Spent,
    /// Anything else: a fault, two different readings, a torn entry.
    Dirty,
}

/// The form of a log area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogForm {
    place: u32,
    places: u32,
    erased: u8,
}

impl LogForm {
    /// A log area of `size` bytes in a memory whose larger one of program unit and ECC word has `unit` bytes. `None` for a
    /// unit without a place size.
    #[must_use]
    pub fn new(size: u32, unit: u32, erased: u8) -> Option<Self> {
        let place = place_size(unit)?;
        Some(LogForm { place, places: size.checked_div(place)?, erased })
    }

    /// Number of places.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.places
    }

    /// Offset of a place in the area, in bytes. `None` behind the last one.
    #[must_use]
    pub fn offset(&self, number: u32) -> Option<u32> {
        if number < self.places { number.checked_mul(self.place) } else { None }
    }

    /// What each byte of a place is that is taken out of use: all bits programmed, which most memories bear over anything.
    #[must_use]
    pub fn spent(&self) -> u8 {
        !self.erased
    }

    /// Size of a place in bytes.
    #[must_use]
    pub fn place_size(&self) -> u32 {
        self.place
    }
}

/// Reads one place of a log area, twice. The caller has seen to it that both readings come from the memory, not from a cache.
pub fn read_place(area: &mut impl ReadAt, form: &LogForm, number: u32) -> PlaceState {
    Block::new().place(area, form, number)
}

/// Reads all places of a log area as [`read_place`] does, and says in their order what those hold that are not free.
pub(super) fn each_place(area: &mut impl ReadAt, form: &LogForm, mut found: impl FnMut(u32, PlaceState)) {
    let mut block = Block::new();
    let most = BLOCK.checked_div(form.place).unwrap_or(1);
    let mut number = 0;
    while number < form.places {
        let count = form.places.saturating_sub(number).min(most);
        let end = number.saturating_add(count);
        if !block.is_free(area, form, number, count) {
            for number in number..end {
                let state = block.place(area, form, number);
                if state != PlaceState::Free {
                    found(number, state);
                }
            }
        }
        number = end;
    }
}

/// Two readings of some bytes. Aligned, so that copies go by words.
#[repr(align(8))]
struct Block {
    first: [u8; index(BLOCK)],
    second: [u8; index(BLOCK)],
}

impl Block {
    const fn new() -> Self {
        Block { first: [0; index(BLOCK)], second: [0; index(BLOCK)] }
    }

    /// Reads places twice. `None` if that is not possible.
    fn read(&mut self, area: &mut impl ReadAt, form: &LogForm, number: u32, count: u32) -> Option<(&[u8], &[u8])> {
        let (offset, size) = (form.offset(number)?, index(form.place.checked_mul(count)?));
        let (first, second) = (self.first.get_mut(..size)?, self.second.get_mut(..size)?);
        area.read_at(offset, first).ok()?;
        area.read_at(offset, second).ok()?;
        Some((first, second))
    }

    /// Whether places can be read and both readings were erased throughout.
    #[inline(never)]
    fn is_free(&mut self, area: &mut impl ReadAt, form: &LogForm, number: u32, count: u32) -> bool {
        self.read(area, form, number, count).is_some_and(|(first, second)| {
            let words = |bytes| <[u8]>::as_chunks::<4>(bytes);
            let ((first, rest), (second, rest_2)) = (words(first), words(second));
            let differs = |word: &[u8; 4]| u32::from_ne_bytes(*word) ^ u32::from_ne_bytes([form.erased; 4]);
            let written = first.iter().zip(second).fold(0, |all, (one, two)| all | differs(one) | differs(two));
            written == 0 && rest.iter().chain(rest_2).all(|byte| *byte == form.erased)
        })
    }

    /// What a place holds.
    #[inline(never)]
    fn place(&mut self, area: &mut impl ReadAt, form: &LogForm, number: u32) -> PlaceState {
        let Some((first, second)) = self.read(area, form, number, 1) else { return PlaceState::Dirty };
        if first != second {
            return PlaceState::Dirty;
        }
        if first.iter().all(|byte| *byte == form.erased) {
            return PlaceState::Free;
        }
        if first.iter().all(|byte| *byte == form.spent()) {
            return PlaceState::Spent;
        }
        let padded = first.iter().skip(index(ENTRY_SIZE)).all(|byte| *byte == 0);
        match EntryBytes::ref_from_prefix(first) {
            Ok((bytes, _)) if padded => bytes.decode().map_or(PlaceState::Dirty, PlaceState::Valid),
            _ => PlaceState::Dirty,
        }
    }
}
