//! Intel HEX files out of bytes with addresses.
//!
//! A writer of our own: the crate `ihex` makes a `String` of each record and the file as a whole. For 16 MiB that was 40 % of all
//! instructions of a build, and three times the image in memory. Reading, where files are hostile, stays with the crate.

use std::io::{self, Write};

use crate::placed::Run;

/// Data bytes of a record: what programming tools write, and all of them read.
const RECORD: usize = 16;

/// Types of records.
const DATA: u8 = 0;
const END_OF_FILE: u8 = 1;
const EXTENDED_LINEAR_ADDRESS: u8 = 4;

/// Writes the file: a type 04 record wherever the upper half of the address changes, no start record, since reset starts the
/// program.
///
/// # Errors
/// Those of `to`.
pub fn write(runs: &[Run<'_>], to: &mut dyn Write) -> io::Result<()> {
    // A file starts at 0 without being told.
    let mut upper = 0;
    for run in runs {
        let mut address = run.address;
        let mut parts = run.parts.iter();
        let (mut held, mut bytes) = ([0; RECORD], &[][..]);
        loop {
            // A record's offset does not carry into the upper half.
            let room = RECORD.min(0x1_0000 - (address & 0xFFFF) as usize);
            let mut count = 0;
            let data = if let Some((data, after)) = bytes.split_at_checked(room) {
                bytes = after;
                data
            } else {
                while count < room {
                    if bytes.is_empty() {
                        let Some(next) = parts.next() else { break };
                        bytes = next;
                    }
                    let (taken, after) = bytes.split_at(bytes.len().min(room - count));
                    held[count..count + taken.len()].copy_from_slice(taken);
                    count += taken.len();
                    bytes = after;
                }
                &held[..count]
            };
            if data.is_empty() {
                break;
            }
            let [high, low, offset @ ..] = address.to_be_bytes();
            if upper != u16::from_be_bytes([high, low]) {
                upper = u16::from_be_bytes([high, low]);
                record(EXTENDED_LINEAR_ADDRESS, [0; 2], &[high, low], to)?;
            }
            record(DATA, offset, data, to)?;
            address = address.wrapping_add(data.len() as u32);
        }
    }
    record(END_OF_FILE, [0; 2], &[], to)
}

/// The two digits of each byte: one at a time they were most of what writing took.
const DIGITS: [[u8; 2]; 256] = {
    let digits = b"0123456789ABCDEF";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [digits[byte >> 4], digits[byte & 0xF]];
        byte += 1;
    }
    pairs
};

/// Writes a record: count, offset, type, data and checksum, which makes the sum of all bytes 0.
fn record(kind: u8, [high, low]: [u8; 2], data: &[u8], to: &mut dyn Write) -> io::Result<()> {
    let head = [data.len() as u8, high, low, kind];
    let sum = head.iter().chain(data).fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    // Colon, head, data, checksum, line end.
    let mut line = [b':'; 1 + 2 * (4 + RECORD + 1) + 1];
    let (pairs, _) = line[1..].as_chunks_mut::<2>();
    let (first, rest) = pairs.split_at_mut(head.len());
    let (middle, last) = rest.split_at_mut(data.len());
    let digits = |pairs: &mut [[u8; 2]], bytes: &[u8]| {
        pairs.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = DIGITS[usize::from(*byte)]);
    };
    digits(first, &head);
    digits(middle, data);
    digits(last, &[sum.wrapping_neg()]);
    let end = 1 + 2 * (head.len() + data.len() + 1);
    line[end] = b'\n';
    to.write_all(&line[..=end])
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn text(runs: &[Run<'_>]) -> String {
        let mut text = Vec::new();
        write(runs, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_upper_half_is_said_when_it_changes() {
        let run = |address, bytes: &'static [u8]| Run { address, parts: vec![Cow::Borrowed(bytes)] };
        let text = text(&[run(0x0800_FFFE, &[1, 2, 3, 4]), run(0x0801_0010, &[5]), run(0x10, &[6])]);
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

    #[test]
    fn how_bytes_lie_in_memory_does_not_show() {
        let bytes: Vec<u8> = (0..=255).collect();
        let whole = text(&[Run { address: 0xFFF3, parts: vec![Cow::Borrowed(&bytes)] }]);
        for size in 1..40 {
            let parts = bytes.chunks(size).map(Cow::Borrowed).collect();
            assert_eq!(text(&[Run { address: 0xFFF3, parts }]), whole, "parts of {size}");
        }
    }

    /// Every length of a record, over the end of a 64 KiB page: as `ihex` writes it.
    #[test]
    fn ihex_writes_the_same() {
        use ihex::Record;

        let bytes: Vec<u8> = (0..70u8).map(|byte| byte.wrapping_mul(37)).collect();
        for (start, length) in (0..40).flat_map(|start| (1..70).map(move |length| (start, length))) {
            let address = 0x0800_FFE0 + start;
            let ours = text(&[Run { address, parts: vec![Cow::Borrowed(&bytes[..length])] }]);
            let records: Vec<Record> = ihex::Reader::new(&ours).collect::<Result<_, _>>().unwrap();
            assert_eq!(ihex::create_object_file_representation(&records).unwrap(), ours);
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
