//! Intel HEX, record by record, so that tests can write odd files.

use std::fmt::Write as _;

/// The end record.
pub const END: &str = ":00000001FF\n";

/// A record of this type with its checksum, and a line end.
pub fn record(kind: u8, offset: u16, bytes: &[u8]) -> String {
    let [high, low] = offset.to_be_bytes();
    let head = [u8::try_from(bytes.len()).unwrap(), high, low, kind];
    let sum = head.iter().chain(bytes).fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
    let mut text = ":".to_owned();
    for byte in head.iter().chain(bytes).chain(&[sum]) {
        write!(text, "{byte:02X}").unwrap();
    }
    text + "\n"
}

/// The record that gives the upper half of the addresses behind it.
pub fn upper(address: u32) -> String {
    record(4, 0, &address.to_be_bytes()[..2])
}

/// Records for bytes at an address, 16 each, without an end record.
pub fn data(address: u32, bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, line) in (address..).step_by(16).zip(bytes.chunks(16)) {
        if at == address || at % 0x1_0000 == 0 {
            text += &upper(at);
        }
        text += &record(0, (at % 0x1_0000) as u16, line);
    }
    text
}

/// A file with these bytes at an address that is a multiple of 16.
pub fn file(address: u32, bytes: &[u8]) -> String {
    data(address, bytes) + END
}
