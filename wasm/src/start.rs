//! What happens once, when the WebAssembly is loaded.

use wasm_bindgen::prelude::*;

/// A defect becomes an exception with a message, and not a bare `unreachable`.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&format!("a defect of waxseal's: {info}"))));
}
