//! WX0130 and WX0131: what is programmed in units, once, is programmed as whole units by one hand.

use geometry::{BlankRead, Part};
use image_format::otp::FieldKind;

use super::{Report, bytes, elsewhere, fact};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::otp::{Field, Otp};

/// Fields against the program units of the memory.
pub fn check(otp: &Otp, part: &Part, report: &mut Report) {
    if otp.unit > 1 {
        for (field, next) in otp.fields.iter().zip(otp.fields.iter().skip(1)) {
            shared(otp, part, field, next, report);
        }
        for field in &otp.fields {
            counter_starts(otp, part, field, report);
            copies(otp, part, field, report);
        }
    }
    blank_reads(otp, part, report);
}

/// The units that a field touches.
fn units(otp: &Otp, field: &Field) -> (u32, u32) {
    let range = field.range();
    (range.start / otp.unit, range.end.saturating_sub(1) / otp.unit)
}

/// Two neighbours that different hands program share no unit.
fn shared(otp: &Otp, part: &Part, field: &Field, next: &Field, report: &mut Report) {
    let stage = |field: &Field| field.stage.as_ref().map(|stage| stage.value.clone());
    let ((_, last), (first, _)) = (units(otp, field), units(otp, next));
    // A counter that starts inside a unit is told so by itself.
    let is_told = next.kind.value == FieldKind::Counter && !next.at.value.is_multiple_of(otp.unit);
    if last != first || stage(field) == stage(next) || is_told {
        return;
    }
    let who = |field: &Field| stage(field).map_or("the device".to_owned(), |stage| format!("stage `{stage}`"));
    let is_counter = [field, next].iter().any(|field| field.kind.value == FieldKind::Counter);
    let code = if is_counter { codes::OTP_COUNTER } else { codes::OTP_UNIT };
    let title = format!("`{}` and `{}` share a program unit", field.name.value, next.name.value);
    let text = format!("{}, by {}", bytes(next), who(next));
    let error = Diagnostic::error(code, title).at(next.at.span, text);
    let error = error.see(field.at.span, format!("{}, by {}", bytes(field), who(field)));
    let error =
        error.note(format!("{} bytes are programmed together, and only once: whoever comes second cannot", otp.unit));
    report.push(fact(elsewhere(otp, next, error), otp, part));
}

/// Each step of a counter is a unit of its own.
fn counter_starts(otp: &Otp, part: &Part, field: &Field, report: &mut Report) {
    if field.kind.value != FieldKind::Counter || field.at.value.is_multiple_of(otp.unit) {
        return;
    }
    let title = format!("counter `{}` starts inside a program unit", field.name.value);
    let text = format!("not a multiple of {}", otp.unit);
    let error = Diagnostic::error(codes::OTP_COUNTER, title).at(field.at.span, text);
    let error = error.see(field.size_span, "each step programs a unit of its own: no bit of it can follow later");
    report.push(fact(elsewhere(otp, field, error), otp, part));
}

/// Copies that can be lost together are no copies.
fn copies(otp: &Otp, part: &Part, field: &Field, report: &mut Report) {
    let whole = field.at.value.is_multiple_of(otp.unit) && field.value_size().is_multiple_of(otp.unit);
    if field.copies == 1 || whole {
        return;
    }
    let title = format!("copies of `{}` share a program unit", field.name.value);
    let text = format!("{}: {} bytes each", bytes(field), field.value_size());
    let error = Diagnostic::error(codes::OTP_UNIT, title).at(field.at.span, text);
    let error = error.note(format!("{} bytes are programmed together: a torn unit would take two of them", otp.unit));
    report.push(fact(error, otp, part));
}

/// A counter is read before its next unit was ever programmed.
fn blank_reads(otp: &Otp, part: &Part, report: &mut Report) {
    let Some(BlankRead::Nmi) = otp.memory.blank_read else { return };
    for field in otp.fields.iter().filter(|field| field.kind.value == FieldKind::Counter) {
        let title = format!("reading counter `{}` raises an NMI", field.name.value);
        let warning = Diagnostic::warning(codes::OTP_COUNTER, title);
        let warning =
            warning.at(field.kind.span, "its next unit is blank, and a blank unit has no error correction code");
        report.push(fact(warning.help("the firmware that reads it needs an NMI handler that returns"), otp, part));
    }
}
