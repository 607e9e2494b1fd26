//! ST's extension of USB DFU, DfuSe, as the ROM of an STM32 speaks it, without I/O.
//!
//! A [`Session`] is a [`Task`] on one alternate setting. It says what to do next, as an [`Effect`]: a control transfer, or a
//! wait. Whoever performs it, over WebUSB, a native USB stack or in a test, answers with an [`Event`]. So there is one
//! engine, and what drives it only moves bytes.
//!
//! ```
//! use dfuse::{Effect, Event, Session, Task};
//!
//! let map = "@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg".parse()?;
//! let task = Task::Read { range: 0x0800_0000..0x0800_0010 };
//! let mut session = Session::new(&map, 2048, task)?;
//! // The first thing is to ask for the device's state: the last session may have left an error there.
//! assert!(matches!(session.next(Event::Start), Effect::In { length: 6, .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the engine never does: erase everything (but by [`Task::Unprotect`], which does nothing else), program without a
//! confirmed address, erase or leave on the alternate setting of one-time-programmable memory.
//!
//! Sources: ST AN3156 (DfuSe in the ROM), UM0424 (layout strings), USB DFU 1.1 (requests and states). Tried on a simulated
//! device only; unproven on silicon.

#![forbid(unsafe_code)]

mod descriptor;
mod effect;
mod error;
mod memory_map;
mod protocol;
mod session;
mod simulated;
mod status;
mod task;
mod usb;

pub use descriptor::{Alternate, DescriptorError, Functional, alternates, string};
pub use effect::{Effect, Event, Request};
pub use error::{Error, Failure, Journal};
pub use memory_map::{Access, LayoutError, MemoryMap, Run};
pub use session::Session;
pub use simulated::{Board, BoardError, Chip, Fault, IDS, Memory, Moment, Operation, Plain, Simulated, Stall};
pub use status::{State, Status, StatusCode};
pub use task::{Outcome, Phase, Step, Task, TaskError};
pub use usb::{DescriptorKind, Setup};
