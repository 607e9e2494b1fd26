//! What a diagnostic's code means.

use manifest::codes::{self, Code};
use manifest::hardware;
use serde_json::Value;

use crate::exit::Failure;
use crate::json;

/// There is no such code; the nearest is named.
pub fn unknown(id: &str) -> Failure {
    let failure = Failure::usage(format!("there is no code `{id}`"));
    // `verify` tells a refusal with its number, which looks like one of these codes.
    if let Some(refusal) = image_format::Code::ALL.iter().find(|code| code.number().to_string() == id) {
        let meaning: Vec<_> = refusal.doc().iter().map(|line| line.trim()).collect();
        let help = format!("{} is a refusal of the judgement, {}: {}", id, refusal.name(), meaning.join(" "));
        return failure.help(help).help("`waxseal verify` says what to do about it");
    }
    let failure = match codes::nearest(id) {
        Some(near) => failure.help(format!("the nearest is {}: {}", near.id, near.title)),
        None => failure,
    };
    failure.help("`waxseal explain` lists all codes")
}

/// For programs.
pub fn to_json(codes: &[Code]) -> Value {
    json!({ "codes": codes.iter().map(one).collect::<Vec<_>>() })
}

fn one(code: &Code) -> Value {
    json!({
        "code": code.id,
        "title": code.title,
        "rule": code.rule,
        "fix": code.fix,
        "hardware": hardware::of(code).map(|rule| json!({ "number": rule.number, "rule": rule.rule })).collect::<Vec<_>>(),
        "example": code.example.map(|example| example.text),
    })
}
