//! Firmware's accessors to one-time-programmable memory: a function for each field, in C or Rust.
//!
//! Rust goes through image-format's reader. C has a reader of its own, since firmware in C that only wants its address should not
//! need a Rust toolchain; tests hold the two against each other.

mod c;
mod rust;

use geometry::BlankRead;
use image_format::otp::{FieldKind, FieldRefusal};
use manifest::plan::Plan;
use manifest::plan::otp::{Field, Otp, Source as Origin};

use super::{Language, Section, Source, SourceError, Value, comment, identifier};

/// The accessors of a plan's fields, for this language alone. `command` is what was typed, for the comment.
///
/// # Errors
/// [`SourceError::Collision`]: two words of a field differ in nothing that an identifier can show.
pub fn otp(plan: &Plan, otp: &Otp, command: &str, language: Language) -> Result<Source, SourceError> {
    let part = &plan.device.part.name;
    let mut about = vec![
        format!("One-time-programmable memory of {part}. Made by `{command}`: change the manifest, not this file."),
        "A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form."
            .to_owned(),
        "Offsets are counted from the memory's first byte.".to_owned(),
    ];
    if language == Language::Rust {
        about.push("Needs the crate image-format.".to_owned());
    }
    if otp.unit > 1 {
        about.push(
            "A unit that a power cut tore may fault when it is read: whoever reads must come back with that."
                .to_owned(),
        );
    }
    if otp.memory.blank_read == Some(BlankRead::Nmi) {
        about.push(
            "A unit that was never programmed raises an NMI: whoever reads must give 0xFF for its bytes.".to_owned(),
        );
    }
    let code = match language {
        // A string takes whatever is written to it.
        Language::C => c::functions(otp).unwrap_or_default(),
        Language::Rust => {
            rust::distinct(otp)?;
            rust::functions(otp).unwrap_or_default()
        }
    };
    let mut sections = vec![memory(plan, otp, language)];
    if language == Language::C {
        sections.push(refusals());
    }
    sections.extend(otp.fields.iter().filter(|field| language == Language::C && !field.words.is_empty()).map(words));
    Ok(Source { subject: "otp", about, sections, code })
}

fn memory(plan: &Plan, otp: &Otp, language: Language) -> Section {
    let mut section = Section::new("Memory.");
    section.add("OTP_PART", "Order code.", Value::Text(plan.device.part.name.clone()));
    section.add("OTP_ADDRESS", "Address of its first byte.", Value::Hex(otp.memory.base));
    section.add("OTP_SIZE", "Bytes, without locks.", Value::Number(otp.memory.size));
    let unit = "Bytes that are programmed together, once; 1: any bit can be cleared later.";
    section.add("OTP_UNIT", unit, Value::Number(otp.unit));
    section.add("OTP_VERSION", "Version of the field list.", Value::Number(otp.version.value.into()));
    let fingerprint = "Fingerprint of the layout (SHA-256), as a board's sealed blob has it.";
    section.add("OTP_FINGERPRINT", fingerprint, Value::Bytes(otp.fingerprint.to_vec()));
    if language == Language::Rust {
        section.add(
            "OTP_LAYOUT",
            "Which field lies where, as image-format reads it.",
            Value::Bytes(otp.layout.clone()),
        );
    }
    section
}

/// The refusals that a field can give.
fn refusals() -> Section {
    let mut section = Section::new("What a function gives: 0, or why it refuses the field.");
    section.add("OTP_OK", "The value is right.", Value::Number(0));
    let never = [FieldRefusal::LayoutForm, FieldRefusal::NoSuchField, FieldRefusal::BufferSize];
    for refusal in FieldRefusal::ALL.iter().filter(|refusal| !never.contains(refusal)) {
        let doc = refusal.doc().iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        section.add(format!("OTP_REFUSED_{}", refusal.name()), doc, Value::Number(refusal.number().into()));
    }
    section
}

fn words(field: &Field) -> Section {
    let name = &field.name.value;
    let mut section = Section::new(format!("Words of `{name}`."));
    for (word, number) in &field.words {
        section.add(format!("OTP_{name}_{word}"), format!("`{}`.", comment(word)), Value::Number((*number).into()));
    }
    section
}

/// `serial`, as C and Rust call it.
fn function(name: &str) -> String {
    identifier(name).to_ascii_lowercase()
}

/// What a field is and where it lies.
fn describe(otp: &Otp, field: &Field) -> String {
    let name = &field.name.value;
    let (at, kind) = (field.at.value, field.kind.value.word());
    let mut text = match field.kind.value {
        FieldKind::Counter => format!("`{name}`: how far the counter got, of {} steps", field.steps(otp.unit)),
        FieldKind::Crc32 => format!("`{name}`: whether the sum is right over {}", covered(field).join(", ")),
        _ if field.count > 1 => format!("`{name}`: {} values of type {kind}", field.count),
        _ => format!("`{name}`: {kind}"),
    };
    let more = if field.has_complement { " and its complement" } else { "" };
    let copies = if field.copies == 3 { ", three times" } else { "" };
    let by = field.stage.as_ref().map_or("in the field".to_owned(), |stage| format!("in stage `{}`", stage.value));
    text.push_str(&format!(". {} bytes at offset 0x{at:02X}{more}{copies}, programmed {by}.", field.value_size()));
    text
}

/// The fields that a sum covers.
fn covered(field: &Field) -> Vec<&str> {
    match &field.source {
        Origin::Over(names) => names.iter().map(|name| name.value.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The sums that cover a field.
fn sums<'a>(otp: &'a Otp, field: &Field) -> Vec<&'a Field> {
    otp.fields.iter().filter(|sum| covered(sum).contains(&field.name.value.as_str())).collect()
}
