//! Values with a form of their own: sizes, sector ranges, addresses, versions, option values.

use image_format::otp::FieldKind;
use toml::de::DeValue;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Date, NoRange, Version, VersionRange};
use crate::read::{At, Reader, Value, quoted};
use crate::source::Spanned;

/// The path of a file, relative to the manifest's folder: of a fragment's paths, which are relative to the fragment, with
/// the way to its folder in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(pub String);

impl Value for FilePath {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let path = String::read(value, at, reader)?;
        if is_of_one_machine(&path) {
            let warning = Diagnostic::warning(codes::ABSOLUTE_PATH, format!("`{path}` is a path of one machine"));
            reader.diagnostics.push(warning.at(at.span, "relative to this file, with forward slashes"));
            return Some(Self(path));
        }
        Some(Self(format!("{}{path}", reader.folder)))
    }
}

impl Spanned<FilePath> {
    /// The path as a text, and its place.
    pub fn text(&self) -> Spanned<String> {
        self.with(self.value.0.clone())
    }
}

/// Whether a path is right on one machine only: absolute, with a drive, a home folder or another system's slashes.
pub fn is_of_one_machine(path: &str) -> bool {
    path.starts_with(['/', '~']) || path.contains('\\') || path.as_bytes().get(1) == Some(&b':')
}

/// What a field of one-time-programmable memory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldType(pub FieldKind);

impl Value for FieldType {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let words = || FieldKind::ALL.iter().map(|kind| kind.word());
        let expected = names::list(words(), "or");
        let Some(word) = value.as_str() else { return reader.wrong_type(value, at, &expected) };
        let known = FieldKind::ALL.iter().copied().find(|kind| kind.word() == word);
        known.map(Self).or_else(|| {
            let near = names::nearest(word, words());
            reader.wrong(at, &expected, near.map_or("unknown".into(), |near| format!("did you mean `{near}`?")))
        })
    }
}

/// A size or an offset in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u32);

impl Value for Bytes {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "bytes: an integer, or a string with K or M such as \"64K\"";
        let parsed = match value {
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok(),
            DeValue::String(text) => quantity(text),
            _ => return reader.wrong_type(value, at, EXPECTED),
        };
        parsed.map(Self).or_else(|| {
            let none = reader.wrong(at, EXPECTED, "not such a number, or 4G and more");
            reader.instead(at, "as a manifest has it", value.as_str().and_then(meant));
            none
        })
    }
}

/// What people also write for a size, as a manifest has it: `128 KiB` is `"128K"`, `"4096"` is 4096, `"0x8000"` is 0x8000.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let hex = text.strip_prefix("0x").is_some_and(|digits| u32::from_str_radix(digits, 16).is_ok());
    if hex || number(text).is_some() {
        return Some(text.to_owned());
    }
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic() || letter == ' ');
    let unit = match text.get(digits.len()..)?.trim().to_ascii_lowercase().as_str() {
        "k" | "kb" | "kib" => "K",
        "m" | "mb" | "mib" => "M",
        _ => return None,
    };
    let text = format!("{digits}{unit}");
    quantity(&text).map(|_| format!("\"{text}\""))
}

/// An offset in bytes, or a word that people use for one and that no one place is: `top`, `bottom`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offset {
    /// Bytes.
    Bytes(u32),
    /// The word.
    Word(String),
}

impl Value for Offset {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        match value.as_str() {
            Some(word @ ("top" | "bottom")) => Some(Self::Word(word.to_owned())),
            _ => Bytes::read(value, at, reader).map(|bytes| Self::Bytes(bytes.0)),
        }
    }
}

/// `64K`, `1M`.
fn quantity(text: &str) -> Option<u32> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' => (text.get(..text.len() - 1)?, 1024),
        b'M' => (text.get(..text.len() - 1)?, 1024 * 1024),
        _ => return None,
    };
    number(digits)?.checked_mul(unit)
}

/// Decimal digits and nothing else: `u32::from_str` would take a sign.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// A range of sectors, both ends inclusive, in the reference manual's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sectors {
    /// The first one.
    pub first: u32,
    /// The last one.
    pub last: u32,
}

impl Value for Sectors {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a string with a sector number, or with the first and the last: \"5-11\"";
        let Some(text) = value.as_str() else {
            let none = reader.wrong_type(value, at, EXPECTED);
            reader.instead(at, "with quotes", quoted(value));
            return none;
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Some(Self { first, last }),
            (Some(low), Some(high)) => {
                let none = reader.wrong(at, EXPECTED, "the first is beyond the last");
                reader.instead(at, "the lower one first", Some(format!("\"{high}-{low}\"")));
                none
            }
            _ => reader.wrong(at, EXPECTED, "not sector numbers"),
        }
    }
}

/// An address as somebody typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Its value.
    pub value: u64,
    /// Hexadecimal digits, leading zeros included; `None` if it is written another way.
    pub hex_digits: Option<usize>,
}

impl Value for Address {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Integer(integer) = value else {
            return reader.wrong_type(value, at, "an address such as 0x0800_0000");
        };
        let hex_digits = (integer.radix() == 16).then(|| integer.as_str().len());
        match u64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(value) => Some(Self { value, hex_digits }),
            Err(_) => reader.wrong(at, "an address such as 0x0800_0000", "no address"),
        }
    }
}

impl Value for Version {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a version: \"1.4.0\"";
        let Some(text) = value.as_str() else { return reader.wrong_type(value, at, EXPECTED) };
        text.parse().map_or_else(
            |why: String| {
                let none = reader.wrong(at, EXPECTED, why);
                reader.instead(at, "three numbers", three_numbers(text));
                none
            },
            Some,
        )
    }
}

/// `v1.4` is 1.4.0 for many people, and for nobody anything else.
fn three_numbers(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches(['v', 'V']);
    let missing = 2_usize.checked_sub(text.matches('.').count())?;
    let whole = format!("{text}{}", ".0".repeat(missing));
    whole.parse::<Version>().ok().map(|_| format!("\"{whole}\""))
}

impl Value for VersionRange {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a range of versions, its ends written out: \">=2.1.0, <3.0.0\"";
        let Some(text) = value.as_str() else { return reader.wrong_type(value, at, EXPECTED) };
        let NoRange { why, instead } = match text.parse() {
            Ok(range) => return Some(range),
            Err(refused) => refused,
        };
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` must be {EXPECTED}", at.key)).at(at.span, why);
        reader.diagnostics.push(match instead {
            Some(instead) => error.edit("as cargo reads it", at.span, format!("\"{instead}\"")),
            None => error,
        });
        None
    }
}

impl Value for Date {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        const EXPECTED: &str = "a date, without quotes: 2027-12-31";
        let Some(datetime) = value.as_datetime() else { return reader.wrong_type(value, at, EXPECTED) };
        match (datetime.date, datetime.time) {
            (Some(date), None) => Self::new(date.year, date.month, date.day)
                .or_else(|| reader.wrong(at, EXPECTED, "from 1970-01-02 to 9999-12-31")),
            _ => reader.wrong(at, EXPECTED, "whole days only"),
        }
    }
}

/// The value of an option byte: a number, or for a boot address a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A bit, a level or a field.
    Number(u32),
    /// The slot that a boot address is to be of.
    Slot(String),
}

impl Value for Setting {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        match value {
            DeValue::Integer(_) => u32::read(value, at, reader).map(Self::Number),
            DeValue::String(_) => String::read(value, at, reader).map(Self::Slot),
            _ => reader.wrong_type(value, at, "an integer, or for a boot address the name of a slot"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{meant, quantity, three_numbers};

    #[test]
    fn quantities() {
        assert_eq!(quantity("1K"), Some(1024));
        assert_eq!(quantity("2M"), Some(2 * 1024 * 1024));
        for wrong in ["", "K", "1k", "1 K", "+1K", "-1K", "1.5K", "1KB", "5", "4096M", "ΩK"] {
            assert_eq!(quantity(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn versions_as_people_write_them() {
        for (text, right) in [("1.4", "\"1.4.0\""), ("v1.4.2", "\"1.4.2\""), ("7", "\"7.0.0\"")] {
            assert_eq!(three_numbers(text).as_deref(), Some(right), "{text}");
        }
        for unclear in ["", "v", "1.4.2.7", "1.x", "next", "1.4-rc1"] {
            assert_eq!(three_numbers(unclear), None, "{unclear}");
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        for (text, right) in
            [("128 KiB", "\"128K\""), ("64k", "\"64K\""), ("1MB", "\"1M\""), ("4096", "4096"), ("0x8000", "0x8000")]
        {
            assert_eq!(meant(text).as_deref(), Some(right), "{text}");
        }
        for unclear in ["", "K", "1.5K", "12 sectors", "0x", "4096M", "1G", "ΩK", "5000000000"] {
            assert_eq!(meant(unclear), None, "{unclear}");
        }
    }
}
