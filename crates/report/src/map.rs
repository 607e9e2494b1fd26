//! What lies where in the device's flash.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::iter;

use geometry::{address, bytes, numbered};
use manifest::map::{Exchange, Exchanged, RegionMap, Row, What, exchanged, exchanges};
use manifest::memory::{Access, Memory};
use manifest::plan::{ImageKind, Placement, Plan, Use, Word as _};
use packer::linker::mode;
use serde_json::Value;

use crate::json;
use crate::json::object;
use crate::svg::{self, Kind, Picture};
use crate::text::{hex, thousands};
use crate::{external, otp};

/// Characters of a bar.
const BAR: u32 = 20;

/// What lies where in the device's flash and one-time-programmable memory.
#[derive(Debug)]
pub struct Map<'a> {
    plan: &'a Plan,
    regions: Vec<RegionMap>,
    /// Bytes of payload by slot, of the inputs that exist and are right.
    used: BTreeMap<String, u32>,
}

impl<'a> Map<'a> {
    /// Of a plan, with the bytes of payload by slot, as far as they are known.
    pub fn new(plan: &'a Plan, used: BTreeMap<String, u32>) -> Self {
        Self { plan, regions: manifest::map::map(plan), used }
    }

    /// As a table.
    pub fn text(&self) -> String {
        let otp = self.plan.otp.as_ref().map(|otp| (otp::map::title(otp), otp::map::text(otp)));
        let (title, table) = match &otp {
            Some((title, table)) if self.plan.is_otp_alone() => {
                return format!("{}, {title}\n{table}", self.plan.device.part.name);
            }
            Some((title, table)) => (title.as_str(), table.as_str()),
            None => return self.flash(),
        };
        self.flash() + title + "\n" + table
    }

    /// What lies in flash.
    fn flash(&self) -> String {
        let mut text = self.title();
        let rows = || self.regions.iter().flat_map(|region| &region.rows);
        let names = rows().map(|row| name(row).len()).max().unwrap_or(0);
        // Nothing follows what a log adds.
        let whats = rows().map(|row| self.what(row).len() - self.log(row).len()).max().unwrap_or(0);
        let width = rows().map(|row| numbers(row).len()).max().unwrap_or(0).max("sectors".len());
        let _ = writeln!(text, "  address       size  {:<width$}  name", "sectors");
        for region in &self.regions {
            let offsets = if region.access == Access::Commands { "  (offsets)" } else { "" };
            let _ = writeln!(text, "{}{offsets}", region.name);
            for row in &region.rows {
                let line = format!(
                    "  {:<11}  {:>6}  {:<width$}  {:<names$}  {:<whats$}  {}",
                    region.access.place(row.address),
                    bytes(row.size),
                    numbers(row),
                    name(row),
                    self.what(row),
                    self.fill(row),
                );
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
        text + &self.notes()
    }

    fn what(&self, row: &Row) -> String {
        match &row.what {
            What::Free => "free".to_owned(),
            What::BootLoader => "boot loader".to_owned(),
            What::Image { name, .. } => {
                let version = self.plan.image(name).map(|image| image.version_text());
                format!("{name} {}", version.unwrap_or_default())
            }
            What::Download(image) => format!("download of {image}"),
            What::Backup(image) => format!("backup of {image}"),
            What::Unused => "no image".to_owned(),
            What::Area(Use::Counter) => "security counter".to_owned(),
            What::Area(Use::Application) => format!("of the application{}", self.log(row)),
            What::Area(Use::Log) => "state log".to_owned(),
        }
    }

    /// `: log of 256 x (new, used, deleted)`.
    fn log(&self, row: &Row) -> String {
        let is_kept = row.what == What::Area(Use::Application);
        let log = row.name.as_deref().filter(|_| is_kept).and_then(|name| self.plan.area(name)?.log.as_ref());
        log.map_or(String::new(), |log| format!(": log of {} x ({})", log.entries, log.states.join(", ")))
    }

    /// Bytes used, if they are known.
    fn used(&self, row: &Row) -> Option<u32> {
        self.used.get(row.name.as_deref()?).copied()
    }

    /// `412,180 of   916,416   44%  ########............`; a dash for what is not known.
    fn fill(&self, row: &Row) -> String {
        let What::Image { capacity, .. } = row.what else { return String::new() };
        let total = thousands(capacity.into());
        let Some(used) = self.used(row) else { return format!("{:>11} of {total:>11}", "-") };
        let share = |whole: u32| u64::from(used) * u64::from(whole) / u64::from(capacity.max(1));
        let full = share(BAR).min(BAR.into()) as usize;
        let bar = "#".repeat(full) + &".".repeat(BAR as usize - full);
        format!("{:>11} of {total:>11}  {:>3}%  {bar}", thousands(used.into()), share(100))
    }

    /// Part, what its addresses depend on, and the fingerprints of the slot groups.
    fn title(&self) -> String {
        format!("{}, {}\n", self.device(), self.layouts())
    }

    /// `STM32F767ZI, nDBANK=0`; with external memories `STM32H753ZI + MT28EW256ABA on FMC_NE1, dual bank`.
    fn device(&self) -> String {
        let device = &self.plan.device;
        let memory = |memory: &Memory| format!("{} on {}", memory.part, memory.bus.word());
        let chips = iter::once(device.part.name.clone()).chain(device.memories.iter().map(memory));
        let mode = mode(self.plan);
        let separator = if mode.is_empty() { "" } else { ", " };
        format!("{}{separator}{mode}", chips.collect::<Vec<_>>().join(" + "))
    }

    fn layouts(&self) -> String {
        let layouts: Vec<String> = self.plan.images.iter().map(|image| hex(&image.fingerprint[..8])).collect();
        format!("layout {}", layouts.join(", "))
    }

    /// Where things are inside the slots, and the option bytes.
    fn notes(&self) -> String {
        let mut text = String::new();
        let placements =
            self.plan.images.iter().flat_map(|image| image.placements.iter().map(move |place| (image, place)));
        for (image, placement) in placements {
            let access = self.access(placement);
            let is_data = image.kind.value == ImageKind::Data;
            let what = if is_data { "data" } else { "code" };
            let runs = match placement.run_address {
                _ if is_data => String::new(),
                run if run == placement.payload_address => String::new(),
                run => format!(", runs at {}", address(run)),
            };
            let state = state_words(placement);
            let _ = writeln!(
                text,
                "  {}: header {}, {what} {}{runs}{state}",
                placement.slot.value,
                access.place(placement.front_address),
                access.place(placement.payload_address),
            );
        }
        text += &self.exchanges();
        self.exchanged()
            .for_each(|exchanged| text += &format!("  {exchanged}; addresses above are as after a reset\n"));
        for memory in &self.plan.device.memories {
            text.extend(external::lines(self.plan, memory).iter().map(|line| format!("  {line}\n")));
        }
        if let Some(options) = self.options() {
            let _ = writeln!(text, "  {options}");
        }
        text
    }

    /// What goes where while banks are exchanged, and what is unproven of that.
    fn exchanges(&self) -> String {
        let mut text = String::new();
        for exchange in self.plan.images.iter().flat_map(|image| exchanges(self.plan, image)) {
            let Exchange { option, runs: (now, running), stage, next: (then, other) } = exchange;
            let stage = address(stage);
            let _ = writeln!(
                text,
                "  while {running} runs ({option}={now:#06X}): the next image goes to {stage}, which is {other}; then {option}={then:#06X}"
            );
        }
        let note = self.plan.device.part.swap.as_ref().and_then(|swap| swap.citation.note.as_ref());
        if let Some(note) = note.filter(|_| !text.is_empty()) {
            let _ = writeln!(text, "  {note}");
        }
        text
    }

    /// What the boot loader exchanges.
    fn exchanged(&self) -> impl Iterator<Item = Exchanged> {
        self.plan.images.iter().filter_map(|image| exchanged(self.plan, image))
    }

    /// How the memory of a placement is reached.
    fn access(&self, placement: &Placement) -> Access {
        self.plan.slot(&placement.slot.value).map_or(Access::Internal, |slot| slot.extent.access)
    }

    /// `None` where none is known.
    fn options(&self) -> Option<String> {
        let options: Vec<String> = self.plan.option_bytes.iter().map(ToString::to_string).collect();
        (!options.is_empty()).then(|| format!("option bytes as shipped: {}", options.join(" ")))
    }

    /// The same as [`Map::text`], to be drawn.
    pub fn picture(&self) -> Picture {
        let column = |region: &RegionMap| svg::Column {
            name: region.name.clone(),
            boxes: region.rows.iter().map(|row| self.drawn(region, row)).collect(),
            end: region.rows.last().map_or(String::new(), |row| region.access.place(row.address + (row.size - 1))),
        };
        Picture {
            title: self.device(),
            notes: [Some(self.layouts()), self.options()]
                .into_iter()
                .flatten()
                .chain(self.exchanged().map(|exchanged| exchanged.to_string()))
                .collect(),
            columns: self.regions.iter().map(column).collect(),
        }
    }

    fn drawn(&self, map: &RegionMap, row: &Row) -> svg::Box {
        let end = row.address + (row.size - 1);
        let sectors = self.plan.device.region(&map.name).into_iter().flat_map(|(region, _)| region.sectors());
        let borders = sectors.map(|sector| sector.address).filter(|start| (row.address + 1..=end).contains(start));
        let protected =
            row.name.as_deref().and_then(|name| self.plan.slot(name)).is_some_and(|slot| slot.write_protect.value);
        svg::Box {
            kind: match row.what {
                What::Free | What::Unused => Kind::Free,
                What::BootLoader => Kind::BootLoader,
                What::Image { .. } | What::Download(_) | What::Backup(_) => Kind::Image,
                What::Area(Use::Counter) => Kind::Counter,
                What::Area(Use::Application) => Kind::Application,
                What::Area(Use::Log) => Kind::Log,
            },
            address: map.access.place(row.address),
            name: name(row).to_owned(),
            what: self.what(row) + if protected { ", write-protected" } else { "" },
            extent: [bytes(row.size), numbered("sector", row.sectors.0..=row.sectors.1)],
            size: row.size,
            borders: borders.map(|start| start - row.address).collect(),
            slot: self.drawn_slot(row),
            header: self.placement(row).map(|placement| match placement.payload_offset() {
                0 => svg::End::Last,
                _ => svg::End::First,
            }),
            has_log: map.access == Access::Internal && self.placements().any(|placement| ends_with_log(placement, end)),
        }
    }

    fn drawn_slot(&self, row: &Row) -> Option<svg::Slot> {
        let What::Image { capacity, .. } = row.what else { return None };
        let placement = self.placement(row)?;
        let code = self.access(placement).place(placement.payload_address);
        Some(svg::Slot { places: format!("code {code}{}", state_words(placement)), used: self.used(row), capacity })
    }

    fn placements(&self) -> impl Iterator<Item = &Placement> {
        self.plan.images.iter().flat_map(|image| &image.placements)
    }

    /// The image's place that a row is.
    fn placement(&self, row: &Row) -> Option<&Placement> {
        self.placements().find(|placement| Some(&placement.slot.value) == row.name.as_ref())
    }

    /// For programs.
    pub fn to_json(&self) -> Value {
        let row = |map: &RegionMap, row: &Row| {
            let base = self.plan.device.region(&map.name).map_or(0, |(region, _)| region.base);
            let capacity = if let What::Image { capacity, .. } = row.what { Some(capacity) } else { None };
            json!({
                "address": (map.access != Access::Commands).then_some(row.address),
                "offset": row.address - base,
                "size": row.size,
                "first_sector": row.sectors.0,
                "last_sector": row.sectors.1,
                "name": row.name,
                "what": self.what(row),
                "used": self.used(row),
                "capacity": capacity,
            })
        };
        let region = |map: &RegionMap| json!({ "name": map.name, "rows": map.rows.iter().map(|found| row(map, found)).collect::<Vec<_>>() });
        let layouts = self.plan.images.iter().map(|image| (image.name.value.clone(), json!(hex(&image.fingerprint))));
        let options = self.plan.option_bytes.iter().map(|option| (option.name.clone(), json!(option.value)));
        json!({
            "part": self.plan.device.part.name,
            "memories": self.plan.device.memories.iter().map(external::to_json).collect::<Vec<_>>(),
            "layouts": object(layouts),
            "option_bytes": object(options),
            "exchanged": self.exchanged().map(|found| json!({
                "slot": found.slot,
                "bit": found.bit.to_string(),
                "seen": object(found.seen.into_iter().map(|(region, base)| (region, json!(base)))),
            })).collect::<Vec<_>>(),
            "regions": self.regions.iter().map(region).collect::<Vec<_>>(),
            "otp": self.plan.otp.as_ref().map(otp::map::to_json),
        })
    }
}

fn name(row: &Row) -> &str {
    row.name.as_deref().unwrap_or("-")
}

/// Whether a placement's state words end with this address.
fn ends_with_log(placement: &Placement, end: u32) -> bool {
    let is_in_slot = placement.state_size > 0 && placement.state_area.is_none();
    is_in_slot && placement.state_address.checked_add(placement.state_size - 1) == Some(end)
}

/// `, state words 0x080F_FC90`; nothing where nobody keeps a state.
fn state_words(placement: &Placement) -> String {
    match placement.state_size {
        0 => String::new(),
        _ => format!(", state words {}", address(placement.state_address)),
    }
}

/// `5-11`, or `4`.
fn numbers(row: &Row) -> String {
    let (first, last) = row.sectors;
    geometry::numbers(first, last)
}
