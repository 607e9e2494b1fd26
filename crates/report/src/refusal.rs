//! What a refusal by `image-format` means: its name, its place, and what to do about it.

use std::borrow::Cow;
use std::fmt::Write as _;

use image_format::{Code, Error, FrontHead, SignaturePlace, Stage};
use serde_json::Value;
use zerocopy::FromBytes as _;

use crate::fields;
use crate::json;
use crate::shape::{Shape, kind};
use crate::text::hex;

/// The lines about a refusal, without an indent.
pub fn describe(error: &Error, file: &[u8]) -> String {
    let code = error.code;
    let mut text = String::new();
    let _ = writeln!(text, "{} ({}), stage {}", code.name(), code.number(), stage(code.stage()));
    for line in code.doc() {
        let _ = writeln!(text, "  {}", line.trim());
    }
    let _ = writeln!(text, "  at offset {}: {}", error.offset, place(error, file));
    let _ = writeln!(text, "  = help: {}", help(code, file));
    text
}

/// The same for programs.
pub fn to_json(error: &Error, file: &[u8]) -> Value {
    let code = error.code;
    json!({
        "code": code.number(),
        "name": code.name(),
        "stage": stage(code.stage()),
        "meaning": code.doc().iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
        "offset": error.offset,
        "place": place(error, file),
        "help": &*help(code, file),
    })
}

fn place(error: &Error, file: &[u8]) -> String {
    if error.code == Code::TrustSet {
        return "not in the file: the keys that were given".to_owned();
    }
    let shape = Shape::read(file).ok();
    fields::name_at(error.offset, kind(file), shape.as_ref().map(|shape| &shape.envelope))
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Read => "read",
        Stage::Header => "header",
        Stage::Signature => "signature",
        Stage::Extent => "extent",
        Stage::Device => "device",
        Stage::Record => "record",
        Stage::Payload => "payload",
    }
}

fn help(code: Code, file: &[u8]) -> Cow<'static, str> {
    if code == Code::TooFewSignatures {
        return too_few(file).into();
    }
    advice(code).into()
}

/// Who has signed, as the file says: none of them counts, or not enough.
fn too_few(file: &[u8]) -> String {
    let places = FrontHead::ref_from_prefix(file).map(|(head, _)| &head.signatures[..]).unwrap_or_default();
    let used = places.iter().filter(|place| **place != SignaturePlace::UNUSED);
    let ids: Vec<String> = used.map(|place| hex(&place.key_id)).collect();
    let signed = if ids.is_empty() {
        "nobody has signed it".to_owned()
    } else {
        format!("it has signatures of {}", ids.join(", "))
    };
    format!("{signed}: build it with enough keys that count here, or name those that signed it")
}

fn advice(code: Code) -> &'static str {
    match code {
        Code::NotSealed => "give it what `waxseal build` wrote: an ELF, HEX or plain BIN file carries no signature",
        Code::WrongKind => "this is another artefact of waxseal's: `waxseal inspect` says which",
        Code::UnknownFormat => "made by a newer version: judge it with that one",
        Code::TrustSet => "give each key once, and a threshold of no more than their number",
        Code::BadSignature => {
            "the header or the signature was changed after signing: fetch the file again, or build it again"
        }
        Code::Truncated => "the file is not whole: fetch it again",
        Code::TrailingBytes => {
            "something was appended: fetch it again, or cut it at the offset; what was read back of a slot is judged with --dump"
        }
        Code::ExceedsSlot => "the slot has no room for it: it was built for another layout",
        Code::OtherVendor | Code::OtherClass => "it is for another product: do not install it",
        Code::OtherRevision => "it is not for this board: build it with the board's revision in `product.revisions`",
        Code::OtherLayout => {
            "it was built from a manifest with another layout: build it from the one of the device's boot loader"
        }
        Code::OtherRunAddress => "it is the build for another slot: name that with --slot, or take this slot's file",
        Code::OtherPayloadOffset => "the slot's `header` was changed: build it again from this manifest",
        Code::CounterTooLow => {
            "it is older than the device accepts: build it from a manifest with a higher `security-counter`"
        }
        _ => match code.stage() {
            Stage::Read => "fetch the file again",
            Stage::Header | Stage::Record => {
                "no version of waxseal writes this: the file was damaged or forged; fetch it again"
            }
            Stage::Signature => "the signatures were changed by hand: build it again",
            Stage::Extent | Stage::Device => "build it again from the device's manifest",
            Stage::Payload => "the bytes behind the header were changed: fetch the file again, or build it again",
        },
    }
}
