//! What the device database has no evidence for, as the manifest's author measured it.

use geometry::{Citation, Ecc, EraseSelector, Evidence, Fact, Part, Region};

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Facts, Measured};
use crate::read::{Field, Named};
use crate::source::Spanned;
use crate::spec;

/// The fact about banks that are exchanged.
const ERASE_AFTER_SWAP: &str = "erase-after-swap";
/// The facts about how a memory is programmed.
const OF_A_MEMORY: [&str; 3] = ["program-unit", "ecc-word", "erased"];
/// All that is asked of internal flash.
const OF_A_DEVICE: [&str; 4] = [ERASE_AFTER_SWAP, "program-unit", "ecc-word", "erased"];

/// The facts of a device. The database's own are not contradicted: they have sources too.
pub fn of_device(
    table: &Field<Named<spec::Measured>>,
    part: &Part,
    regions: &mut [Region],
    report: &mut Report,
) -> Facts {
    let mut facts = Facts::default();
    for (name, fact) in table.iter().flat_map(|facts| facts.value.iter()) {
        if name.value != ERASE_AFTER_SWAP {
            about_regions(name, fact, &part.name, &OF_A_DEVICE, regions, report);
            continue;
        }
        if let Some(known) = &part.erase_selector {
            report.push(known_already(name, &part.name, &known.value.to_string(), &known.citation));
            continue;
        }
        let (Some(value), Some(source)) = (&*fact.value.value, &*fact.value.source) else { continue };
        let selector = match value.value.as_str() {
            "mapped" => EraseSelector::Mapped,
            "physical" => EraseSelector::Physical,
            _ => {
                report.push(wrong(name, value, "`mapped` or `physical`"));
                continue;
            }
        };
        facts.erase_after_swap = Some(Measured { value: value.with(selector), source: source.value.clone() });
    }
    facts
}

/// The facts of an external memory.
pub fn of_memory(table: &Field<Named<spec::Measured>>, part: &str, region: &mut Region, report: &mut Report) {
    for (name, fact) in table.iter().flat_map(|facts| facts.value.iter()) {
        about_regions(name, fact, part, &OF_A_MEMORY, std::slice::from_mut(region), report);
    }
}

/// A fact about how a memory is programmed, put where the database has none.
fn about_regions(
    name: &Spanned<String>,
    fact: &spec::Measured,
    part: &str,
    known: &[&str],
    regions: &mut [Region],
    report: &mut Report,
) {
    if !known.contains(&name.value.as_str()) {
        report.push(unknown(name, known));
        return;
    }
    for region in &*regions {
        let database = match name.value.as_str() {
            "program-unit" => region.program_unit.as_ref().map(|fact| (fact.value.to_string(), &fact.citation)),
            "ecc-word" => region.ecc.as_ref().map(|fact| (fact.value.to_string(), &fact.citation)),
            _ => region.erased.as_ref().map(|fact| (format!("{:#04X}", fact.value), &fact.citation)),
        };
        if let Some((value, citation)) = database {
            report.push(known_already(name, part, &value, citation));
            return;
        }
    }
    let (Some(value), Some(source)) = (&*fact.value, &*fact.source) else { return };
    // A measurement of the author's own boards: no better than one report.
    let citation = Citation { source: source.value.clone(), evidence: Evidence::OneReport, note: None };
    let unit = value.value.parse().ok().filter(|unit: &u32| unit.is_power_of_two() && *unit <= LARGEST_UNIT);
    match (name.value.as_str(), unit, value.value.as_str()) {
        ("program-unit", Some(unit), _) => {
            set(regions, &citation, |region, fact| region.program_unit = Some(fact), unit)
        }
        ("ecc-word", Some(word), _) => set(regions, &citation, |region, fact| region.ecc = Some(fact), Ecc::Word(word)),
        ("ecc-word", None, "none") => set(regions, &citation, |region, fact| region.ecc = Some(fact), Ecc::None),
        ("erased", _, "0xFF") => set(regions, &citation, |region, fact| region.erased = Some(fact), 0xFF),
        ("erased", _, "0x00") => set(regions, &citation, |region, fact| region.erased = Some(fact), 0),
        ("erased", ..) => report.push(wrong(name, value, "`0xFF` or `0x00`")),
        ("ecc-word", ..) => report.push(wrong(name, value, "`none`, or bytes: a power of two up to 64")),
        _ => report.push(wrong(name, value, "bytes: a power of two up to 64")),
    }
}

/// The largest unit that a state log can have (`image_format::log`).
const LARGEST_UNIT: u32 = image_format::log::MAX_PLACE;

fn set<T: Copy>(regions: &mut [Region], citation: &Citation, put: impl Fn(&mut Region, Fact<T>), value: T) {
    for region in regions {
        put(region, Fact { value, citation: citation.clone() });
    }
}

fn unknown(name: &Spanned<String>, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown fact `{}`", name.value));
    match names::nearest(name, known.iter().copied()) {
        Some(near) => error.at(name.span, format!("did you mean `{near}`?")),
        None => error.at(name.span, format!("known: {}", names::list(known.iter().copied(), "and"))),
    }
}

fn known_already(name: &Spanned<String>, part: &str, value: &str, citation: &Citation) -> Diagnostic {
    let title = format!("`{}` of {part} is known", name.value);
    let error = Diagnostic::error(codes::TWICE, title).at(name.entry, format!("the device database has {value}"));
    let error = error.help("leave it out: facts are for what the database has no evidence of");
    error.fact(value, &citation.source, citation.evidence)
}

fn wrong(name: &Spanned<String>, value: &Spanned<String>, expected: &str) -> Diagnostic {
    let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` is {expected}", name.value));
    error.at(value.span, "neither")
}
