//! What the command says, for JavaScript: the same objects as with `--format json`, and the text beside them.
//!
//! An answer is always a value, also where something is refused or a file is missing. An exception is thrown only where an
//! argument is not of its declared type, or where this package has a defect.

mod answer;
mod artefact;
mod devices;
mod files;
mod otp;

use js_sys::JsString;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("report.ts");

/// A defect becomes an exception with a message, and not a bare `unreachable`.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&format!("a defect of waxseal's: {info}"))));
}

/// The version of this package.
#[wasm_bindgen]
pub fn version() -> JsString {
    env!("CARGO_PKG_VERSION").into()
}
