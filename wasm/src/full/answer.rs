//! Answers as JavaScript objects.

use js_sys::{JSON, Reflect};
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

/// The same of a value that is an object.
pub fn object_of(value: Value) -> Result<JsValue, JsValue> {
    JSON::parse(&value.to_string())
}

/// An object with one property more.
pub fn with(object: JsValue, name: &str, value: JsValue) -> Result<JsValue, JsValue> {
    Reflect::set(&object, &name.into(), &value)?;
    Ok(object)
}
