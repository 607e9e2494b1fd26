//! Loops over everything that is small enough: each bit, each length, each field of each structure.

use ed25519_dalek::SigningKey;
use image_format::{
    Check, Code, Device, Extent, Fault, InSlot, Memory, Place, Policy, ReadAt, SoftwareCrypto, Structure, Trust, verify,
};

/// The vector that the packer's own output looks like; signed with test key 1.
const GOOD: &[u8] = include_bytes!("../../../tests/vectors/good.bin");

fn judge(source: &mut impl ReadAt) -> Result<(), image_format::Error> {
    let crypto = &mut SoftwareCrypto;
    let keys = [SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()];
    let policy = Policy {
        trust: Trust::new(&keys, 1, crypto)?,
        device: Check::Require(Device { vendor_id: [0xA1; 16], class_id: [0xB2; 16] }),
        revision: Check::Require(*b"B\0\0\0"),
        place: Check::Require(Place { layout: [0xC3; 32], run_address: 0x0802_0400, payload_offset: 1024 }),
        counter: Check::Require(7),
    };
    verify(source, &policy, crypto).map(|_| ())
}

#[test]
fn the_good_image_is_accepted() {
    assert_eq!(judge(&mut Memory::file(GOOD)), Ok(()));
}

#[test]
fn each_flipped_bit_is_refused() {
    let mut bytes = GOOD.to_vec();
    for bit in 0..GOOD.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(judge(&mut Memory::file(&bytes)).is_err(), "byte {}, bit {}", bit / 8, bit % 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn each_truncation_is_refused() {
    for length in 0..GOOD.len() {
        let error = judge(&mut Memory::file(&GOOD[..length])).expect_err("too short");
        assert_eq!((error.code, error.offset), (Code::Truncated, length as u32));
    }
}

#[test]
fn each_trailing_length_is_refused() {
    for more in 1..300 {
        let bytes = [GOOD, &vec![0xFF; more]].concat();
        let error = judge(&mut Memory::file(&bytes)).expect_err("too long");
        assert_eq!((error.code, error.offset), (Code::TrailingBytes, GOOD.len() as u32));
    }
}

#[test]
fn each_unreadable_byte_is_refused() {
    for offset in 0..GOOD.len() as u32 {
        let error = judge(&mut Memory::file(GOOD).unreadable_at(offset)).expect_err("cannot be read");
        assert_eq!(error.code, Code::ReadFault);
        assert!(error.offset <= offset && offset - error.offset < 512, "{offset} told as {}", error.offset);
    }
}

#[test]
fn an_image_is_the_same_wherever_its_slot_keeps_the_parts() {
    let (front, behind) = GOOD.split_at(1024);
    let mut first = vec![0xFF; 8192];
    first[..GOOD.len()].copy_from_slice(GOOD);
    let mut last = vec![0xFF; 8192];
    last[..behind.len()].copy_from_slice(behind);
    last[7168..].copy_from_slice(front);
    for (bytes, front_offset, payload_offset) in [(&first, 0, 1024), (&last, 7168, 0)] {
        let slot = Memory::slot(bytes, 8192);
        let mut source = InSlot { slot, front_offset, front_size: 1024, payload_offset, room: 8192 };
        assert_eq!(judge(&mut source), Ok(()), "front area at {front_offset}");
        source.room = GOOD.len() as u32 - 1;
        assert_eq!(judge(&mut source).map_err(|error| error.code), Err(Code::ExceedsSlot));
    }
    // No part straddles the two areas, so such a read is a fault and not a mixture.
    let mut source =
        InSlot { slot: Memory::slot(&last, 8192), front_offset: 4096, front_size: 1024, payload_offset: 0, room: 8192 };
    assert_eq!(source.read_at(1016, &mut [0; 8]), Ok(()));
    assert_eq!(source.read_at(1020, &mut [0; 8]), Err(Fault));
}

/// Counts reads, and remembers how far they went.
struct Counted<'a> {
    memory: Memory<'a>,
    reads: u32,
    reached: u32,
}

impl ReadAt for Counted<'_> {
    fn extent(&self) -> Extent {
        self.memory.extent()
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.reads += 1;
        self.reached = self.reached.max(offset + buffer.len() as u32);
        self.memory.read_at(offset, buffer)
    }
}

#[test]
fn each_byte_is_read_once_and_none_behind_the_image() {
    let slot = [GOOD, &[0xFF; 4096]].concat();
    let mut source = Counted { memory: Memory::slot(&slot, 4096), reads: 0, reached: 0 };
    assert_eq!(judge(&mut source), Ok(()));
    // Header, signature places, records, and the payload in pieces of 512 bytes.
    assert_eq!(source.reads, 3 + 1000_u32.div_ceil(512));
    assert_eq!(source.reached, GOOD.len() as u32);
}

#[test]
fn every_combination_of_waived_inputs_is_accepted_and_each_required_one_decides() {
    let crypto = &mut SoftwareCrypto;
    let keys = [SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()];
    let trust = Trust::new(&keys, 1, crypto).expect("a set of one");
    for wrong in 0..4u8 {
        for waived in 0..16u8 {
            let is = |input: u8| waived & (1 << input) != 0;
            let policy = Policy {
                trust,
                device: check(is(0), Device { vendor_id: [0xA1; 16], class_id: [0xB2 ^ u8::from(wrong == 0); 16] }),
                revision: check(is(1), if wrong == 1 { *b"X\0\0\0" } else { *b"B\0\0\0" }),
                place: check(
                    is(2),
                    Place {
                        layout: [0xC3; 32],
                        run_address: 0x0802_0400 + u32::from(wrong == 2) * 0x400,
                        payload_offset: 1024,
                    },
                ),
                counter: check(is(3), 7 + u32::from(wrong == 3)),
            };
            let accepted = verify(&mut Memory::file(GOOD), &policy, &mut SoftwareCrypto).is_ok();
            assert_eq!(accepted, is(wrong), "wrong input {wrong}, waived {waived:04b}");
        }
    }
}

fn check<T>(waived: bool, value: T) -> Check<T> {
    if waived { Check::Waived } else { Check::Require(value) }
}

/// Every byte of a structure belongs to exactly one field, and every field is described.
fn is_covered<S: Structure>() {
    let mut end = 0;
    for field in S::FIELDS {
        assert_eq!(field.offset, end, "{}.{}", S::NAME, field.name);
        assert!(field.doc.iter().any(|line| !line.trim().is_empty()), "{}.{}", S::NAME, field.name);
        end += field.size;
    }
    assert_eq!(end, S::SIZE, "{}", S::NAME);
}

#[test]
fn field_tables_cover_their_structures() {
    is_covered::<image_format::FrontHead>();
    is_covered::<image_format::ImageHeader>();
    is_covered::<image_format::Envelope>();
    is_covered::<image_format::SignaturePlace>();
    is_covered::<image_format::ImageBody>();
    is_covered::<image_format::Version>();
    is_covered::<image_format::layout::LayoutBody>();
    is_covered::<image_format::release::ReleaseBody>();
    is_covered::<image_format::release::Member>();
    is_covered::<image_format::otp::OtpBody>();
    is_covered::<image_format::record::RecordHead>();
    is_covered::<image_format::auxiliary::AuxiliaryHead>();
    is_covered::<image_format::trust::TrustHead>();
    is_covered::<image_format::trust::RoleHead>();
    is_covered::<image_format::log::EntryBytes>();
    is_covered::<image_format::layout::GroupHead>();
    is_covered::<image_format::layout::ModeBits>();
    is_covered::<image_format::layout::GroupRegion>();
    is_covered::<image_format::layout::SectorRun>();
    is_covered::<image_format::layout::GroupSlot>();
    is_covered::<image_format::layout::GroupArea>();
}
