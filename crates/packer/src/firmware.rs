//! Firmware as segments at addresses, whichever way it comes: ELF, Intel HEX, or BIN, told by content.
//!
//! The three cannot be taken for one another where firmware starts with a vector table: its first word is a stack pointer,
//! which is a multiple of four and lies in RAM (0x1000_0000 to 0x3FFF_FFFF), and none of the texts and magic numbers below
//! reads as such a word.

use std::borrow::Cow;
use std::fmt;

use image_format::Kind;

use crate::elf::{self, ElfError};
use crate::hex::{self, HexError};

/// Bytes that are loaded at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where in the file it comes from: section names, or lines. May be empty.
    pub name: String,
    /// Load address (LMA) of the first byte.
    pub address: u32,
    /// The bytes; never empty.
    pub bytes: Cow<'a, [u8]>,
}

impl Segment<'_> {
    /// The address behind its last byte.
    pub fn end(&self) -> u64 {
        u64::from(self.address) + self.bytes.len() as u64
    }
}

/// How firmware comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An executable, with load addresses and section names.
    Elf,
    /// Intel HEX, with addresses.
    Hex,
    /// The bytes from the payload address on, and nothing else.
    Bin,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF",
            Self::Hex => "HEX",
            Self::Bin => "BIN",
        })
    }
}

/// What a file loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware<'a> {
    /// How it comes.
    pub format: Format,
    /// By ascending address; never empty.
    pub segments: Vec<Segment<'a>>,
}

/// Why a file is no firmware that can be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// An artefact of ours.
    #[error("it is sealed already ({0}): give the firmware that the linker wrote")]
    Sealed(&'static str),
    /// A known format that is none of the three.
    #[error("it is {0}, which is not read: give ELF, Intel HEX or BIN")]
    Foreign(&'static str),
    /// A text that is no Intel HEX.
    #[error("it is a text that does not begin as Intel HEX does, with a colon: give ELF, Intel HEX or BIN")]
    Text,
    /// An ELF file that cannot be loaded.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// A HEX file that cannot be read.
    #[error(transparent)]
    Hex(#[from] HexError),
}

impl InputError {
    /// The line of a text that it is about, from 1 on.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Hex(error) => Some(error.line),
            _ => None,
        }
    }
}

/// Reads firmware. A BIN has no addresses: its first byte goes to `base`.
///
/// # Errors
/// Why the file is no firmware.
pub fn read(file: &[u8], base: u32) -> Result<Firmware<'_>, InputError> {
    if file.is_empty() {
        return Err(InputError::Empty);
    }
    if let Some(kind) = Kind::ALL.into_iter().find(|kind| file.starts_with(&kind.magic())) {
        return Err(InputError::Sealed(name(kind)));
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(magic, _)| file.starts_with(magic)) {
        return Err(InputError::Foreign(what));
    }
    let format = if file.starts_with(elf::MAGIC) {
        Format::Elf
    } else if hex::is_hex(file) {
        Format::Hex
    } else if is_text(file) {
        return Err(InputError::Text);
    } else {
        Format::Bin
    };
    let segments = match format {
        Format::Elf => elf::segments(file)?,
        Format::Hex => hex::segments(file)?,
        Format::Bin => vec![Segment { name: String::new(), address: base, bytes: Cow::Borrowed(file) }],
    };
    Ok(Firmware { format, segments })
}

/// What other files begin with that are handed in by mistake.
const FOREIGN: [(&[u8], &str); 9] = [
    (b"DfuSe", "a DfuSe file (.dfu)"),
    (b"UF2\n", "a UF2 file"),
    (b"S0", "a Motorola S-record file"),
    (b"S1", "a Motorola S-record file"),
    (b"S2", "a Motorola S-record file"),
    (b"S3", "a Motorola S-record file"),
    (b"!<arch>\n", "a library (.a)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"PK\x03\x04", "a ZIP file"),
];

/// Whether a file begins as a text does: with a byte order mark, which makes a stack pointer that is no multiple of four, or with two
/// words of characters, which are no stack pointer and reset vector.
fn is_text(file: &[u8]) -> bool {
    const MARKS: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];
    let is_character = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
    MARKS.iter().any(|mark| file.starts_with(mark)) || file.iter().take(8).all(is_character)
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "an image",
        Kind::Layout => "a layout",
        Kind::Release => "a release",
        Kind::OtpBlob => "an OTP blob",
        Kind::Trust => "a trust set",
    }
}
