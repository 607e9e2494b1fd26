//! Flash geometry: what a part's memory looks like, and what option bytes make of it.
//!
//! Geometry is a function of the part *and* its option bytes: on an STM32F767ZI, nDBANK changes every sector's size,
//! the numbering, and whether there is a second bank at all. So a [`Part`] has [`Mode`]s, a mode has [`Region`]s, and
//! nobody outside this crate holds a table of sectors. Every value carries a [`Citation`]; a value that has no evidence
//! is absent, and the types say so with an `Option`.
//!
//! The database is compiled in. [`part`] is the way in, by order code.

#![forbid(unsafe_code)]

mod citation;
mod database;
mod part;
mod region;

pub use citation::{Citation, Evidence};
pub use database::{LookupError, part};
pub use part::{Alias, Mode, OptionByte, OptionKind, Part, Ram, RegisterField, Selects, VectorTable, WriteProtection};
pub use region::{Region, RegionCitations, Rewrite, Run, Sector, address, bytes};
