//! What a refusal by `image-format` means: its name, its place, and what to do about it.

use std::fmt::Write as _;

use image_format::{Code, Error, Stage};
use serde_json::Value;

use crate::fields;
use crate::json;
use crate::shape::{Shape, kind};

/// The lines about a refusal, without an indent.
pub fn describe(error: &Error, file: &[u8]) -> String {
    let code = error.code;
    let mut text = String::new();
    let _ = writeln!(text, "{} ({}), stage {}", code.name(), code.number(), stage(code.stage()));
    for line in code.doc() {
        let _ = writeln!(text, "  {}", line.trim());
    }
    let _ = writeln!(text, "  at offset {}: {}", error.offset, place(error, file));
    let _ = writeln!(text, "  = help: {}", help(code));
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
        "help": help(code),
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

fn help(code: Code) -> &'static str {
    match code {
        Code::NotSealed => "give it what `waxseal build` wrote: an ELF, HEX or plain BIN file carries no signature",
        Code::WrongKind => "this is another artefact of waxseal's: `waxseal inspect` says which",
        Code::UnknownFormat => "made by a newer version: judge it with that one",
        Code::TrustSet => "give each key once, and a threshold of no more than their number",
        Code::BadSignature => {
            "the header or the signature was changed after signing: fetch the file again, or build it again"
        }
        Code::TooFewSignatures => "`waxseal inspect` lists who signed; build it with enough keys of the image role",
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
