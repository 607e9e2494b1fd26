//! Fuzz bodies: whatever lies in the slots and their state logs, and whatever an application is handed as an update, the boot loader
//! does not panic and starts nothing that the host refuses. `crates/simulate/fuzz` has a cargo-fuzz target for each.

use boot::{Action, Counter as _, Refusal, Session, Wanted, boot};
use flash_model::{Chip, Restart};
use image_format::log::{ENTRY_SIZE, Entry, EntryKind, LogForm};
use zerocopy::IntoBytes as _;

use crate::banks;
use crate::bench::{Bench, parts};
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::memo::Memo;
use crate::verdict::verdicts;

/// A function that takes any bytes, and the name of its cargo-fuzz target.
pub type Body = (&'static str, fn(&Bench, &Memo, &[u8]) -> Fuzzed);

/// All of them.
pub const BODIES: &[Body] = &[("device", device), ("transfer", transfer)];

/// What a body came to, so that a caller can see that it does not always come to the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fuzzed {
    /// Starts of an image.
    pub started: u32,
    /// Starts of none.
    pub recovered: u32,
    /// Updates that the application could begin.
    pub staged: u32,
    /// Updates that it could ask for.
    pub requested: u32,
}

/// The bytes of a run, and zeros behind them.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn next(&mut self) -> u8 {
        let [first, rest @ ..] = self.0 else { return 0 };
        self.0 = rest;
        *first
    }

    fn next_u16(&mut self) -> u16 {
        u16::from_le_bytes([self.next(), self.next()])
    }

    /// Up to so many of them as they are.
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Changes up to three bytes, or more often none. 16 bits say where, so that each byte of a small image can be hit.
    fn change(&mut self, content: &mut [u8]) {
        for _ in 4..self.next() % 8 {
            let (place, difference) = (usize::from(self.next_u16()), self.next());
            let length = content.len().max(1);
            if let Some(byte) = content.get_mut(place % length) {
                *byte ^= difference;
            }
        }
    }
}

/// Fills a device by these bytes, and starts it three times with an application that confirms itself and begins an update. For each
/// slot come a byte that says what it holds (nothing, the old image, the new one, bytes as they follow), changes of that, and then a byte for
/// each place of its log.
///
/// # Panics
/// If something starts that the host's judge refuses, or a chunk is taken that is not the image's.
pub fn device(bench: &Bench, memo: &Memo, bytes: &[u8]) -> Fuzzed {
    let mut chip = filled(bench, &mut Input(bytes));
    let mut fuzzed = Fuzzed::default();
    for _ in 0..3 {
        if let Some(slot) = start(bench, memo, &mut chip, &mut fuzzed) {
            update(bench, memo, &mut chip, slot, &bench.images().new, &mut Input(&[]), &mut fuzzed);
        }
        chip.restart(Restart::Reset);
    }
    fuzzed
}

/// Hands the application of a device that runs the old image an update with changes, and its chunks changed, cut short, mixed up and in
/// pieces; then starts the device. All of it three times.
///
/// # Panics
/// If a changed update or chunk is taken, an update is asked for that is not whole, anything is written for an update that is refused, or
/// something starts that the host's judge refuses.
pub fn transfer(bench: &Bench, memo: &Memo, bytes: &[u8]) -> Fuzzed {
    let mut input = Input(bytes);
    let mut fuzzed = Fuzzed::default();
    let Some(mut chip) = bench.chip_with(0, &bench.images().old, 1) else { return fuzzed };
    for _ in 0..3 {
        if let Some(slot) = start(bench, memo, &mut chip, &mut fuzzed) {
            let mut sealed = bench.images().new.clone();
            input.change(&mut sealed);
            update(bench, memo, &mut chip, slot, &sealed, &mut input, &mut fuzzed);
        }
        chip.restart(Restart::Reset);
    }
    fuzzed
}

fn filled(bench: &Bench, input: &mut Input<'_>) -> Chip {
    let mut chip = Chip::new(bench.shapes().to_vec(), 1);
    let images = bench.images();
    let ids = [&images.old, &images.new].map(|image| crate::run::id(image).unwrap_or_default());
    for slot in bench.group().slots() {
        let mut content = match input.next() % 4 {
            0 => Vec::new(),
            1 => images.old.clone(),
            2 => images.new.clone(),
            _ => {
                let size = 8 * usize::from(input.next());
                input.take(size).to_vec()
            }
        };
        input.change(&mut content);
        // A slot that is too small for it stays blank.
        let _ = bench.load(&mut chip, slot.region, slot.offset.get(), &content);
        let shape = &bench.shapes()[usize::from(slot.log_region)];
        let Some(form) = LogForm::new(slot.log_size.get(), shape.unit, shape.erased) else { continue };
        for number in 0..form.places().min(24) {
            let what = input.next();
            let mut place = vec![0; form.place_size() as usize];
            let (head, _) = place.split_at_mut(ENTRY_SIZE as usize);
            match (what & 15, EntryKind::ALL.get(usize::from(what & 15))) {
                (_, Some(kind)) => {
                    let id = &ids[usize::from(what >> 5 & 1)];
                    let entry = Entry { step: (what >> 4).into(), ..Entry::new(*kind, (what >> 6).into(), id) };
                    head.copy_from_slice(entry.encode().as_bytes());
                }
                (14, None) => place.fill(form.spent()),
                (13, None) => {
                    let words = input.take(place.len());
                    place.iter_mut().zip(words).for_each(|(to, from)| *to = *from);
                }
                _ => continue,
            }
            if let Some(offset) = form.offset(number) {
                let _ = chip.program(slot.log_region.into(), slot.log_offset.get() + offset, &place);
            }
        }
    }
    chip
}

/// Starts the device. The slot whose image runs, which confirms itself and asks for the other slot to be erased.
fn start(bench: &Bench, memo: &Memo, chip: &mut Chip, fuzzed: &mut Fuzzed) -> Option<usize> {
    let config = bench.config();
    let mut device = Device { chip, notes: None, registers: bench.registers() };
    let mut session = Session::open(config, &mut device, memo.clone()).ok()?;
    let decision = boot(&mut session, &mut AnyCounter::of(&config));
    drop(session);
    if let Action::Recover(_) = decision.action {
        fuzzed.recovered += 1;
        return None;
    }
    let Some(start) = banks::started(bench, &decision.action) else {
        panic!("{}: an image is started that is not seen at its run address", bench.name)
    };
    fuzzed.started += 1;
    assert!(start.entry().is_some(), "{}: no entry", bench.name);
    let judged = verdicts(bench, device.chip, memo).into_iter().find(|verdict| verdict.slot == start.slot());
    let is_right = judged.is_some_and(|verdict| verdict.agrees() && verdict.boot == Ok(*start.image().id()));
    assert!(is_right, "{}: {judged:?} starts", bench.name);
    let mut device = Device { chip: device.chip, notes: None, registers: bench.registers() };
    let mut session = Session::open(config, &mut device, memo.clone()).ok()?;
    let _ = session.confirm(start.slot());
    let _ = session.clear(start.slot());
    Some(start.slot())
}

/// Stages what is handed over as the new image; the input says what comes in place of the chunk that is wanted.
fn update(
    bench: &Bench,
    memo: &Memo,
    chip: &mut Chip,
    running: usize,
    sealed: &[u8],
    input: &mut Input<'_>,
    fuzzed: &mut Fuzzed,
) {
    let (config, before) = (bench.config(), chip.operations());
    let (Some((image, _)), Some((own, payload))) = (parts(sealed), parts(&bench.images().new)) else { return };
    let mut device = Device { chip, notes: None, registers: bench.registers() };
    let lowest = AnyCounter::of(&config).read(&mut device).unwrap_or_default();
    let Ok(mut session) = Session::open(config, &mut device, memo.clone()) else { return };
    let mut stage = match session.stage(running, image, lowest) {
        Ok(stage) => stage,
        Err(refusal) => {
            let was_judged = matches!(refusal, Refusal::Image(_));
            assert!(!was_judged || chip.operations() == before, "{}: written for a refused update", bench.name);
            return;
        }
    };
    fuzzed.staged += 1;
    assert!(image.front == own.front && image.auxiliary == own.auxiliary, "{}: a changed update", bench.name);
    let size = own.chunks.size() as usize;
    let chunks: Vec<&[u8]> = payload.chunks(size).collect();
    while let Wanted::Chunk(number) = stage.wanted() {
        let wanted = chunks[number as usize];
        let mut handed = match input.next() % 8 {
            0..4 => wanted.to_vec(),
            4 => wanted[..usize::from(input.next_u16()) % wanted.len()].to_vec(),
            5 => chunks[usize::from(input.next()) % chunks.len()].to_vec(),
            6 => [wanted, input.take(8)].concat(),
            _ => break,
        };
        input.change(&mut handed);
        match stage.put(&handed) {
            Ok(()) => assert!(handed == wanted, "{}: a chunk of something else", bench.name),
            Err(_) if handed == wanted => return,
            Err(_) => assert_eq!(stage.wanted(), Wanted::Chunk(number), "{}", bench.name),
        }
    }
    let is_whole = stage.wanted() == Wanted::Nothing;
    if stage.request(lowest).is_ok() {
        assert!(is_whole, "{}: half an update", bench.name);
        fuzzed.requested += 1;
    }
}
