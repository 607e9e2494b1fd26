//! Where an update goes on that a power cut interrupted.

use image_format::{Crypto, ReadAt as _};

use super::Stage;
use crate::map::Area;
use crate::session::Window;
use crate::{Flash, Reason, Refusal};

impl<F: Flash, C: Crypto> Stage<'_, '_, '_, F, C> {
    /// Goes on where a power cut interrupted. A cut leaves one operation in doubt, whatever it reads as: in the sector that was written last. That is
    /// the first one that is not whole, or, if this one reads as erased, perhaps the one before. Both are erased again, the later one first; what is
    /// before stays, and what is behind was not touched since OPEN. `false`: the log lies in one of those sectors.
    pub(super) fn go_on(&mut self) -> Result<bool, Refusal> {
        let has_front = self.holds(0, self.image.front);
        let mut first = 0;
        while let Some(sector) = self.sector_in_order(first)
            && self.is_whole(sector, has_front)
        {
            first = first.saturating_add(1);
        }
        let mut end = first;
        if let Some(broken) = self.sector_in_order(first) {
            let reached = self.reached(broken);
            end = end.saturating_add(1);
            // The sectors behind it that its last chunk lies in; never the header's, which comes when all of these are there.
            while self.sector_in_order(end).is_some_and(|next| next.offset < reached && next.offset > self.slot.offset)
            {
                end = end.saturating_add(1);
            }
        }
        if self.sector_in_order(first).is_none_or(|broken| self.is_blank(broken)) {
            first = first.saturating_sub(1);
        }
        let (log, _) = self.session.map.log(self.logged).ok_or(Reason::NoUpdate)?;
        let is_log = |number| self.sector_in_order(number).is_some_and(|sector| sector.overlaps(&log));
        if (first..end).any(is_log) {
            return Ok(false);
        }
        self.session.spend_ready(self.logged, &self.log)?;
        for number in (first..end).rev() {
            let Some(sector) = self.sector_in_order(number) else { continue };
            self.session.erase(sector)?;
        }
        self.set_start(first);
        // Nobody is asked for the auxiliary area: where it is what comes next, it is at hand.
        self.put_auxiliary_alone()?;
        Ok(true)
    }

    /// The sectors that the artefact takes, in the order in which they are programmed: those of the front area last, as one.
    pub(super) fn sector_in_order(&self, number: u32) -> Option<Area> {
        let map = self.session.map;
        let artefact = Area { size: self.header.artefact_size().min(self.slot.size), ..self.slot };
        let head = Area { size: self.head, ..self.slot };
        let number = usize::try_from(number).ok()?;
        let mut behind = map.sectors(artefact).filter(|sector| sector.offset >= head.end());
        let count = behind.clone().count();
        if number == count { Some(head) } else { behind.nth(number) }
    }

    /// Whether all that belongs into a sector is there. What of it is in a chunk that begins beside the front area, which comes last, is judged with
    /// the whole image: until then it counts as there unless it reads as erased.
    fn is_whole(&mut self, sector: Area, has_front: bool) -> bool {
        let start = sector.offset.saturating_sub(self.slot.offset);
        let end = sector.end().saturating_sub(self.slot.offset).min(self.header.artefact_size());
        let auxiliary = self.header.auxiliary_start();
        if start < self.header.payload_start() && !has_front {
            return false;
        }
        if end > auxiliary && !self.holds(auxiliary, self.image.auxiliary) {
            return false;
        }
        let Some((first, last)) = self.chunks_in(sector) else { return true };
        let (front, size, head) = (self.header.payload_start(), self.image.chunks.size(), self.head);
        let is_judged = |number: &u32| has_front || front.saturating_add(number.saturating_mul(size)) >= head;
        if !is_judged(&first) && self.is_blank(sector) {
            return false;
        }
        (first..=last).filter(is_judged).all(|number| self.holds_chunk(number))
    }

    /// Whether a sector reads as erased.
    fn is_blank(&mut self, sector: Area) -> bool {
        let Some((_, erased)) = self.session.map.unit(sector.region) else { return false };
        let mut buffer = [0; 256];
        let mut at = 0;
        while at < sector.size {
            let size = sector.size.saturating_sub(at).min(256);
            let Some(read) = buffer.get_mut(..size as usize) else { return false };
            let place = sector.offset.saturating_add(at);
            if self.session.flash.read(sector.region, place, read).is_err() || read.iter().any(|byte| *byte != erased) {
                return false;
            }
            at = at.saturating_add(size);
        }
        true
    }

    /// The chunks that have a part in a sector: the first and the last one.
    fn chunks_in(&self, sector: Area) -> Option<(u32, u32)> {
        let front = self.header.payload_start();
        let start = sector.offset.saturating_sub(self.slot.offset).max(front);
        let end = sector.end().saturating_sub(self.slot.offset).min(self.header.auxiliary_start());
        let number = |offset: u32| offset.saturating_sub(front).checked_div(self.image.chunks.size()).unwrap_or(0);
        (start < end).then(|| (number(start), number(end.saturating_sub(1))))
    }

    /// The offset in the region up to which the memory may have been written, if this sector is the first that is not whole: the end of
    /// what one chunk brings.
    fn reached(&self, sector: Area) -> u32 {
        let last = self.chunks_in(sector).map_or(u32::MAX, |(_, last)| last);
        let end =
            last.saturating_add(1).saturating_mul(self.image.chunks.size()).saturating_add(self.header.payload_start());
        let end = if end < self.header.auxiliary_start() { end } else { self.header.artefact_size() };
        self.slot.offset.saturating_add(end)
    }

    /// Whether these bytes stand at an offset of the slot.
    fn holds(&mut self, offset: u32, bytes: &[u8]) -> bool {
        let mut buffer = [0; 256];
        let mut at = offset;
        let mut source = Window { flash: &mut self.session.flash, area: self.slot };
        for part in bytes.chunks(buffer.len()) {
            let Some(read) = buffer.get_mut(..part.len()) else { return false };
            if source.read_at(at, read).is_err() || read != part {
                return false;
            }
            at = at.saturating_add(part.len() as u32);
        }
        true
    }

    /// Whether a chunk stands in the slot.
    fn holds_chunk(&mut self, number: u32) -> bool {
        let source = Window { flash: &mut self.session.flash, area: self.slot };
        let payload = self.header.payload_start();
        self.image.chunks.judge_stored(number, source, payload, &mut self.session.crypto).is_ok()
    }
}
