// One-time-programmable memory of STM32F722RE. Made by `waxseal gen otp-rust f722.toml`: change the manifest, not this file.
// A function for each field. What it reads was judged: complement, copies, the sums over it, its type's form.
// Offsets are counted from the memory's first byte.
// Needs the crate image-format.

// Memory.

/// Order code.
pub const OTP_PART: &str = "STM32F722RE";
/// Address of its first byte.
pub const OTP_ADDRESS: u32 = 0x1FF0_7800;
/// Bytes, without locks.
pub const OTP_SIZE: u32 = 512;
/// Bytes that are programmed together, once; 1: any bit can be cleared later.
pub const OTP_UNIT: u32 = 1;
/// Version of the field list.
pub const OTP_VERSION: u32 = 3;
/// Fingerprint of the layout (SHA-256), as a board's sealed blob has it.
pub const OTP_FINGERPRINT: [u8; 32] = [
    0xEF, 0xD2, 0x8F, 0x0B, 0x7E, 0x1D, 0x86, 0xC2, 0x3A, 0xCA, 0x0F, 0xBB,
    0x10, 0xB7, 0x4F, 0xB6, 0xB7, 0xB5, 0xC0, 0xF9, 0x7E, 0xFA, 0xDA, 0x11,
    0x92, 0x74, 0x98, 0xEB, 0x80, 0x7E, 0x39, 0x9E,
];
/// Which field lies where, as image-format reads it.
pub const OTP_LAYOUT: [u8; 170] = [
    0x01, 0x00, 0x03, 0x00, 0x00, 0x78, 0xF0, 0x1F, 0x00, 0x02, 0x00, 0x00,
    0x01, 0x00, 0x20, 0x00, 0x09, 0x00, 0x00, 0x00, 0x05, 0x00, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x0A, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x0D, 0x00, 0x01, 0x00, 0x0A, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x0B, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x09, 0x00, 0x01, 0x00,
    0x10, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x03, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x00, 0x60, 0x00, 0x00, 0x00,
    0x02, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x04, 0x01, 0x01, 0x00,
    0x66, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00,
    0x10, 0x00, 0x01, 0x00, 0x7C, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x03, 0x00, 0x04, 0x00, 0x06, 0x00, 0x05, 0x00, 0x0F, 0x00,
    0x01, 0x00, 0xE0, 0x01, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x01, 0x00,
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

/// `serial`: ascii. 10 bytes at offset 0x00, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_serial(
    memory: &mut impl image_format::ReadAt,
) -> Result<image_format::otp::Text<10>, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_SERIAL, memory, image_format::otp::Text::new)?;
    Ok(value)
}

/// Number of the field `color` in the layout.
pub const FIELD_COLOR: usize = 1;

/// A word of `color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ColorWord {
    /// `red`.
    Red = 1,
    /// `dark-green`.
    DarkGreen = 7,
}

impl ColorWord {
    /// The word of a number.
    #[must_use]
    pub const fn new([number]: [u8; 1]) -> Option<Self> {
        match number {
            1 => Some(Self::Red),
            7 => Some(Self::DarkGreen),
            _ => None,
        }
    }
}

/// `color`: enum. 1 bytes at offset 0x0A, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_color(
    memory: &mut impl image_format::ReadAt,
) -> Result<ColorWord, image_format::otp::FieldRefusal> {
    let [value] = layout()?.values(FIELD_COLOR, memory, ColorWord::new)?;
    Ok(value)
}

/// Number of the field `phases` in the layout.
pub const FIELD_PHASES: usize = 2;

/// `phases`: u8. 1 bytes at offset 0x0B, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_phases(
    memory: &mut impl image_format::ReadAt,
) -> Result<u8, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_PHASES, memory)?;
    Ok(u8::from_le_bytes(value))
}

/// Number of the field `id` in the layout.
pub const FIELD_ID: usize = 3;

/// `id`: uuid. 16 bytes at offset 0x10, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_id(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u8; 16], image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_ID, memory)?;
    Ok(value)
}

/// Number of the field `limit` in the layout.
pub const FIELD_LIMIT: usize = 4;

/// `limit`: u32. 4 bytes at offset 0x40, three times, programmed in stage `identity`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_limit(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_LIMIT, memory)?;
    Ok(u32::from_le_bytes(value))
}

/// Number of the field `gain` in the layout.
pub const FIELD_GAIN: usize = 5;

/// `gain`: 3 values of type u16. 6 bytes at offset 0x60, programmed in stage `calibration`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_gain(
    memory: &mut impl image_format::ReadAt,
) -> Result<[u16; 3], image_format::otp::FieldRefusal> {
    Ok(layout()?.bytes(FIELD_GAIN, memory)?.map(u16::from_le_bytes))
}

/// Number of the field `offset` in the layout.
pub const FIELD_OFFSET: usize = 6;

/// `offset`: u64. 8 bytes at offset 0x66 and its complement, programmed in stage `calibration`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_offset(
    memory: &mut impl image_format::ReadAt,
) -> Result<u64, image_format::otp::FieldRefusal> {
    let [value] = layout()?.bytes(FIELD_OFFSET, memory)?;
    Ok(u64::from_le_bytes(value))
}

/// Number of the field `calibration-crc` in the layout.
pub const FIELD_CALIBRATION_CRC: usize = 7;

/// `calibration-crc`: whether the sum is right over limit, offset, gain. 4 bytes at offset 0x7C, programmed in stage `calibration`.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn check_calibration_crc(
    memory: &mut impl image_format::ReadAt,
) -> Result<(), image_format::otp::FieldRefusal> {
    layout()?.check_sum(FIELD_CALIBRATION_CRC, memory)
}

/// Number of the field `repairs` in the layout.
pub const FIELD_REPAIRS: usize = 8;

/// `repairs`: how far the counter got, of 8 steps. 8 bytes at offset 0x1E0, programmed in the field.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn read_repairs(
    memory: &mut impl image_format::ReadAt,
) -> Result<u32, image_format::otp::FieldRefusal> {
    layout()?.counter(FIELD_REPAIRS, memory)
}
