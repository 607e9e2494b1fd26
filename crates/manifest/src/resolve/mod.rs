//! From the spec, which is what a person wrote, to the plan, which is what it means.
//!
//! Each step reports what is wrong with its part and goes on, so that one run names every independent mistake. What
//! depends on something that is wrong is not judged.

mod device;
pub(crate) mod extent;
mod facts;
mod image;
mod keys;
mod log;
mod memory;
mod otp;
mod overwrite;
pub(crate) mod product;
mod profiles;
mod release;
mod remap;
mod roles;
mod update;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Boot, Loader, Plan};
use crate::read::{Field, Named};
use crate::rules;
use crate::source::Spanned;
use crate::spec::Manifest;

/// What is wrong so far.
type Report = Vec<Diagnostic>;

/// The plan of a manifest; `None` if something that it needs is wrong.
pub fn plan(name: &str, spec: &Manifest, report: &mut Report) -> Option<Plan> {
    check_names(spec, report);
    let product = spec.product.as_ref().and_then(|product| product::resolve(product, report));
    let device = spec.device.as_ref().and_then(|table| device::resolve(table, spec, report));
    let slots = device.as_ref().map(|device| extent::slots(spec, device, report));
    let areas = device.as_ref().map(|device| extent::areas(spec, device, report));
    let boot = match spec.otp.as_ref().filter(|_| spec.is_otp_alone()) {
        Some(otp) => Some(Boot { loader: otp.with(Loader::None), slot: None, input: None }),
        None => spec.boot.as_ref().and_then(|table| boot(table, spec, report)),
    };
    let otp = otp::resolve(spec, device.as_ref(), product.as_ref(), report);
    let known = image::Known {
        product: product.as_ref(),
        device: device.as_ref(),
        slots: slots.as_deref(),
        areas: areas.as_deref(),
        boot: boot.as_ref(),
        otp: otp.as_ref(),
    };
    let images = image::resolve(spec, &known, report);
    let update = update::resolve(spec, boot.as_ref(), report);
    let release = release::resolve(spec, images.as_deref(), report);
    rules::counter::check_shared(spec, report);
    rules::together::check(spec, boot.as_ref(), report);
    rules::companions::check(spec, images.as_deref(), report);
    let keys = keys::resolve(spec, report);
    let written = roles::written(spec);
    let roles = roles::top(spec, &written, report);
    let profiles = profiles::resolve(spec, device.as_ref(), &written, report);

    let (mut device, slots, areas) = (device?, slots?, areas?);
    rules::overlap::check(&device, &slots, &areas, report);
    rules::second_core::check(&device, &slots, &areas, spec, report);
    rules::protection::check(&device, &slots, &areas, spec, report);
    rules::boot::check(&mut device, boot.as_ref(), &slots, spec, report);
    let known = images.as_deref().unwrap_or_default();
    rules::exchange::check(&device, boot.as_ref(), &slots, &areas, known, report);
    rules::external::check(&device, boot.as_ref(), &slots, &areas, spec, report);
    rules::coverage::check(&device, &slots, known, report);
    rules::stall::check(&device, boot.as_ref(), &slots, known, report);
    if images.is_some() {
        rules::external::check_logs(boot.as_ref(), &slots, &areas, known, report);
    }
    let option_bytes = rules::protection::option_bytes(&device, &slots);
    Some(Plan {
        manifest: name.to_owned(),
        product: product?,
        device,
        boot: boot?,
        slots,
        areas,
        images: images?,
        update: update?,
        release: release?,
        keys: keys?,
        roles,
        profiles,
        profile: None,
        otp: if spec.otp.is_written { Some(otp?) } else { None },
        option_bytes,
    })
}

/// Judges what no other file changes of a fragment: names, product, keys, and flash as far as the fragment has it.
pub fn fragment(spec: &Manifest, report: &mut Report) {
    check_names(spec, report);
    if let Some(product) = spec.product.as_ref() {
        product::resolve(product, report);
    }
    keys::resolve(spec, report);
    let Some(device) = spec.device.as_ref().and_then(|table| device::resolve(table, spec, report)) else { return };
    let (slots, areas) = (extent::slots(spec, &device, report), extent::areas(spec, &device, report));
    rules::overlap::check(&device, &slots, &areas, report);
    rules::protection::check(&device, &slots, &areas, spec, report);
}

/// The boot loader's table.
fn boot(table: &Spanned<crate::spec::Boot>, spec: &Manifest, report: &mut Report) -> Option<Boot> {
    let loader = (*table.loader)?;
    if loader.value == Loader::None {
        let slot = table.slot.as_ref().map(|slot| slot.entry);
        for entry in slot.into_iter().chain(table.input.as_ref().map(|input| input.entry)) {
            let error = Diagnostic::error(codes::TWICE, "no boot loader, and something of it");
            report.push(error.at(entry, "of what?").see(loader.span, "there is none"));
        }
        return Some(Boot { loader, slot: None, input: None });
    }
    if !table.slot.is_written {
        let error = Diagnostic::error(codes::MISSING_KEY, "`slot` is required in `boot`");
        report.push(error.at(table.entry, "which slot is the boot loader's?"));
    }
    let slot = (*table.slot).clone()?;
    refers_to_slot(&slot, spec, report)?;
    Some(Boot { loader, slot: Some(slot), input: table.input.as_ref().map(Spanned::text) })
}

/// Names of slots, areas, images, keys and profiles, and that slots and areas do not share one.
fn check_names(spec: &Manifest, report: &mut Report) {
    let (slots, areas) = (declared(&spec.slots), declared(&spec.areas));
    let others =
        [declared(&spec.memories), declared(&spec.images), declared(&spec.keys), declared(&spec.profiles)].concat();
    let all = [slots.clone(), areas.clone(), others];
    all.iter().flatten().for_each(|name| check_name(name, report));
    for area in &areas {
        if let Some(slot) = slots.iter().find(|slot| slot.value == area.value) {
            let error = Diagnostic::error(codes::TWICE, format!("`{}` is a slot and an area", area.value));
            report.push(error.at(area.entry, "again here").see(slot.entry, "first here"));
        }
    }
}

/// Whether a name can become an identifier.
pub(crate) fn check_name(name: &Spanned<String>, report: &mut Report) {
    if let Some(objection) = names::objection(name) {
        let error = Diagnostic::error(codes::BAD_NAME, format!("`{}` is no name to use here", name.value));
        report.push(error.at(name.span, objection));
    }
}

/// The names that a table declares.
fn declared<T>(table: &Field<Named<T>>) -> Vec<&Spanned<String>> {
    table.iter().flat_map(|named| named.names()).collect()
}

/// Says so if no slot of this name is declared.
fn refers_to_slot(name: &Spanned<String>, spec: &Manifest, report: &mut Report) -> Option<()> {
    refers_to("slot", name, &name.value, &declared(&spec.slots), report)
}

/// Says so if nothing of this name is declared. `place` is what refers to it.
fn refers_to<T>(
    kind: &str,
    place: &Spanned<T>,
    name: &str,
    declared: &[&Spanned<String>],
    report: &mut Report,
) -> Option<()> {
    let names = || declared.iter().map(|name| name.value.as_str());
    if names().any(|declared| declared == name) {
        return Some(());
    }
    let error = Diagnostic::error(codes::NOTHING, format!("there is no {kind} `{name}`"));
    report.push(match names::nearest(name, names()) {
        Some(near) => error.at(place.span, format!("did you mean `{near}`?")),
        None => error.at(place.span, format!("declared: {}", names::list(names(), "and"))),
    });
    None
}
