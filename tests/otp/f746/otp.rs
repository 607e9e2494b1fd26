// One-time-programmable memory of STM32F746VG. Made by `waxseal gen otp-rust r3.toml`: change the manifest, not this file.
// A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
// Offsets are counted from the memory's first byte.
// Needs the crate image-format.

// Memory.

/// Order code.
pub const OTP_PART: &str = "STM32F746VG";
/// Address of its first byte.
pub const OTP_ADDRESS: u32 = 0x1FF0_F000;
/// Bytes, without locks.
pub const OTP_SIZE: u32 = 1024;
/// Bytes that are programmed together, once; 1: any bit can be cleared later.
pub const OTP_UNIT: u32 = 1;
/// Version of the field list.
pub const OTP_VERSION: u32 = 1;
/// Fingerprint of the layout (SHA-256), as a board's sealed blob has it.
pub const OTP_FINGERPRINT: [u8; 32] = [
    0x23, 0x46, 0xEC, 0x1E, 0x42, 0xD4, 0xBB, 0x75, 0x5B, 0xE8, 0x48, 0x83,
    0xA1, 0xFD, 0x3C, 0x24, 0x54, 0x5A, 0x52, 0xE8, 0x8E, 0x9A, 0x7A, 0x88,
    0x2C, 0x9A, 0xFE, 0x58, 0xDD, 0x7B, 0x3E, 0xEB,
];
/// Which field lies where, as image-format reads it.
pub const OTP_LAYOUT: [u8; 158] = [
    0x01, 0x00, 0x01, 0x00, 0x00, 0xF0, 0xF0, 0x1F, 0x00, 0x04, 0x00, 0x00,
    0x01, 0x00, 0x40, 0x00, 0x08, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0C, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x0E, 0x00, 0x01, 0x00, 0x0C, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x07, 0x00, 0x01, 0x00, 0x10, 0x00, 0x00, 0x00,
    0x06, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x0C, 0x00, 0x01, 0x00,
    0x1C, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x11, 0x00, 0x01, 0x00, 0x20, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x3C, 0x00, 0x00, 0x00,
    0x04, 0x00, 0x00, 0x00, 0x01, 0x00, 0x05, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x02, 0x00, 0x03, 0x00, 0x04, 0x00, 0x0B, 0x01, 0x01, 0x00, 0x40, 0x00,
    0x00, 0x00, 0x20, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x0F, 0x00,
    0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x01, 0x00,
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

/// `serial`: ascii. 12 bytes at offset 0x00, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_serial(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Text<12>, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_SERIAL, memory, image_format::otp::Text::new)?;
    Ok(value)
}

/// Number of the field `revision` in the layout.
pub const FIELD_REVISION: usize = 1;

/// `revision`: revision. 4 bytes at offset 0x0C, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_revision(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::Revision, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_REVISION, memory, |bytes| image_format::record::is_revision(&bytes).then_some(bytes))?;
    Ok(value)
}

/// Number of the field `mac` in the layout.
pub const FIELD_MAC: usize = 2;

/// `mac`: 2 values of type eui48. 12 bytes at offset 0x10, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_mac(
    memory: &mut impl image_format::ReadAt,
) -> Result<[[u8; 6]; 2], image_format::otp::FieldRefusal> {
    layout()?.bytes(FIELD_MAC, memory)
}

/// Number of the field `made` in the layout.
pub const FIELD_MADE: usize = 3;

/// `made`: date. 4 bytes at offset 0x1C, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_made(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Date, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_MADE, memory, image_format::otp::Date::new)?;
    Ok(value)
}

/// Number of the field `format` in the layout.
pub const FIELD_FORMAT: usize = 4;

/// `format`: otp-version. 2 bytes at offset 0x20, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_format(
    memory: &mut impl image_format::ReadAt,
) -> Result<u16, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_FORMAT, memory)?;
    Ok(u16::from_le_bytes(value))
}

/// Number of the field `identity-crc` in the layout.
pub const FIELD_IDENTITY_CRC: usize = 5;

/// `identity-crc`: whether the sum is right over serial, revision, mac, made, format. 4 bytes at offset 0x3C, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_identity_crc(
    memory: &mut impl image_format::ReadAt,
) -> Result<(), image_format::otp::FieldRefusal> {
    layout()?.check_sum(FIELD_IDENTITY_CRC, memory)
}

/// Number of the field `trust` in the layout.
pub const FIELD_TRUST: usize = 6;

/// `trust`: key-hash. 32 bytes at offset 0x40 and its complement, programmed in stage `security`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_trust(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 32], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_TRUST, memory)?;
    Ok(value)
}

/// Number of the field `rollback` in the layout.
pub const FIELD_ROLLBACK: usize = 7;

/// `rollback`: how far the counter got, of 256 steps. 256 bytes at offset 0x80, programmed in the field.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_rollback(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    layout()?.counter(FIELD_ROLLBACK, memory)
}
