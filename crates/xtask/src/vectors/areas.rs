//! Images broken in one way each in an area: records, payload, auxiliary area.

use image_format::record::{COMPANIONS, REVISIONS};
use image_format::{Body, Code, ImageBody};
use packer::Draft;

use super::{FRONT, RUN_ADDRESS, Vector, changed, draft_of, firmware, seal, signed};

pub(super) fn vectors() -> Result<Vec<Vector>, String> {
    Ok([records()?, payload()?, auxiliary()?].into_iter().flatten().collect())
}

fn records() -> Result<Vec<Vector>, String> {
    let list = record(REVISIONS, b"B\0\0\0");
    let with =
        |name, why, code, area: &[u8]| Ok(Vector::refused(name, why, code, signed(|draft| set_records(draft, area))?));
    let mut full = record(REVISIONS, b"B\0\0\0");
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
        with(
            "record_order_first",
            "a type out of order, and too long",
            Code::RecordOrder,
            &[list.clone(), vec![1, 0, 0xFF, 0xFF]].concat(),
        ),
        with(
            "record_padding_first",
            "an unknown type with padding that is not zero",
            Code::RecordPadding,
            &[9, 0, 1, 0, 7, 1, 0, 0],
        ),
        with("record_of_type_0", "a size where the records have ended", Code::RecordPadding, &[0, 0, 4, 0]),
        with("revisions_space", "a blank in a revision", Code::RecordValue, &record(REVISIONS, b"B 2\0")),
        with(
            "revisions_delete",
            "a control character in a revision",
            Code::RecordValue,
            &record(REVISIONS, b"B\x7F\0\0"),
        ),
        with("record_no_list", "a list of revisions of 255 bytes", Code::RecordValue, &[full, vec![0; 251]].concat()),
        with("record_unknown", "a critical record of type 9", Code::UnknownRecord, &record(9, b"\x01\x02\x03\x04")),
        with("record_order", "the same type twice", Code::RecordOrder, &[list.clone(), list.clone()].concat()),
        with("record_padding", "padding that is not zero", Code::RecordPadding, &[1, 0, 1, 0, b'B', 1, 0, 0]),
        with("record_after_end", "a byte behind the end of records", Code::RecordPadding, &beyond),
        Ok(Vector::accepted(
            "companions",
            "revisions and two companions",
            signed(|draft| set_records(draft, &[list.clone(), record(COMPANIONS, &ids(2))].concat()))?,
        )),
        Ok(Vector::accepted(
            "companions_eight",
            "as many companions as there may be",
            signed(|draft| set_records(draft, &record(COMPANIONS, &ids(8))))?,
        )),
        with("companions_none", "an empty list of companions", Code::RecordValue, &record(COMPANIONS, &[])),
        with("companions_odd", "a companion of 31 bytes", Code::RecordValue, &record(COMPANIONS, &[7; 31])),
        with("companions_twice", "a companion twice", Code::RecordValue, &record(COMPANIONS, &[7; 64])),
        with("companions_nine", "more companions than there may be", Code::RecordValue, &record(COMPANIONS, &ids(9))),
        with(
            "records_descending",
            "companions before revisions",
            Code::RecordOrder,
            &[record(COMPANIONS, &ids(1)), list.clone()].concat(),
        ),
        with("revisions_none", "an empty list of revisions", Code::RecordValue, &record(REVISIONS, b"")),
        with("revisions_odd", "a revision of 3 bytes", Code::RecordValue, &record(REVISIONS, b"B\0\0")),
        with("revisions_twice", "a revision twice", Code::RecordValue, &record(REVISIONS, b"B\0\0\0B\0\0\0")),
        with("revisions_gap", "a zero inside a revision", Code::RecordValue, &record(REVISIONS, b"B\0B\0")),
        with("revisions_blank", "a revision of zeros", Code::RecordValue, &record(REVISIONS, &[0; 4])),
    ];
    vectors.into_iter().collect()
}

fn payload() -> Result<Vec<Vector>, String> {
    let entry = |name, why, code, payload: Vec<u8>| Ok(Vector::refused(name, why, code, seal(&draft_of(payload)?)));
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
        entry(
            "reset_at_last_byte",
            "the last byte of the payload is inside",
            Code::EntryOutside,
            reset(RUN_ADDRESS + 1000 + 1),
        ),
        entry("reset_erased", "a reset vector that was never set", Code::EntryOutside, reset(u32::MAX)),
    ];
    vectors.into_iter().collect()
}

fn auxiliary() -> Result<Vec<Vector>, String> {
    let area = |area: Vec<u8>| signed(|draft| set_auxiliary(draft, area));
    let refused = |name, why, bytes: Vec<u8>| Ok(Vector::refused(name, why, Code::AuxiliaryForm, area(bytes)?));
    let chunks = |log2: u32, count: usize| item(4, &[log2.to_le_bytes().to_vec(), vec![0xEE; 32 * count]].concat());
    let mut flipped = area(item(1, b"notes"))?;
    flipped.iter_mut().rev().take(1).for_each(|byte| *byte ^= 1);
    let mut reserved = item(1, b"note");
    reserved[2] = 1;
    let vectors: Vec<Result<Vector, String>> = vec![
        Ok(Vector::refused("auxiliary_flipped", "a bit flipped after signing", Code::AuxiliaryDigest, flipped)),
        Ok(Vector::accepted("auxiliary_chunks", "the digest of the payload's only chunk", area(chunks(12, 1))?)),
        Ok(Vector::accepted("auxiliary_empty_text", "text of no characters", area(item(1, b""))?)),
        Ok(Vector::refused("fault_in_auxiliary", "a byte of its second piece cannot be read", Code::ReadFault, {
            area(item(1, &[b'x'; 600]))?
        })
        .fault(1024 + 1000 + 512)),
        refused("auxiliary_padding_cut", "padding that the area's end cuts off", item(1, b"note!")[..14].to_vec()),
        refused("auxiliary_cut", "an area of 5 bytes", b"notes".to_vec()),
        refused("auxiliary_item_too_long", "an item that goes beyond the area", item(1, b"notes")[..12].to_vec()),
        refused("auxiliary_order", "the same type twice", [item(1, b"a"), item(1, b"b")].concat()),
        refused("auxiliary_type_0", "type 0", item(0, b"")),
        refused("auxiliary_reserved", "a reserved byte that is not zero", reserved),
        refused("auxiliary_padding", "padding that is not zero", vec![1, 0, 0, 0, 1, 0, 0, 0, b'a', 0, 0, 1]),
        refused("auxiliary_text_no_utf8", "text that is not UTF-8", item(1, &[0xFF])),
        refused("auxiliary_digest_short", "a digest of 31 bytes", item(2, &[0; 31])),
        refused("chunks_too_few", "no digest for the only chunk", chunks(12, 0)),
        refused("chunks_too_many", "two digests for one chunk", chunks(12, 2)),
        refused("chunks_of_2_kib", "chunks below 4 KiB", chunks(11, 1)),
        refused("chunks_of_2_mib", "chunks above 1 MiB", chunks(21, 1)),
        refused("chunks_of_no_size", "an exponent that no shift takes", chunks(300, 1)),
    ];
    vectors.into_iter().collect()
}

/// Ids of so many images.
fn ids(count: u8) -> Vec<u8> {
    (0..count).flat_map(|number| [number; 32]).collect()
}

/// One record, padded.
fn record(kind: u16, value: &[u8]) -> Vec<u8> {
    let size = value.len() as u16;
    let mut bytes = [&kind.to_le_bytes(), &size.to_le_bytes(), value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

pub(super) fn set_records(draft: &mut Draft<ImageBody>, area: &[u8]) {
    let size = draft.records.len();
    draft.records = area.to_vec();
    draft.records.resize(size, 0);
    draft.renew();
}

pub(super) fn set_front(draft: &mut Draft<ImageBody>, size: u32) {
    draft.header.envelope.front_size = size.into();
    draft.header.body.payload_offset = size.into();
    draft.records.resize(draft.records.len() + (size - FRONT) as usize, 0);
    draft.renew();
}

pub(super) fn set_payload(draft: &mut Draft<ImageBody>, payload: Vec<u8>) {
    draft.payload = payload;
    draft.renew();
}

pub(super) fn set_auxiliary<B: Body>(draft: &mut Draft<B>, area: Vec<u8>) {
    draft.auxiliary = area;
    draft.renew();
}

/// One item of an auxiliary area, padded.
pub(super) fn item(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [&kind.to_le_bytes(), &[0; 2], &(value.len() as u32).to_le_bytes() as &[u8], value].concat();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}
