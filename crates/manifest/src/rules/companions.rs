//! WX0213, WX0413 and WX0414: images that a lead pins by their ids, and that change with it or not at all.

use geometry::sort::sort_by;
use image_format::record::MAX_COMPANIONS;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Image, ImageKind, Strategy, Word as _};
use crate::read::List;
use crate::resolve::product;
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// What a release can pin: one lead, which names all the others, each once; and a lead that can go back only if they can.
pub fn check(spec: &Manifest, images: Option<&[Image]>, report: &mut Vec<Diagnostic>) {
    let all: Vec<_> = spec.images.iter().flat_map(|images| images.value.iter()).collect();
    let mut leads = all.iter().filter_map(|(name, image)| Some((*name, *image, image.companions.as_ref()?)));
    let Some((name, image, list)) = leads.next() else { return };
    for (second, _, other) in leads {
        let title = format!("`{}` and `{}` both have companions", name.value, second.value);
        let error = Diagnostic::error(codes::COMPANIONS, title);
        report.push(error.at(other.entry, "a release has one lead").see(list.entry, "this one?"));
    }
    check_list(name, image, list, report);
    let is_lead = |other: &Spanned<String>| other.value == name.value;
    let is_pinned = |other: &Spanned<String>| list.value.0.iter().any(|pinned| pinned.value == other.value);
    // A name of nothing, or an empty list, has been refused: whom it leaves out is not known.
    let is_image = |pinned: &Spanned<String>| all.iter().any(|(name, _)| name.value == pinned.value);
    let settled = !list.value.0.is_empty() && list.value.0.iter().all(is_image);
    for (left_out, _) in all.iter().filter(|(other, _)| settled && !is_lead(other) && !is_pinned(other)) {
        let title = format!("`{}` is not among the companions of `{}`", left_out.value, name.value);
        let error = Diagnostic::error(codes::COMPANIONS, title);
        report
            .push(error.at(left_out.entry, "nothing holds it together with the others").see(list.entry, "the lead's"));
    }
    let find = |name: &str| images?.iter().find(|image| image.name.value == name);
    let Some(lead) = find(&name.value).filter(|lead| lead.kind.value == ImageKind::Firmware) else { return };
    for pinned in &list.value.0 {
        if let Some(companion) = find(&pinned.value).filter(|companion| companion.name.value != lead.name.value) {
            report.extend(check_pair(lead, companion, pinned));
        }
    }
}

/// The list by itself.
fn check_list(
    name: &Spanned<String>,
    image: &Spanned<spec::Image>,
    list: &Spanned<List<String>>,
    report: &mut Vec<Diagnostic>,
) {
    let error = |title: String| Diagnostic::error(codes::COMPANIONS, title);
    let pinned = &list.value.0;
    if pinned.is_empty() || pinned.len() > MAX_COMPANIONS {
        let title = format!("an image has 1 to {MAX_COMPANIONS} companions");
        report.push(error(title).at(list.span, format!("these are {}", pinned.len())));
    }
    for (index, companion) in pinned.iter().enumerate() {
        if companion.value == name.value {
            let title = format!("`{}` cannot be its own companion", name.value);
            report.push(error(title).at(companion.span, "its id would have to be a part of itself"));
        }
        if let Some(first) = pinned.iter().take(index).find(|first| first.value == companion.value) {
            let error = Diagnostic::error(codes::TWICE, format!("companion `{}` is listed twice", companion.value));
            report.push(error.at(companion.span, "again here").see(first.span, "first here"));
        }
    }
    if let Some(kind) = image.r#type.filter(|kind| kind.value == ImageKind::Data) {
        let title = format!("`{}` is data, and has companions", name.value);
        report
            .push(error(title).at(list.entry, "the boot loader starts the lead").see(kind.span, "nobody starts this"));
    }
}

/// Whether a lead can pin this companion, in every state that an update can be in.
fn check_pair(lead: &Image, companion: &Image, pinned: &Spanned<String>) -> Option<Diagnostic> {
    let (first, second) = (&lead.name.value, &companion.name.value);
    let strategy = |image: &Image| image.strategy.span().unwrap_or(image.name.entry);
    if builds(companion) > 1 && builds(companion) != builds(lead) {
        // One build of the lead has one id in its record, and would need the one or the other.
        let error = Diagnostic::error(codes::COMPANIONS, format!("`{first}` cannot pin two builds of `{second}`"));
        let error = error.at(pinned.span, "each build has an id of its own");
        return Some(error.see(strategy(companion), "one build for each slot").see(strategy(lead), "one build"));
    }
    if let Some(revision) = lead.revisions.iter().find(|revision| !companion.revisions.contains(revision)) {
        let revision = product::text(revision);
        let title = format!("`{first}` runs on revision `{revision}`, and its companion `{second}` does not");
        let error = Diagnostic::error(codes::COMPANIONS, title);
        return Some(
            error.at(pinned.span, "on such a board neither starts").see(companion.name.entry, "not for all of them"),
        );
    }
    let (lead_keeps, companion_keeps) = (way_back(lead), way_back(companion));
    if lead_keeps == WayBack::Untouched && companion_keeps != WayBack::Untouched {
        let title = format!("an update of `{second}` would leave `{first}` without its companion");
        let error = Diagnostic::error(codes::SINGLE_COMPANION, title);
        let error = error.at(pinned.span, "pinned by an id that an update changes");
        return Some(
            error.see(strategy(companion), "updated in the field").see(strategy(lead), "never updated with it"),
        );
    }
    if companion_keeps >= lead_keeps {
        return check_strategy(lead, companion, pinned);
    }
    let title = format!("`{first}` can go back, and its companion `{second}` cannot");
    let error = Diagnostic::error(codes::SINGLE_COMPANION, title);
    let error = error.at(pinned.span, format!("the old `{first}` pins the old `{second}`, and it is gone"));
    let error = error.see(strategy(companion), "one place, where an update replaces it");
    let text = format!("{}: the old image stays", lead.strategy.value.word());
    Some(error.see(strategy(lead), text).help(format!("give `{second}` a second slot: strategy = \"direct-xip\"")))
}

/// That an update of a companion is complete before its lead starts: the boot loader copies, and exchanges banks, only for what it starts.
fn check_strategy(lead: &Image, companion: &Image, pinned: &Spanned<String>) -> Option<Diagnostic> {
    let (what, why) = match companion.strategy.value {
        Strategy::Overwrite => ("copies nothing", "an update would stay in the download slot"),
        Strategy::BankSwap => ("exchanges no banks", "an update would stay in the other bank"),
        Strategy::Fixed | Strategy::DirectXip => return None,
    };
    let strategy = companion.strategy.span()?;
    let (first, second) = (&lead.name.value, &companion.name.value);
    let title = format!("the boot loader starts `{first}`, and {what} for its companion `{second}`");
    let error = Diagnostic::error(codes::LOADER, title).at(strategy, why);
    let error = error.see(pinned.span, "pinned, not started");
    Some(error.help(format!("give `{second}` a second slot: strategy = \"direct-xip\"")))
}

/// How many builds an image has: what runs at different addresses.
fn builds(image: &Image) -> usize {
    let mut addresses: Vec<u32> = image.placements.iter().map(|placement| placement.run_address).collect();
    sort_by(&mut addresses, Ord::cmp);
    addresses.dedup();
    addresses.len()
}

/// What an update leaves of the image that was there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WayBack {
    /// There is no update in the field.
    Untouched,
    /// Nothing.
    Gone,
    /// All of it.
    Kept,
}

fn way_back(image: &Image) -> WayBack {
    match image.strategy.value {
        Strategy::Fixed => WayBack::Untouched,
        Strategy::Overwrite if image.copies.backup.is_none() => WayBack::Gone,
        Strategy::Overwrite | Strategy::DirectXip | Strategy::BankSwap => WayBack::Kept,
    }
}
