//! Reading a log: what counts after torn words, holes and leftovers of an interrupted erase.

use super::entry::{Entry, EntryKind};
use super::places::{LogForm, PlaceState, each_place};
use crate::{Digest, ReadAt};

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
    /// Starts that nobody confirmed.
    pub tries: u32,
    /// The image is in the slot, whole and verified: a READY was seen, or what only a boot loader writes that has seen one.
    pub ready: bool,
    /// Number of DROP entries: with one the image is rejected for good, and not only because its tries are used up.
    pub drops: u32,
    /// Number of OKAY entries.
    pub okays: u32,
    /// The security counter was raised for this image: an OKAY with argument 1 was seen.
    pub raised: bool,
    /// The copy that was begun last and is not done: BACKUP, COPY or BACK.
    pub copying: Option<EntryKind>,
    /// Steps done of that copy, from the highest STEP entry.
    pub steps: u32,
    /// The running image was copied to the backup slot.
    pub backed_up: bool,
    /// The staged image was copied to its place.
    pub copied: bool,
    /// The backup was copied back.
    pub restored: bool,
    /// Whoever runs from another slot asks for this one to be erased, and its image was not confirmed since.
    pub clear: bool,
    /// Number of the place behind the last one that is not free.
    pub next: u32,
    /// Whether that last one is a valid entry, and not what a power cut left or what was taken out of use.
    pub ends_valid: bool,
}

impl SlotLog {
    /// A log without entries.
    pub const BLANK: SlotLog = SlotLog {
        status: Status::Blank,
        generation: 0,
        image: [0; 4],
        tries: 0,
        ready: false,
        drops: 0,
        okays: 0,
        raised: false,
        copying: None,
        steps: 0,
        backed_up: false,
        copied: false,
        restored: false,
        clear: false,
        next: 0,
        ends_valid: false,
    };

    /// Whether the entries that count are about this image.
    #[must_use]
    pub fn names(&self, id: &Digest) -> bool {
        self.status != Status::Blank && id.starts_with(&self.image)
    }
}

/// The generation of a new update: above those of all logs. `None` after 2^32 - 1.
#[must_use]
pub fn next_generation(logs: &[SlotLog]) -> Option<u32> {
    logs.iter().map(|log| log.generation).max().unwrap_or(0).checked_add(1)
}

/// The argument of an OKAY that says that the security counter was raised.
pub const RAISED: u8 = 1;

/// The image of an OPEN that vouches for an erased slot before anybody knows what comes.
const NO_IMAGE: [u8; 4] = [0; 4];

/// Reads a log area. All places are looked at; holes are allowed. Entries of the highest generation count, and of these the
/// ones that name the same image as the first of them that names one; others are leftovers. `tries` is how many unconfirmed starts are allowed.
pub fn scan(area: &mut impl ReadAt, form: &LogForm, tries: u8) -> SlotLog {
    let mut log = SlotLog::BLANK;
    let mut seen = false;
    each_place(area, form, |number, state| {
        log.next = number.saturating_add(1);
        log.ends_valid = matches!(state, PlaceState::Valid(_));
        // Nothing follows from a place that cannot be read: a TRY is read back before the image starts, so one that a cut tore counted no start.
        let PlaceState::Valid(entry) = state else { return };
        if !seen || entry.generation > log.generation {
            let SlotLog { next, ends_valid, .. } = log;
            log = SlotLog { generation: entry.generation, next, ends_valid, ..SlotLog::BLANK };
            seen = true;
        }
        if entry.generation == log.generation && log.image == NO_IMAGE {
            log.image = entry.image;
        }
        if entry.generation == log.generation && entry.image == log.image {
            apply(&mut log, entry);
        }
    });
    log.status = match log {
        SlotLog { okays: 1.., .. } => Status::Confirmed,
        SlotLog { drops: 1.., .. } => Status::Rejected,
        SlotLog { ready: true, .. } if log.tries >= u32::from(tries) => Status::Rejected,
        SlotLog { ready: true, .. } => Status::Trial,
        SlotLog { status: Status::Open, .. } => Status::Open,
        _ => Status::Blank,
    };
    log
}

fn apply(log: &mut SlotLog, entry: Entry) {
    match entry.kind {
        EntryKind::Open => log.status = Status::Open,
        EntryKind::Ready => log.ready = true,
        EntryKind::Try => {
            log.ready = true;
            log.tries = log.tries.saturating_add(1);
        }
        EntryKind::Okay => {
            log.okays = log.okays.saturating_add(1);
            log.raised |= entry.argument == RAISED;
            log.clear = false;
        }
        EntryKind::Drop => log.drops = log.drops.saturating_add(1),
        EntryKind::Clear => log.clear = true,
        EntryKind::Backup | EntryKind::Copy | EntryKind::Back => {
            log.ready = true;
            if log.copying != Some(entry.kind) {
                log.copying = Some(entry.kind);
                log.steps = 0;
            }
        }
        EntryKind::Step => log.steps = log.steps.max(u32::from(entry.step).saturating_add(1)),
        EntryKind::Done => {
            match log.copying {
                Some(EntryKind::Backup) => log.backed_up = true,
                Some(EntryKind::Copy) => log.copied = true,
                Some(EntryKind::Back) => log.restored = true,
                _ => {}
            }
            log.copying = None;
            log.steps = 0;
        }
        EntryKind::Count | EntryKind::Opts => {}
    }
}
