//! What the caller gets: plain objects, as `types.ts` declares them.

use image_format::{Code, Envelope, Error, Header, ImageBody, ImageHeader, VerifiedImage, Version};
use wasm_bindgen::JsValue;

use crate::object::{bytes, object};

type Value = Result<JsValue, JsValue>;

/// `Accepted`.
pub fn accepted(image: &VerifiedImage) -> Value {
    let entry = image.entry().map(|entry| object(&[("stack", entry.stack.into()), ("reset", entry.reset.into())]));
    object(&[
        ("accepted", true.into()),
        ("code", 0.into()),
        ("offset", 0.into()),
        ("id", bytes(image.id())),
        ("entry", entry.unwrap_or(Ok(JsValue::NULL))?),
        ("header", header(image.header())?),
    ])
}

/// `Whole`.
pub fn judged() -> Value {
    object(&[("accepted", true.into()), ("code", 0.into()), ("offset", 0.into())])
}

/// `Refused`.
pub fn refused(error: Error) -> Value {
    let refused = object(&[
        ("accepted", false.into()),
        ("code", error.code.number().into()),
        ("offset", error.offset.into()),
        ("name", error.code.name().into()),
        ("stage", stage(error.code)),
    ])?;
    with_doc(refused, error.code)
}

/// `Unauthenticated`.
pub fn inspected(image: &Header<ImageBody>) -> Value {
    object(&[("unauthenticated", header(image.unauthenticated())?)])
}

/// `Code`.
pub fn code(code: Code) -> Value {
    let listed = object(&[("number", code.number().into()), ("name", code.name().into()), ("stage", stage(code))])?;
    with_doc(listed, code)
}

/// `Header`. The patterns name every field, so that a new one cannot be forgotten here.
fn header(image: &ImageHeader) -> Value {
    let size = image.artefact_size();
    let ImageHeader { envelope, body } = image;
    let Envelope {
        magic: _,
        format,
        reserved: _,
        front_size,
        payload_size,
        auxiliary_size,
        reserved_2: _,
        records_digest,
        payload_digest,
        auxiliary_digest,
        vendor_id,
        class_id,
    } = envelope;
    let ImageBody {
        layout,
        run_address,
        payload_offset,
        version: Version { major, minor, patch },
        security_counter,
        payload_type,
        reserved: _,
    } = body;
    let version =
        object(&[("major", major.get().into()), ("minor", minor.get().into()), ("patch", patch.get().into())])?;
    object(&[
        ("size", size.into()),
        ("format", format.get().into()),
        ("frontSize", front_size.get().into()),
        ("payloadSize", payload_size.get().into()),
        ("auxiliarySize", auxiliary_size.get().into()),
        ("recordsDigest", bytes(records_digest)),
        ("payloadDigest", bytes(payload_digest)),
        ("auxiliaryDigest", bytes(auxiliary_digest)),
        ("vendorId", bytes(vendor_id)),
        ("classId", bytes(class_id)),
        ("layout", bytes(layout)),
        ("runAddress", run_address.get().into()),
        ("payloadOffset", payload_offset.get().into()),
        ("version", version),
        ("securityCounter", security_counter.get().into()),
        ("payloadType", payload_type.get().into()),
    ])
}

fn stage(code: Code) -> JsValue {
    format!("{:?}", code.stage()).into()
}

/// With the lines of the code's description as one paragraph. The entry that judges, and no more, is small for lack of these.
#[cfg(feature = "answers")]
fn with_doc(object: JsValue, code: Code) -> Value {
    let lines: Vec<&str> = code.doc().iter().map(|line| line.trim()).collect();
    crate::object::with(object, "doc", lines.join(" ").into())
}

#[cfg(not(feature = "answers"))]
fn with_doc(object: JsValue, _: Code) -> Value {
    Ok(object)
}
