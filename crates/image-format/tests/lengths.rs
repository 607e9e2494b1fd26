//! Every size that an artefact says, at 0, 1, its limit, beside it, and the largest number; signed, so that it is believed.

use core::mem::offset_of;

use ed25519_dalek::{Signer as _, SigningKey};
use image_format::layout::{GroupHead, LayoutBody};
use image_format::otp::OtpBody;
use image_format::release::{Member, ReleaseBody};
use image_format::{
    Check, Code, Envelope, Error, FRONT_HEAD_SIZE, HEADER_SIZE, ImageHeader, Kind, Memory, Policy, ReadAt,
    SignedHeader, SoftwareCrypto, Trust, sha256, whole,
};
use zerocopy::FromBytes as _;

const IMAGE: &[u8] = include_bytes!("../../../tests/vectors/good.bin");
const RELEASE: &[u8] = include_bytes!("../../../tests/vectors/release.bin");
const LAYOUT: &[u8] = include_bytes!("../../../tests/vectors/layout.bin");
const OTP: &[u8] = include_bytes!("../../../tests/vectors/otp.bin");

const FRONT_SIZE: usize = offset_of!(Envelope, front_size);
const PAYLOAD_SIZE: usize = offset_of!(Envelope, payload_size);
const AUXILIARY_SIZE: usize = offset_of!(Envelope, auxiliary_size);
const RUN_ADDRESS: u32 = offset_of!(ImageHeader, body.run_address) as u32;
const PAYLOAD_OFFSET: u32 = offset_of!(ImageHeader, body.payload_offset) as u32;
const GROUP_COUNT: usize = offset_of!(SignedHeader<LayoutBody>, body.group_count);
const MEMBER_COUNT: usize = offset_of!(SignedHeader<ReleaseBody>, body.member_count);
const CHUNK_LOG2: usize = offset_of!(SignedHeader<ReleaseBody>, body.chunk_log2);
const MEMBERS_SIZE: usize = offset_of!(SignedHeader<ReleaseBody>, body.members_size);
const DATA_SIZE: usize = offset_of!(SignedHeader<OtpBody>, body.data_size);
const LOCK_SIZE: usize = offset_of!(SignedHeader<OtpBody>, body.lock_size);

const RECORDS: usize = FRONT_HEAD_SIZE as usize;
const FRONT: usize = 1024;
const MAX: u32 = u32::MAX;

type Answer = Result<(), (Code, u32)>;

fn judge(kind: Kind, source: &mut impl ReadAt) -> Answer {
    let crypto = &mut SoftwareCrypto;
    let keys = [SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()];
    let policy = Policy {
        trust: Trust::new(&keys, 1, crypto).expect("a set of one"),
        device: Check::Waived,
        revision: Check::Waived,
        place: Check::Waived,
        counter: Check::Waived,
    };
    let judged = whole::judge(kind, source, &policy, &mut [0; 16 * 1024], crypto);
    judged.map_err(|Error { code, offset }| (code, offset))
}

/// Signs the header as it is, in the place of key 1's signature.
fn sign(bytes: &mut [u8]) {
    let (header, rest) = bytes.split_at_mut(HEADER_SIZE as usize);
    rest[8..72].copy_from_slice(&SigningKey::from_bytes(&[1; 32]).sign(header).to_bytes());
}

/// Judges a file with a field of the header set to a number.
fn with_field(kind: Kind, file: &[u8], offset: usize, number: u32) -> Answer {
    let mut bytes = file.to_vec();
    bytes[offset..offset + 4].copy_from_slice(&number.to_le_bytes());
    sign(&mut bytes);
    judge(kind, &mut Memory::file(&bytes))
}

/// Judges a file with bytes behind the header changed, and the digests right again.
fn with_bytes(kind: Kind, file: &[u8], offset: usize, new: &[u8]) -> Answer {
    let mut bytes = file.to_vec();
    bytes[offset..offset + new.len()].copy_from_slice(new);
    let (head, _) = Envelope::read_from_prefix(&bytes).expect("an envelope");
    let payload_end = FRONT + head.payload_size.get() as usize;
    let auxiliary_end = payload_end + head.auxiliary_size.get() as usize;
    let digest = |area: &[u8]| sha256(&mut SoftwareCrypto, area);
    let digests = [&bytes[RECORDS..FRONT], &bytes[FRONT..payload_end], &bytes[payload_end..auxiliary_end]].map(digest);
    bytes[32..128].copy_from_slice(digests.as_flattened());
    sign(&mut bytes);
    judge(kind, &mut Memory::file(&bytes))
}

#[test]
fn size_of_the_front_area() {
    let refused = Err((Code::FrontSize, FRONT_SIZE as u32));
    for size in [0, 1, 256, 544, 1023, 1025, 1279, 1281, 2047, 2049, 2304, MAX] {
        assert_eq!(with_field(Kind::Image, IMAGE, FRONT_SIZE, size), refused, "{size}");
    }
    // Right in itself, and then the payload is not where it is said to be.
    for size in [1280, 2048] {
        let answer = with_field(Kind::Image, IMAGE, FRONT_SIZE, size);
        assert_eq!(answer, Err((Code::PayloadOffset, PAYLOAD_OFFSET)), "{size}");
    }
    assert_eq!(with_field(Kind::Image, IMAGE, FRONT_SIZE, 1024), Ok(()));
}

#[test]
fn size_of_the_payload() {
    let end = IMAGE.len() as u32;
    let (good, front) = (end - FRONT as u32, FRONT as u32);
    // The address that it runs at, from the vectors' policy.
    let to_the_top = MAX - 0x0802_0400;
    for (size, answer) in [
        (0, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
        (1, Err((Code::TrailingBytes, front + 1))),
        (good - 1, Err((Code::TrailingBytes, end - 1))),
        (good, Ok(())),
        (good + 1, Err((Code::Truncated, end))),
        (to_the_top, Err((Code::Truncated, end))),
        (to_the_top + 1, Err((Code::RunAddress, RUN_ADDRESS))),
        (MAX - front, Err((Code::RunAddress, RUN_ADDRESS))),
        (MAX - front + 1, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
        (MAX, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
    ] {
        assert_eq!(with_field(Kind::Image, IMAGE, PAYLOAD_SIZE, size), answer, "{size}");
    }
}

#[test]
fn size_of_the_auxiliary_area() {
    let end = IMAGE.len() as u32;
    for (size, answer) in [
        (0, Ok(())),
        (1, Err((Code::Truncated, end))),
        (MAX - end - 1, Err((Code::Truncated, end))),
        (MAX - end, Err((Code::Truncated, end))),
        (MAX - end + 1, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
        (MAX, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
    ] {
        assert_eq!(with_field(Kind::Image, IMAGE, AUXILIARY_SIZE, size), answer, "{size}");
    }
}

#[test]
fn room_of_a_slot() {
    let end = IMAGE.len() as u32;
    for room in [0, 1, end - 1] {
        let answer = judge(Kind::Image, &mut Memory::slot(IMAGE, room));
        assert_eq!(answer, Err((Code::ExceedsSlot, room)), "{room}");
    }
    for room in [end, end + 1, MAX] {
        assert_eq!(judge(Kind::Image, &mut Memory::slot(IMAGE, room)), Ok(()), "{room}");
    }
}

#[test]
fn size_of_all_members() {
    let end = RELEASE.len() as u32;
    let (head, _) = Envelope::read_from_prefix(RELEASE).expect("an envelope");
    let own = FRONT as u32 + head.payload_size.get() + head.auxiliary_size.get();
    for (size, answer) in [
        (0, Err((Code::TrailingBytes, own))),
        (1, Err((Code::TrailingBytes, own + 1))),
        (end - own - 1, Err((Code::TrailingBytes, end - 1))),
        (end - own, Ok(())),
        (end - own + 1, Err((Code::Truncated, end))),
        (MAX - own, Err((Code::Truncated, end))),
        (MAX - own + 1, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
        (MAX, Err((Code::Sizes, PAYLOAD_SIZE as u32))),
    ] {
        assert_eq!(with_field(Kind::Release, RELEASE, MEMBERS_SIZE, size), answer, "{size}");
    }
}

#[test]
fn size_of_a_record() {
    // Two revisions of four bytes; the area ends 476 bytes behind the record's head.
    let value = Err((Code::RecordValue, RECORDS as u32));
    for (size, answer) in [
        (0, value),
        (1, value),
        (7, value),
        (8, Ok(())),
        (9, value),
        (475, value),
        (476, value),
        (477, Err((Code::RecordSize, RECORDS as u32))),
        (0x7FFF, Err((Code::RecordSize, RECORDS as u32))),
        (0xFFFF, Err((Code::RecordSize, RECORDS as u32))),
    ] {
        assert_eq!(with_bytes(Kind::Image, IMAGE, RECORDS + 2, &u16::to_le_bytes(size)), answer, "{size}");
    }
}

#[test]
fn size_of_an_item_in_the_auxiliary_area() {
    let start = IMAGE.len();
    let mut image = IMAGE.to_vec();
    image.extend_from_slice(b"\x01\0\0\0\x04\0\0\0text");
    image[AUXILIARY_SIZE..AUXILIARY_SIZE + 4].copy_from_slice(&12_u32.to_le_bytes());
    let refused = Err((Code::AuxiliaryForm, start as u32));
    for (size, answer) in [
        // What follows is then an item of its own, and cut short.
        (0, Err((Code::AuxiliaryForm, start as u32 + 8))),
        (1, refused),
        (3, refused),
        (4, Ok(())),
        (5, refused),
        (MAX - 8, refused),
        (MAX - 3, refused),
        (MAX, refused),
    ] {
        assert_eq!(with_bytes(Kind::Image, &image, start + 4, &u32::to_le_bytes(size)), answer, "{size}");
    }
}

/// Numbers beside `good`, and at both ends of what `width` bytes hold.
fn others(good: u32, width: usize) -> Vec<u32> {
    let top = MAX >> (32 - 8 * width);
    let mut others = vec![0, 1, good.wrapping_sub(1) & top, (good + 1) & top, top / 2, top / 2 + 1, top - 1, top];
    others.retain(|number| *number != good);
    others
}

/// A field of this width at this offset takes no other number than the one it has: each is refused with one of these codes.
fn only_as_it_is(kind: Kind, file: &[u8], offset: usize, width: usize, codes: &[Code]) {
    let mut good = [0; 4];
    good[..width].copy_from_slice(&file[offset..offset + width]);
    let good = u32::from_le_bytes(good);
    for number in others(good, width) {
        let answer = with_bytes(kind, file, offset, &number.to_le_bytes()[..width]);
        let refused = answer.is_err_and(|(code, _)| codes.contains(&code));
        assert!(refused, "{kind:?} with {number} for {good} at {offset}: {answer:?}");
    }
    assert_eq!(with_bytes(kind, file, offset, &good.to_le_bytes()[..width]), Ok(()));
}

#[test]
fn counts_and_sizes_of_the_other_kinds() {
    let form = &[Code::PayloadForm];
    only_as_it_is(Kind::Layout, LAYOUT, GROUP_COUNT, 2, form);
    let counts = [
        offset_of!(GroupHead, mode_count),
        offset_of!(GroupHead, region_count),
        offset_of!(GroupHead, slot_count),
        offset_of!(GroupHead, area_count),
    ];
    for offset in counts {
        only_as_it_is(Kind::Layout, LAYOUT, FRONT + offset, 1, form);
    }
    only_as_it_is(Kind::OtpBlob, OTP, DATA_SIZE, 4, form);
    only_as_it_is(Kind::OtpBlob, OTP, LOCK_SIZE, 4, form);
    only_as_it_is(Kind::Release, RELEASE, MEMBER_COUNT, 2, form);
    // Another size of chunks may give as many of them: then their digests differ.
    only_as_it_is(Kind::Release, RELEASE, CHUNK_LOG2, 1, &[Code::PayloadForm, Code::ChunkDigest]);
    only_as_it_is(Kind::Release, RELEASE, FRONT + offset_of!(Member, size), 4, form);
    // The payload may be said to be shorter without a chunk less: then it is another member.
    only_as_it_is(
        Kind::Release,
        RELEASE,
        FRONT + offset_of!(Member, payload_size),
        4,
        &[Code::PayloadForm, Code::OtherMember],
    );
    only_as_it_is(Kind::Release, RELEASE, FRONT + offset_of!(Member, first_chunk), 4, form);
}
