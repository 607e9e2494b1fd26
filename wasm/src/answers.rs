//! What the command says, for JavaScript: the same objects as with `--format json`, and the text beside them.
//!
//! An answer is always a value, also where something is refused or a file is missing. An exception is thrown only where an
//! argument is not of its declared type, or where this package has a defect.

mod answer;
#[cfg(feature = "inspect")]
mod artefact;
#[cfg(feature = "boards")]
mod board;
#[cfg(feature = "provision")]
mod burn;
#[cfg(feature = "devices")]
mod devices;
#[cfg(feature = "provision")]
mod field;
#[cfg_attr(not(feature = "manifest"), path = "answers/no_files.rs")]
mod files;
#[cfg(feature = "flash")]
mod flash;
mod key;
#[cfg(feature = "manifest")]
mod manifest;
#[cfg(feature = "provision")]
mod otp;
#[cfg(feature = "boards")]
mod procedure;
#[cfg(feature = "boards")]
mod record;

use js_sys::JsString;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const ANSWER: &str = include_str!("answers/answer.ts");

/// The version of this package.
#[wasm_bindgen]
pub fn version() -> JsString {
    env!("CARGO_PKG_VERSION").into()
}
