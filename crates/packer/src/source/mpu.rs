//! Settings of the core's memory protection unit for external memories: while code runs from them, and while they are written.
//!
//! Armv7-M Architecture Reference Manual (DDI 0403), B3.5: MPU_RBAR, MPU_RASR. Armv8-M Architecture Reference Manual
//! (DDI 0553), D1.2: MPU_RBAR, MPU_RLAR, MPU_MAIR0.

use std::ops::Range;

use geometry::{address, bytes};
use manifest::memory::{Access, Attribute, Memory};
use manifest::mpu;
use manifest::plan::{ImageKind, Plan, Word as _};

use super::{Section, Source, SourceError, Value};

/// Attributes 0 to 3 of MPU_MAIR0 on Armv8-M: device (nGnRE), normal non-cacheable, write-through and write-back, each with
/// read allocation, the last one with write allocation; inner and outer alike.
const MAIR0: u32 = 0xFF_AA_44_04;

/// Cores with regions of base and limit.
const ARMV8M: [&str; 2] = ["cm33", "cm55"];

/// A region of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Area {
    range: Range<u32>,
    attribute: Attribute,
    writable: bool,
    executable: bool,
}

/// How regions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Architecture {
    /// RBAR and RASR; regions of higher numbers lie over those of lower ones.
    Armv7M,
    /// RBAR and RLAR; regions must not overlap.
    Armv8M,
}

/// The settings of a plan's external memories as constants. `command` is what was typed, for the comment.
///
/// # Errors
/// [`SourceError::NoMpu`], [`SourceError::NoMemory`], [`SourceError::Uncovered`].
pub fn mpu(plan: &Plan, command: &str) -> Result<Source, SourceError> {
    let core = plan.device.part.cores.first().map_or("", String::as_str);
    let architecture = match core {
        core if mpu::is_armv7m(core) => Architecture::Armv7M,
        core if ARMV8M.contains(&core) => Architecture::Armv8M,
        core => return Err(SourceError::NoMpu(core.to_owned())),
    };
    let mapped = plan.device.memories.iter().filter(|memory| memory.access() == Access::Mapped);
    let sections = mapped.filter_map(|memory| section(plan, memory, architecture)).collect::<Result<Vec<_>, _>>()?;
    if sections.is_empty() {
        return Err(SourceError::NoMemory);
    }
    let mut about = vec![
        format!("Memory protection of {core}, for external memories. Made by `{command}`: change the manifest, not this file."),
        "Write each pair to a region of its own, in this order and with ascending numbers (MPU_RNR), with the unit off, from code".to_owned(),
        "that is in none of these memories. Before, clean and invalidate the data cache over the whole memory; after, DSB and ISB.".to_owned(),
    ];
    let mut all = Section::new("All memories.");
    if architecture == Architecture::Armv8M {
        about.push("Attributes are those of MPU_MAIR0, which is given here.".to_owned());
        all.add(
            "MPU_MAIR0",
            "Attributes: 0 device, 1 non-cacheable, 2 write-through, 3 write-back.",
            Value::Hex(MAIR0),
        );
    }
    let sections = if all.constants.is_empty() { sections } else { [vec![all], sections].concat() };
    Ok(Source { subject: "mpu", about, sections, code: String::new() })
}

/// The settings of a memory; `None` if the manifest says nothing of how the core sees it.
fn section(plan: &Plan, memory: &Memory, architecture: Architecture) -> Option<Result<Section, SourceError>> {
    let attribute = |written: &Option<_>| written.as_ref().map(|written: &manifest::source::Spanned<_>| written.value);
    let running = attribute(&memory.execute_as).or(attribute(&memory.program_as))?;
    let mut phases = vec![("RUN", "While code runs from it", self::running(plan, memory, running, architecture))];
    if let Some(programming) = attribute(&memory.program_as) {
        let whole = Area { range: memory.region.range(), attribute: programming, writable: true, executable: false };
        phases.push(("PROGRAM", "While anything in it is written", vec![whole]));
    }
    let count = phases.iter().map(|(.., areas)| areas.len()).max().unwrap_or(0);
    let name = &memory.name.value;
    let mut section = Section::new(format!("`{name}`: {}.", memory.part));
    for (word, when, areas) in phases {
        let words: Vec<_> = areas.iter().map(describe).collect();
        let mut pairs = Vec::new();
        for area in &areas {
            match architecture {
                Architecture::Armv7M => match armv7m(area) {
                    Some(pair) => pairs.push(pair),
                    None => return Some(Err(SourceError::Uncovered(describe(area)))),
                },
                Architecture::Armv8M => pairs.push(armv8m(area)),
            }
        }
        // Regions that the other phase has are off.
        pairs.resize(count, [memory.region.base, 0]);
        let registers = if architecture == Architecture::Armv7M { "RBAR, RASR" } else { "RBAR, RLAR" };
        let off = if words.len() < count { ". The rest is off" } else { "" };
        let doc = format!("{when} ({registers}): {}{off}.", words.join("; "));
        section.add(format!("MPU_{name}_{word}"), doc, Value::Pairs(pairs));
    }
    Some(Ok(section))
}

/// The regions while code runs: what is no slot with code is execute-never.
fn running(plan: &Plan, memory: &Memory, attribute: Attribute, architecture: Architecture) -> Vec<Area> {
    let firmware = plan.images.iter().filter(|image| image.kind.value == ImageKind::Firmware);
    let names: Vec<_> = firmware.flat_map(|image| &image.placements).map(|place| place.slot.value.as_str()).collect();
    let inside = plan.slots.iter().filter(|slot| slot.extent.region.name == memory.region.name);
    let mut code: Vec<_> =
        inside.filter(|slot| names.contains(&slot.name.value.as_str())).map(|slot| slot.extent.range.clone()).collect();
    code.sort_by_key(|range| range.start);
    let area = |range, executable| Area { range, attribute, writable: false, executable };
    let chip = memory.region.range();
    let mut areas = Vec::new();
    if architecture == Architecture::Armv7M {
        areas.push(area(chip, false));
        areas.extend(code.into_iter().map(|range| area(range, true)));
        return areas;
    }
    let mut from = chip.start;
    for range in code {
        if from < range.start {
            areas.push(area(from..range.start, false));
        }
        from = range.end;
        areas.push(area(range, true));
    }
    if from < chip.end {
        areas.push(area(from..chip.end, false));
    }
    areas
}

/// `0x6000_0000 32M write-through, read-only, execute-never`.
fn describe(area: &Area) -> String {
    let Area { range, attribute, writable, executable } = area;
    format!(
        "{} {} {}, {}, {}",
        address(range.start),
        bytes(range.end - range.start),
        attribute.word(),
        if *writable { "read-write" } else { "read-only" },
        if *executable { "executable" } else { "execute-never" },
    )
}

/// RBAR and RASR; `None` if no single region covers the range.
fn armv7m(area: &Area) -> Option<[u32; 2]> {
    let region = mpu::region(&area.range)?;
    // TEX, C, B: DDI 0403 table B3-13. Normal memory is not shared: the Cortex-M7 caches nothing that is.
    let (tex, cacheable, bufferable) = match area.attribute {
        Attribute::Device => (0, 0, 1),
        Attribute::NonCacheable => (1, 0, 0),
        Attribute::WriteThrough => (0, 1, 0),
        Attribute::WriteBack => (0, 1, 1),
    };
    // AP: table B3-15, read and write, or reading alone, whatever the privilege.
    let access = if area.writable { 0b011 } else { 0b110 };
    let size = region.size.ilog2() - 1;
    let fields = [
        (u32::from(!area.executable), 28),
        (access, 24),
        (tex, 19),
        (cacheable, 17),
        (bufferable, 16),
        (u32::from(region.left_out), 8),
        (size, 1),
        (1, 0),
    ];
    Some([region.base, fields.iter().fold(0, |word, (value, shift)| word | value << shift)])
}

/// RBAR and RLAR. Sectors and slots are multiples of 32 bytes, as base and limit must be.
fn armv8m(area: &Area) -> [u32; 2] {
    let attribute = match area.attribute {
        Attribute::Device => 0,
        Attribute::NonCacheable => 1,
        Attribute::WriteThrough => 2,
        Attribute::WriteBack => 3,
    };
    let access = if area.writable { 0b01 } else { 0b11 };
    let base = area.range.start | access << 1 | u32::from(!area.executable);
    let limit = (area.range.end - 1) & !31 | attribute << 1 | 1;
    [base, limit]
}

#[cfg(test)]
mod tests {
    use manifest::{Source, check};

    use super::*;

    const R2: &str = include_str!("../../../../examples/r2/r2.toml");
    const NOR: u32 = 0x6000_0000;
    const M: u32 = 1024 * 1024;
    /// The attribute as either architecture has it: TEX, S, C, B; its number.
    const WRITE_THROUGH: [u32; 2] = [0b00_0010, 2];
    const DEVICE: [u32; 2] = [0b00_0001, 0];

    /// Attribute, whether it can be written, whether it can be executed.
    type Seen = Option<(u32, bool, bool)>;

    /// Example r2 with the application and its updates elsewhere in the NOR.
    fn plan(app: &str, download: &str, size: &str) -> Plan {
        let mut text = R2.to_owned();
        for (from, to) in [
            ("offset = 0 ", format!("offset = \"{app}\" ")),
            ("size   = \"4M\"", format!("size = \"{size}\"")),
            ("offset = \"4M\"", format!("offset = \"{download}\"")),
            ("size   = \"4M\"", format!("size = \"{size}\"")),
        ] {
            assert!(text.contains(from), "{from}");
            text = text.replacen(from, &to, 1);
        }
        let checked = check(&Source { name: "r2.toml".into(), text });
        checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
    }

    fn pairs(plan: &Plan, architecture: Architecture, name: &str) -> Vec<[u32; 2]> {
        let section = section(plan, &plan.device.memories[0], architecture).expect("attributes").expect("coverable");
        match &section.constants.iter().find(|constant| constant.name == name).expect(name).value {
            Value::Pairs(pairs) => pairs.clone(),
            value => panic!("{value:?}"),
        }
    }

    /// What the unit makes of an address, field by field.
    fn armv7m_at(regions: &[[u32; 2]], at: u32) -> Seen {
        let hit = |[base, rasr]: &&[u32; 2]| {
            let size = 1_u64 << ((rasr >> 1 & 31) + 1);
            assert!(rasr & 1 == 0 || u64::from(*base).is_multiple_of(size), "{base:#x} {rasr:#x}");
            let offset = u64::from(at).wrapping_sub(u64::from(*base));
            rasr & 1 == 1 && offset < size && rasr >> (8 + offset * 8 / size) & 1 == 0
        };
        let [_, rasr] = regions.iter().rev().find(hit)?;
        let access = rasr >> 24 & 7;
        assert!([0b011, 0b110].contains(&access));
        Some((rasr >> 16 & 0x3F, access == 0b011, rasr >> 28 & 1 == 0))
    }

    fn armv8m_at(regions: &[[u32; 2]], at: u32) -> Seen {
        let hit = |[rbar, rlar]: &&[u32; 2]| rlar & 1 == 1 && (rbar & !31..=rlar | 31).contains(&at);
        let hits: Vec<_> = regions.iter().filter(hit).collect();
        assert!(hits.len() < 2, "regions overlap at {at:#x}");
        let [rbar, rlar] = hits.first()?;
        Some((rlar >> 1 & 7, rbar >> 1 & 3 == 0b01, rbar & 1 == 0))
    }

    #[test]
    fn only_code_is_executable_and_nothing_beyond_the_chip_is_touched() {
        for (plan, code) in [
            (plan("0M", "4M", "4M"), NOR..NOR + 4 * M),
            (plan("8M", "16M", "4M"), NOR + 8 * M..NOR + 12 * M),
            // Three quarters of a region: two eighths are left out.
            (plan("1M", "4M", "3M"), NOR + M..NOR + 4 * M),
        ] {
            for (index, architecture) in [Architecture::Armv7M, Architecture::Armv8M].into_iter().enumerate() {
                let at = if architecture == Architecture::Armv7M { armv7m_at } else { armv8m_at };
                let run = pairs(&plan, architecture, "MPU_NOR_RUN");
                let program = pairs(&plan, architecture, "MPU_NOR_PROGRAM");
                assert_eq!(run.len(), program.len(), "a region that only one phase sets would stay on");
                // The first and the last byte of each 32 KiB, and beyond the chip.
                for part in 0..40 * M / 0x8000 {
                    for address in [NOR + part * 0x8000, NOR + part * 0x8000 + 0x7FFF] {
                        let chip = address < NOR + 32 * M;
                        let running = chip.then_some((WRITE_THROUGH[index], false, code.contains(&address)));
                        assert_eq!(at(&run, address), running, "{architecture:?} {address:#x}");
                        let programming = chip.then_some((DEVICE[index], true, false));
                        assert_eq!(at(&program, address), programming, "{architecture:?} {address:#x}");
                    }
                }
                assert_eq!(at(&run, NOR - 1), None);
            }
        }
    }

    #[test]
    fn what_has_no_such_unit_or_memory_is_refused() {
        let mut plan = plan("0M", "4M", "4M");
        plan.device.part.cores = vec!["cm0".to_owned()];
        assert_eq!(mpu(&plan, ""), Err(SourceError::NoMpu("cm0".to_owned())));
        plan.device.part.cores = vec!["cm33".to_owned()];
        let source = mpu(&plan, "").expect("a source");
        assert_eq!(source.sections[0].constants[0].value, Value::Hex(0xFFAA_4404));
        plan.device.memories.clear();
        assert_eq!(mpu(&plan, ""), Err(SourceError::NoMemory));
    }
}
