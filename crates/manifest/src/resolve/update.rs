//! How an update is tried, confirmed and reverted.

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Boot, Commit, Loader, Raise, Revert, Update};
use crate::rules;
use crate::source::{Resolved, Spanned};
use crate::spec::Manifest;

/// Starts of an image that nobody confirmed, if the file does not say.
const DEFAULT_TRIES: u8 = 3;
/// By how much the counter rises at most per confirmation, if the file does not say.
const DEFAULT_STEP: u32 = 16;

/// How many starts an unconfirmed image gets.
pub fn tries(spec: &Manifest) -> Resolved<u8> {
    let written = spec.update.as_ref().and_then(|update| *update.tries);
    let in_range = written.and_then(|tries| u8::try_from(tries.value).ok().map(|value| tries.with(value)));
    Resolved::new(in_range, DEFAULT_TRIES, "default")
}

/// How images become current.
pub fn commit(spec: &Manifest) -> Resolved<Commit> {
    Resolved::new(spec.update.as_ref().and_then(|update| *update.commit), Commit::Each, "default")
}

/// The table, or the defaults.
pub fn resolve(spec: &Manifest, boot: Option<&Boot>, report: &mut Report) -> Option<Update> {
    let table = spec.update.as_ref();
    let (tries_key, step) = (table.and_then(|t| *t.tries), table.and_then(|t| *t.largest_counter_step));
    check_range("tries", tries_key, 1..=u32::from(u8::MAX), report);
    check_range("largest-counter-step", step, 1..=u32::MAX, report);
    let raise = table.and_then(|table| *table.raise);
    let judged = boot.is_none_or(|boot| boot.loader.value != Loader::None);
    rules::revert::check(spec, boot, report);
    if judged && table.is_none_or(|table| !table.raise.is_written) {
        raise_is_required(spec, report);
    }
    if let Some(Spanned { value: Raise::Strict, span, .. }) = raise {
        let warning =
            Diagnostic::warning(codes::STRICT_RAISE, "once an update is confirmed, the old image cannot start again");
        report.push(warning.at(span, "the counter follows at once, and the old image is below it").edit(
            "to keep the old image bootable for one release",
            span,
            "\"keep-fallback\"",
        ));
    }
    Some(Update {
        tries: tries(spec),
        revert: Resolved::new(
            table.and_then(|table| *table.revert),
            Revert::Automatic,
            "default: the loader can, with two slots",
        ),
        largest_counter_step: Resolved::new(step, DEFAULT_STEP, "default"),
        raise,
        commit: commit(spec),
    })
}

fn check_range(key: &str, value: Option<Spanned<u32>>, range: std::ops::RangeInclusive<u32>, report: &mut Report) {
    if let Some(value) = value.filter(|value| !range.contains(&value.value)) {
        let title = format!("`{key}` must be from {} to {}", range.start(), range.end());
        report.push(Diagnostic::error(codes::WRONG_VALUE, title).at(value.span, "out of range"));
    }
}

/// What a confirmation does to the old image is a decision: there is no default where a counter and an old image exist.
fn raise_is_required(spec: &Manifest, report: &mut Report) {
    let images = spec.images.iter().flat_map(|images| images.value.iter());
    let Some(counter) = images
        .filter(|(_, image)| {
            image.backup.is_written || image.slots.as_ref().is_some_and(|slots| slots.value.0.len() > 1)
        })
        .find_map(|(_, image)| *image.security_counter)
    else {
        return;
    };
    let error = Diagnostic::error(codes::MISSING_KEY, "`raise` is required in `update` with a counter and two slots");
    let error = match &*spec.update {
        Some(table) => error.at(table.entry, "no `raise` here").see(counter.entry, "the counter"),
        None => error.at(counter.entry, "the counter; there is no [update]"),
    };
    report.push(
        error
            .help("raise = \"keep-fallback\": the counter follows one release behind, and the old image stays bootable")
            .help("raise = \"strict\": the counter follows at once, and the old image can no longer start"),
    );
}
