//! Images that a lead pins by their ids: each has a slot group of its own, on the same device.

use std::ops::Range;

use boot::{Fault, Flash, Reason, Refusal, Session};
use flash_model::{Chip, Shape};
use image_format::Digest;
use image_format::layout::GroupRegion;
use image_format::log::Status;
use zerocopy::IntoBytes as _;

use crate::application::Update;
use crate::bench::{Bench, load};
use crate::memo::Memo;
use crate::run::Outcome;

/// A slot group beside the lead's, with an image for each of the lead's.
#[derive(Clone, Debug)]
pub(crate) struct Companion {
    pub bench: Bench,
    /// Number of the device's memory for each region of the group.
    pub memories: Vec<u8>,
    /// Whether the new lead pins the same image of it as the old one.
    pub stays: bool,
}

/// The device's memories by the region numbers of another group.
struct Mapped<'m, F> {
    flash: F,
    memories: &'m [u8],
}

impl<F> Mapped<'_, F> {
    fn memory(&self, region: u8) -> Result<u8, Fault> {
        self.memories.get(usize::from(region)).copied().ok_or(Fault)
    }
}

impl<F: Flash> Flash for Mapped<'_, F> {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        self.flash.settle(self.memory(region)?)
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        self.flash.read(self.memory(region)?, offset, buffer)
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        self.flash.program(self.memory(region)?, offset, bytes)
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        self.flash.erase(self.memory(region)?, offset)
    }

    fn register(&mut self, address: u32) -> u32 {
        self.flash.register(address)
    }
}

/// The memories of a device, out of the regions of several groups.
pub(crate) struct Memories {
    known: Vec<Known>,
    shapes: Vec<Shape>,
}

/// A memory, and where slots lie in it.
struct Known {
    head: GroupRegion,
    slots: Vec<Range<u32>>,
}

impl Memories {
    /// Those of one group, by its numbers.
    pub fn of(bench: &Bench) -> Self {
        let group = bench.group();
        let known = (0..)
            .zip(group.regions())
            .map(|(number, found)| Known { head: found.region, slots: slots_in(bench, number) });
        Memories { known: known.collect(), shapes: bench.shapes().to_vec() }
    }

    /// Finds or adds those of another group. Two chips of one kind look alike: where slots would overlap, they are two.
    pub fn join(&mut self, bench: &Bench) -> Vec<u8> {
        let group = bench.group();
        let mut numbers = Vec::new();
        for ((number, found), shape) in (0..).zip(group.regions()).zip(bench.shapes()) {
            let slots = slots_in(bench, number);
            let overlaps = |other: &Range<u32>| slots.iter().any(|own| own.start < other.end && other.start < own.end);
            let same = |(known, other): (&Known, &Shape)| {
                known.head.as_bytes() == found.region.as_bytes() && other == shape && !known.slots.iter().any(overlaps)
            };
            let place = self.known.iter().zip(&self.shapes).position(same).unwrap_or(self.known.len());
            match self.known.get_mut(place) {
                Some(known) => known.slots.extend(slots),
                None => {
                    self.known.push(Known { head: found.region, slots });
                    self.shapes.push(shape.clone());
                }
            }
            // A group has 255 regions at most, and few groups have more than three.
            numbers.push(place as u8);
        }
        numbers
    }

    pub fn shapes(self) -> Vec<Shape> {
        self.shapes
    }
}

fn slots_in(bench: &Bench, region: u8) -> Vec<Range<u32>> {
    let group = bench.group();
    let own = group.slots().iter().filter(|slot| slot.region == region);
    own.map(|slot| slot.offset.get()..slot.offset.get() + slot.size.get()).collect()
}

impl Companion {
    fn open<'a, F: Flash>(&'a self, flash: F, memo: &Memo) -> Result<Session<'a, Mapped<'a, F>, Memo>, Reason> {
        Session::open(self.bench.config(), Mapped { flash, memories: &self.memories }, memo.clone())
    }

    /// What the boot loader finds in its slots.
    pub fn present(&self, flash: impl Flash, memo: &Memo) -> Result<Vec<Digest>, Reason> {
        let mut session = self.open(flash, memo)?;
        Ok((0..self.slots()).filter_map(|slot| session.present(slot, 0).ok()).collect())
    }

    fn slots(&self) -> usize {
        self.bench.group().slots().len()
    }

    /// The image that this lead pins.
    pub fn image(&self, of: Outcome) -> &[u8] {
        match of {
            Outcome::New if !self.stays => &self.bench.images().new,
            Outcome::Old | Outcome::New => &self.bench.images().old,
            Outcome::Newer => self.bench.newer().unwrap_or_default(),
        }
    }

    /// Whether the image of such a lead is in one of the slots, byte for byte: looked at without the boot loader.
    pub fn holds(&self, chip: &Chip, of: Outcome) -> bool {
        let mut chip = chip.clone();
        let sealed = self.image(of);
        self.bench.group().slots().iter().any(|slot| {
            let mut found = vec![0; sealed.len()];
            let memory = self.memories[usize::from(slot.region)];
            chip.read(memory.into(), slot.offset.get(), &mut found).is_ok() && found == sealed
        })
    }

    /// Puts the old image where the factory does.
    pub fn load(&self, chip: &mut Chip) -> Option<()> {
        let group = self.bench.group();
        let slot = group.slots().first()?;
        let shape = self.bench.shapes().get(usize::from(slot.region))?;
        let memory = *self.memories.get(usize::from(slot.region))?;
        load(chip, (memory, shape), slot.offset.get(), &self.bench.images().old)
    }

    /// What an application does about this companion once its lead is confirmed: it confirms it. Whether the one that comes is there too.
    pub fn confirm<F: Flash>(&self, flash: F, memo: &Memo, runs: Outcome, comes: Outcome) -> Result<bool, Refusal> {
        let mut session = self.open(flash, memo)?;
        let running = self.running(&mut session, runs)?;
        session.confirm(running)?;
        let (own, update) = self.update(runs).zip(self.update(comes)).ok_or(Reason::Companion)?;
        // One that a cut left before it was whole may verify today: it is there if its log says so.
        let mut is_there = own.id == update.id;
        for slot in 0..self.slots() {
            let state = session.status(slot);
            let is_whole = matches!(state.status, Status::Trial | Status::Confirmed);
            is_there |= is_whole && update.id.starts_with(&state.image) && session.present(slot, 0) == Ok(update.id);
        }
        Ok(is_there)
    }

    /// Installs the one that comes, in the slot that the one beside the running lead is not in.
    pub fn install<F: Flash>(&self, flash: F, memo: &Memo, runs: Outcome, comes: Outcome) -> Result<(), Refusal> {
        let mut session = self.open(flash, memo)?;
        let running = self.running(&mut session, runs)?;
        self.update(comes).ok_or(Reason::Companion)?.stage(&mut session, running, 0)
    }

    fn update(&self, of: Outcome) -> Option<Update<'_>> {
        Update::new(self.image(of))
    }

    /// The slot of the one that the running lead pins.
    fn running<F: Flash>(&self, session: &mut Session<'_, F, Memo>, runs: Outcome) -> Result<usize, Reason> {
        let own = self.update(runs).ok_or(Reason::Companion)?;
        (0..self.slots()).find(|slot| session.present(*slot, 0) == Ok(own.id)).ok_or(Reason::Companion)
    }
}
