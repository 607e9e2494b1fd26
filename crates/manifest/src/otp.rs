//! Values of one-time-programmable memory as people write them, and where a field has room.

use image_format::otp::FieldKind;
use uuid::Uuid;

use crate::names;
use crate::plan::otp::{Field, Otp};

mod place;

pub use place::{free, place, spent};

/// What a text means, beside its type.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// What it is to be.
    pub kind: FieldKind,
    /// Bytes of one value.
    pub length: u32,
    /// Number of values, parted by blanks.
    pub count: u16,
    /// The words of an enum.
    pub words: &'a [(String, u8)],
    /// The hardware revisions that there are; empty: any.
    pub revisions: &'a [[u8; 4]],
}

impl Form<'_> {
    /// The bytes of a text, all values one behind the other.
    ///
    /// # Errors
    /// What it should be instead.
    pub fn parse(&self, text: &str) -> Result<Vec<u8>, String> {
        if self.count == 1 {
            return self.one(text);
        }
        let values: Vec<&str> = text.split_whitespace().collect();
        if values.len() != usize::from(self.count) {
            return Err(format!("{} values, and {} are wanted, parted by blanks", values.len(), self.count));
        }
        values.into_iter().map(|value| self.one(value)).collect::<Result<Vec<_>, _>>().map(|values| values.concat())
    }

    fn one(&self, text: &str) -> Result<Vec<u8>, String> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        match self.kind {
            FieldKind::U8 | FieldKind::U16 | FieldKind::U32 | FieldKind::U64 => {
                let number = number(text).ok_or("no number: decimal digits, or 0x and hexadecimal ones")?;
                from_number(self.kind, number).ok_or_else(|| format!("{number} does not fit into {length} bytes"))
            }
            FieldKind::Ascii => ascii(text, length),
            FieldKind::Bytes | FieldKind::Sha256 | FieldKind::KeyHash => hex(text, length),
            FieldKind::Eui48 | FieldKind::Eui64 => groups(text, length).ok_or_else(|| {
                let example = if length == 6 { "00:00:5E:00:53:00" } else { "00:00:5E:00:53:00:00:01" };
                format!("no address of {length} bytes such as {example}")
            }),
            FieldKind::Uuid => Uuid::try_parse(text)
                .map(|uuid| uuid.into_bytes().to_vec())
                .map_err(|_| "no UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8".into()),
            FieldKind::Date => date(text).ok_or_else(|| "no day: a day is written 2026-11-19".into()),
            FieldKind::Enum => self.word(text),
            FieldKind::Revision => self.revision(text),
            FieldKind::Counter | FieldKind::Crc32 | FieldKind::OtpVersion => Err("nobody writes it".into()),
        }
    }

    fn word(&self, text: &str) -> Result<Vec<u8>, String> {
        let known = self.words.iter().find(|(word, _)| word == text).map(|(_, number)| vec![*number]);
        known.ok_or_else(|| format!("must be {}", names::list(self.words.iter().map(|(word, _)| word.as_str()), "or")))
    }

    fn revision(&self, text: &str) -> Result<Vec<u8>, String> {
        let mut padded = [0; 4];
        padded.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        if text.len() > padded.len() || !image_format::record::is_revision(&padded) {
            return Err("a revision is 1 to 4 printable ASCII characters".into());
        }
        if !self.revisions.is_empty() && !self.revisions.contains(&padded) {
            let known: Vec<String> = self.revisions.iter().map(|revision| trimmed(revision)).collect();
            return Err(format!("product.revisions has {}", names::list(known.iter().map(String::as_str), "and")));
        }
        Ok(padded.to_vec())
    }
}

/// What the bytes of a field say to people: its values, parted by blanks. Bytes that are none of its type's are shown in hex.
pub fn show(field: &Field, bytes: &[u8]) -> String {
    let length = usize::try_from(field.length).unwrap_or(usize::MAX).max(1);
    bytes.chunks(length).map(|value| show_one(field, value)).collect::<Vec<_>>().join(" ")
}

fn show_one(field: &Field, value: &[u8]) -> String {
    let plain = || hex::encode(value);
    let little = || value.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    match field.kind.value {
        FieldKind::U8 | FieldKind::U16 | FieldKind::U32 | FieldKind::U64 | FieldKind::OtpVersion => {
            little().to_string()
        }
        FieldKind::Ascii | FieldKind::Revision if is_ascii(value) => trimmed(value),
        FieldKind::Eui48 | FieldKind::Eui64 => {
            value.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
        }
        FieldKind::Uuid => Uuid::from_slice(value).map_or_else(|_| plain(), |uuid| uuid.to_string()),
        FieldKind::Date => match value {
            [low, high, month @ 1..=12, day @ 1..=31] => {
                format!("{:04}-{month:02}-{day:02}", u16::from_le_bytes([*low, *high]))
            }
            _ => plain(),
        },
        FieldKind::Enum => {
            let word = field.words.iter().find(|(_, number)| value == [*number]);
            word.map_or_else(plain, |(word, _)| word.clone())
        }
        FieldKind::Crc32 => format!("{:08X}", little()),
        _ => plain(),
    }
}

/// Whether these are printable characters, then zeros.
fn is_ascii(value: &[u8]) -> bool {
    let printable = value.iter().take_while(|byte| matches!(byte, 0x20..=0x7E)).count();
    printable > 0 && value.iter().skip(printable).all(|byte| *byte == 0)
}

fn trimmed(value: &[u8]) -> String {
    value.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

/// A number as people write it: decimal, or hexadecimal behind 0x.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    // `from_str_radix` would take a sign.
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

/// A number in a type's bytes, if it fits.
pub fn from_number(kind: FieldKind, number: u64) -> Option<Vec<u8>> {
    let size = usize::try_from(kind.size()?).ok()?;
    let bytes = match kind {
        FieldKind::Eui48 | FieldKind::Eui64 => number.to_be_bytes(),
        _ => number.to_le_bytes(),
    };
    let (value, rest) = match kind {
        FieldKind::Eui48 | FieldKind::Eui64 => {
            bytes.split_at_checked(bytes.len() - size).map(|(rest, value)| (value, rest))?
        }
        _ => bytes.split_at_checked(size)?,
    };
    rest.iter().all(|byte| *byte == 0).then(|| value.to_vec())
}

/// The number of a range's end, and how it is written: eui48, eui64, or u64 for a plain number.
pub fn end_of_range(text: &str) -> Option<(u64, FieldKind)> {
    let big = |bytes: Vec<u8>| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    let address = |kind: FieldKind, length| groups(text, length).map(|bytes| (big(bytes), kind));
    let plain = || number(text).map(|number| (number, FieldKind::U64));
    address(FieldKind::Eui48, 6).or_else(|| address(FieldKind::Eui64, 8)).or_else(plain)
}

/// The number of a value of such a type.
pub fn to_number(kind: FieldKind, value: &[u8]) -> u64 {
    let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match kind {
        FieldKind::Eui48 | FieldKind::Eui64 => value.iter().fold(0, add),
        _ => value.iter().rev().fold(0, add),
    }
}

fn ascii(text: &str, length: usize) -> Result<Vec<u8>, String> {
    if text.len() > length {
        return Err(format!("{} characters, and there is room for {length}", text.chars().count()));
    }
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, 0);
    if is_ascii(&bytes) { Ok(bytes) } else { Err("printable ASCII characters only, and one at least".into()) }
}

fn hex(text: &str, length: usize) -> Result<Vec<u8>, String> {
    let digits = text.as_bytes();
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        digits.and_then(|digits| u8::from_str_radix(digits, 16).ok())
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    let bytes = bytes.filter(|_| digits.len().is_multiple_of(2)).ok_or("no hexadecimal digits in pairs")?;
    if bytes.len() == length { Ok(bytes) } else { Err(format!("{} bytes, and {length} are wanted", bytes.len())) }
}

/// Pairs of hexadecimal digits with colons or dashes between them.
fn groups(text: &str, length: usize) -> Option<Vec<u8>> {
    let parting = if text.contains(':') { ':' } else { '-' };
    let pair = |pair: &str| {
        let plain = pair.len() == 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        plain.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
    };
    let bytes = text.split(parting).map(pair).collect::<Option<Vec<u8>>>()?;
    (bytes.len() == length).then_some(bytes)
}

/// A day of the Gregorian calendar, as ISO 8601 writes it.
fn date(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('-').zip([4, 2, 2]).map(|(part, digits)| {
        let plain = part.len() == digits && part.bytes().all(|digit| digit.is_ascii_digit());
        plain.then(|| part.parse::<u16>().ok()).flatten()
    });
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    let fits = year > 0 && (1..=days).contains(&day) && text.len() == 10;
    let [low, high] = year.to_le_bytes();
    fits.then(|| vec![low, high, month.to_le_bytes()[0], day.to_le_bytes()[0]])
}

/// How a field's texts are written.
pub fn form<'a>(field: &'a Field, revisions: &'a [[u8; 4]]) -> Form<'a> {
    Form { kind: field.kind.value, length: field.length, count: field.count, words: &field.words, revisions }
}

/// `0x80`, as manifests write offsets.
pub fn offset(at: u32) -> String {
    format!("0x{at:02X}")
}

/// The addresses of a block of this memory.
pub fn block_range(otp: &Otp, block: u32) -> Option<std::ops::Range<u32>> {
    let size = otp.memory.block?;
    let start = otp.address(block.checked_mul(size)?);
    Some(start..start.checked_add(size)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: FieldKind, length: u32, text: &str) -> Result<Vec<u8>, String> {
        let words = [("red".to_owned(), 1), ("green".to_owned(), 7)];
        let length = kind.size().unwrap_or(length);
        Form { kind, length, count: 1, words: &words, revisions: &[*b"B\0\0\0"] }.parse(text)
    }

    #[test]
    fn values_of_every_type() {
        for (kind, text, bytes) in [
            (FieldKind::U8, "255", vec![255]),
            (FieldKind::U16, "0x102", vec![2, 1]),
            (FieldKind::U32, "1", vec![1, 0, 0, 0]),
            (FieldKind::U64, "18446744073709551615", vec![255; 8]),
            (FieldKind::Ascii, "AB", vec![b'A', b'B', 0]),
            (FieldKind::Bytes, "00fFa0", vec![0, 255, 160]),
            (FieldKind::Eui48, "00:00:5E:00:53:ff", vec![0, 0, 0x5E, 0, 0x53, 255]),
            (FieldKind::Eui64, "00-00-5E-00-53-00-00-01", vec![0, 0, 0x5E, 0, 0x53, 0, 0, 1]),
            (FieldKind::Date, "2024-02-29", vec![0xE8, 7, 2, 29]),
            (FieldKind::Enum, "green", vec![7]),
            (FieldKind::Revision, "B", vec![b'B', 0, 0, 0]),
        ] {
            assert_eq!(parse(kind, 3, text), Ok(bytes), "{kind:?} {text}");
        }
        assert_eq!(parse(FieldKind::Uuid, 0, "6ba7b810-9dad-11d1-80b4-00c04fd430c8").map(|bytes| bytes[0]), Ok(0x6B));
        assert_eq!(parse(FieldKind::Sha256, 0, &"ab".repeat(32)), Ok(vec![0xAB; 32]));
    }

    #[test]
    fn texts_that_are_no_value() {
        for (kind, texts) in [
            (FieldKind::U8, ["256", "-1", "+1", "", "1.0", "0xG"].as_slice()),
            (FieldKind::Ascii, &["", "ABCD", "\t", "ä"]),
            (FieldKind::Bytes, &["00", "0", "00ff0", "+0ff00", "zz0000"]),
            (FieldKind::Eui48, &["00:00:5E:00:53", "00:00:5E:00:53:0", "00:00:5E:00:53:000", "00-00:5E:00:53:00", "0"]),
            (
                FieldKind::Date,
                &["2023-02-29", "2026-13-01", "2026-1-1", "2026-01-00", "26-01-01", "2026-01-01x", "0000-01-01"],
            ),
            (FieldKind::Enum, &["blue", ""]),
            (FieldKind::Revision, &["C", "BBBBB", ""]),
            (FieldKind::Uuid, &["6ba7b810", ""]),
            (FieldKind::Counter, &["1"]),
        ] {
            for text in texts {
                assert!(parse(kind, 3, text).is_err(), "{kind:?} {text:?}");
            }
        }
    }

    #[test]
    fn several_values_are_parted_by_blanks() {
        let form = Form { kind: FieldKind::U8, length: 1, count: 2, words: &[], revisions: &[] };
        assert_eq!(form.parse(" 1  2 "), Ok(vec![1, 2]));
        assert!(form.parse("1").is_err() && form.parse("1 2 3").is_err());
    }

    #[test]
    fn numbers_and_their_bytes() {
        for kind in [FieldKind::U8, FieldKind::U16, FieldKind::U32, FieldKind::U64, FieldKind::Eui48, FieldKind::Eui64]
        {
            let bytes = from_number(kind, 0xA5).unwrap_or_default();
            assert_eq!((bytes.len(), to_number(kind, &bytes)), (kind.size().unwrap_or(0) as usize, 0xA5), "{kind:?}");
        }
        assert_eq!(from_number(FieldKind::U8, 256), None);
        assert_eq!(from_number(FieldKind::Eui48, 1 << 48), None);
        assert_eq!(end_of_range("00:00:5E:00:53:FF"), Some((0x5E_0053FF, FieldKind::Eui48)));
        assert_eq!(end_of_range("100"), Some((100, FieldKind::U64)));
        assert_eq!(end_of_range("A100"), None);
    }
}
