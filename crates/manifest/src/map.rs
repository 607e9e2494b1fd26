//! A device's flash from its first to its last sector, as rows of plain data.

use geometry::{Region, Sector};

use crate::plan::{Plan, Use};
use crate::source::Spanned;

/// A region and what lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionMap {
    /// The region's name.
    pub name: String,
    /// Neighbouring ranges that fill the region, lowest address first.
    pub rows: Vec<Row>,
}

/// A range of whole sectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Address of its first byte.
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

/// All regions of the device, lowest address first.
pub fn map(plan: &Plan) -> Vec<RegionMap> {
    let region = |region: &Region| RegionMap { name: region.name.clone(), rows: rows(plan, region) };
    plan.device.mode.regions.iter().map(region).collect()
}

fn rows(plan: &Plan, region: &Region) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for sector in region.sectors() {
        let (name, what) = owner(plan, &sector);
        match rows.last_mut() {
            Some(row) if row.name == name => {
                row.size += sector.size;
                row.sectors.1 = sector.number;
            }
            _ => rows.push(Row {
                address: sector.address,
                size: sector.size,
                sectors: (sector.number, sector.number),
                name,
                what,
            }),
        }
    }
    rows
}

/// Name and purpose of what a sector belongs to.
fn owner(plan: &Plan, sector: &Sector) -> (Option<String>, What) {
    if let Some(slot) = plan.slots.iter().find(|slot| slot.extent.sectors.contains(sector)) {
        return (Some(slot.name.value.clone()), of_slot(plan, &slot.name));
    }
    match plan.areas.iter().find(|area| area.extent.sectors.contains(sector)) {
        Some(area) => (Some(area.name.value.clone()), What::Area(area.purpose.value)),
        None => (None, What::Free),
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
