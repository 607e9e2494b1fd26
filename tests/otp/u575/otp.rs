// One-time-programmable memory of STM32U575ZI. Made by `waxseal gen otp-rust u575.toml`: change the manifest, not this file.
// A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
// Offsets are counted from the memory's first byte.
// Needs the crate image-format.
// A unit that a power cut tore may fault when it is read: whoever reads must come back with that.

// Memory.

/// Order code.
pub const OTP_PART: &str = "STM32U575ZI";
/// Address of its first byte.
pub const OTP_ADDRESS: u32 = 0x0BFA_0000;
/// Bytes, without locks.
pub const OTP_SIZE: u32 = 512;
/// Bytes that are programmed together, once; 1: any bit can be cleared later.
pub const OTP_UNIT: u32 = 16;
/// Version of the field list.
pub const OTP_VERSION: u32 = 2;
/// Fingerprint of the layout (SHA-256), as a board's sealed blob has it.
pub const OTP_FINGERPRINT: [u8; 32] = [
    0xAB, 0xAF, 0xAB, 0xDF, 0x91, 0x3C, 0x03, 0x3A, 0xC2, 0xB1, 0x10, 0x45,
    0xA3, 0xE6, 0xEB, 0xC3, 0xC3, 0xF2, 0x09, 0x16, 0xE3, 0x3A, 0x01, 0x64,
    0x7A, 0x93, 0xF3, 0x21, 0xA7, 0xD9, 0xA2, 0x58,
];
/// Which field lies where, as image-format reads it.
pub const OTP_LAYOUT: [u8; 118] = [
    0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0xFA, 0x0B, 0x00, 0x02, 0x00, 0x00,
    0x10, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0C, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x10, 0x00, 0x01, 0x00, 0x0C, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0B, 0x01, 0x01, 0x00, 0x10, 0x00,
    0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0D, 0x00,
    0x01, 0x00, 0x50, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00,
    0x00, 0x00, 0x07, 0x00, 0x01, 0x00, 0x52, 0x00, 0x00, 0x00, 0x06, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0F, 0x00, 0x01, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
];

/// The layout of this memory.
///
/// # Errors
/// Never, as long as nobody changes this file.
pub fn layout() -> Result<image_format::otp::OtpLayout<'static>, image_format::otp::FieldRefusal> {
    image_format::otp::OtpLayout::parse(&OTP_LAYOUT)
}

/// Number of the field `serial` in the layout.
pub const FIELD_SERIAL: usize = 0;

/// `serial`: ascii. 12 bytes at offset 0x00, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_serial(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Text<12>, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_SERIAL, memory, image_format::otp::Text::new)?;
    Ok(value)
}

/// Number of the field `serial-crc` in the layout.
pub const FIELD_SERIAL_CRC: usize = 1;

/// `serial-crc`: whether the sum is right over serial. 4 bytes at offset 0x0C, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_serial_crc(
    memory: &mut impl image_format::ReadAt,
) -> Result<(), image_format::otp::FieldRefusal> {
    layout()?.check_sum(FIELD_SERIAL_CRC, memory)
}

/// Number of the field `trust` in the layout.
pub const FIELD_TRUST: usize = 2;

/// `trust`: key-hash. 32 bytes at offset 0x10 and its complement, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_trust(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 32], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_TRUST, memory)?;
    Ok(value)
}

/// Number of the field `variant` in the layout.
pub const FIELD_VARIANT: usize = 3;

/// A word of `variant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum VariantWord {
    /// `2-layer`.
    Word2Layer = 2,
    /// `4-layer`.
    Word4Layer = 4,
    /// `none`.
    None = 0,
}

impl VariantWord {
    /// The word of a number.
    #[must_use]
    pub const fn new([number]: [u8; 1]) -> Option<Self> {
        match number {
            2 => Some(Self::Word2Layer),
            4 => Some(Self::Word4Layer),
            0 => Some(Self::None),
            _ => None,
        }
    }
}

/// `variant`: 2 values of type enum. 2 bytes at offset 0x50, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_variant(
    memory: &mut impl image_format::ReadAt,
) -> Result<[VariantWord; 2], image_format::otp::FieldRefusal> {
    layout()?.values(FIELD_VARIANT, memory, VariantWord::new)
}

/// Number of the field `mac` in the layout.
pub const FIELD_MAC: usize = 4;

/// `mac`: eui48. 6 bytes at offset 0x52, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_mac(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 6], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_MAC, memory)?;
    Ok(value)
}

/// Number of the field `rollback` in the layout.
pub const FIELD_ROLLBACK: usize = 5;

/// `rollback`: how far the counter got, of 16 steps. 256 bytes at offset 0x100, programmed in the field.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_rollback(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    layout()?.counter(FIELD_ROLLBACK, memory)
}
