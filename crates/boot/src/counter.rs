//! Where the security counter is kept.

use image_format::log::{Count, Entry, EntryKind, LogForm, read_count};

use crate::map::{Area, Map};
use crate::places::{DOUBTFUL, spend_doubtful, write_entry};
use crate::session::Window;
use crate::{Config, Fault, Flash};

/// Storage of the security counter. It never goes back.
pub trait Counter<F> {
    /// The lowest security counter that is accepted.
    ///
    /// # Errors
    /// [`Fault`]: nobody can say. Nothing boots then.
    fn read(&mut self, flash: &mut F) -> Result<u32, Fault>;

    /// Raises it. A power cut leaves the old or the new value, or either from one reading to the next.
    ///
    /// # Errors
    /// [`Fault`]: it was not raised for sure. It is tried again in a later boot.
    fn raise(&mut self, flash: &mut F, value: u32) -> Result<(), Fault>;
}

/// No counter: every signed image is accepted, however old.
#[derive(Clone, Copy, Debug)]
pub struct NoCounter;

impl<F> Counter<F> for NoCounter {
    fn read(&mut self, _: &mut F) -> Result<u32, Fault> {
        Ok(0)
    }

    fn raise(&mut self, _: &mut F, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }
}

/// The counter's area of a layout. Not against code that runs on the device, which can erase it.
#[derive(Clone, Copy, Debug)]
pub struct AreaCounter<'a> {
    map: Map<'a>,
    area: Area,
}

impl<'a> AreaCounter<'a> {
    /// The area that the layout has for it; `None` if it has none, or keeps it in one-time-programmable memory.
    #[must_use]
    pub fn of(config: &Config<'a>) -> Option<Self> {
        let map = Map::parse(config.layout)?;
        let area = map.counter().filter(|area| !map.is_otp(area.region))?;
        Some(AreaCounter { map, area })
    }

    fn form(&self, sector: &Area) -> Option<LogForm> {
        let (unit, erased) = self.map.unit(sector.region)?;
        LogForm::new(sector.size, unit, erased)
    }

    /// The sector with the highest value, and what it reads as. `None` without any value.
    fn newest(&self, flash: &mut impl Flash) -> Option<(Area, u32, Count)> {
        let mut newest: Option<(Area, u32, Count)> = None;
        for sector in self.map.sectors(self.area) {
            let Some(form) = self.form(&sector) else { continue };
            let count = read_count(&mut Window { flash, area: sector }, &form);
            if let Some(value) = count.value
                && newest.is_none_or(|(_, highest, _)| value > highest)
            {
                newest = Some((sector, value, count));
            }
        }
        newest
    }

    /// Appends the value twice from a place on.
    fn append(&self, flash: &mut impl Flash, sector: Area, first: u32, value: u32) -> Result<(), Fault> {
        let form = self.form(&sector).ok_or(Fault)?;
        let entry = Entry::new(EntryKind::Count, value, &[0; 32]);
        let mut written = 0u8;
        for place in first..form.places() {
            let taken = write_entry(flash, sector, &form, place, &entry).ok_or(Fault)?;
            written = written.saturating_add(u8::from(taken));
            if written == 2 {
                return Ok(());
            }
        }
        Err(Fault)
    }

    /// The sector behind this one; the first behind the last.
    fn behind(&self, sector: &Area) -> Option<Area> {
        let mut sectors = self.map.sectors(self.area);
        sectors.clone().find(|other| other.offset >= sector.end()).or_else(|| sectors.next())
    }
}

impl<F: Flash> Counter<F> for AreaCounter<'_> {
    fn read(&mut self, flash: &mut F) -> Result<u32, Fault> {
        Ok(self.newest(flash).map_or(0, |(_, value, _)| value))
    }

    fn raise(&mut self, flash: &mut F, value: u32) -> Result<(), Fault> {
        let newest = self.newest(flash);
        if newest.is_some_and(|(_, highest, _)| highest >= value) {
            return Ok(());
        }
        if let Some((sector, _, Count { next, ends_valid, .. })) = newest
            && let Some(form) = self.form(&sector)
            && next.saturating_add(DOUBTFUL).saturating_add(2) <= form.places()
        {
            let first = spend_doubtful(flash, sector, &form, next, ends_valid);
            if self.append(flash, sector, first, value).is_ok() {
                return Ok(());
            }
        }
        let next = match newest {
            Some((sector, ..)) => self.behind(&sector),
            None => self.map.sectors(self.area).next(),
        };
        // Erased in this power-up: that it reads as erased would be no evidence.
        let sector = next.ok_or(Fault)?;
        flash.erase(sector.region, sector.offset)?;
        self.append(flash, sector, 0, value)
    }
}
