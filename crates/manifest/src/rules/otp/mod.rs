//! One-time-programmable memory: WX0128 to WX0131 about the hardware, WX0301 to WX0305 about what goes together.

mod lock;
mod unit;

use geometry::{Part, address};
use image_format::otp::FieldKind;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::otp::{offset, place};
use crate::plan::otp::{Field, Otp, Source};
use crate::source::{Span, Spanned};
use crate::spec;

type Report = Vec<Diagnostic>;

/// All rules about a layout whose fields are known.
pub fn check(otp: &Otp, part: &Part, table: &spec::Otp, report: &mut Report) {
    inside(otp, part, report);
    overlap(otp, report);
    unit::check(otp, part, report);
    lock::check(otp, part, table, report);
    sums(otp, report);
    board(otp, report);
}

/// WX0128: every field lies inside the memory.
fn inside(otp: &Otp, part: &Part, report: &mut Report) {
    for field in otp.fields.iter().filter(|field| field.range().end > otp.memory.size) {
        let title = format!("`{}` does not lie inside the OTP of {}", field.name.value, part.name);
        let last = otp.memory.size.saturating_sub(1);
        let text = format!("{}, and the last byte is {}", bytes(field), offset(last));
        let mut error = Diagnostic::error(codes::OTP_DATA, title).at(field.at.span, text);
        if let Some(locks) = otp.lock_byte(0) {
            error = error.note(format!("what follows are the lock bytes, from {} on", address(locks)));
        }
        if let Some(id) = otp.memory.unique_id {
            error = error.note(format!("the part's unique id is at {}: it is not ours", address(id)));
        }
        report.push(fact(elsewhere(otp, field, error), otp, part));
    }
}

/// WX0302: no two fields share a byte.
fn overlap(otp: &Otp, report: &mut Report) {
    for (index, field) in otp.fields.iter().enumerate() {
        let range = field.range();
        let Some(other) = otp.fields.iter().take(index).find(|other| other.range().end > range.start) else { continue };
        let title = format!("`{}` and `{}` share bytes of the OTP", other.name.value, field.name.value);
        let error = Diagnostic::error(codes::OTP_OVERLAP, title).at(field.at.span, bytes(field));
        report.push(elsewhere(
            otp,
            field,
            error.see(other.at.span, format!("`{}`: {}", other.name.value, bytes(other))),
        ));
    }
}

/// WX0304: a sum is over what is there when it is programmed.
fn sums(otp: &Otp, report: &mut Report) {
    let turn = |field: &Field| {
        let stage = field.stage.as_ref()?;
        otp.stages.iter().position(|found| found.name.value == stage.value)
    };
    for field in &otp.fields {
        let Source::Over(covered) = &field.source else { continue };
        for (index, name) in covered.iter().enumerate() {
            let Some(other) = otp.field(name) else { continue };
            let why = match other.source {
                _ if covered.iter().take(index).any(|earlier| earlier.value == name.value) => "it is summed already",
                Source::Over(_) => "a sum is not summed",
                Source::Device => "it changes in the field, and a sum cannot",
                _ if turn(other) > turn(field) => "its stage comes later: until then the sum would be wrong",
                _ => continue,
            };
            let title = format!("`{}` cannot be summed over `{}`", field.name.value, name.value);
            report.push(
                Diagnostic::error(codes::OTP_SUM, title).at(name.span, why).see(other.name.entry, "declared here"),
            );
        }
    }
}

/// The field that names a board has one value, another one for each board.
fn board(otp: &Otp, report: &mut Report) {
    let Some(field) = otp.field(&otp.board) else { return };
    let kinds = [FieldKind::Ascii, FieldKind::Uuid, FieldKind::U16, FieldKind::U32, FieldKind::U64];
    let kinds = [kinds.as_slice(), &[FieldKind::Eui48, FieldKind::Eui64]].concat();
    let why = match &field.source {
        Source::Column(_) | Source::Range(_) if field.count > 1 => "it has several values",
        Source::Column(_) | Source::Range(_) if !kinds.contains(&field.kind.value) => "its type tells no boards apart",
        Source::Column(_) | Source::Range(_) => return,
        _ => "it does not come from the records",
    };
    let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` names no board", otp.board.value));
    let kinds = names::list(kinds.iter().map(|kind| kind.word()), "or");
    let error = error.at(otp.board.span, why).see(field.name.entry, "this field");
    report.push(error.help(format!("a field of type {kinds}, with `column` or `range`")));
}

/// WX0305: an image's counter can be held by the field that keeps it. `store` is where the image names that.
pub fn keeps(counter: Option<Spanned<u32>>, store: Span, otp: &Otp, field: &Field, report: &mut Report) {
    if field.kind.value != FieldKind::Counter {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("field `{}` keeps no counter", field.name.value));
        report.push(error.at(store, "named here").see(field.kind.span, "must be \"counter\""));
        return;
    }
    let steps = field.steps(otp.unit);
    if let Some(counter) = counter.filter(|counter| counter.value > steps) {
        let title = format!("counter {} is more than `{}` can count", counter.value, field.name.value);
        let error = Diagnostic::error(codes::COUNTER_STEPS, title).at(counter.span, "no board could ever hold this");
        report.push(error.see(field.size_span, format!("{steps} steps")).see(store, "keeps the counter"));
    }
}

/// `bytes 0x24 to 0x33`.
fn bytes(field: &Field) -> String {
    let range = field.range();
    format!("bytes {} to {}", offset(range.start), offset(range.end.saturating_sub(1)))
}

/// With a place where the field would be right, if there is one.
fn elsewhere(otp: &Otp, field: &Field, error: Diagnostic) -> Diagnostic {
    let stage = field.stage.as_ref().map(|stage| stage.value.as_str());
    match place(otp, stage, field.encode().size(), 1, Some(&field.name)) {
        Some(at) => error.edit(format!("there is room for it at {}", offset(at)), field.at.span, offset(at)),
        None => error.help("there is no room left for it"),
    }
}

/// With what is known of the memory.
fn fact(error: Diagnostic, otp: &Otp, part: &Part) -> Diagnostic {
    let memory = &otp.memory;
    let blocks = match (memory.blocks(), memory.block) {
        (Some(blocks), Some(block)) => format!("{blocks} blocks of {block} bytes"),
        _ => format!("{} bytes in units of {}", memory.size, otp.unit),
    };
    let lock = memory.lock.map_or(String::new(), |lock| format!(", lock: {lock}"));
    let text = format!("{} OTP: {blocks} at {}{lock}", part.name, address(memory.base));
    error.fact(text, &memory.citation.source, memory.citation.evidence)
}
