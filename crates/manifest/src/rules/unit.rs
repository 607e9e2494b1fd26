//! WX0119 and WX0416: in which units a memory is programmed, and that somebody knows.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::Extent;

/// Whether it is known how the memory of a slot is programmed: program unit, ECC word, erased value. That it is not is said once of each
/// memory, whatever lies there.
pub(crate) fn check(extent: &Extent, report: &mut Vec<Diagnostic>) -> bool {
    if extent.region.unit().is_some() && extent.region.erased.is_some() {
        return true;
    }
    let error = unproven(extent);
    if !report.iter().any(|told| told.title == error.title) {
        report.push(error);
    }
    false
}

/// A memory of which nobody knows how it is programmed.
pub(crate) fn unproven(extent: &Extent) -> Diagnostic {
    let region = &extent.region;
    let missing = [
        (region.program_unit.is_none(), "program-unit", "8"),
        (region.ecc.is_none(), "ecc-word", "none"),
        (region.erased.is_none(), "erased", "0xFF"),
    ];
    let missing: Vec<_> = missing.into_iter().filter(|(is_missing, ..)| *is_missing).collect();
    let names: Vec<&str> = missing.iter().map(|(_, name, _)| *name).collect();
    let external = extent.access != Access::Internal;
    let ecc_alone = external && names == ["ecc-word"];
    let (code, title) = if ecc_alone {
        (codes::UNDECLARED_ECC, format!("nothing says whether `{}` has an error correction code", region.name))
    } else if external {
        (codes::UNPROVEN_UNIT, format!("it is unproven how `{}` is programmed", region.name))
    } else {
        (codes::UNPROVEN_UNIT, format!("it is unproven how the `{}` of this part is programmed", region.name))
    };
    let text = format!("the device database has no evidence for {}", names.join(", "));
    let table = if external { format!("memories.{}.facts", region.name) } else { "device.facts".to_owned() };
    let error = Diagnostic::error(code, title).at(extent.region_span, text);
    missing.iter().fold(error, |error, (_, name, value)| {
        error.help(format!(
            "with evidence of your own: {table}.{name} = {{ value = \"{value}\", source = \"data sheet, revision, page\" }}"
        ))
    })
}
