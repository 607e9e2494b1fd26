//! A fuzz body: whatever lies in the slots and their state logs, the boot loader does not panic and starts nothing that the host refuses.

use boot::{Action, AreaCounter, Counter, NoCounter, Session, Wanted, boot};
use flash_model::{Chip, Noise, Restart};
use image_format::log::{ENTRY_SIZE, Entry, EntryKind, LogForm};
use zerocopy::IntoBytes as _;

use crate::bench::{Bench, parts};
use crate::device::Device;
use crate::memo::Memo;
use crate::verdict::verdicts;

/// What the body came to, so that a caller can see that it does not always come to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fuzzed {
    /// Starts of an image.
    pub started: u32,
    /// Starts of none.
    pub recovered: u32,
    /// Updates that the application could begin.
    pub staged: u32,
}

/// Fills a device by these bytes, and starts it three times with an application that confirms itself and begins an update. Of the
/// bytes, one says what a slot holds (nothing, the old image, the new one, either with a changed byte, noise) and two more where; then one for each
/// place of the slot's log what it holds.
///
/// # Panics
/// If something starts that the host's judge refuses, or a chunk is taken that is not the image's.
pub fn device(bench: &Bench, memo: &Memo, bytes: &[u8]) -> Fuzzed {
    let mut chip = filled(bench, bytes);
    let mut fuzzed = Fuzzed::default();
    for _ in 0..3 {
        start(bench, memo, &mut chip, &mut fuzzed);
        chip.restart(Restart::Reset);
    }
    fuzzed
}

fn filled(bench: &Bench, bytes: &[u8]) -> Chip {
    let mut bytes = bytes.iter().copied().chain(std::iter::repeat(0));
    let mut next = || bytes.next().unwrap_or_default();
    let mut chip = Chip::new(bench.shapes().to_vec(), 1);
    let images = bench.images();
    for slot in bench.group().slots() {
        let (kind, place) = (next(), u16::from_le_bytes([next(), next()]));
        let mut content = match kind % 6 {
            0 => Vec::new(),
            1 | 3 => images.old.clone(),
            2 | 4 => images.new.clone(),
            _ => {
                let mut noise = Noise::new(place.into());
                (0..2048).map(|_| noise.next() as u8).collect()
            }
        };
        let length = content.len().max(1);
        if let (3 | 4, Some(byte)) = (kind % 6, content.get_mut(usize::from(place) % length)) {
            *byte ^= kind | 1;
        }
        // A slot that is too small for it stays blank.
        let _ = bench.load(&mut chip, slot.region, slot.offset.get(), &content);
        let shape = &bench.shapes()[usize::from(slot.log_region)];
        let Some(form) = LogForm::new(slot.log_size.get(), shape.unit, shape.erased) else { continue };
        for number in 0..form.places().min(24) {
            let what = next();
            let mut place = vec![0; form.place_size() as usize];
            let (head, _) = place.split_at_mut(ENTRY_SIZE as usize);
            match (usize::from(what & 15), EntryKind::ALL.get(usize::from(what & 15))) {
                (_, Some(kind)) => {
                    let image = if what & 32 == 0 { &images.old } else { &images.new };
                    let id = parts(image).map_or([0; 32], |_| crate::run::id(image).unwrap_or_default());
                    let entry = Entry { step: (what >> 4).into(), ..Entry::new(*kind, (what >> 6).into(), &id) };
                    head.copy_from_slice(entry.encode().as_bytes());
                }
                (14, None) => place.fill(form.spent()),
                (13, None) => place.fill(0x5A),
                _ => continue,
            }
            if let Some(offset) = form.offset(number) {
                let _ = chip.program(slot.log_region.into(), slot.log_offset.get() + offset, &place);
            }
        }
    }
    chip
}

fn start(bench: &Bench, memo: &Memo, chip: &mut Chip, fuzzed: &mut Fuzzed) {
    let config = bench.config();
    let mut device = Device { chip, notes: None, registers: bench.registers() };
    let Ok(mut session) = Session::open(config, &mut device, memo.clone()) else { return };
    let decision = match AreaCounter::of(&config) {
        Some(mut area) => boot(&mut session, &mut area),
        None => boot(&mut session, &mut NoCounter),
    };
    drop(session);
    let start = match decision.action {
        Action::Boot(start) | Action::Exchange(start) => start,
        Action::Recover(_) => {
            fuzzed.recovered += 1;
            return;
        }
    };
    fuzzed.started += 1;
    assert!(start.entry().is_some(), "{}: no entry", bench.name);
    let judged = verdicts(bench, device.chip, memo).into_iter().find(|verdict| verdict.slot == start.slot());
    let is_right = judged.is_some_and(|verdict| verdict.agrees() && verdict.boot == Ok(*start.image().id()));
    assert!(is_right, "{}: {judged:?} starts", bench.name);
    let mut device = Device { chip: device.chip, notes: None, registers: bench.registers() };
    let lowest = AreaCounter::of(&config).map_or(0, |mut area| area.read(&mut device).unwrap_or_default());
    let (Ok(mut session), Some((image, payload))) =
        (Session::open(config, &mut device, memo.clone()), parts(&bench.images().new))
    else {
        return;
    };
    let _ = session.confirm(start.slot());
    let _ = session.clear(start.slot());
    let Ok(mut stage) = session.stage(start.slot(), image, lowest) else { return };
    fuzzed.staged += 1;
    while let Wanted::Chunk(number) = stage.wanted() {
        let size = image.chunks.size() as usize;
        let from = number as usize * size;
        let chunk = &payload[from..payload.len().min(from + size)];
        let mut changed = chunk.to_vec();
        changed[number as usize % chunk.len()] ^= 1;
        assert!(stage.put(&changed).is_err() && stage.put(&chunk[1..]).is_err(), "a chunk of something else");
        assert_eq!(stage.wanted(), Wanted::Chunk(number));
        if stage.put(chunk).is_err() {
            return;
        }
    }
    let _ = stage.request(lowest);
}
