//! Reading a log: what counts after torn words, holes and leftovers of an interrupted erase.

use zerocopy::FromBytes as _;

use super::entry::{ENTRY_SIZE, Entry, EntryBytes, EntryKind, MAX_PLACE};
use super::space::place_size;
use crate::ReadAt;
use crate::structure::index;

/// What a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceState {
    /// Both readings were erased throughout.
    Free,
    /// Both readings were the same entry, with the right checksum and padding.
    Valid(Entry),
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

    /// Size of a place in bytes.
    #[must_use]
    pub fn place_size(&self) -> u32 {
        self.place
    }
}

/// Reads one place of a log area, twice. The caller has seen to it that both readings come from the memory, not from a cache.
pub fn read_place(area: &mut impl ReadAt, form: &LogForm, number: u32) -> PlaceState {
    let mut first = [0; index(MAX_PLACE)];
    let mut second = [0; index(MAX_PLACE)];
    let (Some(offset), Some(first), Some(second)) =
        (form.offset(number), first.get_mut(..index(form.place)), second.get_mut(..index(form.place)))
    else {
        return PlaceState::Dirty;
    };
    if area.read_at(offset, first).is_err() || area.read_at(offset, second).is_err() || first != second {
        return PlaceState::Dirty;
    }
    if first.iter().all(|byte| *byte == form.erased) {
        return PlaceState::Free;
    }
    let padded = first.iter().skip(index(ENTRY_SIZE)).all(|byte| *byte == 0);
    match EntryBytes::ref_from_prefix(first) {
        Ok((bytes, _)) if padded => bytes.decode().map_or(PlaceState::Dirty, PlaceState::Valid),
        _ => PlaceState::Dirty,
    }
}

/// What a slot's log says of its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nothing that counts.
    Blank,
    /// An update has begun and is not complete.
    Open,
    /// Complete, not confirmed, with tries left.
    Trial,
    /// Confirmed.
    Confirmed,
    /// Dropped, or its tries are used up.
    Rejected,
}

/// A slot's log, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotLog {
    /// What it says of the image.
    pub status: Status,
    /// Generation of the update; 0 if blank.
    pub generation: u32,
    /// The first four bytes of the image's id; zero if blank.
    pub image: [u8; 4],
    /// Starts that nobody confirmed. A place that cannot be read counts as one, so that the doubtful reading is the safe one.
    pub tries: u32,
    /// The copy that was begun last and is not done: BACKUP, COPY or BACK.
    pub copying: Option<EntryKind>,
    /// Steps done of that copy, from the highest STEP entry.
    pub steps: u32,
    /// The application asks for the other slot to be erased.
    pub clear: bool,
    /// Number of the place behind the last one that is not free.
    pub next: u32,
}

impl SlotLog {
    const BLANK: SlotLog = SlotLog {
        status: Status::Blank,
        generation: 0,
        image: [0; 4],
        tries: 0,
        copying: None,
        steps: 0,
        clear: false,
        next: 0,
    };
}

/// What was seen of one update while scanning.
#[derive(Clone, Copy, Default)]
struct Seen {
    open: bool,
    ready: bool,
    okay: bool,
    drop: bool,
}

/// Reads a log area. All places are looked at; holes are allowed. Entries of the highest generation count, and of these the
/// ones that name the same image as the first of them; others are leftovers. `tries` is how many unconfirmed starts are allowed.
pub fn scan(area: &mut impl ReadAt, form: &LogForm, tries: u8) -> SlotLog {
    let mut log = SlotLog::BLANK;
    let mut seen = Seen::default();
    for number in 0..form.places {
        let state = read_place(area, form, number);
        if state != PlaceState::Free {
            log.next = number.saturating_add(1);
        }
        match state {
            PlaceState::Free => {}
            PlaceState::Dirty => {
                if seen.ready && !seen.okay {
                    log.tries = log.tries.saturating_add(1);
                }
            }
            PlaceState::Valid(entry) => {
                let blank = !(seen.open || seen.ready || seen.okay || seen.drop) && log.generation == 0;
                if blank || entry.generation > log.generation {
                    log =
                        SlotLog { generation: entry.generation, image: entry.image, next: log.next, ..SlotLog::BLANK };
                    seen = Seen::default();
                }
                if entry.generation == log.generation && entry.image == log.image {
                    apply(&mut log, &mut seen, entry);
                }
            }
        }
    }
    log.status = match seen {
        Seen { okay: true, .. } => Status::Confirmed,
        Seen { drop: true, .. } => Status::Rejected,
        Seen { ready: true, .. } if log.tries >= u32::from(tries) => Status::Rejected,
        Seen { ready: true, .. } => Status::Trial,
        Seen { open: true, .. } => Status::Open,
        _ => Status::Blank,
    };
    log
}

fn apply(log: &mut SlotLog, seen: &mut Seen, entry: Entry) {
    match entry.kind {
        EntryKind::Open => seen.open = true,
        EntryKind::Ready => seen.ready = true,
        EntryKind::Try => log.tries = log.tries.saturating_add(1),
        EntryKind::Okay => seen.okay = true,
        EntryKind::Drop => seen.drop = true,
        EntryKind::Clear => log.clear = true,
        EntryKind::Backup | EntryKind::Copy | EntryKind::Back => {
            if log.copying != Some(entry.kind) {
                log.copying = Some(entry.kind);
                log.steps = 0;
            }
        }
        EntryKind::Step => log.steps = log.steps.max(u32::from(entry.step).saturating_add(1)),
        EntryKind::Done => {
            log.copying = None;
            log.steps = 0;
        }
        EntryKind::Opts => {}
    }
}
