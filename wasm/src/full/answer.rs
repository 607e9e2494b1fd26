//! Answers as JavaScript objects.

use js_sys::JSON;
use report::exit::Failure;
use report::{Report, json};
use serde_json::{Map, Value};
use wasm_bindgen::JsValue;

/// A command's object, with its text.
pub fn answer(command: &str, result: Result<Report, Failure>) -> Result<JsValue, JsValue> {
    let (mut object, text) = match result {
        Ok(report) => (json::report_object(command, &report), report.text),
        Err(failure) => (json::failure_object(command, &failure), failure.to_string()),
    };
    object.insert("text".to_owned(), Value::String(text));
    to_js(object)
}

/// An object of JSON as one of JavaScript.
pub fn to_js(object: Map<String, Value>) -> Result<JsValue, JsValue> {
    JSON::parse(&Value::Object(object).to_string())
}
