//! The memories of a device, what is done to them, and when the power fails.

use std::sync::Arc;

use crate::noise::Noise;
use crate::sector::{Moment, Offences, Torn};
use crate::sectors::Sectors;
use crate::shape::Shape;

/// Most bytes of one program operation.
pub const MAX_OPERATION: usize = 1024;

/// Something cannot be read, or an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// A moment at which the power fails, or an operation: in or beside it. Operations are counted from 0, over all power-ups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The number of the operation.
    pub operation: u64,
    /// Where.
    pub place: CutPlace,
}

/// Where the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutPlace {
    /// Before the operation begins.
    Before,
    /// Inside: units before this one are programmed, this one is torn. An erase leaves its sector half erased.
    Inside {
        /// The unit's number in the operation; the last one if it has fewer.
        unit: u32,
        /// What the cells read as from then on.
        torn: Torn,
    },
    /// After it ended and before anybody knows.
    After,
    /// Nowhere: the power stays on, and the memory reports that the operation failed, which tore its first unit.
    Failing {
        /// What the cells read as from then on.
        torn: Torn,
    },
}

/// How the device starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The power was gone.
    PowerUp,
    /// Only the microcontroller was reset: an external chip goes on with what it was doing until it is waited for or reset.
    Reset,
}

#[derive(Clone, Debug)]
struct Memory {
    shape: Arc<Shape>,
    /// Offset of each sector.
    starts: Arc<Vec<u32>>,
    sectors: Sectors,
    /// It answers nothing but its state: an operation was begun before a reset that it does not know of.
    is_busy: bool,
}

/// The memories of a device. A clone is a snapshot, and cheap.
#[derive(Clone, Debug)]
pub struct Chip {
    memories: Vec<Memory>,
    seed: u64,
    power_up: u64,
    reads: u64,
    operations: u64,
    cuts: Vec<Cut>,
    failures: u64,
    is_off: bool,
    offences: Offences,
    options: Arc<Vec<(u32, u32)>>,
}

impl Chip {
    /// Erased memories. `seed` decides what doubtful cells read as.
    pub fn new(shapes: Vec<Shape>, seed: u64) -> Self {
        let memory = |shape: Shape| {
            let mut next = 0;
            let start = |size: &u32| {
                next += size;
                next - size
            };
            Memory {
                starts: Arc::new(shape.sectors.iter().map(start).collect()),
                sectors: Sectors::new(&shape.sectors),
                shape: Arc::new(shape),
                is_busy: false,
            }
        };
        Self {
            memories: shapes.into_iter().map(memory).collect(),
            seed,
            power_up: 1,
            reads: 0,
            operations: 0,
            cuts: Vec::new(),
            failures: 0,
            is_off: false,
            offences: Offences::default(),
            options: Arc::default(),
        }
    }

    /// Plans a power cut, or an operation that fails.
    pub fn cut_at(&mut self, cut: Cut) {
        self.cuts.push(cut);
    }

    /// Number of planned cuts and failures that were not reached yet.
    pub fn planned(&self) -> usize {
        self.cuts.len()
    }

    /// Number of operations so far that the memory reported as failed.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether the power is gone. Nothing can be read or written until [`Chip::restart`].
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// Number of program and erase operations so far.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Starts the device again.
    pub fn restart(&mut self, how: Restart) {
        self.is_off = false;
        self.power_up += 1;
        for memory in &mut self.memories {
            memory.is_busy &= how == Restart::Reset && memory.shape.is_external;
        }
    }

    /// Number of starts so far, the first one counted.
    pub fn power_ups(&self) -> u64 {
        self.power_up
    }

    /// Another seed for what doubtful cells read as from now on.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// What was done that a memory does not bear.
    pub fn offences(&self) -> Offences {
        self.offences
    }

    /// How often each sector of a memory was erased.
    pub fn erases(&self, memory: usize) -> Vec<u32> {
        self.memories[memory].sectors.iter().map(|cells| cells.erases).collect()
    }

    /// Whether no cell of a range is in doubt.
    pub fn is_sound(&self, memory: usize, offset: u32, size: u32) -> bool {
        let memory = &self.memories[memory];
        let end = offset + size;
        let touched = |(start, length): (&u32, &u32)| *start < end && offset < start + length;
        let sectors = memory.starts.iter().zip(&memory.shape.sectors).zip(memory.sectors.iter());
        sectors.filter(|(place, _)| touched(*place)).all(|(_, cells)| cells.is_sound())
    }

    /// Waits for an external chip, or resets it.
    ///
    /// # Errors
    /// The power is gone.
    pub fn settle(&mut self, memory: usize) -> Result<(), Fault> {
        if self.is_off {
            return Err(Fault);
        }
        self.memories.get_mut(memory).ok_or(Fault)?.is_busy = false;
        Ok(())
    }

    /// Reads.
    ///
    /// # Errors
    /// A doubtful ECC word, a range that does not exist, no power.
    pub fn read(&mut self, memory: usize, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let memory = self.memories.get(memory).filter(|_| !self.is_off).ok_or(Fault)?;
        self.reads += 1;
        let moment = Moment { seed: self.seed, power_up: self.power_up, read: self.reads };
        if memory.is_busy {
            // The bus sees the chip's state instead of its content.
            let mut noise = Noise::of(&[moment.seed, moment.read]);
            buffer.fill_with(|| noise.next() as u8);
            return Ok(());
        }
        let mut done = 0;
        while done < buffer.len() {
            let (number, within) = memory.locate(offset + done as u32).ok_or(Fault)?;
            let size = (memory.shape.sectors[number] as usize - within).min(buffer.len() - done);
            let part = &mut buffer[done..done + size];
            memory.sectors.get(number).read(&memory.shape, within, part, moment).ok_or(Fault)?;
            done += size;
        }
        Ok(())
    }

    /// Programs whole units of one sector, [`MAX_OPERATION`] bytes at most.
    ///
    /// # Errors
    /// The power is gone, the operation failed or is malformed.
    pub fn program(&mut self, memory: usize, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let Some(found) = self.memories.get(memory).filter(|_| !self.is_off) else { return Err(Fault) };
        let unit = found.shape.unit as usize;
        let place = found.locate(offset);
        let fits = place.is_some_and(|(number, within)| within + bytes.len() <= found.shape.sectors[number] as usize);
        let aligned = (offset as usize).is_multiple_of(unit) && bytes.len().is_multiple_of(unit);
        if !fits || !aligned || bytes.is_empty() || bytes.len() > MAX_OPERATION || found.is_busy {
            self.offences.malformed += 1;
            return Err(Fault);
        }
        let (number, within) = place.ok_or(Fault)?;
        let operation = self.begin()?;
        // Units below 16 bytes are programmed in one go: a log's entry has 16.
        let piece = unit.max(16 / unit * unit);
        let inside = operation.torn;
        let memory = &mut self.memories[memory];
        let cells = memory.sectors.get_mut(number);
        let pieces = bytes.len().div_ceil(piece) as u32;
        for (index, part) in (0..).zip(bytes.chunks(piece)) {
            let half =
                inside.filter(|(unit, _)| index == (*unit).min(pieces - 1)).map(|(_, torn)| (torn, self.power_up));
            let at = within + index as usize * piece;
            cells.program(&memory.shape, at, part, half, self.power_up, &mut self.offences);
            if half.is_some() {
                break;
            }
        }
        memory.is_busy = operation.torn.is_some() && memory.shape.is_external;
        self.end(operation)
    }

    /// Erases the sector that starts at this offset.
    ///
    /// # Errors
    /// The power is gone, the operation failed, or no sector starts there.
    pub fn erase(&mut self, memory: usize, offset: u32) -> Result<(), Fault> {
        let Some(found) = self.memories.get(memory).filter(|_| !self.is_off) else { return Err(Fault) };
        let Some((number, 0)) = found.locate(offset).filter(|_| !found.is_busy) else {
            self.offences.malformed += 1;
            return Err(Fault);
        };
        let operation = self.begin()?;
        let half = operation.torn.map(|(_, torn)| (torn, self.power_up));
        let memory = &mut self.memories[memory];
        memory.sectors.get_mut(number).erase(half);
        memory.is_busy = operation.torn.is_some() && memory.shape.is_external;
        self.end(operation)
    }

    /// An option bytes register; all ones if it was never programmed.
    pub fn option(&self, register: u32) -> u32 {
        self.options.iter().find(|(found, _)| *found == register).map_or(u32::MAX, |(_, value)| *value)
    }

    /// Programs an option bytes register. It is rewritten as a whole, so a cut inside leaves any of its bits anyhow.
    ///
    /// # Errors
    /// The power is gone, or the operation failed.
    pub fn program_option(&mut self, register: u32, value: u32) -> Result<(), Fault> {
        if self.is_off {
            return Err(Fault);
        }
        let operation = self.begin()?;
        let torn = Noise::of(&[self.seed, operation.number, u64::from(register)]).next() as u32;
        let options = Arc::make_mut(&mut self.options);
        options.retain(|(found, _)| *found != register);
        options.push((register, if operation.torn.is_some() { torn } else { value }));
        self.end(operation)
    }

    fn begin(&mut self) -> Result<Operation, Fault> {
        let number = self.operations;
        self.operations += 1;
        let planned = self.cuts.iter().find(|cut| cut.operation == number).map(|cut| cut.place);
        self.cuts.retain(|cut| cut.operation > number);
        let (torn, cuts, fails) = match planned {
            None => (None, false, false),
            Some(CutPlace::Before) => {
                self.is_off = true;
                return Err(Fault);
            }
            Some(CutPlace::Inside { unit, torn }) => (Some((unit, torn)), true, false),
            Some(CutPlace::After) => (None, true, false),
            Some(CutPlace::Failing { torn }) => (Some((0, torn)), false, true),
        };
        self.failures += u64::from(fails);
        Ok(Operation { number, torn, cuts, fails })
    }

    fn end(&mut self, operation: Operation) -> Result<(), Fault> {
        self.is_off |= operation.cuts;
        if operation.fails {
            // The memory said so itself, so it is idle.
            self.memories.iter_mut().for_each(|memory| memory.is_busy = false);
        }
        if operation.cuts || operation.fails { Err(Fault) } else { Ok(()) }
    }
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    number: u64,
    torn: Option<(u32, Torn)>,
    cuts: bool,
    fails: bool,
}

impl Memory {
    /// The sector of an offset, and the offset in it.
    fn locate(&self, offset: u32) -> Option<(usize, usize)> {
        // Where all sectors have one size, the first guess is right.
        let guess = offset.checked_div(*self.shape.sectors.first()?)? as usize;
        let is_right = self.starts.get(guess).is_some_and(|start| *start <= offset)
            && self.starts.get(guess + 1).is_none_or(|next| offset < *next);
        let number =
            if is_right { guess } else { self.starts.partition_point(|start| *start <= offset).checked_sub(1)? };
        let within = offset - self.starts[number];
        (within < self.shape.sectors[number]).then_some((number, within as usize))
    }
}
