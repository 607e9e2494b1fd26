//! The bytes of waxseal's sealed artefacts, and how they are judged.
//!
//! This crate is the only place where a byte of an artefact gets a meaning. The packer on the host, the boot loader's
//! verifier on the target and the web page link it as it stands; the tables of `schema/image-format.md` are written
//! from its declarations.
//!
//! A sealed artefact is a front area, a payload and an auxiliary area, in this order and without gaps. The front area
//! has a signed header of fixed size, four signature places and the critical records. Lengths and digests of everything
//! else are in the header, so each length is authentic before it is used.
//!
//! Judging is a walk through types, each made only by the step before it:
//!
//! ```text
//! Header --authenticate--> Authentic --verify--> Verified
//! (well formed)            (signed)              (for this device, whole, with an entry)
//! ```
//!
//! [`verify`] takes all three steps. Whoever calls it with the same [`Policy`] gets the same answer: the packer's
//! `verify` command cannot accept an image that the boot loader then refuses.
//!
//! No alloc, no panic of its own, bounded time and stack; every input is taken as hostile.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![no_std]
#![forbid(unsafe_code)]
#![deny(clippy::as_conversions)]

#[macro_use]
mod structure;
pub mod arrival;
pub mod auxiliary;
mod chunk;
mod code;
pub mod crc;
mod crypto;
mod header;
mod image;
pub mod layout;
pub mod log;
pub mod otp;
mod policy;
mod read;
pub mod record;
pub mod release;
mod signature;
pub mod trust;
mod verify;
pub mod whole;
mod word;

pub use chunk::{Chunks, chunk_count};
pub use code::{Code, Error, Stage};
#[cfg(feature = "software-crypto")]
pub use crypto::SoftwareCrypto;
pub use crypto::{Crypto, Sha256, sha256};
pub use header::{Body, Envelope, FORMAT, FRONT_STEP, HEADER_SIZE, Header, Kind, MAX_FRONT, MIN_FRONT, SignedHeader};
pub use image::{Entry, ImageBody, ImageHeader, PayloadType, VerifiedImage, Version, verify};
pub use policy::{Check, Device, Place, Policy, Revision, Trust};
pub use read::{Extent, Fault, InSlot, Memory, ReadAt};
pub use signature::{Authentic, FRONT_HEAD_SIZE, FrontHead, KeyId, MAX_KEYS, SIGNATURE_PLACES, SignaturePlace, key_id};
pub use structure::{Field, Structure};
pub use verify::{READ_SIZE, Verified, verify_sealed};
pub use word::Word;

/// A SHA-256 digest.
pub type Digest = [u8; 32];
