//! What end-to-end tests share: firmware files out of a few numbers, a project folder to work in, runs of a command, and a database server.

#![forbid(unsafe_code)]
// A test that cannot prepare its files has failed: there is nobody to hand an error to.
#![allow(clippy::unwrap_used)]

mod command;
pub mod elf;
pub mod hex;
mod postgresql;
mod project;

pub use command::{Run, openssl};
pub use postgresql::Server;
pub use project::{CODE_A, CODE_B, Project, examples, repository};
