//! How the core gets from reset into the boot loader.

use geometry::{OptionByte, OptionKind, Part, address, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Boot, Device, ImageKind, Loader, OptionValue, Slot};
use crate::resolve::extent;
use crate::scalar::Setting;
use crate::source::Spanned;
use crate::spec::Manifest;

/// WX0112: boot addresses, which are given as slots; and WX0114, WX0404: that nothing exchanges the banks before the boot
/// loader runs. Settles the boot addresses' values.
pub fn check(device: &mut Device, boot: Option<&Boot>, slots: &[Slot], spec: &Manifest, report: &mut Vec<Diagnostic>) {
    if let Some(boot) = boot {
        check_exchange(device, boot, report);
    }
    let started = boot.map(|boot| started(boot, spec));
    let options =
        spec.device.iter().filter_map(|device| device.options.as_ref()).flat_map(|options| options.value.iter());
    for (name, setting) in options {
        let Some(option) = device.part.option(name) else { continue };
        let OptionKind::BootAddress { shift } = option.kind else { continue };
        let error = match (&setting.value, boot) {
            (Setting::Number(number), _) => {
                typed(&device.part, option, setting, *number, &candidates(started.as_deref(), slots))
            }
            (Setting::Slot(_), None) => continue,
            (Setting::Slot(named), Some(boot)) if !started.iter().flatten().any(|slot| slot.value == *named) => {
                other_slot(name, setting, named, boot, started.as_deref().unwrap_or_default(), spec)
            }
            (Setting::Slot(named), Some(_)) => {
                let Some(slot) = slots.iter().find(|slot| slot.name.value == *named) else { continue };
                let start = start(&device.part, slot);
                let value = start >> shift;
                if value << shift == start {
                    let text = format!("{value:#06X}");
                    device.options.push(OptionValue {
                        name: name.value.clone(),
                        value,
                        text,
                        span: Some(setting.span),
                    });
                    continue;
                }
                let title = format!("{} cannot hold the start of `{named}`", name.value);
                let text = format!("{} is no multiple of {}", address(start), bytes(1 << shift));
                Diagnostic::error(codes::BOOT_ADDRESS, title).at(setting.span, text).see(slot.extent.span, "the slot")
            }
        };
        report.push(error);
    }
    device.sort_options();
}

/// The slots that a boot address may be of: the boot loader's, or any if it is not known which that is.
fn candidates<'a>(started: Option<&[Spanned<String>]>, slots: &'a [Slot]) -> Vec<&'a Slot> {
    let may = |slot: &&Slot| started.is_none_or(|names| names.iter().any(|name| name.value == slot.name.value));
    slots.iter().filter(may).collect()
}

/// The slots that the core may start: the boot loader's, or without one those of firmware.
fn started(boot: &Boot, spec: &Manifest) -> Vec<Spanned<String>> {
    if let Some(slot) = &boot.slot {
        return vec![slot.clone()];
    }
    let images = spec.images.iter().flat_map(|images| images.value.iter());
    let firmware = images.filter(|(_, image)| image.r#type.is_none_or(|kind| kind.value == ImageKind::Firmware));
    let slots = firmware.flat_map(|(name, image)| match image.slots.as_ref() {
        Some(list) => list.value.0.clone(),
        None => vec![name.clone()],
    });
    slots.collect()
}

/// Where a slot is started: at its alias, if it has one.
pub(crate) fn start(part: &Part, slot: &Slot) -> u32 {
    let alias = slot.run_alias.and_then(|wanted| extent::alias(part, wanted.value));
    alias.map_or(slot.extent.range.start, |alias| slot.extent.range.start - alias.target + alias.base)
}

/// A boot address as a number: nearly always the address itself, where its upper bits belong.
fn typed(part: &Part, option: &OptionByte, setting: &Spanned<Setting>, number: u32, slots: &[&Slot]) -> Diagnostic {
    let shift = if let OptionKind::BootAddress { shift } = option.kind { shift } else { 0 };
    let label = match number >> shift {
        0 => format!("the option byte's own value; it stands for {}", address(number << shift)),
        value => format!("an address; the option byte holds address >> {shift}, here {value:#06X}"),
    };
    let title = format!("{} is given as a number", option.name);
    let fact = format!("{} holds the address >> {shift}, in steps of {}", option.name, bytes(1 << shift));
    let error = Diagnostic::error(codes::BOOT_ADDRESS, title).at(setting.span, label);
    let error = error.fact(fact, &option.citation.source, option.citation.evidence);
    let Some(first) = slots.first() else { return error };
    let value = |slot: &&Slot| format!("{:#06X} for `{}`", start(part, slot) >> shift, slot.name.value);
    let values: Vec<String> = slots.iter().map(value).collect();
    let help = format!("name the slot: waxseal writes {}", values.join(", "));
    error.edit(help, setting.span, format!("\"{}\"", first.name.value))
}

/// A boot address that is not the boot loader's.
fn other_slot(
    name: &Spanned<String>,
    setting: &Spanned<Setting>,
    named: &str,
    boot: &Boot,
    started: &[Spanned<String>],
    spec: &Manifest,
) -> Diagnostic {
    let slots: Vec<_> = spec.slots.iter().flat_map(|slots| slots.names()).map(|name| name.value.as_str()).collect();
    if !slots.contains(&named) {
        let error = Diagnostic::error(codes::NOTHING, format!("there is no slot `{named}`"));
        return match names::nearest(named, slots.iter().copied()) {
            Some(near) => error.at(setting.span, format!("did you mean `{near}`?")),
            None => error.at(setting.span, format!("declared: {}", names::list(slots.iter().copied(), "and"))),
        };
    }
    let Some(boot) = &boot.slot else {
        let title = format!("{} starts `{named}`, and no firmware is there", name.value);
        let right = names::list(started.iter().map(|slot| slot.value.as_str()), "or");
        let error = Diagnostic::error(codes::BOOT_ADDRESS, title).at(setting.span, format!("firmware is in {right}"));
        let Some(first) = started.first() else { return error };
        return error.edit("start the firmware", setting.span, format!("\"{}\"", first.value));
    };
    let title = format!("{} starts `{named}`, and the boot loader is in `{}`", name.value, boot.value);
    Diagnostic::error(codes::BOOT_ADDRESS, title)
        .at(setting.span, "what is there would start unjudged")
        .see(boot.span, "the boot loader's slot")
        .edit("start the boot loader", setting.span, format!("\"{}\"", boot.value))
}

/// Banks that the ROM exchanges.
fn check_exchange(device: &Device, boot: &Boot, report: &mut Vec<Diagnostic>) {
    let Some((OptionValue { name, value: 0, span: Some(span), .. }, meaning)) = device.where_banks_run() else {
        return;
    };
    if device.mode.regions.len() < 2 {
        return;
    }
    let warning = Diagnostic::warning(codes::NO_BOOT_PIN, "no recovery by the BOOT0 pin");
    let warning = warning.at(*span, format!("with two banks and {name} = 0 the pin is ignored")).help(format!(
        "{name} = 1 keeps the pin; or say how such a board is recovered: lints.WX0114 = {{ level = \"allow\", reason = \"...\" }}"
    ));
    report.push(warning.fact(
        "with nDBANK = nDBOOT = 0 only BOOT_ADD0 is used",
        "ST staff, ST community message 162426",
        geometry::Evidence::OneReport,
    ));
    if boot.loader.value == Loader::None {
        return;
    }
    let title = format!("with {name} = 0 the boot ROM chooses the bank before the boot loader runs");
    let error = Diagnostic::error(codes::BANK_EXCHANGE, title);
    let error = error.at(*span, meaning).see(boot.loader.span, "judges what it starts");
    report.push(error.edit("the boot loader then runs first", *span, "1"));
}
