//! Intel HEX files out of bytes with addresses. Written here and not by the crate `ihex`, which takes ten times as long (65 ms for
//! 1 MiB); it judges ours in the tests.

use crate::placed::Piece;

/// Data bytes of a record: what programming tools write, and all of them read.
const RECORD: usize = 16;

/// Record types.
const DATA: u8 = 0;
const END: u8 = 1;
const UPPER: u8 = 4;

/// The file: a type 04 record wherever the upper half of the address changes, no start record, since reset starts the program.
pub fn write(pieces: &[Piece<'_>]) -> Vec<u8> {
    let bytes: usize = pieces.iter().map(|piece| piece.bytes.len()).sum();
    // A record of 16 bytes takes 44 characters.
    let mut file = Vec::with_capacity(bytes / RECORD * 45 + 256);
    // A file starts at 0 without being told.
    let mut upper = 0;
    for piece in pieces {
        let mut address = piece.address;
        let mut rest = &piece.bytes[..];
        while !rest.is_empty() {
            let [a, b, c, d] = address.to_be_bytes();
            if address >> 16 != upper {
                upper = address >> 16;
                record(&mut file, 0, UPPER, &[a, b]);
            }
            let offset = u16::from_be_bytes([c, d]);
            // A record's offset does not carry into the upper half.
            let room = 0x1_0000 - usize::from(offset);
            let (value, after) = rest.split_at(rest.len().min(RECORD).min(room));
            record(&mut file, offset, DATA, value);
            address = address.wrapping_add(value.len() as u32);
            rest = after;
        }
    }
    record(&mut file, 0, END, &[]);
    file
}

/// A record: length, offset, type, bytes, and what makes their sum zero.
fn record(file: &mut Vec<u8>, offset: u16, kind: u8, bytes: &[u8]) {
    let [high, low] = offset.to_be_bytes();
    let head = [bytes.len() as u8, high, low, kind];
    let sum = head.iter().chain(bytes).fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    file.push(b':');
    for byte in head.iter().chain(bytes).chain([&sum.wrapping_neg()]) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        file.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    file.push(b'\n');
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn the_upper_half_is_said_when_it_changes() {
        let piece = |address, bytes: &'static [u8]| Piece { address, bytes: Cow::Borrowed(bytes) };
        let text = write(&[piece(0x0800_FFFE, &[1, 2, 3, 4]), piece(0x0801_0010, &[5]), piece(0x10, &[6])]);
        let text = String::from_utf8(text).unwrap();
        let lines = [
            ":020000040800F2",
            ":02FFFE000102FE",
            ":020000040801F1",
            ":020000000304F7",
            ":0100100005EA",
            ":020000040000FA",
            ":0100100006E9",
            ":00000001FF",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }

    /// Every length of a record, over the end of a 64 KiB page: as `ihex` writes it.
    #[test]
    fn ihex_writes_the_same() {
        use ihex::Record;

        let bytes: Vec<u8> = (0..70u8).map(|byte| byte.wrapping_mul(37)).collect();
        for (start, length) in (0..40).flat_map(|start| (1..70).map(move |length| (start, length))) {
            let address = 0x0800_FFE0 + start;
            let ours = write(&[Piece { address, bytes: Cow::Borrowed(&bytes[..length]) }]);
            let read = ihex::Reader::new(str::from_utf8(&ours).unwrap());
            let records: Vec<Record> = read.collect::<Result<_, _>>().unwrap();
            assert_eq!(ihex::create_object_file_representation(&records).unwrap().as_bytes(), ours);
            let (mut upper, mut found) = (0, Vec::new());
            for record in records {
                match record {
                    Record::ExtendedLinearAddress(value) => upper = u32::from(value) << 16,
                    Record::Data { offset, value } => {
                        assert_eq!(upper + u32::from(offset), address + found.len() as u32);
                        found.extend(value);
                    }
                    _ => {}
                }
            }
            assert_eq!(found, bytes[..length]);
        }
    }
}
