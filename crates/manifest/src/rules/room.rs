//! Free sectors, for what has to go elsewhere.

use std::fmt;

use geometry::{Region, Sector, bytes, numbers};

use super::counter;
use crate::plan::{Area, Extent, Use};

/// Free sectors side by side.
pub(crate) struct Room<'a> {
    /// The region that they are of.
    pub region: &'a Region,
    /// The lowest first.
    pub sectors: Vec<Sector>,
}

/// The first free sectors, by the order of the regions, that have so many bytes and are so many at least.
pub(crate) fn find<'a>(
    regions: impl IntoIterator<Item = &'a Region>,
    size: u32,
    count: usize,
    is_taken: impl Fn(&Region, &Sector) -> bool,
) -> Option<Room<'a>> {
    let is_enough =
        |sectors: &[Sector]| sectors.len() >= count && sectors.iter().map(|sector| sector.size).sum::<u32>() >= size;
    regions.into_iter().find_map(|region| {
        let mut free = Vec::new();
        for sector in region.sectors() {
            if is_taken(region, &sector) {
                free.clear();
                continue;
            }
            free.push(sector);
            if is_enough(&free) {
                // Small sectors in front of large ones may not be needed.
                while is_enough(&free[1..]) {
                    free.remove(0);
                }
                return Some(Room { region, sectors: free });
            }
        }
        None
    })
}

/// Where there is room for a slot or area: `for instance bank2 "12-13"`; and that there is none.
pub(crate) fn instead_of<'a>(
    name: &str,
    extent: &Extent,
    areas: &[Area],
    regions: impl IntoIterator<Item = &'a Region>,
    is_taken: impl Fn(&Region, &Sector) -> bool,
) -> String {
    let is_counter = areas.iter().any(|area| area.name.value == name && area.purpose.value == Use::Counter);
    // A counter needs two sectors of whatever size.
    let (size, count) = if is_counter { (0, counter::SECTORS) } else { (extent.size(), 1) };
    match find(regions, size, count, is_taken) {
        Some(room) => format!("for instance {room}"),
        None if is_counter => format!("but no {count} free sectors lie side by side now"),
        None => format!("but no free sectors of {} in all lie side by side now", bytes(size)),
    }
}

impl fmt::Display for Room<'_> {
    /// `bank2 "12-13"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |sector: Option<&Sector>| sector.map_or(0, |sector| sector.number);
        write!(f, "{} \"{}\"", self.region.name, numbers(number(self.sectors.first()), number(self.sectors.last())))
    }
}
