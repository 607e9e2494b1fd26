//! The board's security counter, read before anything is erased: a board that has counted higher than an image starts it never again.

use std::ops::Range;

use geometry::Sector;
use image_format::Memory;
use image_format::log::{LogForm, read_count};
use image_format::otp::spent_units;
use manifest::Plan;
use manifest::memory::Access;
use manifest::plan::{CounterStore, Image};

use crate::connected::Connected;
use crate::effect::Stage;
use crate::procedure::Link;
use crate::trouble::Trouble;

/// An image's counter, and where the board keeps the lowest one that it accepts.
#[derive(Clone, Debug)]
pub(crate) struct CounterCheck {
    pub image: String,
    pub counter: u32,
    store: Store,
}

/// As the boot loader reads it.
#[derive(Clone, Debug)]
enum Store {
    /// The highest value of these sectors.
    Area(Vec<(Range<u32>, LogForm)>),
    /// Spent units of one-time-programmable memory.
    Otp { range: Range<u32>, unit: u32 },
}

impl CounterCheck {
    /// `None`: the image has no counter, or the board does not let its own be read over USB.
    pub fn of(plan: &Plan, image: &Image, counter: u32, device: &Connected) -> Option<Self> {
        let store = match &image.counter_store.as_ref()?.value {
            CounterStore::Area(name) => {
                let extent =
                    plan.area(name).map(|area| &area.extent).filter(|extent| extent.access == Access::Internal)?;
                let unit = extent.region.unit()?;
                let erased = extent.region.erased.as_ref().map_or(0xFF, |erased| erased.value);
                let form = |sector: &Sector| Some((sector.range(), LogForm::new(sector.size, unit, erased)?));
                Store::Area(extent.sectors.iter().map(form).collect::<Option<_>>()?)
            }
            CounterStore::Otp(name) => {
                let otp = plan.otp.as_ref()?;
                let range = otp.field(name)?.range();
                let range = otp.address(range.start)..otp.address(range.end);
                device.otp().filter(|(_, map)| map.allows(&range, |access| access.read))?;
                Store::Otp { range, unit: otp.unit.max(1) }
            }
        };
        Some(Self { image: image.name.value.clone(), counter, store })
    }

    /// Refuses an image that the board would.
    pub async fn check(&self, link: &Link, device: &Connected) -> Result<(), Trouble> {
        let lowest = match &self.store {
            Store::Area(sectors) => area(link, device, sectors).await?,
            Store::Otp { range, unit } => otp(link, device, range, *unit).await?,
        };
        if self.counter < lowest {
            return Err(Trouble::Counter { image: self.image.clone(), counter: self.counter, lowest });
        }
        Ok(())
    }
}

async fn area(link: &Link, device: &Connected, sectors: &[(Range<u32>, LogForm)]) -> Result<u32, Trouble> {
    let mut lowest = 0;
    for (sector, form) in sectors {
        let setting = device.flash_at(sector).ok_or_else(|| elsewhere(sector))?;
        let bytes = link.read(&setting, sector.clone(), Stage::Read).await?;
        lowest = lowest.max(read_count(&mut Memory::file(&bytes), form).value.unwrap_or(0));
    }
    Ok(lowest)
}

async fn otp(link: &Link, device: &Connected, range: &Range<u32>, unit: u32) -> Result<u32, Trouble> {
    let (alternate, map) = device.otp().ok_or_else(|| elsewhere(range))?;
    let setting = device.setting(alternate, map);
    let bytes = link.read(&setting, range.clone(), Stage::Read).await?;
    Ok(spent_units(&mut Memory::file(&bytes), 0, (range.end - range.start) / unit, unit))
}

fn elsewhere(range: &Range<u32>) -> Trouble {
    Trouble::Task(dfuse::TaskError::NotAllowed {
        map: "the board's security counter".to_owned(),
        what: "read",
        address: range.start,
    })
}
