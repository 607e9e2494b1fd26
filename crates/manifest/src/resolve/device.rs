//! Part, option bytes, and the mode that they select.

use geometry::{LookupError, Mode, OptionByte, OptionKind, Part, bytes, numbers, read_protection_level};

use super::{Report, facts, memory};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Device, OptionValue};
use crate::scalar::Setting;
use crate::source::{Span, Spanned};
use crate::spec::{self, Manifest};

/// The device; `None` if part or mode is unknown. Boot addresses are settled later, when slots have addresses.
pub fn resolve(table: &Spanned<spec::Device>, spec: &Manifest, report: &mut Report) -> Option<Device> {
    let part_name = table.part.as_ref()?;
    let part = match geometry::part(part_name) {
        Ok(part) => part,
        Err(error) => {
            report.push(unknown_part(part_name, &error));
            return None;
        }
    };
    let mut options = Vec::new();
    for (name, setting) in table.options.iter().flat_map(|options| options.value.iter()) {
        options.extend(option(&part, name, setting, report));
    }
    let mode = part.mode(|name| number(&options, name)).cloned();
    let Some(mut mode) = mode else {
        if !part.mode_options().iter().any(|name| is_written(table, name)) {
            report.push(mode_missing(&part, part_name, spec));
        }
        return None;
    };
    let facts = facts::of_device(&table.facts, &part, &mut mode.regions, report);
    let memories = memory::resolve(spec, &part, report);
    let device = Device { part, part_span: part_name.span, mode, options, facts, memories };
    check_dual_boot(table, &device, report);
    Some(device)
}

fn unknown_part(name: &Spanned<String>, error: &LookupError) -> Diagnostic {
    let unknown = Diagnostic::error(codes::NOTHING, format!("`{}` is not in the device database", name.value));
    match error {
        LookupError::Unknown { nearest } => {
            let nearest = names::list(nearest.iter().map(String::as_str), "or");
            unknown.at(name.span, format!("nearest: {nearest}"))
        }
        LookupError::Database(_) => unknown.at(name.span, error.to_string()),
    }
}

/// The value of an option that the file names, judged on its own.
pub fn option(
    part: &Part,
    name: &Spanned<String>,
    setting: &Spanned<Setting>,
    report: &mut Report,
) -> Option<OptionValue> {
    let known = part.options.iter().map(|option| option.name.as_str());
    let Some(option) = part.option(name) else {
        let error =
            Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown option byte `{}` of {}", name.value, part.name));
        report.push(match names::nearest(name, known.clone()) {
            Some(near) => error.at(name.span, format!("did you mean `{near}`?")),
            None => error.at(name.span, format!("known: {}", names::list(known, "and"))),
        });
        return None;
    };
    let (value, text) = match (option.kind, &setting.value) {
        (OptionKind::WriteProtection, _) => {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` is not typed, it follows", name.value));
            report.push(error.at(setting.entry, "write `write-protect = true` in the slots that it should protect"));
            return None;
        }
        // Slots have no addresses yet: `rules::boot` fills these in, and refuses numbers.
        (OptionKind::BootAddress { .. }, _) => return None,
        (OptionKind::Bit, Setting::Number(value @ 0..=1)) => (*value, value.to_string()),
        (OptionKind::Level, Setting::Number(value @ 0..=1)) => (*value, format!("level {value}")),
        (OptionKind::SecureStart, Setting::Number(value)) => (*value, format!("sector {value}")),
        (OptionKind::Level, Setting::Number(2)) => {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` level 2 is not supported yet", name.value));
            let error = error.at(setting.span, "it can never be undone, and no key acknowledges that yet");
            report.push(error.edit(
                "level 1 keeps debuggers out of the flash, and can be taken back at the price of all of it",
                setting.span,
                "1",
            ));
            return None;
        }
        (kind, _) => {
            let expected = match kind {
                OptionKind::Bit => "0 or 1",
                OptionKind::SecureStart => "a sector's number",
                _ => "0 or 1, a level",
            };
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` must be {expected}", name.value));
            let error = error.at(setting.span, "this is neither");
            report.push(match (kind, &setting.value) {
                (OptionKind::Level, Setting::Number(byte)) => of_byte(error, *byte, setting.span),
                _ => error,
            });
            return None;
        }
    };
    Some(OptionValue { name: option.name.clone(), value, text, span: Some(setting.span) })
}

/// Whoever writes the byte of the option register means its level.
fn of_byte(error: Diagnostic, byte: u32, place: Span) -> Diagnostic {
    match read_protection_level(byte) {
        _ if byte > 0xFF => error,
        2 => {
            error.help(format!("{byte:#X} is the byte of level 2, which can never be undone: it is not supported yet"))
        }
        level => error.edit(format!("{byte:#X} is a byte of level {level}"), place, level.to_string()),
    }
}

fn number(options: &[OptionValue], name: &str) -> Option<u32> {
    options.iter().find(|option| option.name == name).map(|option| option.value)
}

/// Whether the file has a value for an option, be it right or wrong.
fn is_written(table: &spec::Device, option: &str) -> bool {
    table.options.iter().flat_map(|options| options.names()).any(|name| name.value == option)
}

/// A part with several sector maps, and nothing that says which.
fn mode_missing(part: &Part, name: &Spanned<String>, spec: &Manifest) -> Diagnostic {
    let options = part.mode_options();
    let title = format!("{} has {} sector maps, and nothing says which", part.name, part.modes.len());
    let decides = format!("its option byte {} decides; boards of one batch can differ", options.join(", "));
    let mut error = Diagnostic::error(codes::MODE, title).at(name.span, decides);
    if let Some((slot, text)) = slot_in_modes(part, spec) {
        error = error.see(slot, text);
    }
    error = error.help("read it from a board: STM32_Programmer_CLI -c port=swd -ob displ");
    for mode in &part.modes {
        let text = format!("{}: {}", mode.title, mode.summary());
        error = error.fact(text, &mode.citation.source, mode.citation.evidence);
    }
    let line: String =
        options.iter().filter_map(|name| part.option(name)).map(|option| suggestion(part, option)).collect();
    let after = Span { start: name.entry.end, ..name.entry };
    error.edit("say what your boards have: a wrong guess erases the wrong sectors", after, line)
}

/// What the first slot's sectors would be in each mode.
fn slot_in_modes(part: &Part, spec: &Manifest) -> Option<(Span, String)> {
    let (name, slot) = spec.slots.as_ref()?.value.iter().next()?;
    let sectors = (*slot.sectors)?.value;
    let size = |mode: &Mode| {
        let all = mode.regions.iter().flat_map(|region| region.sectors());
        let chosen = all.filter(|sector| (sectors.first..=sectors.last).contains(&sector.number));
        bytes(chosen.map(|sector| sector.size).sum())
    };
    let sizes: Vec<String> = part.modes.iter().map(size).collect();
    let (s, are) = if sectors.first == sectors.last { ("", "is") } else { ("s", "are") };
    let numbers = numbers(sectors.first, sectors.last);
    Some((name.entry, format!("sector{s} {numbers} {are} {}", sizes.join(", or "))))
}

/// A line of the manifest with the value that a part has when it leaves the factory.
fn suggestion(part: &Part, option: &OptionByte) -> String {
    let shipped = option.shipped.unwrap_or_default();
    let meaning = |value: u32| {
        let index = usize::try_from(value).unwrap_or(usize::MAX);
        let text = option.meanings.get(index).map_or("", String::as_str);
        let several =
            part.mode(|name| (name == option.name).then_some(value)).is_some_and(|mode| mode.regions.len() > 1);
        match part.run_option() {
            Some(other) if several => format!("{text}, and then {} too", other.name),
            _ => text.to_owned(),
        }
    };
    let factory = if option.shipped.is_some() { ", as the factory ships it" } else { "" };
    let other = 1 - shipped.min(1);
    format!("\noptions.{} = {shipped}   # {}{factory} (or {other}: {})", option.name, meaning(shipped), meaning(other))
}

/// nDBOOT, on parts that have it: required with two banks, 1 with one.
fn check_dual_boot(table: &Spanned<spec::Device>, device: &Device, report: &mut Report) {
    let Some(option) = device.part.run_option() else { return };
    let two_banks = device.mode.regions.len() > 1;
    let bank_option = device.mode.selectors.iter().find_map(|(name, _)| device.option(name));
    match device.option(&option.name) {
        None if two_banks && !is_written(table, &option.name) => {
            let title = format!("with two banks, `options.{}` decides where a slot runs", option.name);
            let mut error = Diagnostic::error(codes::MODE, title).at(table.entry, format!("no `{}` here", option.name));
            if let Some(span) = bank_option.and_then(|option| option.span) {
                error = error.see(span, device.mode.phrase());
            }
            for (value, meaning) in option.meanings.iter().enumerate() {
                error = error.help(format!("options.{} = {value}: {meaning}", option.name));
            }
            report.push(error);
        }
        Some(OptionValue { value: 0, span: Some(span), .. }) if !two_banks => {
            let title = format!("{} = 0 with one bank", option.name);
            let mut error = Diagnostic::error(codes::DUAL_BOOT_ONE_BANK, title);
            error = error.at(*span, "the boot ROM would choose between two banks");
            if let Some(span) = bank_option.and_then(|option| option.span) {
                error = error.see(span, device.mode.phrase());
            }
            report.push(error.edit("banks are not exchanged if there is one", *span, "1"));
        }
        _ => {}
    }
}
