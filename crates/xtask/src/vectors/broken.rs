//! Images that are right, and images broken in one way each: form, size, device, records, payload.

use image_format::record::REVISIONS as REVISIONS_RECORD;
use image_format::{Check, Code, PayloadType, SoftwareCrypto, sha256};

use super::{COUNTER, FRONT, RUN_ADDRESS, Vector, changed, draft_of, firmware, signed, test_key};
use crate::vectors::EXAMPLE_KEY;

pub(super) fn vectors() -> Result<Vec<Vector>, String> {
    Ok([accepted()?, header()?, extent()?, device()?, records()?, payload()?].into_iter().flatten().collect())
}

fn accepted() -> Result<Vec<Vector>, String> {
    let good = signed(|_| ())?;
    let size = good.len() as u32;
    let in_slot = [good.as_slice(), &[0xFF; 256]].concat();
    Ok(vec![
        Vector::accepted("good", "an image as the packer makes it", good.clone()),
        Vector::accepted("good_in_slot", "the same in a slot: what follows it there is not part of it", in_slot)
            .in_slot(4096),
        Vector::accepted("fits_slot_exactly", "the slot's room is the image's size", good.clone()).in_slot(size),
        Vector::accepted("all_waived", "a policy that judges signatures and wholeness alone", good).by(|judge| {
            judge.device = Check::Waived;
            judge.revision = Check::Waived;
            judge.place = Check::Waived;
            judge.counter = Check::Waived;
        }),
        Vector::accepted("counter_above", "a counter above the lowest accepted one", signed(|_| ())?)
            .by(|judge| judge.counter = Check::Require(COUNTER - 1)),
        Vector::accepted("second_revision", "a board of the second revision named", signed(|_| ())?)
            .by(|judge| judge.revision = Check::Require(*b"C1\0\0")),
        Vector::accepted(
            "no_revisions",
            "an image without a record of revisions is for all",
            signed(|draft| set_records(draft, &[]))?,
        ),
        Vector::accepted("largest_front", "a front area of 2 KiB", signed(|draft| set_front(draft, 2048))?)
            .by(|judge| judge.place = Check::Waived),
        Vector::accepted(
            "header_at_end",
            "payload offset 0: in its slot, this image's front area comes last",
            signed(|draft| draft.header.image.payload_offset = 0.into())?,
        )
        .by(|judge| judge.place = Check::Waived),
        Vector::accepted(
            "data_of_one_byte",
            "data needs no vector table",
            signed(|draft| {
                draft.header.image.payload_type = PayloadType::Data.number().into();
                set_payload(draft, vec![0x5A]);
            })?,
        ),
        Vector::accepted("auxiliary", "an auxiliary area of 5 bytes", with_auxiliary(b"notes", b"notes")?),
    ])
}

fn header() -> Result<Vec<Vector>, String> {
    let refused =
        |name, why, code, change: fn(&mut packer::Draft)| Ok(Vector::refused(name, why, code, signed(change)?));
    let vectors: Vec<Result<Vector, String>> = vec![
        refused("magic_of_layout", "sealed as a layout", Code::WrongKind, |draft| {
            draft.header.envelope.magic[7] = b'L'
        }),
        refused("magic_of_no_kind", "a letter of no kind", Code::WrongKind, |draft| draft.header.envelope.magic[7] = 0),
        refused("magic_text_mode", "the first byte lost its top bit", Code::NotSealed, |draft| {
            draft.header.envelope.magic[0] = 0x09;
        }),
        refused("format_0", "format version 0", Code::UnknownFormat, |draft| draft.header.envelope.format = 0.into()),
        refused("format_2", "format version 2", Code::UnknownFormat, |draft| draft.header.envelope.format = 2.into()),
        refused("front_768", "a front area below the smallest", Code::FrontSize, |draft| {
            draft.header.envelope.front_size = 768.into();
        }),
        refused("front_2304", "a front area above the largest", Code::FrontSize, |draft| {
            draft.header.envelope.front_size = 2304.into();
        }),
        refused("front_1028", "a front area that is no multiple of 256", Code::FrontSize, |draft| {
            draft.header.envelope.front_size = 1028.into();
        }),
        refused("front_largest_number", "a front area of 4 GiB - 1", Code::FrontSize, |draft| {
            draft.header.envelope.front_size = u32::MAX.into();
        }),
        refused("payload_empty", "a payload of 0 bytes", Code::Sizes, |draft| set_payload(draft, Vec::new())),
        refused("payload_largest_number", "a payload of 4 GiB - 1", Code::Sizes, |draft| {
            draft.header.envelope.payload_size = u32::MAX.into();
        }),
        refused("auxiliary_overflow", "sizes that add up to 4 GiB exactly", Code::Sizes, |draft| {
            let rest = u32::MAX - FRONT - draft.header.envelope.payload_size.get() + 1;
            draft.header.envelope.auxiliary_size = rest.into();
        }),
        refused("reserved_10", "a bit set in the first reserved field", Code::Reserved, |draft| {
            draft.header.envelope.reserved[1] = 0x80;
        }),
        refused("reserved_24", "a bit set in the second reserved field", Code::Reserved, |draft| {
            draft.header.envelope.reserved_2[0] = 1;
        }),
        refused("reserved_216", "a bit set in the image's reserved field", Code::Reserved, |draft| {
            draft.header.image.reserved[39] = 1;
        }),
        refused("payload_type_0", "payload type 0", Code::UnknownPayloadType, |draft| {
            draft.header.image.payload_type = 0.into();
        }),
        refused("payload_type_3", "payload type 3", Code::UnknownPayloadType, |draft| {
            draft.header.image.payload_type = 3.into();
        }),
        refused("payload_offset_512", "a payload offset inside the front area", Code::PayloadOffset, |draft| {
            draft.header.image.payload_offset = 512.into();
        }),
        refused("run_address_wraps", "the payload's end lies beyond the address space", Code::RunAddress, |draft| {
            draft.header.image.run_address = (u32::MAX - 10).into();
        }),
    ];
    vectors.into_iter().collect()
}

fn extent() -> Result<Vec<Vector>, String> {
    let good = signed(|_| ())?;
    let cut = |size: usize| good[..size].to_vec();
    let size = good.len() as u32;
    let mut vectors = vec![
        Vector::refused("empty", "a file of 0 bytes", Code::Truncated, Vec::new()),
        Vector::refused("cut_in_magic", "a file of 6 bytes", Code::Truncated, cut(6)),
        Vector::refused("cut_in_header", "a file of 255 bytes", Code::Truncated, cut(255)),
        Vector::refused("cut_in_signatures", "a file of 543 bytes", Code::Truncated, cut(543)),
        Vector::refused("cut_in_records", "a file of 1023 bytes", Code::Truncated, cut(1023)),
        Vector::refused("cut_by_one", "the last byte is missing", Code::Truncated, cut(good.len() - 1)),
        Vector::refused("trailing_byte", "one byte too many", Code::TrailingBytes, changed(|bytes| bytes.push(0xFF))?),
        Vector::refused("slot_too_small", "a slot with one byte less room", Code::ExceedsSlot, good.clone())
            .in_slot(size - 1),
        Vector::refused("html", "a page of a captive portal", Code::NotSealed, b"<!doctype html>".to_vec()),
        Vector::refused("erased_slot", "a slot that was never programmed", Code::NotSealed, vec![0xFF; 2048])
            .in_slot(2048),
        Vector::refused("zero_slot", "a slot of flash that erases to zero", Code::NotSealed, vec![0; 2048])
            .in_slot(2048),
    ];
    for (name, offset) in [
        ("fault_in_magic", 0),
        ("fault_in_header", 255),
        ("fault_in_signatures", 256),
        ("fault_in_records", 544),
        ("fault_in_payload", FRONT),
        ("fault_at_end", size - 1),
    ] {
        let why = "an area with a byte that cannot be read";
        vectors.push(Vector::refused(name, why, Code::ReadFault, good.clone()).in_slot(4096).fault(offset));
    }
    Ok(vectors)
}

fn device() -> Result<Vec<Vector>, String> {
    let refused =
        |name, why, code, change: fn(&mut packer::Draft)| Ok(Vector::refused(name, why, code, signed(change)?));
    let vectors: Vec<Result<Vector, String>> = vec![
        refused("other_vendor", "another vendor's", Code::OtherVendor, |draft| draft.header.image.vendor_id[0] ^= 1),
        refused("other_class", "another class's", Code::OtherClass, |draft| draft.header.image.class_id[15] ^= 1),
        refused("other_layout", "for another layout", Code::OtherLayout, |draft| draft.header.image.layout[31] ^= 1),
        refused("other_run_address", "linked for the other slot", Code::OtherRunAddress, |draft| {
            draft.header.image.run_address = (RUN_ADDRESS + 0xF_0000).into();
        }),
        refused("other_payload_offset", "header at the slot's end", Code::OtherPayloadOffset, |draft| {
            draft.header.image.payload_offset = 0.into();
        }),
        refused("counter_below", "an old image", Code::CounterTooLow, |draft| {
            draft.header.image.security_counter = (COUNTER - 1).into();
        }),
        refused("counter_zero", "an image without a counter", Code::CounterTooLow, |draft| {
            draft.header.image.security_counter = 0.into();
        }),
        Ok(Vector::refused("other_revision", "a board of revision A", Code::OtherRevision, signed(|_| ())?)
            .by(|judge| judge.revision = Check::Require(*b"A\0\0\0"))),
    ];
    vectors.into_iter().collect()
}

fn records() -> Result<Vec<Vector>, String> {
    let list = record(REVISIONS_RECORD, b"B\0\0\0");
    let with =
        |name, why, code, area: &[u8]| Ok(Vector::refused(name, why, code, signed(|draft| set_records(draft, area))?));
    let mut full = record(REVISIONS_RECORD, b"B\0\0\0");
    full[2] = 0xFF;
    let beyond = [list.as_slice(), &[0; 464], &[9, 0, 8, 0]].concat();
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::refused(
            "record_flipped",
            "a bit of a record flipped after signing",
            Code::RecordDigest,
            changed(|bytes| bytes[548] ^= 1)?,
        )),
        Ok(Vector::refused(
            "front_fill_flipped",
            "a bit behind the last record flipped after signing",
            Code::RecordDigest,
            changed(|bytes| bytes[1023] ^= 0x80)?,
        )),
        with("record_too_long", "a record that goes beyond the area", Code::RecordSize, &[1, 0, 0xFF, 0xFF]),
        with("record_no_list", "a list of revisions of 255 bytes", Code::RecordValue, &[full, vec![0; 251]].concat()),
        with("record_unknown", "a critical record of type 9", Code::UnknownRecord, &record(9, b"\x01\x02\x03\x04")),
        with("record_order", "the same type twice", Code::RecordOrder, &[list.clone(), list.clone()].concat()),
        with("record_padding", "padding that is not zero", Code::RecordPadding, &[1, 0, 1, 0, b'B', 1, 0, 0]),
        with("record_after_end", "a byte behind the end of records", Code::RecordPadding, &beyond),
        with("revisions_none", "an empty list of revisions", Code::RecordValue, &record(REVISIONS_RECORD, b"")),
        with("revisions_odd", "a revision of 3 bytes", Code::RecordValue, &record(REVISIONS_RECORD, b"B\0\0")),
        with("revisions_twice", "a revision twice", Code::RecordValue, &record(REVISIONS_RECORD, b"B\0\0\0B\0\0\0")),
        with("revisions_gap", "a zero inside a revision", Code::RecordValue, &record(REVISIONS_RECORD, b"B\0B\0")),
        with("revisions_blank", "a revision of zeros", Code::RecordValue, &record(REVISIONS_RECORD, &[0; 4])),
    ];
    vectors.into_iter().collect()
}

fn payload() -> Result<Vec<Vector>, String> {
    let entry = |name, why, code, payload: Vec<u8>| {
        let draft = draft_of(payload)?;
        let bytes = draft.seal(&[test_key(EXAMPLE_KEY).sign(draft.to_sign())]);
        Ok(Vector::refused(name, why, code, bytes))
    };
    let reset = |address: u32| {
        let mut payload = firmware(1000);
        payload[4..8].copy_from_slice(&address.to_le_bytes());
        payload
    };
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::refused(
            "payload_flipped",
            "the payload's first bit flipped after signing",
            Code::PayloadDigest,
            changed(|bytes| bytes[FRONT as usize] ^= 1)?,
        )),
        Ok(Vector::refused(
            "payload_last_flipped",
            "the payload's last bit flipped after signing",
            Code::PayloadDigest,
            changed(|bytes| bytes.iter_mut().rev().take(1).for_each(|byte| *byte ^= 0x80))?,
        )),
        entry("firmware_of_7_bytes", "no room for two vectors", Code::EntryMissing, firmware(8)[..7].to_vec()),
        entry("reset_even", "a reset vector without the Thumb bit", Code::EntryOutside, reset(RUN_ADDRESS + 0x10)),
        entry("reset_in_other_slot", "linked for the other slot", Code::EntryOutside, reset(0x0812_0411)),
        entry("reset_at_end", "the first address behind the payload", Code::EntryOutside, reset(RUN_ADDRESS + 1001)),
        entry("reset_in_vectors", "inside the vector table's first words", Code::EntryOutside, reset(RUN_ADDRESS + 5)),
        entry("reset_erased", "a reset vector that was never set", Code::EntryOutside, reset(u32::MAX)),
        Ok(Vector::refused(
            "auxiliary_flipped",
            "another auxiliary area than the signed one",
            Code::AuxiliaryDigest,
            with_auxiliary(b"notes", b"nodes")?,
        )),
    ];
    vectors.into_iter().collect()
}

/// One record, padded.
fn record(kind: u16, value: &[u8]) -> Vec<u8> {
    let size = value.len() as u16;
    let mut bytes = [&kind.to_le_bytes(), &size.to_le_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn set_records(draft: &mut packer::Draft, area: &[u8]) {
    let mut records = area.to_vec();
    records.resize(draft.records.len(), 0);
    draft.header.envelope.records_digest = sha256(&mut SoftwareCrypto, &records);
    draft.records = records;
}

fn set_front(draft: &mut packer::Draft, size: u32) {
    draft.header.envelope.front_size = size.into();
    draft.header.image.payload_offset = size.into();
    let mut area = draft.records.clone();
    area.resize(draft.records.len() + (size - FRONT) as usize, 0);
    draft.records = area.clone();
    set_records(draft, &area);
}

fn set_payload(draft: &mut packer::Draft, payload: Vec<u8>) {
    draft.header.envelope.payload_size = (payload.len() as u32).into();
    draft.header.envelope.payload_digest = sha256(&mut SoftwareCrypto, &payload);
    draft.payload = payload;
}

/// An image whose header was signed over one auxiliary area, followed by another of the same size.
fn with_auxiliary(signed_over: &[u8], follows: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = signed(|draft| {
        draft.header.envelope.auxiliary_size = (signed_over.len() as u32).into();
        draft.header.envelope.auxiliary_digest = sha256(&mut SoftwareCrypto, signed_over);
    })?;
    bytes.extend_from_slice(follows);
    Ok(bytes)
}
