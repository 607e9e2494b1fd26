//! The device database, and what codes mean.

use manifest::codes;
use report::devices::Query;
use report::{Report, explain};
use wasm_bindgen::prelude::*;

use super::answer::answer;
use crate::argument::Argument;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("devices.ts");

/// What the device database knows of a part, with sectors, option bytes and sources, or of an external memory; without a
/// pattern, or with one that several names match, a line for each: the command's `devices`. `mode` leaves only the sector maps
/// that these option bytes select.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(unchecked_return_type = "Answer<Devices>")]
pub fn devices(
    #[wasm_bindgen(unchecked_optional_param_type = "string")] pattern: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "Record<string, number>")] mode: JsValue,
) -> Result<JsValue, JsValue> {
    let pattern = if pattern.is_undefined() { None } else { Some(Argument::new("pattern", pattern).string()?) };
    let mut options = Vec::new();
    if !mode.is_undefined() {
        for (name, value) in Argument::new("mode", mode).entries()? {
            options.push((name, value.integer()?));
        }
    }
    answer("devices", Query { pattern: pattern.as_deref(), mode: &options }.report())
}

/// What a diagnostic's code means, the rule and the fix; without a code, all of them: the command's `explain`.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "explain", unchecked_return_type = "Answer<Explained>")]
pub fn explain_code(
    #[wasm_bindgen(unchecked_optional_param_type = "string")] code: JsValue,
) -> Result<JsValue, JsValue> {
    let explained = if code.is_undefined() {
        Ok(codes::ALL.to_vec())
    } else {
        let id = Argument::new("code", code).string()?.to_ascii_uppercase();
        codes::find(&id).map(|code| vec![code]).ok_or_else(|| explain::unknown(&id))
    };
    let report =
        |codes: Vec<codes::Code>| Report { result: Some(explain::to_json(&codes)), ..Report::done(String::new()) };
    answer("explain", explained.map(report))
}
