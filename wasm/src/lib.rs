//! waxseal in the browser and in Node: `image-format` behind an interface of plain JavaScript values.
//!
//! No rule lives here. What a byte means and whether an image is accepted, `image-format` says, the same code that the
//! command and the boot loader link.
//!
//! A refused artefact is a value ([`verify`] returns it), because that is an answer. An exception is thrown only where the
//! caller's own arguments are not of their declared types, and its message names the property.
//!
//! Each of the package's entries is made with a feature of its own: `judge`, the judgement alone; `inspect`, `manifest` and `devices`,
//! what the command says of sealed files, of manifests and of the device database; `flash` and `provision`, boards; `full`, all that;
//! `simulated`, a board for demonstrations and tests.
//!
//! For `judge`, artefacts stay in JavaScript's memory and are read in small pieces: the size of one is not bounded by WebAssembly's
//! memory, and no allocation here depends on it.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "full"),
    allow(dead_code, reason = "an entry needs a part of what they share; `full` needs all of it")
)]
#![deny(clippy::as_conversions)]

// Takes 2.7 KB less with gzip than the allocator of Rust's library. It is for one thread: with `atomics`, the library's stays.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

#[cfg(feature = "answers")]
mod answers;
mod argument;
#[cfg(any(feature = "boards", feature = "simulated"))]
mod effect;
#[cfg(feature = "judge")]
mod judgement;
mod object;
#[cfg(feature = "judge")]
mod policy;
#[cfg(feature = "simulated")]
mod simulated;
#[cfg(feature = "judge")]
mod source;
#[cfg(any(feature = "answers", feature = "simulated"))]
mod start;
#[cfg(feature = "judge")]
mod value;
