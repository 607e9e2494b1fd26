//! What is found in manifests, artefacts and boards, in words, as JSON and as pictures: for the command and the page alike.
//!
//! Nothing is read or written here, and no rule lives here: the caller hands in files, and the libraries judge them.

#![forbid(unsafe_code)]

pub mod check;
pub mod devices;
pub mod exit;
pub mod explain;
pub mod external;
pub mod fields;
mod findings;
pub mod inspect;
pub mod json;
pub mod loaded;
pub mod map;
pub mod otp;
pub mod refusal;
pub mod shape;
pub mod svg;
pub mod target;
pub mod text;
pub mod value;
pub mod verdict;
pub mod verify;

pub use findings::{Findings, Report};
