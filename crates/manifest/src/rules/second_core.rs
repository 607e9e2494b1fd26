//! WX0139: flash that a second core has for itself.

use geometry::{OptionByte, bytes, numbered, numbers};

use super::overlap::extents;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Area, Device, Extent, OptionValue, Slot};
use crate::source::{Span, Spanned};
use crate::spec::Manifest;

/// On parts with a second core's flash: that the manifest says where it begins, and that nothing lies in it.
pub fn check(device: &Device, slots: &[Slot], areas: &[Area], spec: &Manifest, report: &mut Vec<Diagnostic>) {
    let Some(option) = device.part.secure_start() else { return };
    let inside: Vec<(&Spanned<String>, &Extent)> =
        extents(slots, areas).filter(|(_, extent)| extent.access == Access::Internal).collect();
    let Some(secure) = device.option(&option.name) else {
        let is_written = spec.device.iter().filter_map(|device| device.options.as_ref());
        let mut written = is_written.flat_map(|options| options.value.names());
        // Where it is written and wrong, that has been said.
        if !inside.is_empty() && !written.any(|name| name.value == option.name) {
            report.push(missing(device, option, &inside));
        }
        return;
    };
    let place = secure.span.unwrap_or(device.part_span);
    let sectors = device.mode.regions.iter().flat_map(|region| region.sectors());
    // All of flash, or none of it, is no second core's.
    if secure.value == 0 || !sectors.into_iter().any(|sector| sector.number == secure.value) {
        let last = device.mode.regions.last().map_or(0, |region| *region.numbers().end());
        let title = format!("`{}` is no sector that a second core's flash begins with", option.name);
        let error = Diagnostic::error(codes::WRONG_VALUE, title);
        report.push(error.at(place, format!("1 to {last}, the number of a sector")));
        return;
    }
    let reaching = inside.iter().filter(|(_, extent)| extent.numbers().1 >= secure.value);
    report.extend(reaching.map(|(name, extent)| reaches(name, extent, secure, place, option)));
}

/// Nothing says where the second core's flash begins.
fn missing(device: &Device, option: &OptionByte, inside: &[(&Spanned<String>, &Extent)]) -> Diagnostic {
    let title = format!("nothing says where the flash of the second core of {} begins", device.part.name);
    let error = Diagnostic::error(codes::SECOND_CORE, title);
    let error = error.at(device.part_span, format!("its option byte {} does", option.name));
    let error = match inside.iter().max_by_key(|(_, extent)| extent.range.end) {
        Some((_, extent)) => error.see(extent.span, format!("is sector {} the first core's?", extent.numbers().1)),
        None => error,
    };
    let error = error.help(format!(
        "options.{} = N, as STM32_Programmer_CLI -c port=swd -ob displ shows it of a board with the radio firmware that you ship",
        option.name
    ));
    cite(error, option)
}

/// A slot or area that reaches into it.
fn reaches(
    name: &Spanned<String>,
    extent: &Extent,
    secure: &OptionValue,
    place: Span,
    option: &OptionByte,
) -> Diagnostic {
    let (first, last) = extent.numbers();
    let title = format!("`{}` reaches into the flash of the second core", name.value);
    let error = Diagnostic::error(codes::SECOND_CORE, title);
    let own = secure.value.max(first);
    let error =
        error.at(extent.span, format!("the first core can neither read nor write {}", numbered("sector", own..=last)));
    let error = error.see(place, "from this sector on");
    let left: Vec<_> = extent.sectors.iter().filter(|sector| sector.number < secure.value).collect();
    let error = match (left.first(), left.last()) {
        (Some(from), Some(to)) => error.help(format!(
            "sectors = \"{}\" is what the first core has of it: {}",
            numbers(from.number, to.number),
            bytes(left.iter().map(|sector| sector.size).sum())
        )),
        _ => error.help(format!("put `{}` below sector {}", name.value, secure.value)),
    };
    cite(error, option)
}

fn cite(error: Diagnostic, option: &OptionByte) -> Diagnostic {
    let text = format!("from sector {} on, flash is the second core's", option.name);
    error.fact(text, &option.citation.source, option.citation.evidence)
}
