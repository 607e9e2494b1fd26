//! What stands in place of `files.rs` in an entry that reads no manifests, so that what reads them is not in it.

use manifest::Plan;
use packer::PublicKey;
use report::exit::Failure;
use report::loaded::Loaded;
use wasm_bindgen::JsValue;

use crate::argument::Argument;

/// A manifest that nobody has.
pub enum Files {}

impl Files {
    /// Refuses `ManifestFiles`.
    pub fn of(argument: &Argument) -> Result<Self, JsValue> {
        Err(argument
            .refuse("is not read by this entry of the package: import it from \"waxseal\" or \"waxseal/flash\""))
    }

    /// The manifest.
    pub fn loaded(&self) -> Result<&Loaded, Failure> {
        match *self {}
    }

    /// The public keys of the plan, in its order.
    pub fn public_keys(&self, _: &Plan) -> Result<Vec<PublicKey>, Failure> {
        match *self {}
    }
}
