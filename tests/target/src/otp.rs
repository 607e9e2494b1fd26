//! What firmware reads of boards: the accessors that `waxseal gen otp-rust` made, over golden memories and broken ones. The same on the
//! host and on a Cortex-M7; the C accessors must say the same, see tests/end-to-end/otp_firmware.rs.

use core::fmt::{self, Write};

use image_format::Memory;
use image_format::otp::{Date, FieldRefusal, Text};

/// What is read of every image, line by line: part, image, function, and the value or the refusal's number.
pub static ANSWERS: &str = include_str!("../../otp/answers.txt");

macro_rules! parts {
    ($($part:ident { $($call:ident),+ $(,)? })+) => {
        $(
            /// The accessors of a part's memory.
            pub mod $part {
                include!(concat!("../../otp/", stringify!($part), "/otp.rs"));
            }
        )+

        /// Calls every accessor of a part, and writes a line for each.
        ///
        /// # Errors
        /// Those of the writer, or a part that there is none of.
        pub fn read(part: &str, image: &str, memory: &Memory<'_>, out: &mut impl Write) -> fmt::Result {
            match part {
                $(stringify!($part) => {
                    $(line(part, image, stringify!($call), &$part::$call(&mut memory.clone()), out)?;)+
                    Ok(())
                })+
                _ => Err(fmt::Error),
            }
        }

        /// The golden memory of each part: a board after its last stage, without locks.
        pub static DUMPS: &[(&str, &[u8])] = &[
            $((stringify!($part), include_bytes!(concat!("../../otp/", stringify!($part), "/dump.bin")))),+
        ];
    };
}

parts! {
    f746 {
        read_serial, read_revision, read_mac, read_made, read_format, check_identity_crc, read_trust, read_rollback,
    }
    f722 {
        read_serial, read_color, read_phases, read_id, read_limit, read_gain, read_offset, check_calibration_crc,
        read_repairs,
    }
    l476 { read_serial, read_format, read_limit, read_token, check_line_crc, read_address, read_rollback }
    h7a3 {
        read_serial, read_mode, read_revision, read_made, read_batch, read_codes, check_line_crc, read_rollback,
    }
    u575 { read_serial, check_serial_crc, read_trust, read_variant, read_mac, read_rollback }
}

/// A board whose memory is not as the line left it.
pub struct Broken {
    /// The part.
    pub part: &'static str,
    /// What is wrong with it.
    pub name: &'static str,
    /// Bytes that differ from the golden memory's.
    pub bytes: &'static [(usize, u8)],
    /// An offset that cannot be read.
    pub fault: Option<u32>,
}

const fn broken(part: &'static str, name: &'static str, bytes: &'static [(usize, u8)]) -> Broken {
    Broken { part, name, bytes, fault: None }
}

const fn torn(part: &'static str, name: &'static str, fault: u32) -> Broken {
    Broken { part, name, bytes: &[], fault: Some(fault) }
}

/// Named by their failure.
pub static BROKEN: &[Broken] = &[
    broken("f746", "serial-lost-a-bit", &[(0x02, 0x22)]),
    broken("f746", "sum-never-programmed", &[(0x3C, 0xFF), (0x3D, 0xFF), (0x3E, 0xFF), (0x3F, 0xFF)]),
    broken("f746", "key-hash-lost-a-byte", &[(0x45, 0x00)]),
    broken("f746", "three-steps-one-half-done", &[(0x80, 0), (0x81, 0), (0x82, 0x07), (0x83, 0xF0)]),
    broken("f722", "color-of-no-word", &[(0x0A, 0x03)]),
    broken("f722", "first-copy-lost", &[(0x40, 0x00)]),
    broken("f722", "copies-differ", &[(0x40, 0x00), (0x44, 0x08)]),
    broken("f722", "complement-lost-a-bit", &[(0x75, 0x7F)]),
    broken("f722", "a-number-lost-a-bit", &[(0x60, 0x00)]),
    torn("l476", "token-torn", 0x38),
    torn("l476", "counter-torn", 0x80),
    broken("l476", "serial-lost-a-byte", &[(0x00, 0x00)]),
    broken("h7a3", "no-such-month", &[(0x10, 13)]),
    broken("h7a3", "sum-lost-its-complement", &[(0xA7, 0x00)]),
    torn("h7a3", "revision-torn", 0x0C),
    broken("u575", "variant-of-no-word", &[(0x51, 3)]),
    broken(
        "u575",
        "serial-and-sum-never-programmed",
        &[
            (0, 0xFF),
            (1, 0xFF),
            (2, 0xFF),
            (3, 0xFF),
            (4, 0xFF),
            (5, 0xFF),
            (6, 0xFF),
            (7, 0xFF),
            (8, 0xFF),
            (9, 0xFF),
            (10, 0xFF),
            (11, 0xFF),
            (12, 0xFF),
            (13, 0xFF),
            (14, 0xFF),
            (15, 0xFF),
        ],
    ),
    torn("u575", "counter-torn-behind-a-gap", 0x12F),
];

/// The largest memory.
const LARGEST: usize = 1024;

/// Reads every image: golden memories, blank ones, broken ones.
///
/// # Errors
/// Those of the writer.
pub fn read_all(out: &mut impl Write) -> fmt::Result {
    for (part, dump) in DUMPS {
        read(part, "done", &Memory::file(dump), out)?;
        let blank = [0xFF; LARGEST];
        read(part, "blank", &Memory::file(blank.get(..dump.len()).unwrap_or_default()), out)?;
    }
    for Broken { part, name, bytes, fault } in BROKEN {
        let (_, dump) = DUMPS.iter().find(|(known, _)| known == part).ok_or(fmt::Error)?;
        let mut image = [0xFF; LARGEST];
        let image = image.get_mut(..dump.len()).ok_or(fmt::Error)?;
        image.copy_from_slice(dump);
        for (at, value) in *bytes {
            *image.get_mut(*at).ok_or(fmt::Error)? = *value;
        }
        let memory = Memory::file(image);
        read(part, name, &fault.map_or(memory, |offset| memory.unreadable_at(offset)), out)?;
    }
    Ok(())
}

fn line<T: Show>(
    part: &str,
    image: &str,
    call: &str,
    value: &Result<T, FieldRefusal>,
    out: &mut impl Write,
) -> fmt::Result {
    write!(out, "{part} {image} {call} ")?;
    match value {
        Ok(value) => value.show(out)?,
        Err(refusal) => write!(out, "refused {}", refusal.number())?,
    }
    writeln!(out)
}

/// A value as the lines have it.
trait Show {
    fn show(&self, out: &mut impl Write) -> fmt::Result;
}

macro_rules! shown {
    ($($kind:ty: |$value:ident, $out:ident| $body:expr;)+) => {
        $(impl Show for $kind {
            fn show(&self, $out: &mut impl Write) -> fmt::Result {
                let $value = self;
                $body
            }
        })+
    };
}

shown! {
    u8: |value, out| write!(out, "{value}");
    u16: |value, out| write!(out, "{value}");
    u32: |value, out| write!(out, "{value}");
    u64: |value, out| write!(out, "{value}");
    (): |_value, out| out.write_str("right");
    Date: |value, out| write!(out, "{}-{}-{}", value.year, value.month, value.day);
    f722::ColorWord: |value, out| write!(out, "{}", *value as u8);
    u575::VariantWord: |value, out| write!(out, "{}", *value as u8);
}

impl<const N: usize> Show for Text<N> {
    fn show(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Bytes in hexadecimal.
impl<const N: usize> Show for [u8; N] {
    fn show(&self, out: &mut impl Write) -> fmt::Result {
        self.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// Several values with a comma between them.
fn several<T: Show>(values: &[T], out: &mut impl Write) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        out.write_str(if index > 0 { "," } else { "" })?;
        value.show(out)?;
    }
    Ok(())
}

impl<const L: usize, const N: usize> Show for [[u8; L]; N] {
    fn show(&self, out: &mut impl Write) -> fmt::Result {
        several(self, out)
    }
}

macro_rules! lists {
    ($($kind:ty),+) => {
        $(impl<const N: usize> Show for [$kind; N] {
            fn show(&self, out: &mut impl Write) -> fmt::Result {
                several(self, out)
            }
        })+
    };
}

lists!(u16, Date, u575::VariantWord);

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::String;

    use super::{ANSWERS, read_all};

    /// `UPDATE_GOLDEN=1` writes the lines anew: read them then.
    #[test]
    fn every_image_reads_as_written_down() {
        let mut lines = String::new();
        read_all(&mut lines).expect("a string takes everything");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/../otp/answers.txt"), &lines).expect("written");
            return;
        }
        assert!(lines == ANSWERS, "UPDATE_GOLDEN=1 writes what is read now:\n{lines}");
    }

    /// Every refusal that an accessor can give is given.
    #[test]
    fn every_refusal_has_an_image() {
        for code in [803, 804, 805, 806, 807, 809] {
            assert!(ANSWERS.contains(&std::format!("refused {code}\n")), "{code}");
        }
    }
}
