//! One field of one-time-programmable memory, read by its layout as firmware reads it.

use image_format::ReadAt;
use image_format::otp::{FieldRefusal, OtpLayout, text};
use wasm_bindgen::prelude::*;

use crate::argument::Argument;
use crate::object::{bytes, object};
use crate::source::Source;

/// Reads a field of one-time-programmable memory by the layout that firmware embeds, and judges it: the same reader as on the device.
///
/// `read` gives the bytes of a field of which its own complement or copies are right; `checked` the same if every sum over it is right
/// too; `text` those as characters; `sum` judges a sum (its value is `null`); `count` says how far a counter got.
///
/// `faultAt` is for tests and simulations, as in `verify`.
///
/// @throws TypeError if an argument is not of its declared type. The message names the property.
#[wasm_bindgen(js_name = "readField", unchecked_return_type = "FieldReading")]
pub fn read_field(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] layout: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] memory: JsValue,
    #[wasm_bindgen(unchecked_param_type = "number")] field: JsValue,
    #[wasm_bindgen(unchecked_param_type = "FieldQuestion")] question: JsValue,
    #[wasm_bindgen(js_name = "faultAt", unchecked_optional_param_type = "number")] fault_at: JsValue,
) -> Result<JsValue, JsValue> {
    let layout = Argument::new("layout", layout).content()?;
    let mut memory = Source::new(&Argument::new("memory", memory), None)?.with_fault(fault_at)?;
    let field = usize::try_from(Argument::new("field", field).integer()?).unwrap_or(usize::MAX);
    let question = Question::of(&Argument::new("question", question))?;
    match question.ask(&layout, field, &mut memory) {
        Ok(value) => object(&[("code", 0.into()), ("value", value)]),
        Err(refusal) => object(&[
            ("code", refusal.number().into()),
            ("name", refusal.name().into()),
            ("doc", refusal.doc().join("").trim().into()),
        ]),
    }
}

enum Question {
    Read,
    Checked,
    Text,
    Sum,
    Count,
}

impl Question {
    fn of(argument: &Argument) -> Result<Self, JsValue> {
        match argument.text(8).as_deref() {
            Some("read") => Ok(Self::Read),
            Some("checked") => Ok(Self::Checked),
            Some("text") => Ok(Self::Text),
            Some("sum") => Ok(Self::Sum),
            Some("count") => Ok(Self::Count),
            _ => Err(argument.refuse("is not \"read\", \"checked\", \"text\", \"sum\" or \"count\"")),
        }
    }

    fn ask(&self, layout: &[u8], field: usize, memory: &mut Source) -> Result<JsValue, FieldRefusal> {
        let layout = OtpLayout::parse(layout)?;
        let mut checked = || {
            let mut buffer = buffer(&layout, field, memory)?;
            layout.read_checked(field, memory, &mut buffer)?;
            Ok(buffer)
        };
        Ok(match self {
            Self::Read => {
                let mut buffer = buffer(&layout, field, memory)?;
                layout.read(field, memory, &mut buffer)?;
                bytes(&buffer)
            }
            Self::Checked => bytes(&checked()?),
            Self::Text => text(&checked()?).ok_or(FieldRefusal::Form)?.into(),
            Self::Sum => layout.check_sum(field, memory).map(|()| JsValue::NULL)?,
            Self::Count => layout.counter(field, memory)?.into(),
        })
    }
}

/// Room for a field's values. A layout may claim any size: more than the memory has cannot be read.
fn buffer(layout: &OtpLayout<'_>, field: usize, memory: &impl ReadAt) -> Result<Vec<u8>, FieldRefusal> {
    let found = layout.fields().nth(field).ok_or(FieldRefusal::NoSuchField)?;
    let image_format::Extent::File(size) = memory.extent() else { return Err(FieldRefusal::Unreadable) };
    let room = Some(found.field.value_size()).filter(|room| *room <= size).and_then(|room| usize::try_from(room).ok());
    Ok(vec![0; room.ok_or(FieldRefusal::Unreadable)?])
}
