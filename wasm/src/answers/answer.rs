//! Answers as JavaScript objects.

use js_sys::{Array, Object};
use report::exit::Failure;
use report::{Report, json};
use serde_json::Value;
use wasm_bindgen::JsValue;

/// A command's object, with its text.
pub fn answer(command: &str, result: Result<Report, Failure>) -> Result<JsValue, JsValue> {
    let (mut object, text) = match result {
        Ok(report) => (json::report_object(command, &report), report.text),
        Err(failure) => (json::failure_object(command, &failure), failure.to_string()),
    };
    object.insert("text".to_owned(), Value::String(text));
    to_js(&Value::Object(object))
}

/// A value as one of JavaScript. Not as a text in between: what writes that has tables of 10 KB for fractions, of which there are none.
pub fn to_js(value: &Value) -> Result<JsValue, JsValue> {
    Ok(match value {
        Value::Null => JsValue::NULL,
        Value::Bool(is) => (*is).into(),
        Value::Number(number) => number.as_f64().into(),
        Value::String(text) => text.into(),
        Value::Array(values) => {
            let array = Array::new();
            for value in values {
                array.push(&to_js(value)?);
            }
            array.into()
        }
        Value::Object(entries) => {
            // Not by setting properties: a slot may be called `__proto__`.
            let pairs = Array::new();
            for (name, value) in entries {
                pairs.push(&Array::of2(&name.into(), &to_js(value)?));
            }
            Object::from_entries(&pairs)?.into()
        }
    })
}
