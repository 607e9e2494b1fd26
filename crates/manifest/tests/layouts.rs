//! For every part and mode of the device database, and an external memory beside it: a layout that is accepted never overlaps,
//! never splits a sector, never leaves its region; and none that is right is refused for any of that.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use geometry::{Interface, Memory, Mode, Part, Region, Selects};
use manifest::diagnostic::Diagnostic;
use manifest::plan::Plan;
use manifest::{Source, check, codes};

/// Layouts for each part and mode.
const LAYOUTS: usize = 3;

/// A small generator of numbers, so that a failure repeats: xorshift64 (Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    /// A number below `end`; 0 if that is 0.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.checked_rem(end).unwrap_or(0)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(all.len() as u64)).unwrap()]
    }
}

/// A region by its sectors' borders, added up here from sizes alone: offsets from its base, the last one its size.
struct Flash {
    name: String,
    first_sector: u64,
    borders: Vec<u64>,
}

impl Flash {
    fn new(name: &str, region: &Region) -> Self {
        let mut borders = vec![0];
        for run in &region.runs {
            for _ in 0..run.count {
                borders.push(borders.last().unwrap() + u64::from(run.size));
            }
        }
        Self { name: name.to_owned(), first_sector: region.first_sector.into(), borders }
    }
}

/// A range as the manifest has it, and what it is worth: where it is, or `None` if it cannot be.
struct Place {
    lines: String,
    range: Option<(String, u64, u64)>,
}

/// A range: often whole sectors, often not.
fn place(flash: &[&Flash], numbers: &mut Numbers) -> Place {
    let Flash { name, first_sector, borders } = numbers.one_of(flash);
    let count = borders.len() as u64 - 1;
    let first = numbers.below(count);
    let last = first + numbers.below(count / 6 + 1);
    let at = |index: u64| usize::try_from(index).ok().and_then(|index| borders.get(index).copied());
    if numbers.below(2) == 0 {
        // One too far, or the wrong way round, now and then.
        let last = if numbers.below(12) == 0 { first + count - numbers.below(2) } else { last };
        let (low, high) = if numbers.below(20) == 0 { (last, first) } else { (first, last) };
        let range = at(low).zip(at(high + 1)).filter(|_| low <= high).map(|(start, end)| (name.clone(), start, end));
        let lines = format!("region = \"{name}\"\nsectors = \"{}-{}\"\n", low + first_sector, high + first_sector);
        return Place { lines, range };
    }
    let mut slip = || if numbers.below(8) == 0 { 1 << numbers.below(12) } else { 0 };
    let start = at(first).unwrap() + slip();
    let size = (at(last + 1).unwrap_or(at(count).unwrap() + 512) + slip()).saturating_sub(start);
    let is_whole = size > 0 && borders.contains(&start) && borders.contains(&(start + size));
    Place {
        lines: format!("region = \"{name}\"\noffset = {start}\nsize = {size}\n"),
        range: is_whole.then(|| (name.clone(), start, start + size)),
    }
}

/// Whether no two ranges share a byte, and all can be.
fn is_sound(places: &[Place]) -> bool {
    let Some(ranges) = places.iter().map(|place| place.range.as_ref()).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let apart = |a: &(String, u64, u64), b: &(String, u64, u64)| a.0 != b.0 || a.2 <= b.1 || b.2 <= a.1;
    ranges.iter().enumerate().all(|(index, range)| ranges[..index].iter().all(|other| apart(range, other)))
}

/// The tables that the places are of, in their order.
const TABLES: [&str; 4] = ["slots.boot", "slots.app", "areas.x", "areas.y"];

fn manifest(part: &Part, mode: &Mode, memory: &Memory, places: &[Place]) -> String {
    let mut text = String::from("[product]\nvendor = \"v\"\nclass = \"c\"\n[keys.k]\npublic = \"k\"\n");
    text += "[boot]\nloader = \"waxseal\"\nslot = \"boot\"\n[images.app]\nversion = \"1.0.0\"\n";
    writeln!(text, "[device]\npart = \"{}\"", part.name).unwrap();
    for (name, value) in &mode.selectors {
        writeln!(text, "options.{name} = {value}").unwrap();
    }
    for option in part.options.iter().filter(|option| option.selects == Some(Selects::RunAddress)) {
        writeln!(text, "options.{} = 1", option.name).unwrap();
    }
    writeln!(text, "[memories.nor]\npart = \"{}\"\nbus = \"SPI\"", memory.name).unwrap();
    for (table, place) in TABLES.iter().zip(places) {
        let purpose = if table.starts_with("areas") { "use = \"application\"\n" } else { "" };
        write!(text, "[{table}]\n{}{purpose}", place.lines).unwrap();
    }
    text
}

/// Whether a plan has what the manifest says, and places payloads inside their slots.
fn assert_as_written(plan: &Plan, places: &[Place], text: &str) {
    let slots = plan.slots.iter().map(|slot| (format!("slots.{}", slot.name.value), &slot.extent));
    let areas = plan.areas.iter().map(|area| (format!("areas.{}", area.name.value), &area.extent));
    for (name, extent) in slots.chain(areas) {
        let index = TABLES.iter().position(|table| *table == name).unwrap();
        let start = u64::from(extent.range.start - extent.region.base);
        let found = (extent.region.name.clone(), start, start + u64::from(extent.size()));
        assert_eq!(Some(&found), places[index].range.as_ref(), "{name}\n{text}");
    }
    for placement in plan.images.iter().flat_map(|image| &image.placements) {
        let slot = &plan.slot(&placement.slot.value).unwrap().extent.range;
        let end = placement.payload_address + placement.capacity;
        assert!(slot.start < placement.payload_address && end <= slot.end, "{text}");
    }
}

#[test]
fn an_accepted_layout_never_overlaps_splits_a_sector_or_leaves_its_region() {
    let of_geometry = [codes::REGION_END, codes::SECTOR_BOUNDARY, codes::UNKNOWN_SECTOR, codes::OVERLAP];
    let of_geometry = |told: &Diagnostic| of_geometry.iter().any(|code| code.id == told.code);
    // Larger ones have more of the same sectors.
    let small = |memory: &Memory| memory.interface == Interface::Serial && memory.region.numbers().count() <= 1024;
    let memories = geometry::memories().unwrap().into_iter().filter(small);
    let memories: Vec<_> = memories.map(|memory| (Flash::new("nor", &memory.region), memory)).collect();
    let mut numbers = Numbers(0x5EA1_ED00);
    let (mut accepted, mut unsound) = (0, 0);
    for part in geometry::parts().unwrap() {
        for mode in part.modes.iter().filter(|mode| !mode.regions.is_empty()) {
            let internal: Vec<Flash> = mode.regions.iter().map(|region| Flash::new(&region.name, region)).collect();
            for _ in 0..LAYOUTS {
                let (external, memory) = numbers.one_of(&memories);
                let all: Vec<&Flash> = internal.iter().chain([external]).collect();
                let inside = &all[..internal.len()];
                // Firmware and boot loader inside, areas anywhere.
                let places = [inside, inside, &all, &all].map(|flash| place(flash, &mut numbers));
                let text = manifest(&part, mode, memory, &places);
                let checked = check(&Source { name: "random.toml".into(), text: text.clone() });
                if is_sound(&places) {
                    let told = checked.diagnostics.iter().find(|told| of_geometry(told));
                    assert_eq!(told, None, "of a sound layout:\n{text}");
                } else {
                    unsound += 1;
                    assert!(checked.plan.is_none(), "accepted:\n{text}");
                }
                if let Some(plan) = checked.plan {
                    accepted += 1;
                    assert_as_written(&plan, &places, &text);
                }
            }
        }
    }
    assert!(accepted > 500 && unsound > 1000, "{accepted} accepted, {unsound} unsound: the generator proves little");
}
