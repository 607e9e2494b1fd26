//! What end-to-end tests share: firmware files out of a few numbers, a project folder to work in, and runs of a command.

#![forbid(unsafe_code)]
// A test that cannot prepare its files has failed: there is nobody to hand an error to.
#![allow(clippy::unwrap_used)]

mod command;
pub mod elf;
pub mod hex;
mod project;

pub use command::{Run, openssl};
pub use project::{CODE_A, CODE_B, Project, examples, repository};
