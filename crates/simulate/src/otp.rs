//! Provisioning of one-time-programmable memory with the power cut in it: the line's own plan, on a model of the memory.

use flash_model::{Chip, Cut, CutPlace, Noise, Restart, Rewrite, Shape, Torn};
use geometry::{Lock, address};
use image_format::otp::{FieldKind, FieldRefusal, OtpLayout};
use manifest::plan::otp::{Otp, Stage};
use provision::{Board, Contents, LockState, ReadBack, Verdict, plan};

/// Bytes that a programming tool programs at once where single bits can be cleared: a word, as its flash loaders do.
const WORD: u32 = 4;
/// Power-ups in the field after which a board is still to read as it was read at the line.
const POWER_UPS: u32 = 6;
/// The model's memories.
const DATA: usize = 0;
const LOCKS: usize = 1;

/// What is done in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Data is programmed.
    Data,
    /// Lock bytes are.
    Lock,
}

/// What became of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Every stage was done, and the board reads as planned at the line and in the field.
    Done,
    /// The plan refuses it: the board is waste, and the line was told why.
    Scrap(String),
    /// A lock byte is half written: data is there, and a person decides.
    Torn(String),
    /// The line found it right, and in the field it is not always: firmware is told by a refusal.
    Weak(String),
    /// In the field a value is read that nobody planned, without a refusal.
    Unnoticed(String),
}

/// What the line itself must never do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A block was about to be locked whose data does not read as planned.
    #[error("block {0} was about to be locked before its data was there")]
    Lock(u32),
    /// A unit that bears it once was programmed again.
    #[error("a unit was programmed twice, or what was programmed is no unit")]
    Twice,
    /// A byte was programmed that no field of the stage has.
    #[error("{0} was programmed, which is no field's")]
    Outside(String),
    /// A plan had work left that it did not name.
    #[error("stage {0} does not end")]
    Endless(String),
}

/// An operation of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The stage, by its place in the manifest.
    pub stage: usize,
    /// What is done.
    pub work: Work,
}

/// One board at the line.
#[derive(Debug)]
pub struct Line<'a> {
    otp: &'a Otp,
    board: &'a Board,
    seed: u64,
}

impl<'a> Line<'a> {
    /// A board of a manifest. `seed` decides what torn cells read as.
    pub fn new(otp: &'a Otp, board: &'a Board, seed: u64) -> Self {
        Self { otp, board, seed }
    }

    /// The operations of a run without cuts.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn steps(&self) -> Result<Vec<Step>, Broken> {
        let mut steps = Vec::new();
        self.play(&[], self.seed, &mut |step| steps.push(step))?;
        Ok(steps)
    }

    /// Every cut before, inside and after an operation, each way that cells may read then.
    pub fn cuts(operation: u64) -> impl Iterator<Item = Cut> {
        let inside = Torn::ALL.map(|torn| CutPlace::Inside { unit: 0, torn });
        let places = [CutPlace::Before, CutPlace::After].into_iter().chain(inside);
        places.map(move |place| Cut { operation, place })
    }

    /// Cuts at seeded places: each one so many operations after the start before it.
    pub fn wander(&self, count: u32, run: u64, operations: u64) -> Vec<Cut> {
        let mut noise = Noise::of(&[self.seed, u64::from(count), run]);
        let mut at = 0;
        let mut cuts = Vec::new();
        for left in (1..=u64::from(count)).rev() {
            at += noise.below((operations / left).max(1));
            let chosen = noise.below(9);
            cuts.extend(Self::cuts(at).nth(usize::try_from(chosen).unwrap_or(0)));
            at += 1;
        }
        cuts
    }

    /// A run with these cuts, in the order of their operations; after each the station starts over with the same plan.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn run(&self, cuts: &[Cut], seed: u64) -> Result<End, Broken> {
        self.play(cuts, seed, &mut |_| ())
    }

    fn play(&self, cuts: &[Cut], seed: u64, told: &mut dyn FnMut(Step)) -> Result<End, Broken> {
        let mut run = Run { line: self, chip: self.blank(seed), cuts: cuts.iter().copied(), told };
        run.next_cut();
        for (number, stage) in self.otp.stages.iter().enumerate() {
            if let Some(end) = run.stage(number, stage)? {
                return Ok(end);
            }
        }
        if run.chip.offences().programmed_twice + run.chip.offences().malformed > 0 {
            return Err(Broken::Twice);
        }
        run.field()
    }

    fn blank(&self, seed: u64) -> Chip {
        let memory = &self.otp.memory;
        let (unit, rewrite) = match self.otp.unit {
            1 => (1, Rewrite::ClearBits),
            unit => (unit, Rewrite::Never),
        };
        // That a unit which is programmed once has an error correction code is not proven for each part: so it may fault, or not.
        let data =
            Shape { sectors: vec![memory.size], unit, has_ecc: unit > 1, erased: 0xFF, rewrite, is_external: false };
        let blocks = memory.blocks().unwrap_or(1).next_multiple_of(WORD);
        let rewrite = Rewrite::ClearBits;
        let locks = Shape { sectors: vec![blocks], unit: 1, has_ecc: false, erased: 0xFF, rewrite, is_external: false };
        Chip::new(vec![data, locks], seed)
    }
}

/// A run.
struct Run<'r, 'a, C> {
    line: &'r Line<'a>,
    chip: Chip,
    cuts: C,
    told: &'r mut dyn FnMut(Step),
}

impl<C: Iterator<Item = Cut>> Run<'_, '_, C> {
    fn next_cut(&mut self) {
        let now = self.chip.operations();
        if let Some(cut) = self.cuts.find(|cut| cut.operation >= now) {
            self.chip.cut_at(cut);
        }
    }

    /// After an operation: whether the power failed in it. It is back then.
    fn failed(&mut self) -> bool {
        let is_off = self.chip.is_off();
        if is_off {
            self.chip.restart(Restart::PowerUp);
            self.next_cut();
        }
        is_off
    }

    /// A stage, as often as the power fails. `None`: it is done.
    fn stage(&mut self, number: usize, stage: &Stage) -> Result<Option<End>, Broken> {
        let otp = self.line.otp;
        let wanted = Contents::new(otp, self.line.board, &stage.name);
        // Each pass ends a cut, programs everything, or locks everything.
        for _ in 0..32 {
            let found = match self.read_back() {
                Ok(found) => found,
                Err(at) => {
                    return Ok(Some(End::Scrap(format!("the unit at {} cannot be read", address(otp.address(at))))));
                }
            };
            let planned = plan(otp, &stage.name, &wanted, &found);
            if let Some(step) = planned.fields.iter().find(|step| step.verdict >= Verdict::Locked) {
                let byte = step.bytes.iter().find(|byte| byte.verdict == step.verdict);
                let at = byte.map_or(String::new(), |byte| address(otp.address(byte.offset)));
                return Ok(Some(End::Scrap(format!("`{}` cannot be programmed any more, from {at} on", step.field))));
            }
            for range in &planned.program {
                self.only_fields(stage, range.clone())?;
            }
            if !planned.program.is_empty() {
                let ranges = planned.program.clone();
                for range in ranges {
                    if !self.program(
                        DATA,
                        range.start,
                        wanted.segment(&range),
                        Step { stage: number, work: Work::Data },
                    ) {
                        break;
                    }
                }
                continue;
            }
            let damaged = planned.locks.iter().find_map(|lock| match lock.state {
                LockState::Damaged(byte) => Some((lock.block, byte)),
                _ => None,
            });
            if let Some((block, byte)) = damaged {
                return self
                    .finish_by_hand(stage, &wanted, &found)
                    .map(|()| Some(End::Torn(format!("the lock byte of block {block} reads 0x{byte:02X}"))));
            }
            if planned.locks.iter().all(|lock| lock.state != LockState::Ready) {
                return Ok(None);
            }
            let Some(bytes) = wanted.lock_bytes(otp) else { return Ok(None) };
            self.is_there(&wanted, &found)?;
            self.program(LOCKS, 0, &bytes, Step { stage: number, work: Work::Lock });
        }
        Err(Broken::Endless(stage.name.value.clone()))
    }

    /// What a person does about a lock byte that is half written: the data was read back, so the same lock again, byte by byte.
    fn finish_by_hand(&mut self, stage: &Stage, wanted: &Contents, found: &ReadBack) -> Result<(), Broken> {
        self.is_there(wanted, found)?;
        for (at, byte) in (0..).zip(wanted.lock_bytes(self.line.otp).unwrap_or_default()) {
            if byte != 0xFF {
                let _ = self.chip.program(LOCKS, at, &[byte]);
                let _ = self.failed();
            }
        }
        let is_done = |found: &ReadBack| plan(self.line.otp, &stage.name, wanted, found).is_done();
        match self.read_back() {
            // A further cut may have hit this too: then a person looks again.
            Ok(found) if is_done(&found) || self.chip.power_ups() > 2 => Ok(()),
            _ => Err(Broken::Endless(stage.name.value.clone())),
        }
    }

    /// Programs in a tool's operations. `false`: the power failed.
    fn program(&mut self, memory: usize, start: u32, bytes: &[u8], step: Step) -> bool {
        let size = match (memory, self.line.otp.unit) {
            (LOCKS, _) => 1,
            (_, 1) => WORD,
            (_, unit) => unit,
        };
        let pieces = bytes.chunks(usize::try_from(size).unwrap_or(usize::MAX));
        for (at, piece) in (start..).step_by(usize::try_from(size).unwrap_or(1)).zip(pieces) {
            // Where bits are cleared alone, ones change nothing.
            if self.line.otp.unit == 1 && piece.iter().all(|byte| *byte == 0xFF) {
                continue;
            }
            (self.told)(step.clone());
            // What came of it is read back.
            let _ = self.chip.program(memory, at, piece);
            if self.failed() {
                return false;
            }
        }
        true
    }

    /// What a tool reads: the whole memory and the locks. An offset that faults, if there is one.
    fn read_back(&mut self) -> Result<ReadBack, u32> {
        let otp = self.line.otp;
        let mut data = vec![0xFF; usize::try_from(otp.memory.size).unwrap_or(0)];
        let unit = usize::try_from(otp.unit.max(1)).unwrap_or(1);
        for (at, piece) in (0..).step_by(unit).zip(data.chunks_mut(unit)) {
            self.chip.read(DATA, at, piece).map_err(|_| at)?;
        }
        let blocks = otp.memory.blocks().filter(|_| matches!(otp.memory.lock, Some(Lock::Bytes(_))));
        let locks = blocks.map(|blocks| {
            let mut locks = vec![0xFF; usize::try_from(blocks).unwrap_or(0)];
            // Bytes without an error correction code do not fault.
            let _ = self.chip.read(LOCKS, 0, &mut locks);
            locks
        });
        Ok(ReadBack { data, locks })
    }

    /// Whether what is about to be locked reads as planned, judged without the planner.
    fn is_there(&self, wanted: &Contents, found: &ReadBack) -> Result<(), Broken> {
        let block = usize::try_from(self.line.otp.memory.block.unwrap_or(1)).unwrap_or(1).max(1);
        for lock in &wanted.locks {
            let start = usize::try_from(*lock).unwrap_or(0) * block;
            let rows = wanted.data.iter().zip(&wanted.mask).zip(&found.data).skip(start).take(block);
            if rows.into_iter().any(|((wanted, mask), found)| (wanted ^ found) & mask != 0) {
                return Err(Broken::Lock(*lock));
            }
        }
        Ok(())
    }

    /// Whether a range is of whole units that no other stage's field has.
    fn only_fields(&self, stage: &Stage, range: std::ops::Range<u32>) -> Result<(), Broken> {
        let others = self
            .line
            .otp
            .fields
            .iter()
            .filter(|field| field.stage.as_ref().is_none_or(|own| own.value != stage.name.value));
        let hit = others
            .map(manifest::plan::otp::Field::range)
            .find(|taken| taken.start < range.end && range.start < taken.end);
        match hit {
            Some(taken) => Err(Broken::Outside(address(self.line.otp.address(taken.start)))),
            None => Ok(()),
        }
    }

    /// What firmware reads in the field, power-up after power-up.
    fn field(&mut self) -> Result<End, Broken> {
        let otp = self.line.otp;
        let Ok(layout) = OtpLayout::parse(&otp.layout) else { return Ok(End::Done) };
        let mut end = End::Done;
        for _ in 0..POWER_UPS {
            for (index, field) in otp.fields.iter().enumerate() {
                let Some(value) = self.line.board.value(&field.name) else { continue };
                let mut buffer = vec![0; value.bytes.len()];
                let read = match field.kind.value {
                    FieldKind::Crc32 => continue,
                    _ => layout.read_checked(index, &mut Chipped(&mut self.chip, otp.memory.size), &mut buffer),
                };
                match read {
                    Ok(()) if *buffer == **value.bytes => {}
                    Ok(()) => return Ok(End::Unnoticed(field.name.value.clone())),
                    Err(refusal) => end = weak(end, &field.name, refusal),
                }
            }
            self.chip.restart(Restart::PowerUp);
        }
        Ok(end)
    }
}

fn weak(end: End, field: &str, refusal: FieldRefusal) -> End {
    if end == End::Done { End::Weak(format!("`{field}`: {refusal}")) } else { end }
}

/// The model as firmware reads it.
struct Chipped<'c>(&'c mut Chip, u32);

impl image_format::ReadAt for Chipped<'_> {
    fn extent(&self) -> image_format::Extent {
        image_format::Extent::File(self.1)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), image_format::Fault> {
        self.0.read(DATA, offset, buffer).map_err(|_| image_format::Fault)
    }
}
