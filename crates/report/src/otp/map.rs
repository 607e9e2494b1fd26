//! What lies where in one-time-programmable memory.

use std::fmt::Write as _;

use geometry::sort::sort_by_key;
use geometry::{Lock, address};
use image_format::otp::FieldKind;
use manifest::otp::{block_range, free, spent};
use manifest::plan::otp::{Field, Otp};
use serde_json::Value;

use crate::json;
use crate::text::{hex, thousands};

/// `OTP 0x1FF0_F000: 16 blocks of 64, lock bytes 0x1FF0_F400-0x1FF0_F40F, unique id 0x1FF0_F420 (not ours)`.
pub fn title(otp: &Otp) -> String {
    let memory = &otp.memory;
    let mut text = format!("OTP {}: ", address(memory.base));
    match (memory.blocks(), memory.block) {
        (Some(blocks), Some(block)) => _ = write!(text, "{blocks} blocks of {block}"),
        _ => _ = write!(text, "{} bytes in units of {}", memory.size, otp.unit),
    }
    match memory.lock {
        Some(Lock::Bytes(base)) => {
            let last = base.saturating_add(memory.blocks().unwrap_or(1).saturating_sub(1));
            let _ = write!(text, ", lock bytes {}-{}", address(base), address(last));
        }
        Some(Lock::Register) => text.push_str(", a lock bit for each in a register"),
        _ => text.push_str(", frozen once programmed"),
    }
    if let Some(id) = memory.unique_id {
        let _ = write!(text, ", unique id {} (not ours)", address(id));
    }
    text
}

/// A row: neighbouring blocks that hold the same fields; without blocks a field.
struct Row {
    /// `0`, `3-15`; without blocks offsets.
    place: String,
    address: String,
    lock: String,
    stage: String,
    what: String,
}

/// The table, with its heading.
pub fn text(otp: &Otp) -> String {
    let mut rows = if otp.memory.block.is_some() { by_block(otp) } else { by_field(otp) };
    let place = if otp.memory.block.is_some() { "block" } else { "bytes" };
    let lock = if otp.lock_byte(0).is_some() { "lock byte" } else { "" };
    let heading = [place, "address", lock, "stage", "fields"].map(str::to_owned);
    let [place, address, lock, stage, what] = heading;
    rows.insert(0, Row { place, address, lock, stage, what });
    let width = |column: fn(&Row) -> &str| rows.iter().map(|row| column(row).len()).max().unwrap_or(0);
    let (places, stages) = (width(|row| &row.place), width(|row| &row.stage));
    let (addresses, locks) = (width(|row| &row.address), width(|row| &row.lock));
    let mut text = String::new();
    for Row { place, address, lock, stage, what } in &rows {
        let lock = if locks > 0 { format!("{lock:<locks$}  ") } else { String::new() };
        let line = format!("  {place:<places$}  {address:<addresses$}  {lock}{stage:<stages$}  {what}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

fn by_block(otp: &Otp) -> Vec<Row> {
    let blocks = otp.memory.blocks().unwrap_or(0);
    let fields_of = |block: u32| -> Vec<&Field> {
        otp.fields.iter().filter(|field| otp.blocks(field).is_some_and(|of| of.contains(&block))).collect()
    };
    let mut rows = Vec::new();
    let mut first = 0;
    while first < blocks {
        let fields = fields_of(first);
        let next = (first + 1..blocks).find(|block| fields_of(*block) != fields).unwrap_or(blocks);
        let last = next - 1;
        let place = geometry::numbers(first, last);
        let start = block_range(otp, first).map_or(0, |range| range.start);
        let is_free = fields.is_empty();
        let bytes = otp.memory.block.unwrap_or(0).saturating_mul(next - first);
        rows.push(Row {
            place,
            address: address(start),
            lock: otp.lock_byte(first).filter(|_| !is_free).map_or(String::new(), address),
            stage: if is_free { String::new() } else { stage_of(otp, first, &fields) },
            what: if is_free { format!("free, {} bytes", thousands(bytes.into())) } else { list(otp, &fields) },
        });
        first = next;
    }
    rows
}

/// The stage that locks a block; without a lock those that program it, and that it stays open.
fn stage_of(otp: &Otp, block: u32, fields: &[&Field]) -> String {
    if let Some(stage) = otp.locked_by(block) {
        return stage.name.value.clone();
    }
    let mut names: Vec<&str> =
        fields.iter().filter_map(|field| field.stage.as_ref()).map(|stage| stage.value.as_str()).collect();
    names.dedup();
    if names.is_empty() { "device".to_owned() } else { format!("{}, open", names.join(", ")) }
}

fn by_field(otp: &Otp) -> Vec<Row> {
    let row = |range: std::ops::Range<u32>, stage: String, what: String| {
        let place = format!("{:02X}-{:02X}", range.start, range.end.saturating_sub(1));
        (range.start, Row { place, address: address(otp.address(range.start)), lock: String::new(), stage, what })
    };
    let field = |field: &Field| {
        let stage = field.stage.as_ref().map_or("device".to_owned(), |stage| stage.value.clone());
        row(field.range(), stage, describe(otp, field, false))
    };
    let mut rows: Vec<(u32, Row)> = otp.fields.iter().map(field).collect();
    rows.extend(free(otp).into_iter().map(|range| {
        let size = thousands((range.end - range.start).into());
        row(range, String::new(), format!("free, {size} bytes"))
    }));
    rows.extend(spent(otp).into_iter().map(|(range, field)| {
        let of = &field.name.value;
        row(range, String::new(), format!("spent: in a unit of {} bytes with {of}", otp.unit))
    }));
    sort_by_key(&mut rows, |(start, _)| *start);
    rows.into_iter().map(|(_, row)| row).collect()
}

fn list(otp: &Otp, fields: &[&Field]) -> String {
    fields.iter().map(|field| describe(otp, field, true)).collect::<Vec<_>>().join(", ")
}

/// `serial 00-0B`, `trust 40-5F, its complement 60-7F`, `rollback 80-BF: 64 steps, in the field`.
fn describe(otp: &Otp, field: &Field, has_place: bool) -> String {
    let name = &field.name.value;
    let range = |start: u32, size: u32| format!("{start:02X}-{:02X}", start.saturating_add(size).saturating_sub(1));
    let (start, size) = (field.at.value, field.value_size());
    let mut text = if has_place { format!("{name} {}", range(start, size)) } else { name.clone() };
    if field.kind.value == FieldKind::Counter {
        let unit = if otp.unit == 1 { "a byte".to_owned() } else { format!("{} bytes", otp.unit) };
        let _ = write!(text, ": {} steps, {unit} each, in the field", field.steps(otp.unit));
    }
    if field.has_complement {
        let _ = write!(text, ", its complement {}", range(start.saturating_add(size), size));
    }
    if field.copies > 1 {
        let _ = write!(text, ", {} times", field.copies);
    }
    text
}

/// The same for programs.
pub fn to_json(otp: &Otp) -> Value {
    let field = |field: &Field| {
        json!({
            "name": field.name.value,
            "type": field.kind.value.word(),
            "offset": field.at.value,
            "address": otp.address(field.at.value),
            "size": field.range().end - field.range().start,
            "value_size": field.value_size(),
            "stage": field.stage.as_ref().map(|stage| &stage.value),
            "steps": (field.kind.value == FieldKind::Counter).then(|| field.steps(otp.unit)),
            "complement": field.has_complement,
            "copies": field.copies,
        })
    };
    let stage = |stage: &manifest::plan::otp::Stage| {
        let locks = stage.locks();
        json!({ "name": stage.name.value, "locks": locks })
    };
    json!({
        "base": otp.memory.base,
        "size": otp.memory.size,
        "unit": otp.unit,
        "block": otp.memory.block,
        "version": otp.version.value,
        "layout": hex(&otp.fingerprint),
        "used": otp.used(),
        "stages": otp.stages.iter().map(stage).collect::<Vec<_>>(),
        "fields": otp.fields.iter().map(field).collect::<Vec<_>>(),
    })
}
