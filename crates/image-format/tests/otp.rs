//! Fields of one-time-programmable memory: every bit that flips, every byte of a counter, every byte of a layout.

#![allow(clippy::unwrap_used)]

use image_format::crc::crc32;
use image_format::otp::{COMPLEMENT, Date, FieldKind, FieldList, FieldRefusal, OtpField, OtpHead, OtpLayout, Text};
use image_format::{Memory, SoftwareCrypto, sha256};
use zerocopy::little_endian::U16;

const SIZE: usize = 128;

fn field(kind: FieldKind, at: u32, length: u32) -> OtpField {
    let (length, count) = (length.into(), 1.into());
    let covered_count = 0.into();
    OtpField { kind: kind.number(), flags: 0, copies: 1, reserved: 0, at: at.into(), length, count, covered_count }
}

/// A serial, a number with its complement, a number three times, a sum over the first two, a counter of 8 units of `unit` bytes.
fn layout(unit: u16) -> Vec<u8> {
    let covered = [U16::new(0), U16::new(1)];
    let fields = [
        (field(FieldKind::Ascii, 0, 40), [].as_slice()),
        (OtpField { flags: COMPLEMENT, ..field(FieldKind::U32, 40, 4) }, &[]),
        (OtpField { copies: 3, ..field(FieldKind::U16, 48, 2) }, &[]),
        (field(FieldKind::Crc32, 56, 4), &covered),
        (field(FieldKind::Counter, 64, 8 * u32::from(unit)), &[]),
    ];
    let head = OtpHead {
        format: 1.into(),
        version: 7.into(),
        base: 0x1FF0_F000.into(),
        size: (SIZE as u32).into(),
        unit: unit.into(),
        block: 64.into(),
        field_count: 0.into(),
        reserved: [0; 2],
    };
    let list = FieldList { head, fields: &fields };
    let mut bytes = Vec::new();
    list.emit(|piece| bytes.extend_from_slice(piece)).unwrap();
    assert_eq!(list.fingerprint(&mut SoftwareCrypto).unwrap(), sha256(&mut SoftwareCrypto, &bytes));
    bytes
}

/// What the layout's fields hold on a board that is right.
fn content() -> [u8; SIZE] {
    let mut content = [0xFF; SIZE];
    content[..40].fill(0);
    content[..8].copy_from_slice(b"WX251101");
    content[40..44].copy_from_slice(&0x1234_5678_u32.to_le_bytes());
    content[44..48].copy_from_slice(&(!0x1234_5678_u32).to_le_bytes());
    content[48..54].copy_from_slice(&[1, 2, 1, 2, 1, 2]);
    let sum = crc32(&content[..44]);
    content[56..60].copy_from_slice(&sum.to_le_bytes());
    content
}

fn read<const N: usize>(layout: &[u8], field: usize, content: &[u8]) -> Result<[u8; N], FieldRefusal> {
    let mut buffer = [0; N];
    OtpLayout::parse(layout)?.read(field, &mut Memory::file(content), &mut buffer).map(|()| buffer)
}

#[test]
fn a_board_that_is_right() {
    let (layout, content) = (layout(1), content());
    assert_eq!(read::<40>(&layout, 0, &content).unwrap()[..8], *b"WX251101");
    assert_eq!(read(&layout, 1, &content), Ok(0x1234_5678_u32.to_le_bytes()));
    assert_eq!(read(&layout, 2, &content), Ok([1, 2]));
    let parsed = OtpLayout::parse(&layout).unwrap();
    assert_eq!(parsed.check_sum(3, &mut Memory::file(&content)), Ok(()));
    assert_eq!(parsed.counter(4, &mut Memory::file(&content)), Ok(0));
    assert_eq!(parsed.fingerprint(&mut SoftwareCrypto), sha256(&mut SoftwareCrypto, &layout));
    assert_eq!(parsed.fields().count(), 5);
}

/// No flipped bit of value or complement goes unnoticed, and no flipped bit of one copy changes the value.
#[test]
fn every_flipped_bit() {
    let layout = layout(1);
    for bit in 0..SIZE * 8 {
        let mut content = content();
        content[bit / 8] ^= 1 << (bit % 8);
        let parsed = OtpLayout::parse(&layout).unwrap();
        let sum = parsed.check_sum(3, &mut Memory::file(&content));
        match bit / 8 {
            0..40 | 56..60 => assert_eq!(sum, Err(FieldRefusal::Sum), "bit {bit}"),
            40..48 => {
                assert_eq!(read::<4>(&layout, 1, &content), Err(FieldRefusal::Complement), "bit {bit}");
                assert_eq!(sum, Err(FieldRefusal::Complement), "bit {bit}");
            }
            _ => assert_eq!(sum, Ok(()), "bit {bit}"),
        }
        assert_eq!(read(&layout, 2, &content), Ok([1, 2]), "bit {bit}");
    }
}

/// Two copies decide, whichever they are; three different ones are refused.
#[test]
fn copies_vote() {
    let layout = layout(1);
    for (copies, expected) in [
        ([1, 1, 9], Ok([1; 2])),
        ([1, 9, 1], Ok([1; 2])),
        ([9, 1, 1], Ok([1; 2])),
        ([1, 2, 3], Err(FieldRefusal::Copies)),
        ([0xFF, 0xFF, 0xFF], Err(FieldRefusal::Blank)),
    ] {
        let mut content = content();
        content[48..54].iter_mut().zip([0, 0, 1, 1, 2, 2]).for_each(|(byte, copy)| *byte = copies[copy]);
        assert_eq!(read(&layout, 2, &content), expected, "{copies:?}");
    }
}

/// Each value that a byte of a counter can have: spent if more than half of its bits are zero.
#[test]
fn every_byte_of_a_counter() {
    let layout = layout(1);
    for value in 0..=u8::MAX {
        let mut content = content();
        content[64] = value;
        let count = OtpLayout::parse(&layout).unwrap().counter(4, &mut Memory::file(&content));
        assert_eq!(count, Ok(u32::from(value.count_zeros() > 4)), "{value:#04X}");
    }
}

/// Every pattern of spent units: those before the first blank one count.
#[test]
fn a_counter_is_the_prefix_of_spent_units() {
    for unit in [1_u16, 2, 8] {
        let layout = layout(unit);
        for pattern in 0..=u8::MAX {
            let mut content = content();
            let units = content[64..].chunks_mut(unit.into()).take(8).enumerate();
            units.filter(|(number, _)| pattern >> number & 1 == 1).for_each(|(_, unit)| unit.fill(0));
            let count = OtpLayout::parse(&layout).unwrap().counter(4, &mut Memory::file(&content));
            assert_eq!(count, Ok(pattern.trailing_ones()), "unit {unit}, {pattern:08b}");
        }
    }
}

/// A unit that was torn cannot be programmed again: it counts.
#[test]
fn a_unit_that_cannot_be_read_is_spent() {
    let layout = layout(8);
    let mut content = content();
    content[64..72].fill(0);
    let mut torn = Memory::file(&content).unreadable_at(75);
    assert_eq!(OtpLayout::parse(&layout).unwrap().counter(4, &mut torn), Ok(2));
}

/// Any byte of a layout with any value: read or refused, and what is read stays inside the memory.
#[test]
fn every_byte_of_a_layout() {
    let (good, content) = (layout(1), content());
    for at in 0..good.len() {
        for value in 0..=u8::MAX {
            let mut bytes = good.clone();
            bytes[at] = value;
            let Ok(layout) = OtpLayout::parse(&bytes) else { continue };
            let size = layout.head().size.get();
            assert!(layout.fields().all(|found| found.field.at.get() + found.field.size() <= size), "byte {at}");
            for index in 0..6 {
                let _ = layout.check_sum(index, &mut Memory::file(&content));
                let _ = layout.counter(index, &mut Memory::file(&content));
                let _ = layout.read(index, &mut Memory::file(&content), &mut [0; 4]);
            }
        }
    }
    for end in 0..good.len() {
        assert_eq!(OtpLayout::parse(&good[..end]).err(), Some(FieldRefusal::LayoutForm), "cut at {end}");
    }
}

/// What a text is, by the bytes that it ends with; what a day is, by every month and day.
#[test]
fn values_of_their_types() {
    assert_eq!(Text::new(*b"AB\0\0").unwrap().as_str(), "AB");
    assert_eq!(Text::new(*b"A b~").unwrap().as_str(), "A b~");
    for bytes in [*b"\0\0\0\0", *b"A\0B\0", *b"AB\xFF\xFF", *b"A\tBC", *b"AB\x7F\0", *b"AB\xC3\xA4"] {
        assert_eq!(Text::new(bytes), None, "{bytes:?}");
    }
    for month in 0..=u8::MAX {
        for day in 0..=u8::MAX {
            let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
            let expected = is_day.then_some(Date { year: 2026, month, day });
            assert_eq!(Date::new([0xEA, 0x07, month, day]), expected, "{month} {day}");
        }
    }
}

/// A field that a sum covers is refused with the sum; its own refusal comes first. One that no sum covers is not.
#[test]
fn a_sum_judges_what_it_covers() {
    let layout = layout(1);
    let layout = OtpLayout::parse(&layout).unwrap();
    let read = |content: &[u8]| layout.bytes::<4, 1>(1, &mut Memory::file(content));
    let mut content = content();
    assert_eq!(read(&content), Ok([0x1234_5678_u32.to_le_bytes()]));
    content[56] ^= 1;
    assert_eq!(read(&content), Err(FieldRefusal::Sum));
    assert_eq!(layout.bytes::<2, 1>(2, &mut Memory::file(&content)), Ok([[1, 2]]));
    content[56..60].fill(0xFF);
    assert_eq!(read(&content), Err(FieldRefusal::Blank));
    content[40] ^= 1;
    assert_eq!(read(&content), Err(FieldRefusal::Complement));
}

/// Each number is produced by something.
#[test]
fn every_refusal() {
    let (layout, content) = (layout(1), content());
    let changed = |at: usize, value: u8| {
        let mut content = content;
        content[at] = value;
        content
    };
    let parsed = OtpLayout::parse(&layout).unwrap();
    let mut produced = vec![
        OtpLayout::parse(&[0; 20]).err(),
        parsed.counter(3, &mut Memory::file(&content)).err(),
        parsed.read(0, &mut Memory::file(&content).unreadable_at(39), &mut [0; 40]).err(),
        parsed.read(4, &mut Memory::file(&content), &mut [0; 8]).err(),
        parsed.read(1, &mut Memory::file(&changed(41, 0)), &mut [0; 4]).err(),
        parsed.check_sum(3, &mut Memory::file(&changed(59, 0))).err(),
        parsed.read(0, &mut Memory::file(&content), &mut [0; 39]).err(),
    ];
    let mut three = changed(48, 9);
    three[50] = 8;
    produced.push(parsed.read(2, &mut Memory::file(&three), &mut [0; 2]).err());
    produced.push(parsed.values::<2, 1, ()>(2, &mut Memory::file(&content), |_| None).err());
    for refusal in FieldRefusal::ALL {
        assert!(produced.contains(&Some(*refusal)), "{refusal}");
    }
    let numbers: Vec<u16> = FieldRefusal::ALL.iter().map(|refusal| refusal.number()).collect();
    assert!(numbers.is_sorted_by(|a, b| a < b));
}
