//! A field: how large it is, how often it stands there, who programs it.

use image_format::otp::FieldKind;

use super::{Context, Report, content};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::otp::Field;
use crate::read::Field as Key;
use crate::source::{Span, Spanned};
use crate::spec;

/// The field; `None` if something of it is wrong.
pub fn resolve(
    name: &Spanned<String>,
    table: &Spanned<spec::OtpField>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<Field> {
    super::super::check_name(name, report);
    let (kind, at) = (table.r#type.map(|kind| kind.with(kind.value.0))?, table.at.map(|at| at.with(at.value.0)));
    let size = size(name, table, kind, context.unit, report);
    let count = count(table, kind, report);
    let redundancy = redundancy(table, kind, report);
    let words = words(name, table, kind, report);
    let stage = stage(name, table, kind, context, report);
    let source = content::source(name, table, kind, context, report);
    let ((length, size_span), (has_complement, copies)) = (size?, redundancy?);
    let (count, words, source, stage) = (count?, words?, source?, stage?);
    let field = Field {
        name: name.clone(),
        at: at?,
        kind,
        length,
        count,
        copies,
        has_complement,
        stage,
        source,
        words,
        size_span,
    };
    content::check(&field, context, report).then_some(field)
}

/// Says that a key belongs to fields of another type.
pub fn misplaced<T>(
    key: &str,
    written: &Key<T>,
    kind: Spanned<FieldKind>,
    belongs: &str,
    report: &mut Report,
) -> Option<()> {
    let Some(value) = written.as_ref() else { return (!written.is_written).then_some(()) };
    let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{key}` belongs to {belongs}"));
    report.push(error.at(value.entry, "nothing here could use it").see(kind.span, kind.value.word()));
    None
}

fn missing(name: &Spanned<String>, kind: Spanned<FieldKind>, key: &str, why: &str, report: &mut Report) {
    let title = format!("`{key}` is required for {}", kind.value.word());
    report.push(Diagnostic::error(codes::MISSING_KEY, title).at(name.entry, why).see(kind.span, kind.value.word()));
}

/// Bytes of one value, of a counter all of its units, and what says so.
fn size(
    name: &Spanned<String>,
    table: &spec::OtpField,
    kind: Spanned<FieldKind>,
    unit: u32,
    report: &mut Report,
) -> Option<(u32, Span)> {
    let counter = kind.value == FieldKind::Counter;
    let free = matches!(kind.value, FieldKind::Ascii | FieldKind::Bytes);
    let steps_fit = if counter { Some(()) } else { misplaced("steps", &table.steps, kind, "a counter", report) };
    let len_fits = if free { Some(()) } else { misplaced("len", &table.len, kind, "ascii and bytes", report) };
    let (written, key, why, factor) = match (counter, free) {
        (true, _) => (*table.steps, "steps", "how often can it be raised?", unit),
        (_, true) => (table.len.map(|len| len.with(len.value.0)), "len", "how many bytes?", 1),
        _ => return steps_fit.and(len_fits).and(kind.value.size()).map(|size| (size, kind.span)),
    };
    let Some(written) = written else {
        if !(if counter { table.steps.is_written } else { table.len.is_written }) {
            missing(name, kind, key, why, report);
        }
        return None;
    };
    let bytes = written.value.checked_mul(factor).filter(|bytes| *bytes > 0);
    if bytes.is_none() {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` takes no bytes, or too many", name.value));
        report.push(error.at(written.span, "1 at least"));
    }
    steps_fit.and(len_fits).and(bytes).map(|bytes| (bytes, written.span))
}

/// Number of values.
fn count(table: &spec::OtpField, kind: Spanned<FieldKind>, report: &mut Report) -> Option<u16> {
    use FieldKind::{Ascii, Counter, Crc32, KeyHash, OtpVersion};
    let Some(written) = *table.count else { return (!table.count.is_written).then_some(1) };
    let count = u16::try_from(written.value).ok().filter(|count| *count > 0);
    if matches!(kind.value, Ascii | Counter | Crc32 | KeyHash | OtpVersion) && count != Some(1) {
        let title = format!("{} has one value", kind.value.word());
        report.push(Diagnostic::error(codes::WRONG_VALUE, title).at(written.entry, "not several").see(kind.span, ""));
        return None;
    }
    if count.is_none() {
        let error = Diagnostic::error(codes::WRONG_VALUE, "`count` must be from 1 to 65535");
        report.push(error.at(written.span, "out of range"));
    }
    count
}

/// Whether there is a complement, and how many copies.
fn redundancy(table: &spec::OtpField, kind: Spanned<FieldKind>, report: &mut Report) -> Option<(bool, u8)> {
    if kind.value == FieldKind::Counter {
        let others = "other fields: a unit of a counter is read by the majority of its bits";
        misplaced("complement", &table.complement, kind, others, report)?;
        misplaced("copies", &table.copies, kind, others, report)?;
        return Some((false, 1));
    }
    let has_complement = table.complement.as_ref().is_some_and(|complement| complement.value);
    let Some(copies) = *table.copies else { return (!table.copies.is_written).then_some((has_complement, 1)) };
    if !matches!(copies.value, 1 | 3) {
        let error = Diagnostic::error(codes::WRONG_VALUE, "`copies` must be 1 or 3");
        report.push(error.at(copies.span, "two of three decide; of two that differ neither does"));
        return None;
    }
    if let Some(complement) = table.complement.as_ref().filter(|complement| complement.value && copies.value == 3) {
        let error = Diagnostic::error(codes::TWICE, "`complement` and `copies` exclude each other");
        report.push(error.at(copies.entry, "three votes").see(complement.entry, "value and complement"));
        return None;
    }
    Some((has_complement, if copies.value == 3 { 3 } else { 1 }))
}

/// The words of an enum.
fn words(
    name: &Spanned<String>,
    table: &spec::OtpField,
    kind: Spanned<FieldKind>,
    report: &mut Report,
) -> Option<Vec<(String, u8)>> {
    if kind.value != FieldKind::Enum {
        return misplaced("values", &table.values, kind, "an enum", report).map(|()| Vec::new());
    }
    let Some(values) = table.values.as_ref() else {
        if !table.values.is_written {
            missing(name, kind, "values", "which words are there, and which numbers stand for them?", report);
        }
        return None;
    };
    let mut words: Vec<(String, u8)> = Vec::new();
    for (word, number) in values.value.iter() {
        // 0xFF is what a byte says that nobody wrote.
        let Some(byte) = u8::try_from(number.value).ok().filter(|byte| *byte != u8::MAX) else {
            let error = Diagnostic::error(codes::WRONG_VALUE, "the number of a word must be from 0 to 254");
            report.push(error.at(number.span, "out of range"));
            return None;
        };
        if let Some((first, _)) = words.iter().find(|(_, taken)| *taken == byte) {
            let error = Diagnostic::error(codes::TWICE, format!("`{first}` and `{}` have one number", word.value));
            report.push(error.at(number.span, "the same again"));
            return None;
        }
        words.push((word.value.clone(), byte));
    }
    Some(words)
}

/// Who programs it: a stage, or with a counter the device.
fn stage(
    name: &Spanned<String>,
    table: &spec::OtpField,
    kind: Spanned<FieldKind>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<Option<Spanned<String>>> {
    if kind.value == FieldKind::Counter {
        return misplaced("stage", &table.stage, kind, "what is programmed on the line", report).map(|()| None);
    }
    let Some(stage) = (*table.stage).clone() else {
        if !table.stage.is_written {
            let title = format!("field `{}` has no `stage`", name.value);
            report.push(Diagnostic::error(codes::MISSING_KEY, title).at(name.entry, "who programs it?"));
        }
        return None;
    };
    let stages =
        || context.otp.stages.iter().flat_map(|stages| &stages.value.0).filter_map(|stage| stage.name.as_ref());
    let known: Vec<&str> = stages().map(|stage| stage.value.as_str()).collect();
    if known.contains(&stage.value.as_str()) {
        return Some(Some(stage));
    }
    let error = Diagnostic::error(codes::NOTHING, format!("there is no stage `{}`", stage.value));
    report.push(match names::nearest(&stage, known.iter().copied()) {
        Some(near) => error.at(stage.span, format!("did you mean `{near}`?")),
        None => error.at(stage.span, format!("declared: {}", names::list(known, "and"))),
    });
    None
}
