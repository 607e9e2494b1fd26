//! Values that the caller hands in: read once, checked against their declared types, and named when they are wrong.

use image_format::Kind;
use js_sys::{Array, JsString, Reflect, TypeError, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};

/// Bytes that are taken over into WebAssembly's memory at most. The largest external memory of the device database has 64 MiB.
const LARGEST: u32 = 128 << 20;

/// A value with the expression by which the caller knows it, such as `policy.place.layout`.
pub struct Argument {
    name: String,
    value: JsValue,
}

impl Argument {
    pub fn new(name: &str, value: JsValue) -> Self {
        Argument { name: name.into(), value }
    }

    /// The argument `options`: without it, an object without properties.
    pub fn options(value: JsValue) -> Self {
        Self::new("options", if value.is_undefined() { js_sys::Object::new().into() } else { value })
    }

    /// A property that has to be there: `undefined` counts as missing, so that nothing is left out by oversight.
    pub fn property(&self, property: &str) -> Result<Argument, JsValue> {
        let found = self.get(property)?;
        if found.value.is_undefined() { Err(found.refuse("is missing")) } else { Ok(found) }
    }

    /// `None` if it is `null`: left out on purpose.
    pub fn unless_null(self) -> Option<Argument> {
        (!self.value.is_null()).then_some(self)
    }

    pub fn is_object(&self) -> bool {
        self.value.is_object()
    }

    /// The text, if it is one of `longest` UTF-16 units at most: what is copied to WebAssembly's memory stays bounded.
    pub fn text(&self, longest: u32) -> Option<String> {
        self.value.dyn_ref::<JsString>().filter(|text| text.length() <= longest).map(String::from)
    }

    /// The name of a kind of artefact.
    pub fn kind(&self) -> Result<Kind, JsValue> {
        match self.text(8).as_deref() {
            Some("image") => Ok(Kind::Image),
            Some("layout") => Ok(Kind::Layout),
            Some("release") => Ok(Kind::Release),
            Some("otp") => Ok(Kind::OtpBlob),
            _ => Err(self.refuse("is not \"image\", \"layout\", \"release\" or \"otp\"")),
        }
    }

    /// An integer from 0 to 4,294,967,295: the format has no larger ones.
    pub fn integer(&self) -> Result<u32, JsValue> {
        let number = self.value.as_f64().unwrap_or(f64::NAN);
        // Saturates, and cuts off a fraction: what does not come back the same was no such integer.
        #[allow(clippy::as_conversions)]
        let integer = number as u32;
        if f64::from(integer) == number {
            Ok(integer)
        } else {
            Err(self.refuse("is not an integer from 0 to 4294967295"))
        }
    }

    /// A `Uint8Array`; Node's `Buffer` is one.
    pub fn array(&self) -> Result<&Uint8Array, JsValue> {
        self.value.dyn_ref().ok_or_else(|| self.refuse("is not a Uint8Array"))
    }

    /// A `Uint8Array` of exactly this size.
    pub fn bytes<const SIZE: usize>(&self) -> Result<[u8; SIZE], JsValue> {
        let array = self.array()?;
        let mut bytes = [0; SIZE];
        // `copy_to` panics on another length.
        if usize::try_from(array.length()) != Ok(SIZE) {
            return Err(self.refuse(&format!("is not of {SIZE} bytes")));
        }
        array.copy_to(&mut bytes);
        Ok(bytes)
    }

    /// The elements of an array.
    pub fn elements(&self) -> Result<impl Iterator<Item = Argument>, JsValue> {
        let array = self.value.dyn_ref::<Array>().ok_or_else(|| self.refuse("is not an array"))?;
        let element = |index| Argument { name: format!("{}[{index}]", self.name), value: array.get(index) };
        Ok((0..array.length()).map(element))
    }

    /// A property that may be left out: `undefined` and `null` both do.
    pub fn optional(&self, property: &str) -> Result<Option<Argument>, JsValue> {
        Ok(Some(self.get(property)?).filter(|found| !found.value.is_undefined()).and_then(Self::unless_null))
    }

    fn get(&self, property: &str) -> Result<Argument, JsValue> {
        if !self.is_object() {
            return Err(self.refuse("is not an object"));
        }
        let value = Reflect::get(&self.value, &property.into())?;
        Ok(Argument { name: format!("{}.{property}", self.name), value })
    }

    /// A string of any length.
    pub fn string(&self) -> Result<String, JsValue> {
        self.value.dyn_ref::<JsString>().map(String::from).ok_or_else(|| self.refuse("is not a string"))
    }

    /// An array of strings.
    pub fn strings(&self) -> Result<Vec<String>, JsValue> {
        self.elements()?.map(|element| element.string()).collect()
    }

    /// `true` or `false`.
    pub fn boolean(&self) -> Result<bool, JsValue> {
        self.value.as_bool().ok_or_else(|| self.refuse("is not a boolean"))
    }

    /// The bytes of a `Uint8Array`, or of a string in UTF-8.
    pub fn content(&self) -> Result<Vec<u8>, JsValue> {
        if self.value.is_string() {
            return self.string().map(String::into_bytes);
        }
        let array = self.array()?;
        if array.length() > LARGEST {
            return Err(self.refuse("is larger than 128 MiB: no device of waxseal's has as much flash"));
        }
        // `to_vec` copies as many bytes as the array has when it is asked for them.
        Ok(array.to_vec())
    }

    /// Names and values of an object's own properties.
    pub fn entries(&self) -> Result<Vec<(String, Argument)>, JsValue> {
        let object = self.value.dyn_ref::<js_sys::Object>().ok_or_else(|| self.refuse("is not an object"))?;
        let entry = |entry: JsValue| {
            let pair = Array::from(&entry);
            let name = pair.get(0).as_string().unwrap_or_default();
            let argument = Argument { name: format!("{}[{name:?}]", self.name), value: pair.get(1) };
            (name, argument)
        };
        Ok(js_sys::Object::entries(object).iter().map(entry).collect())
    }

    /// The exception for it.
    pub fn refuse(&self, why: &str) -> JsValue {
        TypeError::new(&format!("{} {why}", self.name)).into()
    }
}
