// One-time-programmable memory of STM32H7A3ZI. Made by `waxseal gen otp-rust h7a3.toml`: change the manifest, not this file.
// A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
// Offsets are counted from the memory's first byte.
// Needs the crate image-format.
// A unit that a power cut tore may fault when it is read: whoever reads must come back with that.

// Memory.

/// Order code.
pub const OTP_PART: &str = "STM32H7A3ZI";
/// Address of its first byte.
pub const OTP_ADDRESS: u32 = 0x08FF_F000;
/// Bytes, without locks.
pub const OTP_SIZE: u32 = 1024;
/// Bytes that are programmed together, once; 1: any bit can be cleared later.
pub const OTP_UNIT: u32 = 2;
/// Version of the field list.
pub const OTP_VERSION: u32 = 1;
/// Fingerprint of the layout (SHA-256), as a board's sealed blob has it.
pub const OTP_FINGERPRINT: [u8; 32] = [
    0x1D, 0xAA, 0x1D, 0x26, 0x90, 0x88, 0x63, 0x25, 0x5D, 0xC7, 0x8D, 0x09,
    0x64, 0xDC, 0xF9, 0xCC, 0x8E, 0xB6, 0x3B, 0xCE, 0xF9, 0x77, 0xEB, 0x8C,
    0x87, 0xFF, 0x86, 0x61, 0x60, 0x89, 0x12, 0x57,
];
/// Which field lies where, as image-format reads it.
pub const OTP_LAYOUT: [u8; 158] = [
    0x01, 0x00, 0x01, 0x00, 0x00, 0xF0, 0xFF, 0x08, 0x00, 0x04, 0x00, 0x00,
    0x02, 0x00, 0x40, 0x00, 0x08, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x01, 0x00, 0x09, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x0E, 0x00, 0x01, 0x00, 0x0A, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0C, 0x00, 0x01, 0x00,
    0x0E, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x0A, 0x00, 0x01, 0x00, 0x40, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x03, 0x00, 0x60, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x10, 0x01, 0x01, 0x00,
    0xA0, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x05, 0x00,
    0x05, 0x00, 0x00, 0x00, 0x01, 0x00, 0x02, 0x00, 0x04, 0x00, 0x0F, 0x00,
    0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x60, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00,
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

/// `serial`: ascii. 9 bytes at offset 0x00, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_serial(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Text<9>, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_SERIAL, memory, image_format::otp::Text::new)?;
    Ok(value)
}

/// Number of the field `mode` in the layout.
pub const FIELD_MODE: usize = 1;

/// `mode`: u8. 1 bytes at offset 0x09, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_mode(
    memory: &mut impl image_format::ReadAt,
) -> Result<u8, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_MODE, memory)?;
    Ok(u8::from_le_bytes(value))
}

/// Number of the field `revision` in the layout.
pub const FIELD_REVISION: usize = 2;

/// `revision`: revision. 4 bytes at offset 0x0A, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_revision(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::Revision, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_REVISION, memory, |bytes| image_format::record::is_revision(&bytes).then_some(bytes))?;
    Ok(value)
}

/// Number of the field `made` in the layout.
pub const FIELD_MADE: usize = 3;

/// `made`: 2 values of type date. 8 bytes at offset 0x0E, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_made(
    memory: &mut impl image_format::ReadAt,
) -> Result<[image_format::otp::Date; 2], image_format::otp::FieldRefusal> {
    layout()?.values(FIELD_MADE, memory, image_format::otp::Date::new)
}

/// Number of the field `batch` in the layout.
pub const FIELD_BATCH: usize = 4;

/// `batch`: sha256. 32 bytes at offset 0x40, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_batch(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 32], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_BATCH, memory)?;
    Ok(value)
}

/// Number of the field `codes` in the layout.
pub const FIELD_CODES: usize = 5;

/// `codes`: 2 values of type u16. 4 bytes at offset 0x60, three times, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_codes(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u16; 2], image_format::otp::FieldRefusal> {
    Ok(layout()?.bytes(FIELD_CODES, memory)?.map(u16::from_le_bytes))
}

/// Number of the field `line-crc` in the layout.
pub const FIELD_LINE_CRC: usize = 6;

/// `line-crc`: whether the sum is right over codes, serial, mode, revision, batch. 4 bytes at offset 0xA0 and its complement, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_line_crc(
    memory: &mut impl image_format::ReadAt,
) -> Result<(), image_format::otp::FieldRefusal> {
    layout()?.check_sum(FIELD_LINE_CRC, memory)
}

/// Number of the field `rollback` in the layout.
pub const FIELD_ROLLBACK: usize = 7;

/// `rollback`: how far the counter got, of 48 steps. 96 bytes at offset 0x100, programmed in the field.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_rollback(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    layout()?.counter(FIELD_ROLLBACK, memory)
}
