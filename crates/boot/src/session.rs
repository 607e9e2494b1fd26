//! What boot loader and application share: the slot group, whom it trusts, and what was written since this power-up.

use image_format::log::{Entry, EntryKind, MAX_SLOTS, PlaceState, SlotLog, Status, Strategy, read_place, scan};
use image_format::trust::{Role, TrustSet};
use image_format::{
    Authentic, Check, Crypto, Device, Digest, Extent, Fault, HEADER_SIZE, Header, ImageBody, InSlot, Memory, Place,
    Policy, ReadAt, Revision, Trust, VerifiedImage, sha256, verify,
};

use crate::map::{Area, Map};
use crate::places::{DOUBTFUL, spend_all, spend_doubtful, write_entry};
use crate::{Flash, Reason, Refusal};

/// How far the security counter follows a confirmed image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raise {
    /// All the way: images with a lower counter in other slots become unbootable.
    Strict,
    /// As far as the image to fall back to stays bootable.
    KeepFallback,
}

/// What a device is, whom it trusts and how it updates. All of it is embedded in the boot loader or in one-time-programmable
/// memory; nothing comes from an artefact.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The canonical bytes of the slot group.
    pub layout: &'a [u8],
    /// The trust set's bytes.
    pub trust: &'a [u8],
    /// The key hash of the role image, where one-time-programmable memory holds it ([`crate::Otp::key_hash`]). It does not depend on
    /// the trust set's other roles and epoch, which the boot loader does not judge by.
    pub trust_digest: Check<Digest>,
    /// What the device is.
    pub device: Device,
    /// The board's hardware revision.
    pub revision: Check<Revision>,
    /// Ids of the images of other groups that were verified in this boot: an image whose companions are not all among them is refused.
    pub present: &'a [Digest],
    /// Starts of an image that nobody confirmed, 1 at least.
    pub tries: u8,
    /// How far the security counter follows.
    pub raise: Raise,
    /// By how much the security counter is raised at most, per confirmation.
    pub largest_step: u32,
}

/// What is needed of an image that was verified and does not start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    pub id: Digest,
    /// Bytes of the artefact.
    pub size: u32,
    /// Its security counter.
    pub counter: u32,
}

/// Where the next entry of a log goes, and what was written to it since this power-up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Journal {
    next: Option<u32>,
    okays: u8,
}

/// Entries that are as good as pinned: each cut tears one at most.
const ENOUGH: u32 = 4;

/// One power-up's work on a slot group: by the boot loader, or by the application. Make a new one after each reset, and only one.
#[derive(Debug)]
pub struct Session<'a, F, C> {
    pub(crate) config: Config<'a>,
    pub(crate) map: Map<'a>,
    pub(crate) flash: F,
    pub(crate) crypto: C,
    trust: Trust<'a>,
    fingerprint: Digest,
    journals: [Journal; MAX_SLOTS],
}

impl<'a, F: Flash, C: Crypto> Session<'a, F, C> {
    /// Reads layout and trust set, compares the chip's option bits with the layout's, and makes the memories readable.
    ///
    /// # Errors
    /// [`Reason::Layout`], [`Reason::Mode`], [`Reason::TrustSet`], [`Reason::Memory`]. Nothing was written.
    pub fn open(config: Config<'a>, mut flash: F, mut crypto: C) -> Result<Self, Reason> {
        let map = Map::parse(config.layout).ok_or(Reason::Layout)?;
        for bits in map.group().mode() {
            if flash.register(bits.register.get()) & bits.mask.get() != bits.value.get() {
                return Err(Reason::Mode);
            }
        }
        let set = TrustSet::parse(config.trust).map_err(|_| Reason::TrustSet)?;
        if let Check::Require(digest) = config.trust_digest
            && set.key_hash(Role::Image, &mut crypto) != Ok(digest)
        {
            return Err(Reason::TrustSet);
        }
        let trust = set.role(Role::Image, &mut crypto).map_err(|_| Reason::TrustSet)?;
        for region in 0..map.region_count() {
            flash.settle(region).map_err(|Fault| Reason::Memory)?;
        }
        let fingerprint = map.group().fingerprint(&mut crypto);
        Ok(Session { config, map, flash, crypto, trust, fingerprint, journals: [Journal::default(); MAX_SLOTS] })
    }

    /// What it was opened with.
    #[must_use]
    pub fn config(&self) -> &Config<'a> {
        &self.config
    }

    /// The memories: for a [`crate::Counter`] that is read outside [`crate::boot`].
    pub fn flash(&mut self) -> &mut F {
        &mut self.flash
    }

    /// The policy for what is to run from a slot.
    pub(crate) fn policy(&self, runs_from: usize, lowest: u32) -> Policy<'a> {
        let run_address = self.map.slot(runs_from).map_or(0, |slot| slot.run_address.get());
        let place = Place { layout: self.fingerprint, run_address, payload_offset: self.map.payload_offset() };
        Policy {
            trust: self.trust,
            device: Check::Require(self.config.device),
            revision: self.config.revision,
            place: Check::Require(place),
            counter: Check::Require(lowest),
        }
    }

    /// Judges the image that one slot holds and that is to run from another, or the same: the whole judgement, as `waxseal verify`
    /// makes it.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn judge(&mut self, holder: usize, runs_from: usize, lowest: u32) -> Result<VerifiedImage, Refusal> {
        let policy = self.policy(runs_from, lowest);
        let area = self.map.area(holder).ok_or(Reason::NoUpdate)?;
        let offset = self.map.payload_offset();
        let slot = Window { flash: &mut self.flash, area };
        let mut source = InSlot {
            slot,
            front_offset: 0,
            front_size: offset,
            payload_offset: offset,
            room: self.map.room().min(area.size),
        };
        let is_there = |id: &Digest| self.config.present.contains(id);
        match &verify(&mut source, &policy, &mut self.crypto) {
            Ok(image) if image.companions().iter().all(is_there) => Ok(*image),
            Ok(_) => Err(Reason::Companion.into()),
            Err(error) => Err((*error).into()),
        }
    }

    /// Judges an image as [`Session::judge`] does, and keeps what is needed to copy it or to fall back to it.
    #[inline(never)] // A verified image takes much stack, and copies judge again.
    pub(crate) fn judge_summary(&mut self, holder: usize, runs_from: usize, lowest: u32) -> Result<Summary, Refusal> {
        let image = self.judge(holder, runs_from, lowest)?;
        let counter = image.header().body.security_counter.get();
        Ok(Summary { id: *image.id(), size: image.header().artefact_size(), counter })
    }

    /// Judges what the front area of a new image says: before anything is erased for it.
    pub(crate) fn judge_front(
        &mut self,
        front: &[u8],
        runs_from: usize,
        lowest: u32,
    ) -> Result<Authentic<ImageBody>, Refusal> {
        let policy = self.policy(runs_from, lowest);
        let mut source = Memory::slot(front, self.map.room());
        let authentic =
            Header::<ImageBody>::read(&mut source)?.authenticate(&mut source, &policy.trust, &mut self.crypto)?;
        authentic.judge_front(&mut source, &policy, &mut self.crypto)?;
        Ok(authentic)
    }

    /// The id of whatever has a header's place in a slot, unverified: to compare with a log.
    pub(crate) fn id_in(&mut self, slot: usize) -> Option<Digest> {
        let header = self.header_bytes(slot)?;
        Some(sha256(&mut self.crypto, &header))
    }

    /// Whatever has a header's place in a slot.
    pub(crate) fn header_bytes(&mut self, slot: usize) -> Option<[u8; HEADER_SIZE as usize]> {
        let area = self.map.area(slot)?;
        let mut header = [0; HEADER_SIZE as usize];
        self.flash.read(area.region, area.offset, &mut header).ok()?;
        Some(header)
    }

    /// Whether a slot reads as erased where a header would be.
    pub(crate) fn is_blank(&mut self, slot: usize) -> bool {
        let Some(area) = self.map.area(slot) else { return true };
        let erased = self.map.unit(area.region).map(|(_, erased)| erased);
        self.header_bytes(slot).is_some_and(|header| header.iter().all(|byte| Some(*byte) == erased))
    }

    /// What the log of a slot says.
    pub(crate) fn scan(&mut self, slot: usize) -> SlotLog {
        let tries = match self.map.strategy {
            // There is nothing to return to: what is installed is not tried.
            Strategy::Overwrite => u8::MAX,
            _ => self.config.tries.max(1),
        };
        match self.map.log(slot) {
            Some((area, form)) => scan(&mut Window { flash: &mut self.flash, area }, &form, tries),
            None => SlotLog::BLANK,
        }
    }

    /// Places that are left for appending, as far as this power-up knows.
    pub(crate) fn room(&self, slot: usize, log: &SlotLog) -> u32 {
        let places = self.map.log(slot).map_or(0, |(_, form)| form.places());
        let next = self.journals.get(slot).and_then(|journal| journal.next);
        places.saturating_sub(next.unwrap_or_else(|| log.next.saturating_add(DOUBTFUL)))
    }

    /// Places that an update needs beside so many others to be tried and taken back: each start spends doubtful places, and takes one; the last one
    /// takes four, BACK twice, DONE and DROP.
    pub(crate) fn places_to_try(&self, others: u32) -> u32 {
        let starts = u32::from(self.config.tries).saturating_add(1);
        starts.saturating_mul(DOUBTFUL.saturating_add(1)).saturating_add(3).saturating_add(others)
    }

    /// A log whose area was erased in this power-up: entries go from its first place on.
    pub(crate) fn renew(&mut self, slot: usize) {
        if let Some(journal) = self.journals.get_mut(slot) {
            *journal = Journal { next: Some(0), okays: 0 };
        }
    }

    /// Appends an entry to a slot's log and reads it back; a place that does not take it is passed over, three times.
    pub(crate) fn append(&mut self, slot: usize, entry: &Entry) -> Result<(), Reason> {
        let next = self.spend_doubtful(slot)?;
        for place in next..next.saturating_add(3) {
            let (area, form) = self.map.log(slot).ok_or(Reason::NoUpdate)?;
            let written = write_entry(&mut self.flash, area, &form, place, entry).ok_or(Reason::LogFull)?;
            let Some(journal) = self.journals.get_mut(slot) else { break };
            journal.next = Some(place.saturating_add(1));
            if written {
                journal.okays = journal.okays.saturating_add(u8::from(entry.kind == EntryKind::Okay));
                return Ok(());
            }
        }
        Err(Reason::Write)
    }

    /// Takes the places out of use that a cut may have hit, once in a power-up. The place that the next entry goes to.
    fn spend_doubtful(&mut self, slot: usize) -> Result<u32, Reason> {
        if let Some(next) = self.journals.get(slot).and_then(|journal| journal.next) {
            return Ok(next);
        }
        let SlotLog { next, ends_valid, .. } = self.scan(slot);
        let (area, form) = self.map.log(slot).ok_or(Reason::NoUpdate)?;
        let next = spend_doubtful(&mut self.flash, area, &form, next, ends_valid);
        if let Some(journal) = self.journals.get_mut(slot) {
            journal.next = Some(next);
        }
        Ok(next)
    }

    /// Before anything changes of an image that is whole and was not asked for: a READY that a cut tore may read as nothing now and as itself
    /// later, when the image is no longer what it was said of. It is taken out of use.
    pub(crate) fn spend_ready(&mut self, slot: usize, log: &SlotLog) -> Result<(), Reason> {
        let holder = self.map.staging().unwrap_or(slot);
        if log.status != Status::Open || !self.id_in(holder).is_some_and(|id| log.names(&id)) {
            return Ok(());
        }
        let ((area, form), place) = (self.map.log(slot).ok_or(Reason::NoUpdate)?, self.map.area(holder));
        // Where one erase takes both, it may have begun, and only afterwards does the log end like this: nothing goes on in such a slot.
        let is_shared = place
            .and_then(|place| self.map.sector(place.region, place.offset))
            .is_some_and(|first| first.overlaps(&area));
        let last = log.next.saturating_sub(1);
        if is_shared && read_place(&mut Window { flash: &mut self.flash, area }, &form, last) == PlaceState::Spent {
            return Ok(());
        }
        self.spend_doubtful(slot).map(|_| ())
    }

    /// Appends an entry twice: what stands before an irreversible act must not be the one entry that a cut tore.
    pub(crate) fn append_twice(&mut self, slot: usize, entry: &Entry) -> Result<(), Reason> {
        self.append(slot, entry)?;
        self.append(slot, entry)
    }

    /// Sees to it that the OKAY of a slot stays: it was written twice since this power-up, or there are four of it. One cut tears one
    /// entry at most, so four that can be read are as good, and a log that is asked for its pin again and again does not fill up.
    pub(crate) fn pin_okay(&mut self, slot: usize, log: &SlotLog) -> Result<(), Reason> {
        if log.okays >= ENOUGH || self.journals.get(slot).is_some_and(|journal| journal.okays >= 2) {
            return Ok(());
        }
        self.append_twice(slot, &about(log, EntryKind::Okay))
    }

    /// Sees to it that an image that was asked for, and is not wanted any more, stays rejected: a cut in the erase of its slot may leave it
    /// verifying, and fading once it was copied or confirmed. Where all four can be read nothing is appended, since then that erase may have begun.
    pub(crate) fn pin_drop(&mut self, slot: usize, log: &SlotLog) -> Result<(), Reason> {
        for _ in log.drops..ENOUGH {
            match self.append(slot, &about(log, EntryKind::Drop)) {
                Ok(()) => {}
                // What has no room for a DROP has none to be installed or tried either.
                Err(Reason::LogFull) => break,
                Err(reason) => return Err(reason),
            }
        }
        Ok(())
    }

    /// Erases the sectors that a range touches, last one first.
    pub(crate) fn erase(&mut self, range: Area) -> Result<(), Reason> {
        let map = self.map;
        for sector in map.sectors(range).rev() {
            self.flash.erase(sector.region, sector.offset).map_err(|Fault| Reason::Write)?;
        }
        Ok(())
    }

    /// Empties a slot for an update: the sector of the header first, so that what was there is no image any more before its log
    /// goes; then the log; then the rest. Before anything is erased the log is taken out of use: what a cut in its erase leaves of it may read
    /// as any part of what was in it, and must say nothing.
    pub(crate) fn clear_slot(&mut self, holder: usize, logged: usize) -> Result<(), Reason> {
        let map = self.map;
        let slot = map.area(holder).ok_or(Reason::NoUpdate)?;
        let (log, form) = map.log(logged).ok_or(Reason::NoUpdate)?;
        let first = map.sector(slot.region, slot.offset).ok_or(Reason::Layout)?;
        let next = self.scan(logged).next;
        if next > 0 {
            spend_all(&mut self.flash, log, &form, next);
        }
        self.erase(first)?;
        let log_sectors = map.sectors(log).filter(|sector| *sector != first);
        for sector in log_sectors {
            self.flash.erase(sector.region, sector.offset).map_err(|Fault| Reason::Write)?;
        }
        for sector in map.sectors(slot).rev().filter(|sector| *sector != first && !sector.overlaps(&log)) {
            self.flash.erase(sector.region, sector.offset).map_err(|Fault| Reason::Write)?;
        }
        self.renew(logged);
        Ok(())
    }
}

/// An entry about the image that a log is about.
pub(crate) fn about(log: &SlotLog, kind: EntryKind) -> Entry {
    Entry { kind, argument: 0, step: 0, generation: log.generation, image: log.image }
}

/// A range of a region as a source of bytes.
pub(crate) struct Window<'f, F> {
    pub flash: &'f mut F,
    pub area: Area,
}

impl<F: Flash> ReadAt for Window<'_, F> {
    fn extent(&self) -> Extent {
        Extent::Slot(self.area.size)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let end = u32::try_from(buffer.len()).ok().and_then(|size| offset.checked_add(size)).ok_or(Fault)?;
        if end > self.area.size {
            return Err(Fault);
        }
        self.flash.read(self.area.region, self.area.offset.checked_add(offset).ok_or(Fault)?, buffer)
    }
}
