//! Banks that the hardware exchanges, without a boot loader: what the slots must be, and what is unproven then.

use geometry::{Citation, EraseSelector, Evidence, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Boot, Device, Image, Loader, Slot, Strategy};
use crate::source::{Span, Spanned};

/// WX0402, WX0109 and WX0111, for each image of two banks.
pub fn check(device: &Device, boot: Option<&Boot>, slots: &[Slot], images: &[Image], report: &mut Vec<Diagnostic>) {
    if boot.is_none_or(|boot| boot.loader.value != Loader::None) {
        return;
    }
    for image in images.iter().filter(|image| image.strategy.value == Strategy::BankSwap) {
        let strategy = image.strategy.span().unwrap_or(image.name.span);
        let find = |index: usize| {
            let name = &image.placements.get(index)?.slot.value;
            slots.iter().find(|slot| slot.name.value == *name)
        };
        let (Some(first), Some(second)) = (find(0), find(1)) else { continue };
        if exchanged(device, strategy, report) && alike(strategy, first, second, report) {
            erase_selector(device, strategy, first, second, report);
        }
    }
}

/// WX0403: a boot loader cannot exchange banks where only option bytes do.
pub fn by_option_bytes(device: &Device, boot: &Boot, strategy: Spanned<Strategy>) -> Option<Diagnostic> {
    if strategy.value != Strategy::BankSwap || boot.loader.value == Loader::None {
        return None;
    }
    let swap = device.part.swap.as_ref()?;
    // Where an option byte says from where banks run, something else exchanges them: a register, until the next reset.
    if device.part.run_option().is_some() {
        return None;
    }
    let title = format!("the banks of {} are exchanged by option bytes only", device.part.name);
    let error = Diagnostic::error(codes::OPTION_SWAP, title);
    let error =
        error.at(strategy.span, "a power cut while they are written can leave another mode, or read protection");
    let error = error.see(boot.loader.span, "does not program option bytes");
    let Citation { source, evidence, .. } = &swap.citation;
    let edit = "each bank runs where it is, with a build for each";
    Some(error.edit(edit, strategy.span, "\"direct-xip\"").fact(&swap.value.rule, source, *evidence))
}

/// Whether this part, as its option bytes are, exchanges two banks before the image runs.
fn exchanged(device: &Device, strategy: Span, report: &mut Vec<Diagnostic>) -> bool {
    let option = device.part.run_option();
    let error = |text: String| Diagnostic::error(codes::NO_EXCHANGE, "nothing exchanges banks here").at(strategy, text);
    let Some(option) = option else {
        report.push(error(format!("the boot ROM of {} is not known to start either of two banks", device.part.name)));
        return false;
    };
    if device.mode.regions.len() < 2 {
        let error = error(format!("there is one bank in {}", device.mode.phrase()));
        let selector = device.mode.selectors.iter().find_map(|(name, _)| device.option(name)?.span);
        report.push(match selector {
            Some(span) => error.see(span, "one bank"),
            None => error,
        });
        return false;
    }
    let Some(value) = device.option(&option.name) else { return false };
    if value.value == 0 {
        return true;
    }
    let error = error("each bank runs where it is".to_owned());
    report.push(match value.span {
        Some(span) => error.see(span, "no exchange").edit("let the boot ROM exchange the banks", span, "0"),
        None => error,
    });
    false
}

/// Whether two slots lie alike in two banks, and what is in them runs at one address.
fn alike(strategy: Span, first: &Slot, second: &Slot, report: &mut Vec<Diagnostic>) -> bool {
    let offset = |slot: &Slot| slot.extent.range.start - slot.extent.region.base;
    let same_bank = first.extent.region.name == second.extent.region.name;
    let inside = [first, second].iter().all(|slot| slot.extent.access == Access::Internal);
    if inside && !same_bank && offset(first) == offset(second) && first.extent.size() == second.extent.size() {
        return runs_alike(strategy, first, second, report);
    }
    let title = format!("`{}` and `{}` do not lie alike in two banks", first.name.value, second.name.value);
    let place = |slot: &Slot| {
        format!("{}, offset {}, {}", slot.extent.region.name, bytes(offset(slot)), bytes(slot.extent.size()))
    };
    let error = Diagnostic::error(codes::UNLIKE_BANKS, title);
    let error = error.at(second.extent.span, place(second)).see(first.extent.span, place(first));
    report.push(error.see(strategy, "banks are exchanged as wholes"));
    false
}

/// Whether both slots run at the same alias, or neither at one.
fn runs_alike(strategy: Span, first: &Slot, second: &Slot, report: &mut Vec<Diagnostic>) -> bool {
    let alias = |slot: &Slot| slot.run_alias.map(|alias| alias.value);
    if alias(first) == alias(second) {
        return true;
    }
    let title = format!("`{}` and `{}` do not run at one address", first.name.value, second.name.value);
    let error = Diagnostic::error(codes::UNLIKE_BANKS, title).see(strategy, "one build runs from either bank");
    let aliases = [first, second].into_iter().filter_map(|slot| slot.run_alias);
    let error = aliases.fold(error, |error, alias| error.at(alias.entry, "for one of the two slots"));
    report.push(error.help("the same `run-alias` in both slots, or none"));
    false
}

/// Warns where it is unproven what an erase by number hits once the banks are exchanged.
fn erase_selector(device: &Device, strategy: Span, first: &Slot, second: &Slot, report: &mut Vec<Diagnostic>) {
    let measured = device.facts.erase_after_swap.as_ref();
    let known = device.part.erase_selector.as_ref().map(|fact| fact.value);
    match known.or(measured.map(|fact| fact.value.value)) {
        Some(EraseSelector::Mapped | EraseSelector::Physical) => return,
        None => {}
    }
    // The next image is written to the higher addresses, whichever bank is seen there.
    let higher = if first.extent.range.start > second.extent.range.start { first } else { second };
    let (from, to) = higher.extent.numbers();
    let title = "after the banks are exchanged, it is unproven which bank an erase by number hits";
    let text = format!("the application will erase sectors {from}-{to} while bank 2 runs");
    let warning = Diagnostic::warning(codes::ERASE_SELECTOR, title).at(strategy, text);
    let warning = warning.help(
        "measure it on a board, then say so with your evidence: \
         device.facts.erase-after-swap = { value = \"mapped\", source = \"bench log 2026-11-18, boards 3 and 7\" }",
    );
    report.push(warning.fact(
        "on an F42x an erase by number wiped physical bank 1 while programming went to the mapped bank",
        "ST community 81923",
        Evidence::OneReport,
    ));
}
