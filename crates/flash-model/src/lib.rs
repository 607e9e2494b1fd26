//! Flash as it misbehaves, for everything that must survive it.
//!
//! A [`Chip`] has memories of any [`Shape`] that the device database knows. It counts what is done to it, and a [`Cut`] ends the power
//! before, inside or after any operation: one program call of at most 1 KiB, or one erase. What a cut leaves behind is in doubt, and
//! stays so over later starts until the sector is erased again: torn words read as before, as meant, as a mixture, differently at each
//! read, rightly for a while and then not, or fault where there is an ECC; sectors that were half erased may read erased, and what is then
//! programmed in them fades. All of it follows from a seed, so a run can be had again.
//!
//! It models rules and not physics: which of these a given chip can show is not known, so all of them are.

#![forbid(unsafe_code)]

mod chip;
mod noise;
mod sector;
mod sectors;
mod shape;

pub use chip::{Chip, Cut, CutPlace, Fault, MAX_OPERATION, Restart};
pub use geometry::Rewrite;
pub use noise::Noise;
pub use sector::{Offences, Torn};
pub use shape::Shape;
