//! From a checked plan and firmware files to sealed artefacts, and the judgement of what came out.
//!
//! A library: it opens no file and prints nothing. Inputs are taken as hostile; what it finds wrong with them comes back
//! as the manifest's own diagnostics, with the manifest's places.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

pub mod artefact;
pub mod build;
pub mod built;
pub mod carried;
pub mod chunks;
pub mod compare;
pub mod crypto;
pub mod dfuse;
pub mod diff;
pub mod elf;
pub mod factory;
pub mod firmware;
mod hashed;
mod hashes;
pub mod hex;
pub mod judge;
mod judgement;
pub mod key;
pub mod known;
pub mod layout;
pub mod linker;
pub mod loader;
pub mod lock;
pub mod options;
pub mod otp;
pub mod outputs;
pub mod parallel;
pub mod payload;
pub mod pending;
pub mod placed;
pub mod release;
pub mod signing;
pub mod source;
pub mod update;

pub use artefact::Draft;
pub use build::{Input, build};
pub use built::{Artefact, Built};
pub use firmware::{Firmware, Format, InputError, Segment};
pub use judge::Judge;
#[cfg(feature = "private-keys")]
pub use key::public_half;
pub use key::{KeyError, PrivateKey, PublicKey};
