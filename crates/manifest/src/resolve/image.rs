//! Images: which slots hold them, where they run there, and how much room there is.

use image_format::{SoftwareCrypto, sha256};

use super::{Report, declared, extent, log, overwrite, product, refers_to_slot, release, update};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::group::{self, Counter, Places};
use crate::names;
use crate::plan::otp::Otp;
use crate::plan::{
    Area, Boot, Copies, CounterStore, Device, Image, ImageKind, Loader, Placement, Product, Slot, Strategy, Version,
    Word as _,
};
use crate::rules;
use crate::source::{Resolved, Span, Spanned};
use crate::spec::{self, Manifest};

/// What images depend on, as far as it is known.
pub struct Known<'a> {
    /// Who makes the device.
    pub product: Option<&'a Product>,
    /// Part and mode.
    pub device: Option<&'a Device>,
    /// All slots.
    pub slots: Option<&'a [Slot]>,
    /// All areas.
    pub areas: Option<&'a [Area]>,
    /// The boot loader.
    pub boot: Option<&'a Boot>,
    /// One-time-programmable memory.
    pub otp: Option<&'a Otp>,
}

/// All images; `None` if one of them is wrong. What depends on something else is judged as far as that is known.
pub fn resolve(spec: &Manifest, known: &Known<'_>, report: &mut Report) -> Option<Vec<Image>> {
    if spec.is_otp_alone() {
        return Some(Vec::new());
    }
    let table = spec.images.as_ref()?;
    if table.names().next().is_none() {
        let error = Diagnostic::error(codes::MISSING_KEY, "a manifest needs an image");
        report.push(error.at(table.entry, "no image here"));
    }
    let mut used: Vec<Spanned<String>> = Vec::new();
    let mut images = Vec::new();
    for (name, image) in table.iter() {
        images.extend(one(name, image, spec, known, &mut used, report));
    }
    (images.len() == table.names().count()).then_some(images)
}

/// An image. `used`: the slots of those before it.
fn one(
    name: &Spanned<String>,
    image: &Spanned<spec::Image>,
    spec: &Manifest,
    known: &Known<'_>,
    used: &mut Vec<Spanned<String>>,
    report: &mut Report,
) -> Option<Image> {
    let Known { product, device, slots, areas, boot, otp } = *known;
    let names = slot_names(name, image, spec, report);
    let copies = copies(image, spec, report);
    let others = copies.iter().flat_map(|copies| [&copies.download, &copies.backup]).flatten();
    for slot in names.iter().flatten().chain(others) {
        check_use(slot, used, boot, report);
        used.push(slot.clone());
    }
    let store = rules::counter::store(image, spec, areas, boot, report);
    let strategy = strategy(image, name, names.as_deref(), boot, report);
    check_inputs(image, names.as_deref().unwrap_or_default(), report);
    let version = version(name, image, report);
    let revisions = product::of_image(image, product, spec, report);
    let (requires, companions) = release::links(image, spec, report);
    let kind = Resolved::new(*image.r#type, ImageKind::Firmware, "default");
    let (names, strategy, version, copies) = (names?, strategy?, version?, copies?);
    let (device, slots, areas, boot) = (device?, slots?, areas?, boot?);
    let chosen: Vec<_> = names.iter().map(|name| Some((name, find(slots, name)?))).collect::<Option<_>>()?;
    rules::header::check_equal(&chosen, report);
    if kind.value == ImageKind::Data {
        check_alias(&chosen, kind.span(), report);
    }
    let (loader, tries) = (boot.loader.value, *update::tries(spec));
    let form = Form { device, slots, areas, loader, strategy: strategy.value, kind: kind.value, tries };
    let placements = placements(image, &chosen, &copies, &form, report)?;
    let counter = match store.as_ref().map(|store| &store.value) {
        Some(CounterStore::Area(name)) => areas.iter().find(|area| area.name.value == *name).map(Counter::Area),
        Some(CounterStore::Otp(name)) => otp.and_then(|otp| Some(Counter::Otp(otp, otp.field(name)?))),
        None => None,
    };
    let places = Places { placements: &placements, copies: &copies, slots, areas };
    let Ok(group) = group::canonical(device, strategy.value, &places, counter.as_ref()) else {
        let error = Diagnostic::error(codes::WRONG_VALUE, "too many slots or sector runs in one group");
        report.push(error.at(name.entry, "255 of each at most"));
        return None;
    };
    if let (Some(Counter::Otp(otp, field)), Some(store)) = (&counter, &store) {
        rules::otp::keeps(*image.security_counter, store.span, otp, field, report);
    }
    Some(Image {
        name: name.clone(),
        kind,
        strategy,
        placements,
        copies,
        version,
        security_counter: Resolved::new(*image.security_counter, 0, no_counter(name, spec)),
        counter_store: store,
        revisions,
        requires,
        companions,
        fingerprint: sha256(&mut SoftwareCrypto, &group),
        group,
    })
}

/// What it means that an image has no counter.
fn no_counter(name: &str, spec: &Manifest) -> &'static str {
    let lists =
        spec.images.iter().flat_map(|images| images.value.iter()).filter_map(|(_, image)| image.companions.as_ref());
    let pinned = lists.flat_map(|list| &list.value.0).any(|companion| companion.value == name);
    if pinned { "none: its lead pins it by id" } else { "none: older images install again" }
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
    if let Some(boot) = boot.and_then(|boot| boot.slot.as_ref()).filter(|own| own.value == slot.value) {
        let error = Diagnostic::error(codes::TWICE, format!("slot `{}` is the boot loader's", slot.value));
        report.push(error.at(slot.span, "an image cannot lie there").see(boot.span, "the boot loader"));
    }
}

/// The strategy, and that slots and boot loader are of it.
fn strategy(
    image: &Spanned<spec::Image>,
    name: &Spanned<String>,
    slots: Option<&[Spanned<String>]>,
    boot: Option<&Boot>,
    report: &mut Report,
) -> Option<Resolved<Strategy>> {
    let Some(strategy) = *image.strategy else {
        if image.strategy.is_written {
            return None;
        }
        if slots.is_some_and(|slots| slots.len() == 1) {
            return Some(Resolved::new(None, Strategy::Fixed, "one slot, and no other place to write to"));
        }
        let error = Diagnostic::error(codes::MISSING_KEY, format!("image `{}` has no `strategy`", name.value));
        let error = error.at(name.entry, "how does an update reach the device?");
        let error = error.help("strategy = \"direct-xip\": each of two slots runs where it is stored");
        report.push(error.help("strategy = \"bank-swap\": two banks are exchanged, and one build runs from either"));
        return None;
    };
    let (word, count) = match strategy.value {
        Strategy::Fixed => ("fixed takes one slot", 1),
        Strategy::DirectXip => ("direct-xip takes two slots", 2),
        Strategy::BankSwap => ("bank-swap takes two slots", 2),
        Strategy::Overwrite => ("overwrite takes one slot, and `download`", 1),
    };
    if let Some(slots) = slots.filter(|slots| slots.len() != count) {
        let place = image.slots.as_ref().map_or(name.entry, |list| list.span);
        let error = Diagnostic::error(codes::WRONG_VALUE, word);
        let why = if count == 2 { "one runs while the other is written" } else { "it runs from one place" };
        report.push(error.at(place, format!("these are {}", slots.len())).see(strategy.span, why));
        return None;
    }
    if let Some((boot, why)) = boot.and_then(|boot| Some((boot, unfit(strategy.value, boot)?))) {
        let title = format!("{} does not go with loader = \"{}\"", strategy.word(), boot.loader.word());
        report.push(Diagnostic::error(codes::LOADER, title).at(strategy.span, why).see(boot.loader.span, "the loader"));
        return None;
    }
    Some(Resolved::new(Some(strategy), Strategy::Fixed, ""))
}

/// Why a strategy needs another boot loader, or none.
fn unfit(strategy: Strategy, boot: &Boot) -> Option<&'static str> {
    match (strategy, boot.loader.value) {
        (Strategy::DirectXip, Loader::None) => Some("somebody must choose between the two slots"),
        (Strategy::Overwrite, Loader::None) => Some("somebody must copy the update over the image"),
        _ => None,
    }
}

/// The slots that it does not run from: overwrite needs one, and no other strategy has any.
fn copies(image: &Spanned<spec::Image>, spec: &Manifest, report: &mut Report) -> Option<Copies> {
    let written = [image.download.as_ref(), image.backup.as_ref()];
    let known: Vec<_> = written.iter().flatten().map(|slot| refers_to_slot(slot, spec, report)).collect();
    let overwrite = image.strategy.is_some_and(|strategy| strategy.value == Strategy::Overwrite);
    if image.strategy.is_written && image.strategy.is_none() {
        return None;
    }
    if let Some(other) = written.into_iter().flatten().next().filter(|_| !overwrite) {
        let error = Diagnostic::error(codes::WRONG_VALUE, "only overwrite has `download` and `backup`");
        report.push(error.at(other.entry, "nothing is copied from or to here"));
        return None;
    }
    if let Some(strategy) = image.strategy.filter(|_| overwrite && !image.download.is_written) {
        let error = Diagnostic::error(codes::MISSING_KEY, "`download` is required with overwrite");
        report.push(error.at(strategy.span, "where is the update until it is copied?"));
        return None;
    }
    known.into_iter().collect::<Option<()>>()?;
    Some(Copies { download: (*image.download).clone(), backup: (*image.backup).clone() })
}

/// The files: one for each slot that it names.
fn check_inputs(image: &spec::Image, slots: &[Spanned<String>], report: &mut Report) {
    if let Some(input) = &*image.input {
        match &*image.inputs {
            Some(inputs) => {
                let error = Diagnostic::error(codes::TWICE, "`input` and `inputs` exclude each other");
                report.push(error.at(inputs.entry, "one for each slot").see(input.entry, "one for all"));
            }
            None if image.r#type.is_some_and(|kind| kind.value == ImageKind::Data) => {}
            None if !slots.is_empty() => rules::link::one_build(image, input, slots, report),
            None => {}
        }
    }
    let data = image.r#type.filter(|kind| kind.value == ImageKind::Data).map(|kind| kind.span);
    let exchanged =
        image.strategy.filter(|strategy| strategy.value == Strategy::BankSwap).map(|strategy| strategy.span);
    let same = [
        data.map(|span| ("data is the same in every slot", span, "nothing in it depends on its address")),
        exchanged.map(|span| ("one build runs from either bank", span, "both slots run at one address")),
    ];
    if let (Some(inputs), Some((title, span, why))) = (&*image.inputs, same.into_iter().flatten().next()) {
        let error = Diagnostic::error(codes::WRONG_VALUE, title);
        let error = error.at(inputs.entry, "one file for each slot").see(span, why);
        report.push(error.help("input = \"FILE\""));
    }
    for slot in image.inputs.iter().flat_map(|inputs| inputs.value.names()) {
        if !slots.is_empty() && !slots.iter().any(|declared| declared.value == slot.value) {
            let error = Diagnostic::error(codes::NOTHING, format!("`{}` is no slot of this image", slot.value));
            report.push(error.at(slot.span, names::list(slots.iter().map(|slot| slot.value.as_str()), "or")));
        }
    }
}

/// Data runs nowhere.
fn check_alias(slots: &[(&Spanned<String>, &Slot)], kind: Option<Span>, report: &mut Report) {
    for (name, alias) in slots.iter().filter_map(|(name, slot)| Some((name, slot.run_alias?))) {
        let error =
            Diagnostic::error(codes::WRONG_VALUE, format!("`{}` holds data, and has a `run-alias`", name.value));
        let error = error.at(alias.entry, "nothing runs here");
        report.push(kind.iter().fold(error, |error, kind| error.see(*kind, "what is in it")));
    }
}

/// What the places inside a slot depend on.
struct Form<'a> {
    device: &'a Device,
    slots: &'a [Slot],
    areas: &'a [Area],
    loader: Loader,
    strategy: Strategy,
    kind: ImageKind,
    tries: u8,
}

/// An image in each of its slots, with room for what the others copy.
fn placements(
    image: &spec::Image,
    chosen: &[(&Spanned<String>, &Slot)],
    copies: &Copies,
    form: &Form<'_>,
    report: &mut Report,
) -> Option<Vec<Placement>> {
    if [&copies.download, &copies.backup].into_iter().flatten().any(|name| find(form.slots, name).is_none()) {
        return None;
    }
    let placed: Vec<_> = chosen.iter().map(|(name, slot)| placement(name, slot, image, form, report)).collect();
    let mut placements = placed.into_iter().collect::<Option<Vec<_>>>()?;
    for placement in placements.iter_mut().filter(|_| form.strategy == Strategy::Overwrite) {
        overwrite::settle(placement, copies, form.slots, form.areas, form.tries, report)?;
    }
    Some(placements)
}

/// An image in one slot: header, payload, state words, from its start to its end; without a boot loader payload, then header.
fn placement(
    name: &Spanned<String>,
    slot: &Slot,
    image: &spec::Image,
    form: &Form<'_>,
    report: &mut Report,
) -> Option<Placement> {
    let range = &slot.extent.range;
    let header = slot.header.map_or(0, |header| header.value);
    if !rules::unit::check(&slot.extent, report) {
        return None;
    }
    let mut log = log::Log { address: range.end, size: 0, taken: 0, area: None };
    // Without a boot loader nobody is there to read a log; with overwrite it is where updates are staged.
    if form.loader == Loader::Waxseal && form.strategy != Strategy::Overwrite {
        let measured = log::Form { strategy: form.strategy.of_format(false), tries: form.tries, steps: 0 };
        log = log::place(slot, form.areas, measured, report)?;
    }
    let capacity = slot.extent.size().checked_sub(header).and_then(|rest| rest.checked_sub(log.taken));
    let Some(capacity) = capacity.filter(|capacity| *capacity > 0) else {
        report.push(rules::capacity::no_room(slot, header, log.size));
        return None;
    };
    let (front_address, payload_address) = match form.loader {
        Loader::None => (range.end - header, range.start),
        Loader::Waxseal => (range.start, range.start + header),
    };
    let input = image.inputs.iter().flat_map(|inputs| inputs.value.iter()).find(|(slot, _)| slot.value == name.value);
    let one_build =
        image.input.as_ref().filter(|_| form.strategy != Strategy::DirectXip || form.kind == ImageKind::Data);
    Some(Placement {
        slot: name.clone(),
        store_address: range.start,
        front_address,
        front_size: header,
        payload_address,
        run_address: run_address(slot, payload_address, form),
        state_address: log.address,
        state_size: log.size,
        state_area: log.area,
        capacity,
        input: input.map(|(_, path)| path).or(one_build).map(Spanned::text),
    })
}

/// Where a payload runs that is stored here.
fn run_address(slot: &Slot, stored: u32, form: &Form<'_>) -> u32 {
    if form.kind == ImageKind::Data {
        return 0;
    }
    let Device { part, mode, .. } = form.device;
    let seen = match (form.strategy, mode.regions.first()) {
        // The bank that is started is seen where the first one is, at its alias too.
        (Strategy::BankSwap, Some(first)) => stored - slot.extent.region.base + first.base,
        _ => stored,
    };
    let alias = slot.run_alias.and_then(|wanted| extent::alias(part, wanted.value));
    alias.map_or(seen, |alias| seen - alias.target + alias.base)
}
