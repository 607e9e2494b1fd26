//! Where a field's content comes from.

use image_format::otp::FieldKind;

use super::{Context, Report, counts_up};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::otp::form;
use crate::plan::RoleName;
use crate::plan::otp::{Field, Source};
use crate::resolve::{declared, refers_to, roles};
use crate::source::{Span, Spanned};
use crate::spec;

/// The one source that is written.
pub fn source(
    name: &Spanned<String>,
    table: &spec::OtpField,
    kind: Spanned<FieldKind>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<Source> {
    let written = written(table);
    // A value of the wrong type was told already.
    let broken = [&table.column, &table.range, &table.value, &table.role, &table.secret]
        .into_iter()
        .any(|key| key.is_written && key.is_none());
    if broken || (table.over.is_written && table.over.is_none()) {
        return None;
    }
    let derived = match kind.value {
        FieldKind::Counter => Some((Source::Device, "the device counts, and nobody else")),
        FieldKind::OtpVersion => Some((Source::Version, "it is `otp.version`")),
        _ => None,
    };
    if let Some((source, why)) = derived {
        let Some((key, entry, _)) = written.first() else { return Some(source) };
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("{} has no `{key}`", kind.value.word()));
        report.push(error.at(*entry, why).see(kind.span, kind.value.word()));
        return None;
    }
    let allowed = allowed(kind.value);
    let (key, entry, source) = match written.as_slice() {
        [one] => one.clone(),
        [] => {
            let title = format!("field `{}` does not say where its content comes from", name.value);
            let error = Diagnostic::error(codes::MISSING_KEY, title);
            report.push(error.at(name.entry, names::list(allowed.iter().copied(), "or")));
            return None;
        }
        [(_, first, _), (_, second, _), ..] => {
            let title = format!("field `{}` says twice where its content comes from", name.value);
            report.push(Diagnostic::error(codes::TWICE, title).at(*second, "one of them").see(*first, "the other"));
            return None;
        }
    };
    if !allowed.contains(&key) {
        let title = format!("a field of type {} has no `{key}`", kind.value.word());
        let error = Diagnostic::error(codes::WRONG_VALUE, title);
        report.push(error.at(entry, names::list(allowed.iter().copied(), "or")).see(kind.span, kind.value.word()));
        return None;
    }
    refer(&source, name, kind, context, report).map(|()| source)
}

/// All that is written: its key, its place, and what it means.
fn written(table: &spec::OtpField) -> Vec<(&'static str, Span, Source)> {
    let text = |key, field: &Option<Spanned<String>>, make: fn(Spanned<String>) -> Source| {
        field.clone().map(|value| (key, value.entry, make(value)))
    };
    let over = table.over.as_ref().map(|over| ("over", over.entry, Source::Over(over.value.0.clone())));
    let texts = [
        text("column", &table.column, Source::Column),
        text("range", &table.range, Source::Range),
        text("value", &table.value, Source::Value),
        text("role", &table.role, Source::Role),
        text("secret", &table.secret, Source::Secret),
    ];
    texts.into_iter().chain([over]).flatten().collect()
}

/// The keys that a field of this type may have its content from.
fn allowed(kind: FieldKind) -> &'static [&'static str] {
    match kind {
        FieldKind::KeyHash => &["role"],
        FieldKind::Crc32 => &["over"],
        FieldKind::Bytes | FieldKind::Sha256 | FieldKind::Uuid => &["column", "value", "secret"],
        kind if counts_up(kind) => &["column", "range", "value"],
        _ => &["column", "value"],
    }
}

/// Whether what the source refers to is there.
fn refer(
    source: &Source,
    name: &Spanned<String>,
    kind: Spanned<FieldKind>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<()> {
    match source {
        Source::Range(range) => {
            refers_to("range", range, range, &declared(&context.otp.ranges), report)?;
            // A range whose ends are wrong was told already.
            let range_of = context.ranges.iter().find(|found| found.name.value == range.value)?;
            let form = match kind.value {
                FieldKind::Eui48 | FieldKind::Eui64 => kind.value,
                _ => FieldKind::U64,
            };
            let fits = crate::otp::from_number(kind.value, range_of.last.value).is_some();
            if range_of.form != form || !fits {
                let title = format!("range `{}` has no values of type {}", range.value, kind.value.word());
                let error = Diagnostic::error(codes::WRONG_VALUE, title).at(range.span, "allocated from here");
                report.push(error.see(range_of.last.span, "its last one").see(kind.span, kind.value.word()));
                return None;
            }
            Some(())
        }
        Source::Role(role) => {
            let names = RoleName::ALL.map(RoleName::name);
            let known = RoleName::ALL.into_iter().find(|known| known.name() == role.value);
            let one_key = declared(&context.spec.keys).len() == 1;
            let is_written = |known| {
                roles::written(context.spec).iter().any(|written| written.name == known)
                    || (one_key && known != RoleName::Root)
            };
            if known.is_some_and(is_written) {
                return Some(());
            }
            let error = Diagnostic::error(codes::NOTHING, format!("there is no role `{}`", role.value));
            let place = match known {
                Some(_) => "it has no keys: write them under [roles]".to_owned(),
                None => names::list(names, "or"),
            };
            report.push(error.at(role.span, place));
            None
        }
        Source::Over(fields) => {
            if fields.is_empty() {
                let error = Diagnostic::error(codes::WRONG_VALUE, "`over` names no field");
                report.push(error.at(name.entry, "a sum over nothing"));
                return None;
            }
            let known = declared(&context.otp.fields);
            let found: Vec<_> = fields.iter().map(|field| refers_to("field", field, field, &known, report)).collect();
            found.into_iter().collect()
        }
        _ => Some(()),
    }
}

/// Whether a content that the manifest itself has is one of the type.
pub fn check(field: &Field, context: &Context<'_>, report: &mut Report) -> bool {
    let Source::Value(text) = &field.source else { return true };
    let Err(why) = form(field, context.revisions).parse(text) else { return true };
    let title = format!("`value` of `{}` is no {}", field.name.value, field.kind.value.word());
    report.push(Diagnostic::error(codes::WRONG_VALUE, title).at(text.span, why));
    false
}
