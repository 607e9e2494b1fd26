//! The judgement of sealed artefacts by a reader's policy.

use image_format::{Code, Error, Header, SoftwareCrypto, VerifiedImage, whole};
use wasm_bindgen::prelude::*;

use crate::argument::Argument;
use crate::policy::Reader;
use crate::source::Source;
use crate::value;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

/// Judges a sealed image as the boot loader does, by the same code, and then its auxiliary area, which no boot loader
/// reads. The first rule that is broken is the answer.
///
/// `faultAt` is for tests and simulations: a read that touches this offset fails, as a torn flash word's does.
///
/// @throws TypeError if an argument is not of its declared type. The message names the property.
#[wasm_bindgen(unchecked_return_type = "Verdict")]
pub fn verify(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Policy")] policy: JsValue,
    #[wasm_bindgen(js_name = "faultAt", unchecked_optional_param_type = "number")] fault_at: JsValue,
) -> Result<JsValue, JsValue> {
    let reader = Reader::from_argument(&Argument::new("policy", policy))?;
    let mut source = Source::new(&Argument::new("bytes", bytes), reader.slot)?.with_fault(fault_at)?;
    match judge_image(&mut source, &reader) {
        Ok(image) => value::accepted(&image),
        Err(error) => value::refused(error),
    }
}

/// The host's decision: the boot loader's, then the auxiliary area.
fn judge_image(source: &mut Source, reader: &Reader) -> Result<VerifiedImage, Error> {
    let image = image_format::verify(source, &reader.policy()?, &mut SoftwareCrypto)?;
    let mut scratch = scratch(image.header().envelope.auxiliary_size.get());
    whole::auxiliary(&image, source, &mut scratch, &mut SoftwareCrypto)?;
    Ok(image)
}

fn scratch(size: u32) -> Vec<u8> {
    vec![0; usize::try_from(size).unwrap_or_default()]
}

/// Judges the whole of a sealed artefact of any kind: what `verify` judges of an image, or what a layout, a release with all
/// its images, or an OTP blob says. Of the policy, `revision`, `place` and `counter` are about images alone.
///
/// `faultAt` is for tests and simulations, as in `verify`.
///
/// @throws TypeError if an argument is not of its declared type. The message names the property.
#[wasm_bindgen(unchecked_return_type = "Judged")]
pub fn judge(
    #[wasm_bindgen(unchecked_param_type = "Kind")] kind: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Policy")] policy: JsValue,
    #[wasm_bindgen(js_name = "faultAt", unchecked_optional_param_type = "number")] fault_at: JsValue,
) -> Result<JsValue, JsValue> {
    let kind = Argument::new("kind", kind).kind()?;
    let reader = Reader::from_argument(&Argument::new("policy", policy))?;
    let mut source = Source::new(&Argument::new("bytes", bytes), reader.slot)?.with_fault(fault_at)?;
    let mut scratch = scratch(source.size());
    let judged =
        reader.policy().and_then(|policy| whole::judge(kind, &mut source, &policy, &mut scratch, &mut SoftwareCrypto));
    match judged {
        Ok(()) => value::judged(),
        Err(error) => value::refused(error),
    }
}

/// Reads the header of a sealed image, to show it to a person. Only its form is judged: **nothing in it is authentic**, so
/// decide nothing by it. Use {@link verify} for that.
///
/// @throws TypeError if `bytes` is not a Uint8Array.
#[wasm_bindgen(unchecked_return_type = "Inspection")]
pub fn inspect(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytes: JsValue) -> Result<JsValue, JsValue> {
    let mut source = Source::new(&Argument::new("bytes", bytes), None)?;
    match Header::read(&mut source) {
        Ok(header) => value::inspected(&header),
        Err(error) => value::refused(error),
    }
}

/// Every code that a refusal can have, by ascending number.
#[wasm_bindgen(unchecked_return_type = "Code[]")]
pub fn codes() -> Result<JsValue, JsValue> {
    let list = js_sys::Array::new();
    for code in Code::ALL {
        list.push(&value::code(*code)?);
    }
    Ok(list.into())
}

/// The id of an Ed25519 public key: the eight bytes that name it in a signature place.
///
/// @throws TypeError if the key is not a Uint8Array of 32 bytes.
#[wasm_bindgen(js_name = "keyId")]
pub fn key_id(
    #[wasm_bindgen(js_name = "publicKey", unchecked_param_type = "Uint8Array")] public_key: JsValue,
) -> Result<js_sys::Uint8Array, JsValue> {
    let key = Argument::new("publicKey", public_key).bytes()?;
    Ok(js_sys::Uint8Array::from(image_format::key_id(&key, &mut SoftwareCrypto).as_slice()))
}
