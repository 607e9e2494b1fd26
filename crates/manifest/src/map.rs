//! A device's memories from their first to their last sector, as rows of plain data.

use std::fmt;

use geometry::sort::sort_by_key;
use geometry::{OptionKind, Region, SwapBit, address};

use crate::memory::Access;
use crate::plan::{Image, Loader, Placement, Plan, Slot, Strategy, Use};
use crate::rules;
use crate::source::Spanned;

/// A region and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionMap {
    /// The region's name.
    pub name: String,
    /// How it is reached: whether its rows have addresses, or offsets from its base.
    pub access: Access,
    /// Neighbouring ranges that fill the region, lowest address first.
    pub rows: Vec<Row>,
}

/// A range of whole sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Address of its first byte; its offset, in a memory without addresses.
    pub address: u32,
    /// Bytes.
    pub size: u32,
    /// Numbers of its first and last sector.
    pub sectors: (u32, u32),
    /// Name of the slot or area. `None`: free.
    pub name: Option<String>,
    /// What it is for.
    pub what: What,
}

/// What a range is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing.
    Free,
    /// The boot loader.
    BootLoader,
    /// An image: its name, and the bytes that it may take.
    Image {
        /// The image's name.
        name: String,
        /// Bytes for payload and auxiliary area.
        capacity: u32,
    },
    /// A slot that updates of this image are staged in.
    Download(String),
    /// A slot that keeps a copy of this image.
    Backup(String),
    /// A slot that no image uses.
    Unused,
    /// An area.
    Area(Use),
}

/// All regions of the device: internal flash by ascending address, then external memories in the file's order.
pub fn map(plan: &Plan) -> Vec<RegionMap> {
    let region =
        |(region, access): (&Region, Access)| RegionMap { name: region.name.clone(), access, rows: rows(plan, region) };
    plan.device.regions().map(region).collect()
}

/// What an application does for its next image while it runs from one of two banks that the boot ROM exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Name of the option byte that says which bank runs.
    pub option: String,
    /// Its value now, and the slot that runs.
    pub runs: (u32, String),
    /// Where the next image is written: always the higher bank, whichever memory is seen there.
    pub stage: u32,
    /// Its value that starts the next image, and the slot that this is in.
    pub next: (u32, String),
}

/// The exchanges of an image's two banks, from either; none where nothing exchanges them, or no boot address is given.
pub fn exchanges(plan: &Plan, image: &Image) -> Vec<Exchange> {
    let device = &plan.device;
    let by_rom = image.strategy.value == Strategy::BankSwap && plan.boot.loader.value == Loader::None;
    let given = device.part.options.iter().filter(|option| device.option(&option.name).is_some());
    let address = given.into_iter().find_map(|option| match option.kind {
        OptionKind::BootAddress { shift } => Some((option, shift)),
        _ => None,
    });
    let (Some((option, shift)), true) = (address, by_rom) else { return Vec::new() };
    let slots = image.placements.iter().filter_map(|placement| plan.slot(&placement.slot.value));
    let slots: Vec<_> = slots.collect();
    let [first, second] = slots[..] else { return Vec::new() };
    // Nothing is programmed at an alias.
    let stage = first.extent.range.start.max(second.extent.range.start);
    let value = |slot: &Slot| (rules::boot::start(&device.part, slot) >> shift, slot.name.value.clone());
    let exchange = |runs, next| Exchange { option: option.name.clone(), runs: value(runs), stage, next: value(next) };
    vec![exchange(first, second), exchange(second, first)]
}

/// Where two banks are seen while the boot loader has exchanged them, and for whom it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// The slot whose image runs then.
    pub slot: String,
    /// The bit that is 1 until the next reset.
    pub bit: SwapBit,
    /// Each bank, and the address at which its first byte is seen: the bank of that slot first.
    pub seen: [(String, u32); 2],
}

impl fmt::Display for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(here, low), (there, high)] = &self.seen;
        let (low, high) = (address(*low), address(*high));
        write!(f, "while {} runs ({}=1): {here} is seen at {low}, {there} at {high}", self.slot, self.bit)
    }
}

/// What the boot loader exchanges for an image; none where it does not.
pub fn exchanged(plan: &Plan, image: &Image) -> Option<Exchanged> {
    if image.strategy.value != Strategy::BankSwap || plan.boot.loader.value != Loader::Waxseal {
        return None;
    }
    let slot = |placement: &Placement| plan.slot(&placement.slot.value);
    let moved = |placement: &&Placement| placement.run_address != placement.payload_address;
    let own = slot(image.placements.iter().find(moved)?)?;
    let other = slot(image.placements.iter().find(|placement| !moved(placement))?)?;
    let (here, there) = (&own.extent.region, &other.extent.region);
    Some(Exchanged {
        slot: own.name.value.clone(),
        bit: plan.device.part.swap.as_ref()?.value.bit.clone()?,
        seen: [(here.name.clone(), there.base), (there.name.clone(), here.base)],
    })
}

fn rows(plan: &Plan, region: &Region) -> Vec<Row> {
    let slots = plan.slots.iter().map(|slot| (&slot.extent, &slot.name, None));
    let areas = plan.areas.iter().map(|area| (&area.extent, &area.name, Some(area.purpose.value)));
    let mut taken: Vec<_> = slots.chain(areas).filter(|(extent, ..)| extent.region.name == region.name).collect();
    sort_by_key(&mut taken, |(extent, ..)| extent.range.start);
    let mut rows = Vec::new();
    let mut free = Free { region, start: region.base };
    for (extent, name, purpose) in taken {
        rows.extend(free.until(extent.range.start));
        free.start = free.start.max(extent.range.end);
        rows.push(Row {
            address: extent.range.start,
            size: extent.size(),
            sectors: extent.numbers(),
            name: Some(name.value.clone()),
            what: purpose.map_or_else(|| of_slot(plan, &name.value), What::Area),
        });
    }
    rows.extend(free.until(region.range().end));
    rows
}

/// What nothing has, from an address on.
struct Free<'a> {
    region: &'a Region,
    start: u32,
}

impl Free<'_> {
    fn until(&self, end: u32) -> Option<Row> {
        let number = |address| self.region.sector_at(address).map(|sector| sector.number);
        let size = end.checked_sub(self.start).filter(|size| *size > 0)?;
        let sectors = (number(self.start)?, number(end - 1)?);
        Some(Row { address: self.start, size, sectors, name: None, what: What::Free })
    }
}

fn of_slot(plan: &Plan, slot: &str) -> What {
    if plan.boot.is_slot(slot) {
        return What::BootLoader;
    }
    let is = |copy: &Option<Spanned<String>>| copy.as_ref().is_some_and(|name| name.value == slot);
    for image in &plan.images {
        if is(&image.copies.download) {
            return What::Download(image.name.value.clone());
        }
        if is(&image.copies.backup) {
            return What::Backup(image.name.value.clone());
        }
    }
    let placements = plan.images.iter().flat_map(|image| image.placements.iter().map(move |place| (image, place)));
    match placements.into_iter().find(|(_, place)| place.slot.value == slot) {
        Some((image, place)) => What::Image { name: image.name.value.clone(), capacity: place.capacity },
        None => What::Unused,
    }
}
