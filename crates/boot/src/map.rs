//! The slot group as this crate looks at it: sectors, units, slots in their roles.

use image_format::layout::{
    GroupSlot, GroupView, MEMORY_OTP, PURPOSE_COUNTER, ROLE_BACKUP, ROLE_RUN, ROLE_STAGING, RegionRuns, Sector,
    SectorRun,
};
use image_format::log::{LogForm, MAX_SLOTS, Strategy};

/// A range of one region, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub region: u8,
    pub offset: u32,
    pub size: u32,
}

impl Area {
    /// Offset behind its last byte. [`Map::parse`] has seen that it fits.
    pub fn end(&self) -> u32 {
        self.offset.saturating_add(self.size)
    }

    /// Whether an offset of the same region lies in it.
    pub fn overlaps(&self, other: &Area) -> bool {
        self.region == other.region && self.offset < other.end() && other.offset < self.end()
    }
}

/// A slot group out of its canonical bytes, of a form that can be worked with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'a> {
    group: GroupView<'a>,
    pub strategy: Strategy,
}

impl<'a> Map<'a> {
    /// Reads the canonical bytes of exactly one group. `None` if the slots do not consist of whole sectors, a log has no room for an entry or
    /// leaves its region, the security counter has not two whole sectors, or whole units of one-time-programmable memory, or the roles are not
    /// those of the strategy.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (group, rest) = GroupView::parse(bytes)?;
        let strategy = Strategy::from_number(group.head().strategy)?;
        let map = Map { group, strategy };
        (rest.is_empty() && map.is_usable()).then_some(map)
    }

    fn is_usable(&self) -> bool {
        let count = |role| self.slots().filter(|(_, slot)| slot.role == role).count();
        let (run, staging, backup) = (count(ROLE_RUN), count(ROLE_STAGING), count(ROLE_BACKUP));
        let roles = match self.strategy {
            Strategy::Fixed => run == 1 && staging == 0 && backup == 0,
            Strategy::DirectXip => (2..=MAX_SLOTS).contains(&run) && staging == 0 && backup == 0,
            Strategy::BankSwap => run == 2 && staging == 0 && backup == 0,
            Strategy::Overwrite => run == 1 && staging == 1 && backup == 0,
            Strategy::OverwriteWithBackup => run == 1 && staging == 1 && backup == 1,
        };
        let logged = |slot: &GroupSlot| {
            let log = area(slot.log_region, slot.log_offset.get(), slot.log_size.get());
            slot.role != ROLE_RUN
                || self.strategy == Strategy::Fixed
                || self.is_inside(&log) && self.form(slot).is_some()
        };
        let slots = self.slots().all(|(_, slot)| {
            // The front area at the slot's end is for banks that the ROM starts: no boot loader looks there.
            slot.front_offset.get() == 0 && self.is_whole(&slot_area(slot)) && logged(slot)
        });
        let counter = self.counter().is_none_or(|area| match self.is_otp(area.region) {
            true => self.is_whole_units(&area),
            // Two sectors at least: one can be erased while the other has the value.
            false => self.is_whole(&area) && self.sector(area.region, area.offset) != Some(area),
        });
        // A group has fewer slots than the journals that a session keeps.
        roles && slots && counter && self.payload_offset() > 0 && self.group.slots().len() <= MAX_SLOTS
    }

    pub fn group(&self) -> &GroupView<'a> {
        &self.group
    }

    /// Offset of the payload in each slot: the size of the front area.
    pub fn payload_offset(&self) -> u32 {
        self.group.head().payload_offset.get()
    }

    /// Bytes that an artefact may take in a slot.
    pub fn room(&self) -> u32 {
        self.payload_offset().saturating_add(self.group.head().capacity.get())
    }

    pub fn region_count(&self) -> u8 {
        self.group.head().region_count
    }

    fn region(&self, number: u8) -> Option<RegionRuns<'a>> {
        self.group.regions().nth(number.into())
    }

    /// The bytes that are programmed together, and the value of an erased one.
    pub fn unit(&self, region: u8) -> Option<(u32, u8)> {
        let RegionRuns { region, .. } = self.region(region)?;
        let unit = u32::from(region.program_unit.get().max(region.ecc_word.get()));
        (unit > 0 && unit <= crate::MAX_OPERATION).then_some((unit, region.erased))
    }

    /// The sector that holds this offset of a region.
    pub fn sector(&self, region: u8, offset: u32) -> Option<Area> {
        let Sector { offset, size, .. } = self.find(region, offset)?;
        Some(Area { region, offset, size })
    }

    #[inline(never)] // Many ask, and none in a loop that is worth a copy of it.
    fn find(&self, region: u8, offset: u32) -> Option<Sector> {
        self.region(region)?.sector(offset)
    }

    /// Whether a range lies in one region.
    fn is_inside(&self, area: &Area) -> bool {
        let last = area.size.checked_sub(1).and_then(|last| area.offset.checked_add(last));
        last.is_some_and(|last| self.sector(area.region, last).is_some())
    }

    /// Whether a range consists of whole sectors.
    fn is_whole(&self, area: &Area) -> bool {
        let starts = self.sector(area.region, area.offset).is_some_and(|sector| sector.offset == area.offset);
        let last = area.size.checked_sub(1).and_then(|last| area.offset.checked_add(last));
        let ends =
            last.and_then(|last| self.sector(area.region, last)).is_some_and(|sector| sector.end() == area.end());
        starts && ends && self.unit(area.region).is_some()
    }

    /// Whether a region is one-time-programmable memory.
    pub fn is_otp(&self, region: u8) -> bool {
        self.region(region).is_some_and(|found| found.region.memory == MEMORY_OTP)
    }

    /// Whether a range consists of whole program units, and clears bits.
    fn is_whole_units(&self, area: &Area) -> bool {
        let Some((unit, 0xFF)) = self.unit(area.region) else { return false };
        let is_small = usize::try_from(unit).is_ok_and(|unit| unit <= crate::otp::MAX_UNIT);
        is_small && area.offset.is_multiple_of(unit) && area.size.is_multiple_of(unit) && self.is_inside(area)
    }

    /// The sectors that a range touches, lowest first.
    pub fn sectors(&self, area: Area) -> impl DoubleEndedIterator<Item = Area> + Clone + use<'_, 'a> {
        let number = |offset| self.find(area.region, offset).map(|sector| sector.number);
        let (first, last) = (number(area.offset), number(area.end().saturating_sub(1)));
        let range = match (first, last) {
            (Some(first), Some(last)) if area.size > 0 => first..last.saturating_add(1),
            _ => 0..0,
        };
        range.filter_map(move |number| self.sector_of(area.region, number))
    }

    fn sector_of(&self, region: u8, number: u32) -> Option<Area> {
        let RegionRuns { runs, .. } = self.region(region)?;
        let (mut start, mut first) = (0u32, 0u32);
        for SectorRun { size, count } in runs {
            let within = number.checked_sub(first)?;
            if within < count.get() {
                let offset = start.checked_add(within.checked_mul(size.get())?)?;
                return Some(Area { region, offset, size: size.get() });
            }
            start = start.checked_add(size.get().checked_mul(count.get())?)?;
            first = first.checked_add(count.get())?;
        }
        None
    }

    /// The slots with their numbers.
    pub fn slots(&self) -> impl Iterator<Item = (usize, &'a GroupSlot)> + use<'a> {
        self.group.slots().iter().enumerate()
    }

    /// Slots that the image runs from.
    pub fn run_slots(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.slots().filter(|(_, slot)| slot.role == ROLE_RUN).map(|(number, _)| number)
    }

    fn in_role(&self, role: u8) -> Option<usize> {
        self.slots().find(|(_, slot)| slot.role == role).map(|(number, _)| number)
    }

    /// Where updates are staged, if not in a slot that they run from.
    pub fn staging(&self) -> Option<usize> {
        self.in_role(ROLE_STAGING)
    }

    /// Where a copy of what an update replaces is kept.
    pub fn backup(&self) -> Option<usize> {
        self.in_role(ROLE_BACKUP)
    }

    pub fn slot(&self, number: usize) -> Option<&'a GroupSlot> {
        self.group.slots().get(number)
    }

    /// A slot's range.
    pub fn area(&self, slot: usize) -> Option<Area> {
        self.slot(slot).map(slot_area)
    }

    /// Where a slot's payload is stored, as an address.
    pub fn payload_address(&self, slot: usize) -> Option<u32> {
        let area = self.area(slot)?;
        let RegionRuns { region, .. } = self.region(area.region)?;
        region.base.get().checked_add(area.offset)?.checked_add(self.payload_offset())
    }

    /// A slot's log.
    pub fn log(&self, slot: usize) -> Option<(Area, LogForm)> {
        let slot = self.slot(slot)?;
        let form = self.form(slot)?;
        Some((area(slot.log_region, slot.log_offset.get(), slot.log_size.get()), form))
    }

    fn form(&self, slot: &GroupSlot) -> Option<LogForm> {
        let (unit, erased) = self.unit(slot.log_region)?;
        LogForm::new(slot.log_size.get(), unit, erased).filter(|form| form.places() > 0)
    }

    /// The area of the security counter.
    pub fn counter(&self) -> Option<Area> {
        let found = self.group.areas().iter().find(|area| area.purpose == PURPOSE_COUNTER)?;
        Some(area(found.region, found.offset.get(), found.size.get()))
    }
}

fn slot_area(slot: &GroupSlot) -> Area {
    area(slot.region, slot.offset.get(), slot.size.get())
}

fn area(region: u8, offset: u32, size: u32) -> Area {
    Area { region, offset, size }
}
