//! Images: which slots hold them, where they run there, and how much room there is.

use geometry::Region;
use image_format::log;

use super::{Report, declared, refers_to_slot, relative, update};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::group;
use crate::names;
use crate::plan::{Area, Boot, Device, Image, ImageKind, Placement, Slot, Strategy, Version};
use crate::rules;
use crate::source::{Resolved, Spanned};
use crate::spec::{self, Manifest};

/// All images; `None` if one of them is wrong. What depends on device, slots or areas is judged as far as these are
/// known.
pub fn resolve(
    spec: &Manifest,
    device: Option<&Device>,
    slots: Option<&[Slot]>,
    areas: Option<&[Area]>,
    boot: Option<&Boot>,
    report: &mut Report,
) -> Option<Vec<Image>> {
    let table = spec.images.as_ref()?;
    if table.names().next().is_none() {
        let error = Diagnostic::error(codes::MISSING_KEY, "a manifest needs an image");
        report.push(error.at(table.entry, "no image here"));
    }
    let mut used: Vec<Spanned<String>> = Vec::new();
    let mut images = Vec::new();
    for (name, image) in table.iter() {
        let names = slot_names(name, image, spec, report);
        for slot in names.iter().flatten() {
            check_use(slot, &used, boot, report);
            used.push(slot.clone());
        }
        let store = rules::counter::store(image, spec, areas, report);
        let strategy = strategy(image, name, names.as_deref(), report);
        check_inputs(image, names.as_deref().unwrap_or_default(), report);
        let version = version(name, image, report);
        let (Some(names), Some(strategy), Some(version)) = (names, strategy, version) else { continue };
        let (Some(device), Some(slots)) = (device, slots) else { continue };
        let chosen: Vec<_> = names.iter().filter_map(|name| Some((name, find(slots, name)?))).collect();
        if chosen.len() < names.len() {
            continue;
        }
        rules::header::check_equal(&chosen, report);
        let tries = *update::tries(spec);
        let placements = chosen.iter().map(|(name, slot)| placement(name, slot, image, tries, report));
        let placements = placements.collect::<Option<Vec<_>>>()?;
        let counter = store.as_ref().and_then(|store| areas?.iter().find(|area| area.name.value == store.value));
        let Ok(fingerprint) = group::fingerprint(device, &placements, slots, counter) else {
            let error = Diagnostic::error(codes::WRONG_VALUE, "too many slots or sector runs in one group");
            report.push(error.at(name.entry, "255 of each at most"));
            continue;
        };
        images.push(Image {
            name: name.clone(),
            kind: Resolved::new(*image.r#type, ImageKind::Firmware, "default"),
            strategy,
            placements,
            version,
            security_counter: Resolved::new(*image.security_counter, 0, "none: older images install again"),
            counter_store: store,
            fingerprint,
        });
    }
    (images.len() == table.names().count()).then_some(images)
}

/// The version, or that the command line says it.
fn version(
    name: &Spanned<String>,
    image: &Spanned<spec::Image>,
    report: &mut Report,
) -> Option<Spanned<Option<Version>>> {
    match (*image.version, *image.version_from) {
        (Some(version), None) => return Some(version.with(Some(version.value))),
        (None, Some(from)) if !image.version.is_written => return Some(from.with(None)),
        (Some(version), Some(from)) => {
            let error = Diagnostic::error(codes::TWICE, "`version` and `version-from` exclude each other");
            report.push(error.at(from.entry, "not the file").see(version.entry, "the file"));
        }
        (None, None) if !image.version.is_written && !image.version_from.is_written => {
            let error = Diagnostic::error(codes::MISSING_KEY, format!("image `{}` has no version", name.value));
            let error = error.at(name.entry, "no `version`, and no `version-from`");
            report.push(error.help("version = \"1.0.0\"; or version-from = \"command-line\", and --image-version"));
        }
        _ => {}
    }
    None
}

fn find<'a>(slots: &'a [Slot], name: &str) -> Option<&'a Slot> {
    slots.iter().find(|slot| slot.name.value == name)
}

/// The slots of an image, all of them declared.
fn slot_names(
    name: &Spanned<String>,
    image: &Spanned<spec::Image>,
    spec: &Manifest,
    report: &mut Report,
) -> Option<Vec<Spanned<String>>> {
    let Some(list) = &*image.slots else {
        if image.slots.is_written {
            return None;
        }
        if declared(&spec.slots).iter().any(|slot| slot.value == name.value) {
            return Some(vec![name.clone()]);
        }
        let error = Diagnostic::error(codes::MISSING_KEY, format!("image `{}` does not say where it lies", name.value));
        report.push(error.at(name.entry, "no `slots`, and no slot of its name"));
        return None;
    };
    let known: Vec<_> = list.value.0.iter().map(|slot| refers_to_slot(slot, spec, report)).collect();
    known.into_iter().collect::<Option<()>>().map(|()| list.value.0.clone())
}

/// A slot holds one image, and the boot loader's holds none.
fn check_use(slot: &Spanned<String>, used: &[Spanned<String>], boot: Option<&Boot>, report: &mut Report) {
    if let Some(first) = used.iter().find(|first| first.value == slot.value) {
        let error = Diagnostic::error(codes::TWICE, format!("slot `{}` would hold two images", slot.value));
        report.push(error.at(slot.span, "again here").see(first.span, "first here"));
    }
    if let Some(boot) = boot.filter(|boot| boot.slot.value == slot.value) {
        let error = Diagnostic::error(codes::TWICE, format!("slot `{}` is the boot loader's", slot.value));
        report.push(error.at(slot.span, "an image cannot lie there").see(boot.slot.span, "the boot loader"));
    }
}

/// The strategy, and that the slots are of it.
fn strategy(
    image: &Spanned<spec::Image>,
    name: &Spanned<String>,
    slots: Option<&[Spanned<String>]>,
    report: &mut Report,
) -> Option<Spanned<Strategy>> {
    let Some(strategy) = *image.strategy else {
        if !image.strategy.is_written {
            if slots.is_some_and(|slots| slots.len() == 1) {
                let error = Diagnostic::error(codes::WRONG_VALUE, format!("image `{}` has one slot", name.value));
                report.push(
                    error
                        .at(name.entry, "strategy `fixed` is not supported yet: it takes two slots and \"direct-xip\""),
                );
                return None;
            }
            let error = Diagnostic::error(codes::MISSING_KEY, format!("image `{}` has no `strategy`", name.value));
            let error = error.at(name.entry, "how does an update reach the device?");
            report.push(error.help("strategy = \"direct-xip\": each of two slots runs where it is stored"));
        }
        return None;
    };
    match slots {
        Some([_, _]) | None => Some(strategy),
        Some(slots) => {
            let error = Diagnostic::error(codes::WRONG_VALUE, "direct-xip takes two slots");
            let place = image.slots.as_ref().map_or(name.entry, |list| list.span);
            report.push(
                error
                    .at(place, format!("these are {}", slots.len()))
                    .see(strategy.span, "one runs while the other is written"),
            );
            None
        }
    }
}

/// The files: one for each slot that it names.
fn check_inputs(image: &spec::Image, slots: &[Spanned<String>], report: &mut Report) {
    relative(image.input.as_ref(), report);
    if let Some(input) = &*image.input {
        match &*image.inputs {
            Some(inputs) => {
                let error = Diagnostic::error(codes::TWICE, "`input` and `inputs` exclude each other");
                report.push(error.at(inputs.entry, "one for each slot").see(input.entry, "one for all"));
            }
            None if !slots.is_empty() => rules::link::one_build(image, input, slots, report),
            None => {}
        }
    }
    for (slot, path) in image.inputs.iter().flat_map(|inputs| inputs.value.iter()) {
        relative(Some(path), report);
        if !slots.is_empty() && !slots.iter().any(|declared| declared.value == slot.value) {
            let error = Diagnostic::error(codes::NOTHING, format!("`{}` is no slot of this image", slot.value));
            report.push(error.at(slot.span, names::list(slots.iter().map(|slot| slot.value.as_str()), "or")));
        }
    }
}

/// An image in one slot: header, payload, state words, from its start to its end.
fn placement(
    name: &Spanned<String>,
    slot: &Slot,
    image: &spec::Image,
    tries: u8,
    report: &mut Report,
) -> Option<Placement> {
    let range = &slot.extent.range;
    let header = slot.header.map_or(0, |header| header.value);
    // A log that cannot be fits nowhere.
    if slot.extent.region.unit().is_none() {
        let title = format!("it is unproven how the `{}` of this part is programmed", slot.extent.region.name);
        let text = "the device database has no evidence for its program unit or its ECC word";
        report.push(Diagnostic::error(codes::NOTHING, title).at(slot.extent.region_span, text));
        return None;
    }
    let state = state_size(&slot.extent.region, tries).unwrap_or(u32::MAX);
    let capacity = slot.extent.size().checked_sub(header).and_then(|rest| rest.checked_sub(state));
    let Some(capacity) = capacity.filter(|capacity| *capacity > 0) else {
        report.push(rules::capacity::no_room(slot, header, state));
        return None;
    };
    let payload_address = range.start + header;
    let input = image.inputs.iter().flat_map(|inputs| inputs.value.iter()).find(|(slot, _)| slot.value == name.value);
    Some(Placement {
        slot: name.clone(),
        store_address: range.start,
        payload_address,
        // Banks are not exchanged under a boot loader (`rules::boot`), so what is stored somewhere runs there.
        run_address: payload_address,
        state_address: range.end - state,
        capacity,
        input: input.map(|(_, path)| path.clone()),
    })
}

/// Bytes of the state words at the end of a slot; `None` if a log of such units cannot be.
fn state_size(region: &Region, tries: u8) -> Option<u32> {
    log::state_space(log::Strategy::DirectXip, tries, region.unit()?, 0)
}
