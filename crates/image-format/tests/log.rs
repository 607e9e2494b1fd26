//! The state log: entries, reading after faults, and the choice between slots.

use image_format::log::{
    Count, Entry, EntryKind, LogForm, PlaceState, Reason, SlotLog, Status, choose, next_generation, read_count,
    read_place, scan,
};
use image_format::{Extent, Fault, Memory, ReadAt};
use zerocopy::{FromBytes as _, IntoBytes as _};

const TRIES: u8 = 3;

/// A log area in memory.
struct Area {
    form: LogForm,
    bytes: Vec<u8>,
    erased: u8,
}

impl Area {
    fn new(unit: u32, erased: u8) -> Self {
        let size = 24 * 64;
        Area { form: LogForm::new(size, unit, erased).expect("a unit"), bytes: vec![erased; size as usize], erased }
    }

    fn write(&mut self, number: u32, entry: Entry) {
        let offset = self.form.offset(number).expect("a place") as usize;
        let place = &mut self.bytes[offset..offset + self.form.place_size() as usize];
        place.fill(0);
        place[..16].copy_from_slice(entry.encode().as_bytes());
    }

    fn with(unit: u32, erased: u8, entries: &[Entry]) -> Self {
        let mut area = Self::new(unit, erased);
        (0..).zip(entries).for_each(|(number, entry)| area.write(number, *entry));
        area
    }

    fn tear(&mut self, number: u32) {
        let offset = self.form.offset(number).expect("a place") as usize;
        self.bytes[offset + 5] ^= 0x10;
    }

    fn scan(&self) -> SlotLog {
        scan(&mut Memory::slot(&self.bytes, self.bytes.len() as u32), &self.form, TRIES)
    }
}

fn entry(kind: EntryKind, generation: u32) -> Entry {
    Entry::new(kind, generation, &[9; 32])
}

fn entries(kinds: &[EntryKind]) -> Vec<Entry> {
    kinds.iter().map(|kind| entry(*kind, 5)).collect()
}

#[test]
fn each_flipped_bit_of_an_entry_is_noticed() {
    let bytes = Entry { kind: EntryKind::Try, argument: 2, step: 0, generation: 41, image: [1, 2, 3, 4] }.encode();
    assert!(bytes.decode().is_some());
    for bit in 0..128 {
        let mut flipped = bytes.as_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let flipped = image_format::log::EntryBytes::read_from_bytes(&flipped).expect("16 bytes");
        assert_eq!(flipped.decode(), None, "bit {bit}");
    }
}

#[test]
fn states_follow_the_entries() {
    use EntryKind::{Drop, Okay, Open, Ready, Try};
    for (kinds, status, tries) in [
        (vec![], Status::Blank, 0),
        (vec![Open, Open], Status::Open, 0),
        (vec![Open, Ready, Ready], Status::Trial, 0),
        (vec![Open, Ready, Ready, Try, Try], Status::Trial, 2),
        (vec![Open, Ready, Ready, Try, Try, Try], Status::Rejected, 3),
        (vec![Open, Ready, Ready, Try, Try, Try, Okay], Status::Confirmed, 3),
        (vec![Open, Ready, Ready, Try, Drop], Status::Rejected, 1),
        (vec![Open, Ready, Try, Okay, Okay, Drop], Status::Confirmed, 1),
    ] {
        for (unit, erased) in [(1, 0xFF), (8, 0xFF), (32, 0xFF), (4, 0x00)] {
            let log = Area::with(unit, erased, &entries(&kinds)).scan();
            assert_eq!((log.status, log.tries), (status, tries), "{kinds:?} in units of {unit}, erased {erased:#x}");
            assert_eq!(log.next, kinds.len() as u32);
        }
    }
}

#[test]
fn a_torn_place_counts_as_nothing() {
    use EntryKind::{Okay, Open, Ready, Try};
    let kinds = [Open, Open, Ready, Ready, Try, Okay, Okay];
    for (number, tries) in [(0, 1), (1, 1), (2, 1), (3, 1), (4, 0), (5, 1), (6, 1)] {
        let mut area = Area::with(16, 0xFF, &entries(&kinds));
        area.tear(number);
        let log = area.scan();
        assert_eq!((log.status, log.tries), (Status::Confirmed, tries), "place {number}");
        assert_eq!((log.next, log.ends_valid), (7, number != 6), "place {number}");
    }
}

#[test]
fn a_place_with_all_bits_programmed_is_spent() {
    for (unit, erased) in [(4, 0xFF), (32, 0xFF), (4, 0x00)] {
        let mut area = Area::with(unit, erased, &entries(&[EntryKind::Open]));
        let offset = area.form.offset(1).expect("a place") as usize;
        area.bytes[offset..offset + area.form.place_size() as usize].fill(area.form.spent());
        assert_eq!(read_place(&mut Memory::slot(&area.bytes, 1536), &area.form, 1), PlaceState::Spent);
        assert_eq!((area.scan().status, area.scan().next, area.scan().ends_valid), (Status::Open, 2, false));
    }
}

#[test]
fn holes_and_leftovers_are_passed_over() {
    let mut area = Area::new(16, 0xFF);
    // An erase that was cut left an older update behind.
    area.write(0, entry(EntryKind::Okay, 4));
    area.write(3, entry(EntryKind::Open, 5));
    area.write(5, entry(EntryKind::Ready, 5));
    area.write(9, entry(EntryKind::Okay, 4));
    area.write(10, Entry::new(EntryKind::Okay, 5, &[8; 32]));
    let log = area.scan();
    assert_eq!((log.status, log.generation, log.image, log.next), (Status::Trial, 5, [9; 4], 11));
}

#[test]
fn steps_belong_to_the_copy_that_was_begun_last() {
    let step = |step| Entry { step, ..entry(EntryKind::Step, 5) };
    let mut written = vec![entry(EntryKind::Open, 5), entry(EntryKind::Backup, 5), entry(EntryKind::Backup, 5)];
    written.extend([step(0), step(1), step(2)]);
    let log = Area::with(16, 0xFF, &written).scan();
    assert_eq!((log.copying, log.steps), (Some(EntryKind::Backup), 3));
    written.extend([entry(EntryKind::Done, 5), entry(EntryKind::Copy, 5)]);
    let log = Area::with(16, 0xFF, &written).scan();
    assert_eq!((log.copying, log.steps), (Some(EntryKind::Copy), 0));
}

#[test]
fn padding_that_is_not_zero_makes_a_place_dirty() {
    let mut area = Area::with(32, 0xFF, &entries(&[EntryKind::Open]));
    let place = |area: &Area| read_place(&mut Memory::slot(&area.bytes, 1536), &area.form, 0);
    assert_eq!(place(&area), PlaceState::Valid(entry(EntryKind::Open, 5)));
    area.bytes[31] = area.erased;
    assert_eq!(place(&area), PlaceState::Dirty);
}

/// Gives another answer at each read, as a torn word may.
struct Wavering(Vec<u8>, u8);

impl ReadAt for Wavering {
    fn extent(&self) -> Extent {
        Extent::Slot(self.0.len() as u32)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        Memory::slot(&self.0, 0).read_at(offset, buffer)?;
        self.1 = self.1.wrapping_add(1);
        buffer[3] = self.1;
        Ok(())
    }
}

#[test]
fn a_place_that_reads_differently_or_faults_is_dirty() {
    let area = Area::with(16, 0xFF, &entries(&[EntryKind::Open]));
    assert_eq!(read_place(&mut Wavering(area.bytes.clone(), 0), &area.form, 0), PlaceState::Dirty);
    assert_eq!(read_place(&mut Wavering(vec![0xFF; 64], 0), &area.form, 1), PlaceState::Dirty);
    let mut faulting = Memory::slot(&area.bytes, 0).unreadable_at(15);
    assert_eq!(read_place(&mut faulting, &area.form, 0), PlaceState::Dirty);
    assert_eq!(read_place(&mut faulting, &area.form, area.form.places()), PlaceState::Dirty, "behind the end");
}

/// Gives one of two contents, in turns: a cell in doubt may read as programmed once and as erased the next time.
struct InTurns([Vec<u8>; 2]);

impl ReadAt for InTurns {
    fn extent(&self) -> Extent {
        Extent::Slot(self.0[0].len() as u32)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.0.swap(0, 1);
        Memory::slot(&self.0[1], 0).read_at(offset, buffer)
    }
}

#[test]
fn an_entry_that_reads_as_erased_once_is_no_entry_and_leaves_no_room() {
    for (unit, erased) in [(4, 0xFF), (32, 0xFF), (4, 0x00)] {
        let (written, blank) = (Area::with(unit, erased, &entries(&[EntryKind::Open])), Area::new(unit, erased));
        for contents in [[&written, &blank], [&blank, &written]] {
            let source = || InTurns(contents.map(|area| area.bytes.clone()));
            assert_eq!(read_place(&mut source(), &blank.form, 0), PlaceState::Dirty);
            let log = scan(&mut source(), &blank.form, TRIES);
            assert_eq!((log.status, log.next, log.ends_valid), (Status::Blank, 1, false), "unit {unit}");
        }
    }
}

#[test]
fn the_choice_orders_all_slots() {
    let log = |status, generation| SlotLog { status, generation, ..Area::new(16, 0xFF).scan() };
    let order = |logs: &[SlotLog]| choose(logs).iter().map(|found| (found.slot, found.reason)).collect::<Vec<_>>();
    use Reason::{Confirmed, LastResort, Trial};
    assert_eq!(order(&[log(Status::Confirmed, 4), log(Status::Trial, 5)]), [(1, Trial), (0, Confirmed)]);
    // A trial that is older than a confirmed image is no trial any more.
    assert_eq!(order(&[log(Status::Confirmed, 6), log(Status::Trial, 5)]), [(0, Confirmed), (1, LastResort)]);
    assert_eq!(order(&[log(Status::Confirmed, 4), log(Status::Confirmed, 5)]), [(1, Confirmed), (0, Confirmed)]);
    assert_eq!(order(&[log(Status::Rejected, 5), log(Status::Blank, 0)]), [(1, LastResort), (0, LastResort)]);
    assert_eq!(order(&[]), []);
    // Every slot is a candidate exactly once, whatever the logs say.
    let statuses = [Status::Blank, Status::Open, Status::Trial, Status::Confirmed, Status::Rejected];
    for a in statuses {
        for b in statuses {
            for c in statuses {
                for generations in [[0, 0, 0], [1, 2, 3], [3, 2, 1], [2, 2, 1]] {
                    let logs = [log(a, generations[0]), log(b, generations[1]), log(c, generations[2])];
                    let mut slots: Vec<usize> = choose(&logs).iter().map(|found| found.slot).collect();
                    slots.sort_unstable();
                    assert_eq!(slots, [0, 1, 2], "{logs:?}");
                }
            }
        }
    }
}

#[test]
fn an_open_that_names_no_image_vouches_for_whichever_comes() {
    let open = Entry::new(EntryKind::Open, 5, &[0; 32]);
    let mut written = vec![open, open];
    assert_eq!(Area::with(16, 0xFF, &written).scan().status, Status::Open);
    written.extend(entries(&[EntryKind::Open, EntryKind::Ready]));
    let log = Area::with(16, 0xFF, &written).scan();
    assert_eq!((log.status, log.image), (Status::Trial, [9; 4]));
}

#[test]
fn a_new_generation_is_above_all() {
    let log = |generation| SlotLog { generation, ..Area::new(16, 0xFF).scan() };
    assert_eq!(next_generation(&[]), Some(1));
    assert_eq!(next_generation(&[log(7), log(3)]), Some(8));
    assert_eq!(next_generation(&[log(7), log(u32::MAX)]), None);
}

#[test]
fn the_highest_count_counts() {
    let mut area = Area::new(16, 0xFF);
    assert_eq!(read_count(&mut Memory::slot(&area.bytes, 0), &area.form), Count::default());
    for (place, value) in [(0, 3), (1, 9), (3, 5)] {
        area.write(place, Entry::new(EntryKind::Count, value, &[0; 32]));
    }
    area.write(4, entry(EntryKind::Okay, 99));
    let count = read_count(&mut Memory::slot(&area.bytes, 0), &area.form);
    assert_eq!(count, Count { value: Some(9), next: 5, ends_valid: true });
    area.tear(1);
    assert_eq!(read_count(&mut Memory::slot(&area.bytes, 0), &area.form).value, Some(5));
}
