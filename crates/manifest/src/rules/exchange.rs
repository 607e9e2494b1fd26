//! Banks that are exchanged, by the boot ROM or by the boot loader: what the slots must be, what may lie beside them, and what is
//! unproven then.

use geometry::{Citation, EraseSelector, Evidence, Fact, Region, Sector, Swap, address, bytes, numbers};

use super::overlap::extents;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Area, Boot, Device, Extent, Image, Loader, Slot, Strategy, Use};
use crate::source::{Span, Spanned};

/// WX0402, WX0403, WX0109, WX0111, WX0414 and WX0417, for each image of two banks.
pub fn check(
    device: &Device,
    boot: Option<&Boot>,
    slots: &[Slot],
    areas: &[Area],
    images: &[Image],
    report: &mut Vec<Diagnostic>,
) {
    let Some(boot) = boot else { return };
    let all: Vec<(&Spanned<String>, &Extent)> = extents(slots, areas).collect();
    for image in images.iter().filter(|image| image.strategy.value == Strategy::BankSwap) {
        let strategy = image.strategy.span().unwrap_or(image.name.span);
        let find = |index: usize| {
            let name = &image.placements.get(index)?.slot.value;
            slots.iter().find(|slot| slot.name.value == *name)
        };
        let (Some(first), Some(second)) = (find(0), find(1)) else { continue };
        let nothing = match boot.loader.value {
            Loader::None => by_rom(device, strategy),
            Loader::Waxseal => by_register(device, boot, strategy),
        };
        if let Some(error) = nothing {
            report.push(error);
            continue;
        }
        if !alike(device, strategy, [first, second], &all, report) {
            continue;
        }
        let pair = [first, second];
        moved(strategy, image, pair, slots, areas, images, report);
        match boot.loader.value {
            Loader::None => erase_selector(device, strategy, pair, report),
            Loader::Waxseal => under_boot_loader(device, boot, strategy, pair, slots, report),
        }
    }
}

/// Why this part's boot ROM, as the option bytes are, does not exchange two banks before the image runs.
fn by_rom(device: &Device, strategy: Span) -> Option<Diagnostic> {
    let error = |text: String| Diagnostic::error(codes::NO_EXCHANGE, "nothing exchanges banks here").at(strategy, text);
    let Some(option) = device.part.run_option() else {
        return Some(error(format!("the boot ROM of {} is not known to start either of two banks", device.part.name)));
    };
    if let Some(error) = one_bank(device, strategy) {
        return Some(error);
    }
    let value = device.option(&option.name).filter(|value| value.value != 0)?;
    let error = error("each bank runs where it is".to_owned());
    Some(match value.span {
        Some(span) => error.see(span, "no exchange").edit("let the boot ROM exchange the banks", span, "0"),
        None => error,
    })
}

/// Why the boot loader cannot exchange two banks until the next reset.
fn by_register(device: &Device, boot: &Boot, strategy: Span) -> Option<Diagnostic> {
    let name = &device.part.name;
    let error = match (one_bank(device, strategy), &device.part.swap) {
        (Some(error), _) => error,
        (None, Some(Fact { value: Swap { bit: Some(_), .. }, .. })) => return None,
        (None, Some(Fact { value: Swap { rule, .. }, citation: Citation { source, evidence, .. } })) => {
            let title = format!("the banks of {name} are exchanged by option bytes only");
            let text = "a power cut while they are written can leave another mode, or read protection";
            let error = Diagnostic::error(codes::OPTION_SWAP, title).at(strategy, text);
            error.see(boot.loader.span, "does not program option bytes").fact(rule, source, *evidence)
        }
        (None, None) => {
            let error = Diagnostic::error(codes::NO_EXCHANGE, "nothing exchanges banks here");
            error.at(strategy, format!("no register of {name} is known to do it"))
        }
    };
    let error = error.edit("each slot runs where it is stored, with a build for each", strategy, "\"direct-xip\"");
    Some(error.help("or one build, which the boot loader copies: strategy = \"overwrite\", with `download`"))
}

/// That the option bytes leave one bank.
fn one_bank(device: &Device, strategy: Span) -> Option<Diagnostic> {
    if device.mode.regions.len() > 1 {
        return None;
    }
    let error = Diagnostic::error(codes::NO_EXCHANGE, "nothing exchanges banks here");
    let text = match device.part.modes.as_slice() {
        [_] => format!("{} has one bank", device.part.name),
        _ => format!("there is one bank in {}", device.mode.phrase()),
    };
    let error = error.at(strategy, text);
    let selector = device.mode.selectors.iter().find_map(|(name, _)| device.option(name)?.span);
    Some(selector.into_iter().fold(error, |error, span| error.see(span, "one bank")))
}

/// Whether two slots lie alike in two banks, and what is in them runs at one address.
fn alike(
    device: &Device,
    strategy: Span,
    [first, second]: [&Slot; 2],
    all: &[(&Spanned<String>, &Extent)],
    report: &mut Vec<Diagnostic>,
) -> bool {
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
    let error = error.see(strategy, "banks are exchanged as wholes");
    let ways =
        [(second, first), (first, second)].into_iter().filter_map(|(slot, model)| like(device, slot, model, all));
    report.push(ways.fold(error, Diagnostic::help));
    false
}

/// Where a slot would lie like another one in the other bank, if nothing else is there.
fn like(device: &Device, slot: &Slot, model: &Slot, all: &[(&Spanned<String>, &Extent)]) -> Option<String> {
    let Extent { region, range, .. } = &model.extent;
    let other = device.mode.regions.iter().find(|other| other.name != region.name)?;
    // A model in another memory is in neither bank.
    device.mode.regions.iter().find(|own| own.name == region.name)?;
    let start = other.base + (range.start - region.base);
    let end = start.checked_add(model.extent.size())?;
    let sectors: Vec<Sector> = other.sectors().filter(|sector| (start..end).contains(&sector.address)).collect();
    let (from, to) = (sectors.first()?, sectors.last()?);
    let is_taken = all.iter().any(|(name, extent)| {
        name.value != slot.name.value
            && extent.region.name == other.name
            && extent.sectors.iter().any(|s| sectors.contains(s))
    });
    (from.address == start && to.range().end == end && !is_taken).then(|| {
        format!(
            "region = \"{}\", sectors = \"{}\" ({}) for `{}` is what `{}` is in the other bank",
            other.name,
            numbers(from.number, to.number),
            bytes(model.extent.size()),
            slot.name.value,
            model.name.value
        )
    })
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

/// WX0417: what is reached by its address in one of the banks is seen in the other one while they are exchanged: other images, and what is
/// the application's. The boot loader runs before that; its counter and its logs are reached through its flash driver alone, which takes
/// banks as they are in silicon.
fn moved(
    strategy: Span,
    image: &Image,
    [first, second]: [&Slot; 2],
    slots: &[Slot],
    areas: &[Area],
    images: &[Image],
    report: &mut Vec<Diagnostic>,
) {
    let others = images.iter().filter(|other| other.name.value != image.name.value);
    let names: Vec<_> = others.flat_map(Image::slots).map(|name| &name.value).collect();
    let slots = slots.iter().filter(|slot| names.contains(&&slot.name.value)).map(|slot| (&slot.name, &slot.extent));
    let areas = areas.iter().filter(|area| area.purpose.value == Use::Application);
    let areas = areas.map(|area| (&area.name, &area.extent));
    for (name, extent) in slots.chain(areas) {
        let Some(other) = other_bank(extent, &first.extent.region, &second.extent.region) else { continue };
        let title = format!("`{}` is somewhere else while the banks are exchanged", name.value);
        let stored = extent.range.start;
        let seen = stored - extent.region.base + other.base;
        let text = format!("at {}, and at {} while they are", address(stored), address(seen));
        let error = Diagnostic::error(codes::MOVED, title).at(extent.span, text);
        let error = error.see(strategy, "banks are exchanged as wholes");
        let help = "put it into another memory; or strategy = \"direct-xip\": the banks then stay where they are";
        report.push(error.help(help));
    }
}

/// The bank that is exchanged with the one that something lies in.
fn other_bank<'a>(extent: &Extent, low: &'a Region, high: &'a Region) -> Option<&'a Region> {
    if extent.region.name == low.name {
        Some(high)
    } else if extent.region.name == high.name {
        Some(low)
    } else {
        None
    }
}

/// WX0414: what the boot loader needs to exchange banks. It tells by the run address in an image's header which bank is to be seen there.
fn under_boot_loader(
    device: &Device,
    boot: &Boot,
    strategy: Span,
    pair: [&Slot; 2],
    slots: &[Slot],
    report: &mut Vec<Diagnostic>,
) {
    if let Some(alias) = pair.iter().find_map(|slot| slot.run_alias) {
        let error = Diagnostic::error(codes::LOADER, "the boot loader exchanges no banks for what runs at an alias");
        let error = error.at(alias.entry, "it could not tell by this address which bank an image needs");
        report.push(error.see(strategy, "exchanged by the boot loader").help("leave `run-alias` out of both slots"));
    }
    let own = slots.iter().find(|slot| boot.is_slot(&slot.name.value));
    let (Some(own), Some(first)) = (own, device.mode.regions.first()) else { return };
    if own.extent.access == Access::Internal && own.extent.region.name != first.name {
        let title = format!("the boot loader is not in {}", first.name);
        let error = Diagnostic::error(codes::LOADER, title);
        let error = error.at(own.extent.region_span, format!("it exchanges banks from {} alone", first.name));
        report.push(error.see(strategy, "exchanged by the boot loader"));
    }
}

/// Warns where it is unproven what an erase by number hits once the banks are exchanged.
fn erase_selector(device: &Device, strategy: Span, [first, second]: [&Slot; 2], report: &mut Vec<Diagnostic>) {
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
