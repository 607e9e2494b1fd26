//! Intel HEX: firmware out of it, and files with addresses.
//!
//! A record is read by the crate `ihex`. Lines and addresses are ours, for what real files do: lower-case digits, CRLF,
//! blanks at line ends, empty lines, a type 04 before every record, start addresses (types 03 and 05), several files one
//! behind the other. No gap is ever filled here: two records 100 MB apart are two segments of their own size.

mod write;

use std::borrow::Cow;

use geometry::sort::sort_by_key;
use ihex::{ReaderError, Record};

use crate::firmware::Segment;

pub use write::write;

/// What is wrong with a HEX file, and in which line, from 1 on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct HexError {
    /// The line.
    pub line: usize,
    /// What is wrong in it.
    pub problem: HexProblem,
}

/// What is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexProblem {
    /// The line does not begin with a colon, or has other characters than hex digits.
    #[error("not a HEX record")]
    NotARecord,
    /// The record is shorter or longer than it says.
    #[error("the record is cut off or too long: its first byte does not say how many bytes it has")]
    Length,
    /// The checksum is wrong.
    #[error("bad checksum: 0x{found:02X}, and the record's bytes give 0x{expected:02X}: the file is damaged")]
    Checksum {
        /// What the bytes give.
        expected: u8,
        /// What the record has.
        found: u8,
    },
    /// A type that there is not.
    #[error("record type {0:02X}, which there is not")]
    Type(u8),
    /// The address runs out of its range.
    #[error("the record's bytes go beyond the end of the address range")]
    Address,
    /// The file ends without an end record.
    #[error("the file ends here without an end record (:00000001FF): it is cut off")]
    NoEnd,
    /// There is no data.
    #[error("the file ends here and has no data")]
    NoData,
}

/// Whether a file begins as HEX does. No raw firmware does: a colon, or blanks and line ends, make a stack pointer that
/// lies in no RAM or is no multiple of four.
pub fn is_hex(file: &[u8]) -> bool {
    let text = file.trim_ascii_start();
    matches!(text, [b':', digit, ..] if digit.is_ascii_hexdigit())
}

/// The data by ascending address: neighbouring records of neighbouring lines are one segment.
///
/// # Errors
/// The first line that is wrong.
pub fn segments(file: &[u8]) -> Result<Vec<Segment<'static>>, HexError> {
    let mut runs: Vec<Data> = Vec::new();
    let mut base = Base::Linear(0);
    let mut ended = false;
    let mut last = 1;
    for (index, text) in file.split(|byte| *byte == b'\n').enumerate() {
        let text = text.trim_ascii();
        let line = index + 1;
        // Ctrl-Z ends a text on DOS, and some tools still write it.
        if text.is_empty() || text == b"\x1a" {
            continue;
        }
        last = line;
        let wrong = |problem| HexError { line, problem };
        let text = str::from_utf8(text).map_err(|_| wrong(HexProblem::NotARecord))?;
        let record = Record::from_record_string(text).map_err(|error| wrong(problem(&error)))?;
        ended = false;
        match record {
            Record::Data { offset, value } if !value.is_empty() => {
                let address = base.address(offset, value.len()).ok_or_else(|| wrong(HexProblem::Address))?;
                match runs.last_mut().filter(|run| run.end() == u64::from(address)) {
                    Some(run) => run.append(&value, line),
                    None => runs.push(Data { address, bytes: value, lines: (line, line) }),
                }
            }
            Record::Data { .. } | Record::StartSegmentAddress { .. } | Record::StartLinearAddress(_) => {}
            Record::ExtendedLinearAddress(upper) => base = Base::Linear(upper),
            Record::ExtendedSegmentAddress(paragraph) => base = Base::Segment(paragraph),
            Record::EndOfFile => {
                // What follows is another file, appended to this one: it begins at address 0 again.
                base = Base::Linear(0);
                ended = true;
            }
        }
    }
    let at_end = |problem| HexError { line: last, problem };
    if !ended {
        return Err(at_end(HexProblem::NoEnd));
    }
    if runs.is_empty() {
        return Err(at_end(HexProblem::NoData));
    }
    sort_by_key(&mut runs, |run| run.address);
    Ok(runs.into_iter().map(Data::into_segment).collect())
}

/// What offsets of data records count from.
#[derive(Clone, Copy)]
enum Base {
    /// The upper half of an address.
    Linear(u16),
    /// A number of 16 bytes.
    Segment(u16),
}

impl Base {
    /// The address of a record's first byte; `None` if its last one lies beyond the range.
    fn address(self, offset: u16, length: usize) -> Option<u32> {
        let (start, end) = match self {
            Self::Linear(upper) => (u32::from(upper) << 16, u64::from(u32::MAX)),
            // A segment is 64 KiB, and offsets in it wrap: nobody means that.
            Self::Segment(paragraph) => (u32::from(paragraph) << 4, (u64::from(paragraph) << 4) + 0xFFFF),
        };
        let first = start.checked_add(offset.into())?;
        (u64::from(first) + length as u64 - 1 <= end).then_some(first)
    }
}

struct Data {
    address: u32,
    bytes: Vec<u8>,
    lines: (usize, usize),
}

impl Data {
    fn end(&self) -> u64 {
        u64::from(self.address) + self.bytes.len() as u64
    }

    fn append(&mut self, bytes: &[u8], line: usize) {
        self.bytes.extend_from_slice(bytes);
        self.lines.1 = line;
    }

    fn into_segment(self) -> Segment<'static> {
        let name = match self.lines {
            (first, last) if first == last => format!("line {first}"),
            (first, last) => format!("lines {first} to {last}"),
        };
        Segment { name, address: self.address, bytes: Cow::Owned(self.bytes) }
    }
}

fn problem(error: &ReaderError) -> HexProblem {
    match *error {
        ReaderError::MissingStartCode | ReaderError::ContainsInvalidCharacters => HexProblem::NotARecord,
        ReaderError::RecordTooShort
        | ReaderError::RecordTooLong
        | ReaderError::RecordNotEvenLength
        | ReaderError::PayloadLengthMismatch
        | ReaderError::InvalidLengthForType => HexProblem::Length,
        ReaderError::ChecksumMismatch(expected, found) => HexProblem::Checksum { expected, found },
        ReaderError::UnsupportedRecordType(number) => HexProblem::Type(number),
    }
}
