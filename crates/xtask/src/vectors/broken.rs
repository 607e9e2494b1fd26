//! Images that are right, and images broken in one way each: form, size, device.

use image_format::{Check, Code, ImageBody, PayloadType};

use super::areas::{item, set_auxiliary, set_front, set_payload, set_records};
use super::{COUNTER, FRONT, RUN_ADDRESS, Vector, changed, signed};

pub(super) fn vectors() -> Result<Vec<Vector>, String> {
    Ok([accepted()?, header()?, extent()?, device()?].into_iter().flatten().collect())
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
            signed(|draft| draft.header.body.payload_offset = 0.into())?,
        )
        .by(|judge| judge.place = Check::Waived),
        Vector::accepted(
            "data_of_one_byte",
            "data needs no vector table",
            signed(|draft| {
                draft.header.body.payload_type = PayloadType::Data.number().into();
                set_payload(draft, vec![0x5A]);
            })?,
        ),
        Vector::accepted(
            "auxiliary",
            "text, and an item of a type that nobody knows",
            signed(|draft| set_auxiliary(draft, [item(1, b"notes"), item(9, b"new")].concat()))?,
        ),
    ])
}

fn header() -> Result<Vec<Vector>, String> {
    let refused = |name, why, code, change: fn(&mut packer::Draft<ImageBody>)| {
        Ok(Vector::refused(name, why, code, signed(change)?))
    };
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
        refused("sizes_largest", "sizes that add up to 4 GiB - 1", Code::Truncated, |draft| {
            let rest = u32::MAX - FRONT - draft.header.envelope.payload_size.get();
            draft.header.envelope.auxiliary_size = rest.into();
        }),
        refused("reserved_10", "a bit set in the first reserved field", Code::Reserved, |draft| {
            draft.header.envelope.reserved[1] = 0x80;
        }),
        refused("reserved_24", "a bit set in the second reserved field", Code::Reserved, |draft| {
            draft.header.envelope.reserved_2[0] = 1;
        }),
        refused("reserved_216", "a bit set in the image's reserved field", Code::Reserved, |draft| {
            draft.header.body.reserved[39] = 1;
        }),
        refused("payload_type_0", "payload type 0", Code::UnknownPayloadType, |draft| {
            draft.header.body.payload_type = 0.into();
        }),
        refused("payload_type_3", "payload type 3", Code::UnknownPayloadType, |draft| {
            draft.header.body.payload_type = 3.into();
        }),
        refused("payload_offset_512", "a payload offset inside the front area", Code::PayloadOffset, |draft| {
            draft.header.body.payload_offset = 512.into();
        }),
        refused("run_address_at_end", "the payload's end is the end of the address space", Code::RunAddress, |draft| {
            draft.header.body.run_address = (u32::MAX - 999).into();
        }),
        refused("run_address_before_end", "one byte below: right in form", Code::OtherRunAddress, |draft| {
            draft.header.body.run_address = (u32::MAX - 1000).into();
        }),
        refused("run_address_wraps", "the payload's end lies beyond the address space", Code::RunAddress, |draft| {
            draft.header.body.run_address = (u32::MAX - 10).into();
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
        ("fault_at_records_end", 1023),
        ("fault_in_payload", FRONT),
        ("fault_at_end", size - 1),
    ] {
        let why = "an area with a byte that cannot be read";
        vectors.push(Vector::refused(name, why, Code::ReadFault, good.clone()).in_slot(4096).fault(offset));
    }
    Ok(vectors)
}

fn device() -> Result<Vec<Vector>, String> {
    let refused = |name, why, code, change: fn(&mut packer::Draft<ImageBody>)| {
        Ok(Vector::refused(name, why, code, signed(change)?))
    };
    let vectors: Vec<Result<Vector, String>> = vec![
        refused("other_vendor", "another vendor's", Code::OtherVendor, |draft| draft.header.envelope.vendor_id[0] ^= 1),
        refused("other_class", "another class's", Code::OtherClass, |draft| draft.header.envelope.class_id[15] ^= 1),
        refused("other_layout", "for another layout", Code::OtherLayout, |draft| draft.header.body.layout[31] ^= 1),
        refused("other_run_address", "linked for the other slot", Code::OtherRunAddress, |draft| {
            draft.header.body.run_address = (RUN_ADDRESS + 0xF_0000).into();
        }),
        refused("other_payload_offset", "header at the slot's end", Code::OtherPayloadOffset, |draft| {
            draft.header.body.payload_offset = 0.into();
        }),
        refused("counter_below", "an old image", Code::CounterTooLow, |draft| {
            draft.header.body.security_counter = (COUNTER - 1).into();
        }),
        refused("counter_zero", "an image without a counter", Code::CounterTooLow, |draft| {
            draft.header.body.security_counter = 0.into();
        }),
        Ok(Vector::refused("other_revision", "a board of revision A", Code::OtherRevision, signed(|_| ())?)
            .by(|judge| judge.revision = Check::Require(*b"A\0\0\0"))),
    ];
    vectors.into_iter().collect()
}
