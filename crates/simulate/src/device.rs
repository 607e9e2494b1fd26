//! The model's memories as the boot loader's flash, with a note of what was about to be done.

use boot::{Fault, Flash};
use flash_model::Chip;

/// An operation that was about to be done.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Programming.
    Program {
        /// The memory.
        memory: usize,
        /// Offset in it.
        offset: u32,
        /// What.
        bytes: Vec<u8>,
    },
    /// Erasing a sector.
    Erase {
        /// The memory.
        memory: usize,
        /// Offset in it.
        offset: u32,
    },
}

impl Operation {
    /// Does it.
    pub fn run(&self, chip: &mut Chip) {
        // What it says is of no interest: the power fails in it.
        let _ = match self {
            Operation::Program { memory, offset, bytes } => chip.program(*memory, *offset, bytes),
            Operation::Erase { memory, offset } => chip.erase(*memory, *offset),
        };
    }

    /// Where: memory and offset.
    pub fn place(&self) -> (usize, u32) {
        match self {
            Operation::Program { memory, offset, .. } | Operation::Erase { memory, offset } => (*memory, *offset),
        }
    }
}

/// The memories as they were before an operation.
#[derive(Clone, Debug)]
pub struct Before {
    /// The memories.
    pub chip: Chip,
    /// The operation.
    pub operation: Operation,
}

/// The memories while a program runs.
#[derive(Debug)]
pub struct Device<'c> {
    /// The memories.
    pub chip: &'c mut Chip,
    /// What was about to be done, if anybody wants to know.
    pub notes: Option<&'c mut Vec<Before>>,
    /// What the option bits registers read as.
    pub registers: &'c [(u32, u32)],
}

impl Device<'_> {
    fn note(&mut self, operation: impl FnOnce() -> Operation) {
        if let Some(notes) = self.notes.as_deref_mut().filter(|_| !self.chip.is_off()) {
            notes.push(Before { chip: self.chip.clone(), operation: operation() });
        }
    }
}

impl Flash for Device<'_> {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        self.chip.settle(region.into()).map_err(|_| Fault)
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.chip.read(region.into(), offset, buffer).map_err(|_| Fault)
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.note(|| Operation::Program { memory: region.into(), offset, bytes: bytes.to_vec() });
        self.chip.program(region.into(), offset, bytes).map_err(|_| Fault)
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        self.note(|| Operation::Erase { memory: region.into(), offset });
        self.chip.erase(region.into(), offset).map_err(|_| Fault)
    }

    fn register(&mut self, address: u32) -> u32 {
        self.registers.iter().find(|(found, _)| *found == address).map_or(0, |(_, value)| *value)
    }
}
