//! What a session is to do.

use std::ops::Range;

use thiserror::Error;

use crate::memory_map::{Access, MemoryMap};

/// What a session is to do on one alternate setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Read a range.
    Read {
        /// Its addresses.
        range: Range<u32>,
    },
    /// Erase and program, in this order of steps, then read back what was programmed.
    Write {
        /// What to do, in order.
        steps: Vec<Step>,
    },
    /// Program without reading back, over what is there: for one-time-programmable memory, where what comes of it is for the
    /// caller to read and to judge.
    Program {
        /// The first byte's address.
        address: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Lift the read protection. This erases all flash, and the device resets. Never part of anything else.
    Unprotect,
    /// Start what is at an address, which ends DFU.
    Leave {
        /// Where its vector table is.
        address: u32,
    },
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Erase the sector that starts here.
    Erase {
        /// Its first address.
        address: u32,
    },
    /// Program these bytes.
    Program {
        /// The first one's address.
        address: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It erases.
    Erase,
    /// It programs.
    Program,
    /// It reads what a task asked for.
    Read,
    /// It reads what it has programmed.
    ReadBack,
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was read.
    Read(Vec<u8>),
    /// Everything is erased, programmed and read back.
    Written,
    /// Everything was sent, and the device reported no error.
    Programmed,
    /// The device has left DFU, or was last seen leaving.
    Left,
}

/// A task that the alternate setting's memory map rules out. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TaskError {
    /// No bytes.
    #[error("nothing to do: an empty range at {0:#010X}")]
    Empty(u32),
    /// A range that ends beyond 32 bits.
    #[error("the range at {0:#010X} ends beyond 32 bits")]
    Long(u32),
    /// No sector starts there.
    #[error("no sector of `{map}` starts at {address:#010X}")]
    NoSector {
        /// The alternate setting's name.
        map: String,
        /// The address.
        address: u32,
    },
    /// The map does not let this be done there.
    #[error("`{map}` cannot be {what} at {address:#010X}")]
    NotAllowed {
        /// The alternate setting's name.
        map: String,
        /// `read`, `erased` or `programmed`.
        what: &'static str,
        /// The first address.
        address: u32,
    },
    /// One-time-programmable memory is neither erased nor started.
    #[error("`{0}` is one-time-programmable: nothing there is erased or started")]
    OneTimeProgrammable(String),
    /// Option bytes: writing them resets the device, and can lock it for ever.
    #[error("`{0}` are not written over DFU: doing so resets the device, and can lock it for ever")]
    OptionBytes(String),
}

impl Task {
    /// Whether the map lets this be done.
    ///
    /// # Errors
    /// The first thing that it does not.
    pub fn check(&self, map: &MemoryMap) -> Result<(), TaskError> {
        match self {
            Self::Read { range } => within(map, range, "read", |access| access.read),
            Self::Write { steps } => {
                if map.is_option_bytes() {
                    return Err(TaskError::OptionBytes(map.name.clone()));
                }
                steps.iter().try_for_each(|step| step.check(map))
            }
            Self::Program { address, bytes } => {
                if map.is_option_bytes() {
                    return Err(TaskError::OptionBytes(map.name.clone()));
                }
                Step::Program { address: *address, bytes: bytes.clone() }.check(map)
            }
            Self::Unprotect => Ok(()),
            Self::Leave { address } => {
                if map.is_one_time_programmable() {
                    return Err(TaskError::OneTimeProgrammable(map.name.clone()));
                }
                within(map, &(*address..address.saturating_add(8)), "read", |access| access.read)
            }
        }
    }
}

impl Step {
    fn check(&self, map: &MemoryMap) -> Result<(), TaskError> {
        match self {
            Self::Erase { .. } if map.is_one_time_programmable() => {
                Err(TaskError::OneTimeProgrammable(map.name.clone()))
            }
            Self::Erase { address } => match map.sector(*address) {
                Some((sector, access)) if sector.start == u64::from(*address) && sector.end <= u64::from(u32::MAX) => {
                    if access.erase {
                        Ok(())
                    } else {
                        Err(not_allowed(map, "erased", *address))
                    }
                }
                _ => Err(TaskError::NoSector { map: map.name.clone(), address: *address }),
            },
            Self::Program { address, bytes } => {
                let end = u32::try_from(bytes.len()).ok().and_then(|size| address.checked_add(size));
                let range = *address..end.ok_or(TaskError::Long(*address))?;
                within(map, &range, "programmed", |access| access.write)?;
                within(map, &range, "read", |access| access.read)
            }
        }
    }
}

fn within(
    map: &MemoryMap,
    range: &Range<u32>,
    what: &'static str,
    wanted: impl Fn(Access) -> bool,
) -> Result<(), TaskError> {
    if range.is_empty() {
        Err(TaskError::Empty(range.start))
    } else if map.allows(range, wanted) {
        Ok(())
    } else {
        Err(not_allowed(map, what, range.start))
    }
}

fn not_allowed(map: &MemoryMap, what: &'static str, address: u32) -> TaskError {
    TaskError::NotAllowed { map: map.name.clone(), what, address }
}
