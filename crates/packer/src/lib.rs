//! From a checked plan and firmware files to sealed artefacts, and the judgement of what came out.
//!
//! A library: it opens no file and prints nothing. Inputs are taken as hostile; what it finds wrong with them comes back
//! as the manifest's own diagnostics, with the manifest's places.

#![forbid(unsafe_code)]

pub mod artefact;
pub mod build;
pub mod compare;
pub mod elf;
pub mod firmware;
pub mod hex;
pub mod judge;
pub mod key;
pub mod linker;
pub mod loader;
pub mod payload;
pub mod pending;
pub mod signing;

pub use artefact::Draft;
pub use build::{Artefact, Input, build};
pub use firmware::{Firmware, Format, InputError, Segment};
pub use judge::Judge;
pub use key::{KeyError, PrivateKey, PublicKey, public_half};
