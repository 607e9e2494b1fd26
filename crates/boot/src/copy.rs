//! Copying an artefact from one slot to another, sector by sector.

use image_format::log::{Entry, EntryKind, SlotLog};
use image_format::{Crypto, Fault};

use crate::map::Area;
use crate::session::about;
use crate::{Flash, MAX_OPERATION, Reason, Session};

/// How often a copy, or a part of it, is begun anew before it is given up.
pub(crate) const ATTEMPTS: u8 = 3;

/// An artefact to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    /// The slot that has it, verified in this boot.
    pub from: usize,
    /// The slot that gets it.
    pub to: usize,
    /// The slot that the image runs from, whose sectors are the steps and whose log counts them.
    pub own: usize,
    /// Bytes of the artefact.
    pub size: u32,
}

impl<F: Flash, C: Crypto> Session<'_, F, C> {
    /// Copies all steps from `first` on; the one that has the header comes last. With a log, each step is noted in it.
    pub(crate) fn copy(&mut self, copy: Copy, first: u32, log: Option<&SlotLog>) -> Result<(), Reason> {
        let head = self.step_end(copy, 0)?;
        let (mut start, mut number) = (head, 0u32);
        loop {
            let is_last = start >= copy.size;
            let (from, end) = if is_last { (0, head) } else { (start, self.step_end(copy, start)?) };
            if number >= first {
                self.copy_step(copy, from, end)?;
                // What is not noted is copied again after a cut: notes leave the room that the rest of the update needs.
                if let (Some(log), Ok(step)) = (log, u16::try_from(number))
                    && self.room(copy.own, log) > self.places_to_try(6)
                {
                    let _ = self.append(copy.own, &Entry { step, ..about(log, EntryKind::Step) });
                }
            }
            if is_last {
                return Ok(());
            }
            (start, number) = (end, number.saturating_add(1));
        }
    }

    /// Copies a range of whole sectors, three times at most.
    fn copy_step(&mut self, copy: Copy, start: u32, end: u32) -> Result<(), Reason> {
        let mut done = Err(Reason::Write);
        for _ in 0..ATTEMPTS {
            done = self.copy_range(copy, start, end);
            if done.is_ok() {
                break;
            }
        }
        done
    }

    /// A step ends where a sector of the target and one of the slot that the image runs from end together, so that there are never more
    /// steps than that slot has sectors, for which its log has room.
    fn step_end(&self, copy: Copy, start: u32) -> Result<u32, Reason> {
        let (to, own) = self.map.area(copy.to).zip(self.map.area(copy.own)).ok_or(Reason::Layout)?;
        let mut end = start;
        loop {
            let sector = self.map.sector(to.region, to.offset.saturating_add(end)).ok_or(Reason::Layout)?;
            end = sector.end().saturating_sub(to.offset);
            let beyond = self.map.sector(own.region, own.offset.saturating_add(end));
            let ends_too = beyond.is_none_or(|sector| sector.offset == own.offset.saturating_add(end));
            if end <= start {
                return Err(Reason::Layout);
            }
            if ends_too || end >= copy.size.min(own.size) {
                return Ok(end);
            }
        }
    }

    /// Erases a range of the target, programs it from the source and reads it back.
    fn copy_range(&mut self, copy: Copy, start: u32, end: u32) -> Result<(), Reason> {
        let (from, to) = self.map.area(copy.from).zip(self.map.area(copy.to)).ok_or(Reason::Layout)?;
        self.erase(Area { offset: to.offset.saturating_add(start), size: end.saturating_sub(start), ..to })?;
        let mut at = start;
        while at < end.min(copy.size) {
            let size = end.min(copy.size).saturating_sub(at).min(MAX_OPERATION);
            let mut buffer = [0; MAX_OPERATION as usize];
            let bytes = buffer.get_mut(..size as usize).ok_or(Reason::Layout)?;
            self.flash.read(from.region, from.offset.saturating_add(at), bytes).map_err(|Fault| Reason::Copy)?;
            self.program(to, at, &mut buffer, size)?;
            at = at.saturating_add(size);
        }
        Ok(())
    }

    /// Programs the first `size` bytes of a buffer at an offset of a slot, filled up to a whole unit with the erased value, and reads
    /// them back. The offset is aligned; size is at most [`MAX_OPERATION`].
    pub(crate) fn program(
        &mut self,
        slot: Area,
        at: u32,
        buffer: &mut [u8; MAX_OPERATION as usize],
        size: u32,
    ) -> Result<(), Reason> {
        let (unit, erased) = self.map.unit(slot.region).ok_or(Reason::Layout)?;
        let whole =
            size.checked_next_multiple_of(unit).filter(|whole| *whole <= MAX_OPERATION).ok_or(Reason::Layout)?;
        let (bytes, _) = buffer.split_at_mut_checked(whole as usize).ok_or(Reason::Layout)?;
        bytes.iter_mut().skip(size as usize).for_each(|byte| *byte = erased);
        let mut offset = slot.offset.saturating_add(at);
        let mut rest = &*bytes;
        while !rest.is_empty() {
            let sector = self.map.sector(slot.region, offset).ok_or(Reason::Layout)?;
            let left = sector.end().saturating_sub(offset) as usize;
            let (part, after) = rest.split_at_checked(left.min(rest.len())).ok_or(Reason::Layout)?;
            self.flash.program(slot.region, offset, part).map_err(|Fault| Reason::Write)?;
            self.compare(slot.region, offset, part)?;
            offset = offset.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
            rest = after;
        }
        Ok(())
    }

    /// Reads back what was programmed.
    fn compare(&mut self, region: u8, mut offset: u32, bytes: &[u8]) -> Result<(), Reason> {
        let mut read = [0; 64];
        for part in bytes.chunks(read.len()) {
            let read = read.get_mut(..part.len()).ok_or(Reason::Layout)?;
            self.flash.read(region, offset, read).map_err(|Fault| Reason::Write)?;
            if read != part {
                return Err(Reason::Write);
            }
            offset = offset.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
        }
        Ok(())
    }
}
