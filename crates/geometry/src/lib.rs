//! Flash geometry: what a part's memory looks like, and what option bytes make of it.
//!
//! Geometry is a function of the part *and* its option bytes: on an STM32F767ZI, nDBANK changes every sector's size,
//! the numbering, and whether there is a second bank at all. So a [`Part`] has [`Mode`]s, a mode has [`Region`]s, and
//! nobody outside this crate holds a table of sectors. Every value carries a [`Citation`]; a value that has no evidence
//! is absent, and the types say so with an `Option`.
//!
//! The database is compiled in, out of two kinds of files in schema/devices. `parts/*.toml` are imported: order codes and
//! memory maps, which another project keeps. `*.toml` are written by hand: a family's rules, and where the import is wrong.
//! [`part`] is the way in, by order code; [`memory`] finds external memories.

#![forbid(unsafe_code)]

mod assemble;
mod chips;
mod citation;
mod database;
mod family;
mod memory;
mod option;
mod otp;
mod part;
mod place;
mod protection;
mod read;
mod region;
pub mod sort;

pub use citation::{Citation, Evidence, Fact};
pub use database::{LookupError, memories, memory, part, parts};
pub use memory::{Interface, Memory};
pub use option::{
    OptionByte, OptionKind, RegisterField, Selects, StoredOptions, read_protection_byte, read_protection_level,
};
pub use otp::{BlankRead, Lock, Otp};
pub use part::{
    Alias, Corrected, Correction, EraseSelector, Mode, Part, Ram, Swap, SwapBit, Upstream, VectorTable, Window,
};
pub use protection::{PageProtection, WriteProtection};
pub use region::{Ecc, ReadWhileWrite, Region, Rewrite, Run, Sector, address, bytes, numbered, numbers, runs_of};
