//! What the command says, for JavaScript: the same objects as with `--format json`, and the text beside them.
//!
//! An answer is always a value, also where something is refused or a file is missing. An exception is thrown only where an
//! argument is not of its declared type, or where this package has a defect.

mod answer;
mod artefact;
mod board;
mod burn;
mod devices;
mod field;
mod files;
mod otp;
mod procedure;
mod record;

use js_sys::JsString;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const REPORT: &str = include_str!("report.ts");

#[wasm_bindgen(typescript_custom_section)]
const BOARD: &str = include_str!("board.ts");

/// The version of this package.
#[wasm_bindgen]
pub fn version() -> JsString {
    env!("CARGO_PKG_VERSION").into()
}
