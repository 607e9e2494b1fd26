//! What firmware reads of a board.

use std::fmt::Write as _;

use image_format::Memory;
use image_format::otp::{FieldKind, FieldRefusal, OtpLayout};
use manifest::otp::show;
use manifest::plan::otp::{Field, Otp, Source};
use provision::ReadBack;
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;

/// A field as firmware reads it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Its value for people; or why there is none.
    pub value: Result<String, FieldRefusal>,
}

/// The fields of a dump. The exit code is 1 if one is refused; one that was never programmed is not.
///
/// # Errors
/// A layout that cannot be read: a defect of ours.
pub fn report(otp: &Otp, found: &ReadBack) -> Result<Report, Failure> {
    let rows = rows(otp, found)?;
    let is_refused = |row: &Row| row.value.as_ref().is_err_and(|refusal| *refusal != FieldRefusal::Blank);
    let exit = if rows.iter().any(is_refused) { Exit::Refused } else { Exit::Done };
    let text = text(&rows) + &locks(otp, found);
    let result = Some(json!({ "fields": rows.iter().map(to_json).collect::<Vec<_>>(), "locks": found.locks }));
    Ok(Report { exit, result, ..Report::done(text) })
}

/// All fields of a dump, by the layout's own reader.
///
/// # Errors
/// A layout that cannot be read: a defect of ours.
pub fn rows(otp: &Otp, found: &ReadBack) -> Result<Vec<Row>, Failure> {
    let layout = OtpLayout::parse(&otp.layout).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let row = |(index, field): (usize, &Field)| {
        let mut memory = Memory::file(&found.data);
        let value = if field.kind.value == FieldKind::Counter {
            let steps = field.steps(otp.unit);
            layout.counter(index, &mut memory).map(|count| format!("{count} of {steps} steps"))
        } else {
            let mut buffer = vec![0; usize::try_from(field.value_size()).unwrap_or(0)];
            let sum = if field.kind.value == FieldKind::Crc32 { layout.check_sum(index, &mut memory) } else { Ok(()) };
            let read = layout.read(index, &mut Memory::file(&found.data), &mut buffer);
            read.and(sum).map(|()| match field.source {
                Source::Secret(_) => "secret, programmed".to_owned(),
                _ => show(field, &buffer),
            })
        };
        Row { name: field.name.value.clone(), value }
    };
    Ok(otp.fields.iter().enumerate().map(row).collect())
}

fn text(rows: &[Row]) -> String {
    let names = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let line = |row: &Row| match &row.value {
        Ok(value) => format!("  {:<names$}  {value}\n", row.name),
        Err(refusal) => format!("  {:<names$}  {refusal}: {}\n", row.name, refusal.doc().join(" ").trim()),
    };
    rows.iter().map(line).collect()
}

fn locks(otp: &Otp, found: &ReadBack) -> String {
    let mut text = String::new();
    for (block, byte) in found.locks.iter().flatten().enumerate().filter(|(_, byte)| **byte != 0xFF) {
        let state = if *byte == 0 { "locked".to_owned() } else { format!("0x{byte:02X}, neither open nor locked") };
        let _ = writeln!(text, "  block {block}: {state}");
    }
    if found.locks.is_none() && otp.lock_byte(0).is_some() {
        text.push_str("  locks: not in the read-back\n");
    }
    text
}

fn to_json(row: &Row) -> Value {
    let refusal = row.value.as_ref().err().map(|refusal| json!({ "code": refusal.number(), "name": refusal.name() }));
    json!({ "field": row.name, "value": row.value.as_ref().ok(), "refusal": refusal })
}
