//! External memories: from part and bus to sectors with addresses.

use geometry::{Citation, Ecc, Evidence, Fact, Interface, LookupError, Part, Region, Run, address, bytes};

use super::{Report, facts};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::{Bus, Memory};
use crate::names;
use crate::plan::Word as _;
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// The data lines for which command offsets and program units are known.
const WIDTH: u32 = 16;

/// All external memories that are right, in the file's order.
pub fn resolve(spec: &Manifest, part: &Part, report: &mut Report) -> Vec<Memory> {
    let mut memories: Vec<Memory> = Vec::new();
    for (name, table) in spec.memories.iter().flat_map(|memories| memories.value.iter()) {
        let Some(memory) = memory(name, table, part, report) else { continue };
        let same = |other: &&Memory| other.bus.value == memory.bus.value && memory.bus.value != Bus::Spi;
        if let Some(other) = memories.iter().find(same) {
            let title = format!("`{}` and `{}` are on one bus", other.name.value, name.value);
            let error = Diagnostic::error(codes::TWICE, title).at(memory.bus.span, "again here");
            report.push(error.see(other.bus.span, "first here"));
        }
        memories.push(memory);
    }
    memories
}

fn memory(name: &Spanned<String>, table: &spec::Memory, part: &Part, report: &mut Report) -> Option<Memory> {
    let (wanted, bus) = (table.part.as_ref()?, (*table.bus)?);
    let (own, known) = (table.geometry.as_ref(), geometry::memory(wanted));
    let (part_name, mut region, command_offsets) = match (known, own) {
        (Ok(known), None) => {
            let parallel = known.interface == Interface::Parallel;
            if parallel != bus.value.is_parallel() {
                let title = format!("{} cannot be on {}", known.name, bus.value.word());
                let error = Diagnostic::error(codes::WRONG_VALUE, title).at(bus.span, "for the other kind of memory");
                report.push(error.see(wanted.span, known.interface.to_string()));
                return None;
            }
            (known.name, known.region, known.command_offsets)
        }
        (Ok(known), Some(own)) => {
            let title = format!("the geometry of {} is known", known.name);
            let error = Diagnostic::error(codes::TWICE, title).at(own.entry, "leave it out");
            let Citation { source, evidence, .. } = &known.citation;
            report.push(error.fact(known.region.summary(), source, *evidence));
            return None;
        }
        (Err(_), Some(own)) => (wanted.value.clone(), own_region(own, report)?, Vec::new()),
        (Err(error), None) => {
            report.push(unknown_part(wanted, &error));
            return None;
        }
    };
    check_width(table, bus, report);
    region.name.clone_from(&name.value);
    facts::of_memory(&table.facts, &part_name, &mut region, report);
    region.base = base(&region, &part_name, bus, part, report)?;
    Some(Memory {
        name: name.clone(),
        part: part_name,
        bus,
        region,
        command_offsets,
        execute_as: *table.execute_as,
        program_as: *table.program_as,
        writer: *table.writer,
        xip: *table.xip,
    })
}

/// The address of its first byte: the window of its bus.
fn base(region: &Region, memory: &str, bus: Spanned<Bus>, part: &Part, report: &mut Report) -> Option<u32> {
    if bus.value == Bus::Spi {
        return Some(0);
    }
    let Some(window) = part.windows.iter().find(|window| window.bus == bus.value.word()) else {
        let title = format!("{} has no {} that the device database knows", part.name, bus.value.word());
        let known = names::list(part.windows.iter().map(|window| window.bus.as_str()), "and");
        let error = Diagnostic::error(codes::NOTHING, title).at(bus.span, format!("there is {known}"));
        report.push(error.help("bus = \"SPI\": no address, and nothing runs from it"));
        return None;
    };
    if region.size() > window.size {
        let title = format!("{memory} is larger than what {} shows of it", window.bus);
        let text = format!("{} at {}", bytes(window.size), address(window.base));
        let error = Diagnostic::error(codes::REGION_END, title).at(bus.span, text);
        report.push(error.fact(
            format!("{} has {}", window.bus, bytes(window.size)),
            &window.citation.source,
            window.citation.evidence,
        ));
        return None;
    }
    Some(window.base)
}

/// Whether the number of data lines is given where it counts, and is one that is known.
fn check_width(table: &spec::Memory, bus: Spanned<Bus>, report: &mut Report) {
    match (bus.value.is_parallel(), *table.width) {
        (true, None) if !table.width.is_written => {
            let title = format!("`width` is required on {}", bus.value.word());
            let error = Diagnostic::error(codes::MISSING_KEY, title).at(bus.entry, "how many data lines?");
            report.push(error.help("width = 16: command addresses depend on it"));
        }
        (true, Some(width)) if width.value != WIDTH => {
            let error = Diagnostic::error(codes::WRONG_VALUE, "`width` must be 16");
            report.push(error.at(width.span, "command addresses and program units are known for 16 data lines only"));
        }
        (false, Some(width)) => {
            let title = format!("`width` does not go with {}", bus.value.word());
            let error = Diagnostic::error(codes::WRONG_VALUE, title);
            report.push(error.at(width.entry, "only parallel memories have one"));
        }
        _ => {}
    }
}

fn unknown_part(wanted: &Spanned<String>, error: &LookupError) -> Diagnostic {
    let unknown = Diagnostic::error(codes::NOTHING, format!("`{}` is not in the device database", wanted.value));
    match error {
        LookupError::Unknown { nearest } => {
            let nearest = names::list(nearest.iter().map(String::as_str), "or");
            let unknown = unknown.at(wanted.span, format!("nearest: {nearest}"));
            unknown.help("or describe it: a table `geometry` with sectors, program-unit, ecc-word, erased and source")
        }
        LookupError::Database(_) => unknown.at(wanted.span, error.to_string()),
    }
}

/// A region as the manifest describes it.
fn own_region(own: &Spanned<spec::MemoryGeometry>, report: &mut Report) -> Option<Region> {
    let (list, source) = (own.sectors.as_ref()?, own.source.as_ref()?);
    let mut runs = Vec::new();
    for text in &list.value.0 {
        match Run::try_from(text.value.clone()) {
            Ok(run) if run.count > 0 && run.size > 0 => runs.push(run),
            Ok(_) => report.push(wrong(text, "`sectors` has an empty run")),
            Err(why) => report.push(wrong(text, &why)),
        }
    }
    let total = runs.iter().try_fold(0, |sum: u32, run| sum.checked_add(run.count.checked_mul(run.size)?));
    if total.is_none_or(|total| total == 0) || runs.len() < list.value.0.len() {
        if runs.len() == list.value.0.len() {
            let error = Diagnostic::error(codes::WRONG_VALUE, "`sectors` are none, or 4G and more");
            report.push(error.at(list.span, "such as [\"256x128K\"]"));
        }
        return None;
    }
    let (unit, ecc, erased) = ((*own.program_unit)?, (*own.ecc_word)?, (*own.erased)?);
    let is_unit = |unit: u32| unit.is_power_of_two() && unit <= image_format::log::MAX_PLACE;
    for (value, fits) in [(unit, is_unit(unit.value)), (ecc, ecc.value == 0 || is_unit(ecc.value))] {
        if !fits {
            let error = Diagnostic::error(codes::WRONG_VALUE, "units are powers of two up to 64");
            report.push(error.at(value.span, "bytes"));
            return None;
        }
    }
    let Some(erased) = u8::try_from(erased.value).ok().filter(|value| [0, 0xFF].contains(value)) else {
        report.push(Diagnostic::error(codes::WRONG_VALUE, "`erased` is 0xFF or 0").at(erased.span, "neither"));
        return None;
    };
    // The author's word, as good as one report.
    let citation = Citation { source: source.value.clone(), evidence: Evidence::OneReport, note: None };
    Some(Region {
        name: String::new(),
        base: 0,
        first_sector: 0,
        runs,
        sectors_from: citation.clone(),
        numbers: Some(citation.clone()),
        program_unit: Some(Fact { value: unit.value, citation: citation.clone() }),
        ecc: Some(Fact {
            value: if ecc.value == 0 { Ecc::None } else { Ecc::Word(ecc.value) },
            citation: citation.clone(),
        }),
        erased: Some(Fact { value: erased, citation }),
        rewrite: None,
        read_while_write: None,
        write_protection: None,
        page_protection: None,
    })
}

fn wrong(text: &Spanned<String>, why: &str) -> Diagnostic {
    Diagnostic::error(codes::WRONG_VALUE, why).at(text.span, "such as \"256x128K\"")
}
