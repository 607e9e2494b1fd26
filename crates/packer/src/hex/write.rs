//! Intel HEX files out of bytes with addresses.

use ihex::{Record, WriterError, create_object_file_representation};

use crate::placed::Piece;

/// Data bytes of a record: what programming tools write, and all of them read.
const RECORD: usize = 16;

/// The file: a type 04 record wherever the upper half of the address changes, no start record, since reset starts the program.
///
/// # Errors
/// Never for these records; the library's types cannot say so.
pub fn write(pieces: &[Piece<'_>]) -> Result<String, WriterError> {
    let mut records = Vec::new();
    // A file starts at 0 without being told.
    let mut upper = 0;
    for piece in pieces {
        let mut address = piece.address;
        let mut rest = &piece.bytes[..];
        while !rest.is_empty() {
            let [_, _, low, high] = address.to_be_bytes().map(u16::from);
            let offset = low << 8 | high;
            if address >> 16 != u32::from(upper) {
                upper = (address >> 16) as u16;
                records.push(Record::ExtendedLinearAddress(upper));
            }
            // A record's offset does not carry into the upper half.
            let room = 0x1_0000 - usize::from(offset);
            let (value, after) = rest.split_at(rest.len().min(RECORD).min(room));
            records.push(Record::Data { offset, value: value.to_vec() });
            address = address.wrapping_add(value.len() as u32);
            rest = after;
        }
    }
    records.push(Record::EndOfFile);
    create_object_file_representation(&records)
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
        let text = write(&[piece(0x0800_FFFE, &[1, 2, 3, 4]), piece(0x0801_0010, &[5]), piece(0x10, &[6])]).unwrap();
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
}
