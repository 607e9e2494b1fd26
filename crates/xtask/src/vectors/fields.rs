//! Vectors for readers of one-time-programmable memory: a layout, a memory, a question, and the answer.

use image_format::Memory;
use image_format::crc::crc32;
use image_format::otp::{COMPLEMENT, FieldKind, FieldList, FieldRefusal, OtpField, OtpHead, OtpLayout, Text};
use serde_json::{Value, json};
use zerocopy::little_endian::U16;

use crate::generated::hex;

/// What is asked of a field.
#[derive(Clone, Copy)]
enum Question {
    /// Its values.
    Read,
    /// Its values, with every sum that covers them.
    Checked,
    /// Its values as a text of 8 characters at most, with every sum that covers them.
    Text,
    /// Whether the sum is right.
    Sum,
    /// How far it counted.
    Count,
}

/// A case; its answer is a text: hex of values, the text itself, a count, nothing for a sum that is right.
struct Case {
    name: &'static str,
    layout: Vec<u8>,
    memory: Vec<u8>,
    unreadable: Option<u32>,
    question: (Question, usize),
    expected: Result<String, FieldRefusal>,
}

/// The index: `fields.json`.
pub(super) fn document() -> Result<String, String> {
    let cases = cases()?;
    // The size of a buffer is a matter between a reader and its caller: no vector can have it wrong.
    if let Some(missing) = FieldRefusal::ALL
        .iter()
        .filter(|refusal| **refusal != FieldRefusal::BufferSize)
        .find(|refusal| !cases.iter().any(|case| case.expected.as_ref().err() == Some(refusal)))
    {
        return Err(format!("no vector produces {missing}"));
    }
    let entries = cases.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let text = serde_json::to_string_pretty(&json!({ "fields": entries })).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}

fn entry(case: &Case) -> Result<Value, String> {
    let answer = answer(case);
    if answer != case.expected {
        return Err(format!("vector {}: expected {:?}, read {answer:?}", case.name, case.expected));
    }
    let (question, field) = case.question;
    let word = match question {
        Question::Read => "read",
        Question::Checked => "checked",
        Question::Text => "text",
        Question::Sum => "sum",
        Question::Count => "count",
    };
    Ok(json!({
        "name": case.name,
        "layout": hex(&case.layout),
        "memory": hex(&case.memory),
        "unreadable": case.unreadable,
        "field": field,
        "question": word,
        "answer": answer.as_ref().ok(),
        "code": answer.as_ref().err().map_or(0, |refusal| refusal.number()),
    }))
}

fn answer(case: &Case) -> Result<String, FieldRefusal> {
    let layout = OtpLayout::parse(&case.layout)?;
    let memory = Memory::file(&case.memory);
    let mut memory = case.unreadable.map_or(memory, |offset| memory.unreadable_at(offset));
    let (question, field) = case.question;
    match question {
        Question::Read => {
            let found = layout.fields().nth(field).ok_or(FieldRefusal::NoSuchField)?;
            let mut buffer = vec![0; found.field.value_size() as usize];
            layout.read(field, &mut memory, &mut buffer).map(|()| hex(&buffer))
        }
        Question::Checked => layout.bytes::<8, 1>(field, &mut memory).map(|[bytes]| hex(&bytes)),
        Question::Text => {
            layout.values::<8, 1, _>(field, &mut memory, Text::new).map(|[text]| text.as_str().to_owned())
        }
        Question::Sum => layout.check_sum(field, &mut memory).map(|()| String::new()),
        Question::Count => layout.counter(field, &mut memory).map(|count| count.to_string()),
    }
}

fn field(kind: FieldKind, at: u32, length: u32) -> OtpField {
    let (kind, count) = (kind.number(), 1.into());
    OtpField {
        kind,
        flags: 0,
        copies: 1,
        reserved: 0,
        at: at.into(),
        length: length.into(),
        count,
        covered_count: 0.into(),
    }
}

/// A serial, a number with its complement, a number three times, a sum over the first two, a counter of four units.
fn layout(unit: u16) -> Result<Vec<u8>, String> {
    let covered = [U16::new(0), U16::new(1)];
    let fields = [
        (field(FieldKind::Ascii, 0, 8), [].as_slice()),
        (OtpField { flags: COMPLEMENT, ..field(FieldKind::U32, 8, 4) }, &[]),
        (OtpField { copies: 3, ..field(FieldKind::U16, 16, 2) }, &[]),
        (field(FieldKind::Crc32, 24, 4), &covered),
        (field(FieldKind::Counter, 32, 4 * u32::from(unit)), &[]),
    ];
    let head = OtpHead {
        format: 1.into(),
        version: 1.into(),
        base: 0x1FF0_F000.into(),
        size: 64.into(),
        unit: unit.into(),
        block: 64.into(),
        field_count: 0.into(),
        reserved: [0; 2],
    };
    let mut bytes = Vec::new();
    FieldList { head, fields: &fields }.emit(|piece| bytes.extend_from_slice(piece)).ok_or("too many fields")?;
    Ok(bytes)
}

fn memory() -> Vec<u8> {
    let mut memory = vec![0xFF; 64];
    memory[..8].copy_from_slice(b"WX2511\0\0");
    memory[8..12].copy_from_slice(&[1, 2, 3, 4]);
    memory[12..16].copy_from_slice(&[!1, !2, !3, !4]);
    memory[16..22].copy_from_slice(&[7, 8, 7, 8, 7, 8]);
    let sum = crc32(&memory[..12]);
    memory[24..28].copy_from_slice(&sum.to_le_bytes());
    memory[32..34].fill(0);
    memory
}

fn cases() -> Result<Vec<Case>, String> {
    let case = |name, question, change: fn(&mut Vec<u8>), expected: Result<&str, FieldRefusal>| {
        let mut memory = memory();
        change(&mut memory);
        let expected = expected.map(str::to_owned);
        Ok(Case { name, layout: layout(1)?, memory, unreadable: None, question, expected })
    };
    let unit_of_8 = |case: Case| Ok::<Case, String>(Case { layout: layout(8)?, ..case });
    let cut = |case: Case| Case { layout: case.layout[..30].to_vec(), ..case };
    let at = |offset: u32, case: Case| Case { unreadable: Some(offset), ..case };
    let (read, sum, count) =
        (|index| (Question::Read, index), |index| (Question::Sum, index), |index| (Question::Count, index));
    let (checked, text) = ((Question::Checked, 0), (Question::Text, 0));
    let no_text: fn(&mut Vec<u8>) = |memory| {
        memory[1] = 0x7F;
        let sum = crc32(&memory[..12]);
        memory[24..28].copy_from_slice(&sum.to_le_bytes());
    };
    let keep: fn(&mut Vec<u8>) = |_| ();
    let cases: Vec<Result<Case, String>> = vec![
        case("serial", read(0), keep, Ok("5758323531310000")),
        case("with_complement", read(1), keep, Ok("01020304")),
        case("three_copies", read(2), keep, Ok("0708")),
        case("sum", sum(3), keep, Ok("")),
        case("count", count(4), keep, Ok("2")),
        case("first_copy_lost", read(2), |memory| memory[16] = 0, Ok("0708")),
        case("last_copy_lost", read(2), |memory| memory[21] = 0, Ok("0708")),
        case(
            "copies_differ",
            read(2),
            |memory| memory[16..22].copy_from_slice(&[1, 1, 2, 2, 3, 3]),
            Err(FieldRefusal::Copies),
        ),
        case("blank", read(0), |memory| memory[..8].fill(0xFF), Err(FieldRefusal::Blank)),
        case("value_flipped", read(1), |memory| memory[8] ^= 0x10, Err(FieldRefusal::Complement)),
        case("complement_flipped", read(1), |memory| memory[15] ^= 1, Err(FieldRefusal::Complement)),
        case("covered_byte_flipped", sum(3), |memory| memory[0] ^= 1, Err(FieldRefusal::Sum)),
        case("covered_field_refused", sum(3), |memory| memory[8] ^= 1, Err(FieldRefusal::Complement)),
        case("no_such_field", read(5), keep, Err(FieldRefusal::NoSuchField)),
        case("no_counter", count(0), keep, Err(FieldRefusal::NoSuchField)),
        case("no_sum", sum(0), keep, Err(FieldRefusal::NoSuchField)),
        case("unit_half_spent", count(4), |memory| memory[32] = 0x0F, Ok("0")),
        case("unit_more_than_half_spent", count(4), |memory| memory[34] = 0x07, Ok("3")),
        case("spent_behind_a_gap", count(4), |memory| memory[35] = 0, Ok("2")),
        case("all_spent", count(4), |memory| memory[32..36].fill(0), Ok("4")),
        case("unreadable", read(0), keep, Err(FieldRefusal::Unreadable)).map(|case| at(7, case)),
        case("layout_cut", read(0), keep, Err(FieldRefusal::LayoutForm)).map(cut),
        case("checked", checked, keep, Ok("5758323531310000")),
        case("own_refusal_first", checked, |memory| memory[..9].fill(0xFF), Err(FieldRefusal::Blank)),
        case("beside_a_refused_field", checked, |memory| memory[8] ^= 1, Err(FieldRefusal::Complement)),
        case("under_a_wrong_sum", checked, |memory| memory[0] ^= 1, Err(FieldRefusal::Sum)),
        case("under_no_sum", checked, |memory| memory[24..28].fill(0xFF), Err(FieldRefusal::Blank)),
        case("text", text, keep, Ok("WX2511")),
        case("no_text", text, no_text, Err(FieldRefusal::Form)),
        case("no_text_but_bytes", checked, no_text, Ok("577f323531310000")),
        case("torn_unit", count(4), |memory| memory[32..40].fill(0), Ok("2"))
            .and_then(unit_of_8)
            .map(|case| at(41, case)),
    ];
    cases.into_iter().collect()
}
