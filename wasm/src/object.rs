//! Plain objects of JavaScript.

use js_sys::{Object, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

/// An object with these properties.
pub fn object(properties: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in properties {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object.into())
}

/// An object with one property more.
pub fn with(object: JsValue, name: &str, value: JsValue) -> Result<JsValue, JsValue> {
    Reflect::set(&object, &name.into(), &value)?;
    Ok(object)
}

/// A `Uint8Array`.
pub fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}
