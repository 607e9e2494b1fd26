//! In Rust: a function for each field, through image-format's reader.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use image_format::otp::FieldKind;
use manifest::plan::otp::{Field, Otp};

use super::{describe, function};
use crate::source::{SourceError, comment, identifier};

const HEAD: &str = "\
/// The layout of this memory.
///
/// # Errors
/// Never, as long as nobody changes this file.
pub fn layout() -> Result<image_format::otp::OtpLayout<'static>, image_format::otp::FieldRefusal> {
    image_format::otp::OtpLayout::parse(&OTP_LAYOUT)
}
";

/// What stands behind the constants.
pub fn functions(otp: &Otp) -> Result<String, fmt::Error> {
    let mut text = HEAD.to_owned();
    for (index, field) in otp.fields.iter().enumerate() {
        let constant = constant(field);
        writeln!(text, "\n/// Number of the field `{}` in the layout.", field.name.value)?;
        writeln!(text, "pub const {constant}: usize = {index};")?;
        if !field.words.is_empty() {
            words(&mut text, field)?;
        }
        let (verb, value, body) = access(field);
        writeln!(
            text,
            "\n/// {}\n///\n/// # Errors\n/// The first thing that is wrong with it.",
            describe(otp, field)
        )?;
        writeln!(text, "pub fn {verb}_{}(", function(&field.name.value))?;
        writeln!(text, "    memory: &mut impl image_format::ReadAt,")?;
        writeln!(text, ") -> Result<{value}, image_format::otp::FieldRefusal> {{\n    {body}\n}}")?;
    }
    Ok(text)
}

fn constant(field: &Field) -> String {
    format!("FIELD_{}", identifier(&field.name.value))
}

/// The verb, the type and the body of a field's function.
fn access(field: &Field) -> (&'static str, String, String) {
    let number = constant(field);
    let (length, count) = (field.length, field.count);
    let bytes = || format!("[u8; {length}]");
    match field.kind.value {
        FieldKind::Counter => return ("read", "u32".into(), format!("layout()?.counter({number}, memory)")),
        FieldKind::Crc32 => return ("check", "()".into(), format!("layout()?.check_sum({number}, memory)")),
        _ => {}
    }
    // The type of one value; what makes it out of its bytes, which may fail or not.
    let (kind, maybe, make): (String, Option<String>, Option<String>) = match field.kind.value {
        FieldKind::U8 => ("u8".into(), None, Some("u8::from_le_bytes".into())),
        FieldKind::U16 | FieldKind::OtpVersion => ("u16".into(), None, Some("u16::from_le_bytes".into())),
        FieldKind::U32 => ("u32".into(), None, Some("u32::from_le_bytes".into())),
        FieldKind::U64 => ("u64".into(), None, Some("u64::from_le_bytes".into())),
        FieldKind::Ascii => {
            (format!("image_format::otp::Text<{length}>"), Some("image_format::otp::Text::new".into()), None)
        }
        FieldKind::Date => ("image_format::otp::Date".into(), Some("image_format::otp::Date::new".into()), None),
        FieldKind::Enum => (type_name(field), Some(format!("{}::new", type_name(field))), None),
        FieldKind::Revision => {
            let make = "|bytes| image_format::record::is_revision(&bytes).then_some(bytes)";
            ("image_format::Revision".into(), Some(make.into()), None)
        }
        _ => (bytes(), None, None),
    };
    let call = match &maybe {
        Some(make) => format!("layout()?.values({number}, memory, {make})"),
        None => format!("layout()?.bytes({number}, memory)"),
    };
    let body = match (count, &make) {
        (1, None) => format!("let [value] = {call}?;\n    Ok(value)"),
        (1, Some(make)) => format!("let [value] = {call}?;\n    Ok({make}(value))"),
        (_, None) => call,
        (_, Some(make)) => format!("Ok({call}?.map({make}))"),
    };
    let kind = if count == 1 { kind } else { format!("[{kind}; {count}]") };
    ("read", kind, body)
}

/// `board-color` as `BoardColorWord`: a type of its own, whatever the field is called.
fn type_name(field: &Field) -> String {
    format!("{}Word", camel(&field.name.value))
}

/// `dark-red` as `DarkRed`. What no identifier may have is left out.
fn camel(name: &str) -> String {
    let part = |part: &str| {
        let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        first.to_ascii_uppercase() + rest
    };
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).map(part).collect()
}

/// `DarkRed`; `Word2` for a word that would be no identifier.
fn variant(word: &str) -> String {
    match camel(word) {
        name if name.is_empty() || name == "Self" || name.starts_with(|letter: char| letter.is_ascii_digit()) => {
            format!("Word{name}")
        }
        name => name,
    }
}

/// # Errors
/// [`SourceError::Collision`]: two words of a field would have one name.
pub fn distinct(otp: &Otp) -> Result<(), SourceError> {
    for field in &otp.fields {
        let mut names = BTreeSet::new();
        if let Some((word, _)) = field.words.iter().find(|(word, _)| !names.insert(variant(word))) {
            return Err(SourceError::Collision(format!("{}::{}", type_name(field), variant(word))));
        }
    }
    Ok(())
}

fn words(text: &mut String, field: &Field) -> fmt::Result {
    let name = type_name(field);
    writeln!(text, "\n/// A word of `{}`.", field.name.value)?;
    writeln!(text, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n#[repr(u8)]\npub enum {name} {{")?;
    for (word, number) in &field.words {
        writeln!(text, "    /// `{}`.\n    {} = {number},", comment(word), variant(word))?;
    }
    writeln!(text, "}}\n\nimpl {name} {{\n    /// The word of a number.\n    #[must_use]")?;
    writeln!(text, "    pub const fn new([number]: [u8; 1]) -> Option<Self> {{\n        match number {{")?;
    for (word, number) in &field.words {
        writeln!(text, "            {number} => Some(Self::{}),", variant(word))?;
    }
    writeln!(text, "            _ => None,\n        }}\n    }}\n}}")
}
