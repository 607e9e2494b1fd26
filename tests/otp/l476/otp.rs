// One-time-programmable memory of STM32L476RG. Made by `waxseal gen otp-rust l476.toml`: change the manifest, not this file.
// A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
// Offsets are counted from the memory's first byte.
// Needs the crate image-format.
// A unit that a power cut tore may fault when it is read: whoever reads must come back with that.

// Memory.

/// Order code.
pub const OTP_PART: &str = "STM32L476RG";
/// Address of its first byte.
pub const OTP_ADDRESS: u32 = 0x1FFF_7000;
/// Bytes, without locks.
pub const OTP_SIZE: u32 = 1024;
/// Bytes that are programmed together, once; 1: any bit can be cleared later.
pub const OTP_UNIT: u32 = 8;
/// Version of the field list.
pub const OTP_VERSION: u32 = 1;
/// Fingerprint of the layout (SHA-256), as a board's sealed blob has it.
pub const OTP_FINGERPRINT: [u8; 32] = [
    0x39, 0x1B, 0xB7, 0x40, 0x7E, 0x07, 0x18, 0x53, 0xCA, 0xAD, 0x61, 0x31,
    0xBB, 0xE0, 0x9B, 0xCC, 0x38, 0x2D, 0xF4, 0x82, 0xCA, 0xFF, 0x7C, 0x78,
    0x24, 0xF9, 0x1C, 0xFB, 0xDC, 0x2D, 0x60, 0xEE,
];
/// Which field lies where, as image-format reads it.
pub const OTP_LAYOUT: [u8; 138] = [
    0x01, 0x00, 0x01, 0x00, 0x00, 0x70, 0xFF, 0x1F, 0x00, 0x04, 0x00, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0E, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x11, 0x00, 0x01, 0x00, 0x0E, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x04, 0x00, 0x03, 0x00, 0x18, 0x00, 0x00, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x06, 0x00, 0x01, 0x00,
    0x30, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x10, 0x00, 0x01, 0x00, 0x40, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x03, 0x00, 0x00, 0x00, 0x01, 0x00, 0x03, 0x00, 0x08, 0x00,
    0x01, 0x00, 0x48, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x0F, 0x00, 0x01, 0x00, 0x80, 0x00, 0x00, 0x00, 0x00, 0x01,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
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

/// `serial`: ascii. 14 bytes at offset 0x00, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_serial(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Text<14>, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_SERIAL, memory, image_format::otp::Text::new)?;
    Ok(value)
}

/// Number of the field `format` in the layout.
pub const FIELD_FORMAT: usize = 1;

/// `format`: otp-version. 2 bytes at offset 0x0E, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_format(
    memory: &mut impl image_format::ReadAt,
) -> Result<u16, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_FORMAT, memory)?;
    Ok(u16::from_le_bytes(value))
}

/// Number of the field `limit` in the layout.
pub const FIELD_LIMIT: usize = 2;

/// `limit`: u64. 8 bytes at offset 0x18, three times, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_limit(
    memory: &mut impl image_format::ReadAt,
) -> Result<u64, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_LIMIT, memory)?;
    Ok(u64::from_le_bytes(value))
}

/// Number of the field `token` in the layout.
pub const FIELD_TOKEN: usize = 3;

/// `token`: bytes. 16 bytes at offset 0x30, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_token(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 16], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_TOKEN, memory)?;
    Ok(value)
}

/// Number of the field `line-crc` in the layout.
pub const FIELD_LINE_CRC: usize = 4;

/// `line-crc`: whether the sum is right over serial, format, token. 4 bytes at offset 0x40, programmed in stage `line`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_line_crc(
    memory: &mut impl image_format::ReadAt,
) -> Result<(), image_format::otp::FieldRefusal> {
    layout()?.check_sum(FIELD_LINE_CRC, memory)
}

/// Number of the field `address` in the layout.
pub const FIELD_ADDRESS: usize = 5;

/// `address`: eui64. 8 bytes at offset 0x48, programmed in stage `radio`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_address(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 8], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_ADDRESS, memory)?;
    Ok(value)
}

/// Number of the field `rollback` in the layout.
pub const FIELD_ROLLBACK: usize = 6;

/// `rollback`: how far the counter got, of 32 steps. 256 bytes at offset 0x80, programmed in the field.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_rollback(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    layout()?.counter(FIELD_ROLLBACK, memory)
}
