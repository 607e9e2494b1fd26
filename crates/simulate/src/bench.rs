//! A device to cut the power of: a slot group, and an old and a new image for it.

use boot::{Config, Raise};
use flash_model::{Chip, Noise, Rewrite, Shape};
use image_format::auxiliary::{Auxiliary, AuxiliaryHead, CHUNKS};
use image_format::layout::{GroupView, MEMORY_INTERNAL, MEMORY_OTP, ROLE_RUN};
use image_format::log::Strategy;
use image_format::record::Record;
use image_format::trust::{Role, RoleHead, TrustHead};
use image_format::{Check, Device, Digest, ImageBody, Memory, PayloadType, SoftwareCrypto, Version, sha256};
use packer::artefact::Contents;
use packer::{Draft, PrivateKey};
use zerocopy::IntoBytes as _;

use crate::banks;
use crate::companion::{Companion, Memories};
use crate::run::{Outcome, id};

/// What no bench can be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BenchError {
    /// Not the canonical bytes of a group.
    #[error("the layout is not the canonical bytes of one slot group")]
    Layout,
    /// A fixed image is never updated.
    #[error("a fixed image is never updated: there is nothing to cut")]
    Fixed,
    /// A companion that nobody could erase the slots of: see [`Bench::with_companions`].
    #[error("its companion `{0}` lies in banks that are exchanged, or its log does: only the boot loader erases there")]
    Exchanged(String),
    /// The payload does not fit.
    #[error("a payload of {0} bytes does not fit: the slots have room for {1}")]
    Payload(u32, u32),
    /// A companion that nobody can install: see [`Bench::with_companions`].
    #[error("its companion `{0}` is copied or exchanged by an update; a companion has two slots that it stays in")]
    Companion(String),
    /// An image that the device would not accept.
    #[error("the {0} image is refused: {1}")]
    Refused(&'static str, String),
    /// A companion that no file holds.
    #[error("the {0} image pins a `{1}` that no --companion is")]
    NoCompanion(&'static str, String),
    /// A file that is no companion.
    #[error("--companion {} is none that the old or the new image pins", .0 + 1)]
    Unpinned(usize),
}

/// An old image that runs and a new one that comes, sealed.
#[derive(Clone, Debug)]
pub struct Images {
    /// The old one, for the slot that runs first.
    pub old: Vec<u8>,
    /// The new one, for the slot that it will run from.
    pub new: Vec<u8>,
}

/// A device.
#[derive(Clone, Debug)]
pub struct Bench {
    /// A name, for reports.
    pub name: String,
    layout: Vec<u8>,
    pub(crate) trust: Vec<u8>,
    pub(crate) device: Device,
    /// Starts of an image that nobody confirmed.
    pub tries: u8,
    /// How far the security counter follows.
    pub raise: Raise,
    registers: Vec<(u32, u32)>,
    shapes: Vec<Shape>,
    strategy: Strategy,
    pub(crate) images: Images,
    /// What the factory sets the security counter to: the old image's.
    pub(crate) counter: u32,
    /// What follows the new one, where a scenario goes on.
    newer: Option<Vec<u8>>,
    /// Companions that count as there.
    pub(crate) present: Vec<Digest>,
    /// Slot groups of images that the lead pins.
    companions: Vec<Companion>,
    /// Companions that the application takes for there as well, and the boot loader does not find.
    missing: Vec<Digest>,
}

/// The key that images of a simulation are signed with. It signs nothing else.
pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[0x51; 32])
}

impl Bench {
    /// A device with images made for it: payloads of so many bytes, security counters 1 and 2.
    ///
    /// # Errors
    /// What the group does not allow.
    pub fn new(name: &str, layout: &[u8], tries: u8, payload_size: u32, seed: u64) -> Result<Self, BenchError> {
        let mut bench = Self::empty(name, layout, tries)?;
        let capacity = bench.group().head().capacity.get();
        let chunks = payload_size.div_ceil(1 << CHUNK_LOG2);
        let needed = payload_size + 12 + 32 * chunks;
        if needed > capacity || payload_size < 16 {
            return Err(BenchError::Payload(needed, capacity));
        }
        bench.seal_both(payload_size, seed);
        Ok(bench)
    }

    fn seal_both(&mut self, payload_size: u32, seed: u64) {
        let (first, second) = self.run_addresses();
        self.images.old = self.seal(first, (1, 1), Outcome::Old, payload_size, seed);
        self.images.new = self.seal(second, (2, 2), Outcome::New, payload_size, seed.wrapping_add(1));
    }

    /// The same device with other slot groups, whose images those of this one pin by their ids: `commit = "together"`. Memories that look
    /// the same are the same, unless slots would overlap in them.
    ///
    /// # Errors
    /// [`BenchError::Companion`] for a group that is not of two slots which its images stay in: nobody would copy it before the lead starts,
    /// and the old lead would have lost its companion afterwards. [`BenchError::Exchanged`] for one in the banks of a lead that has these
    /// exchanged: an application installs companions itself, and what its erase selects there is unproven.
    pub fn with_companions(mut self, companions: Vec<Bench>, seed: u64) -> Result<Self, BenchError> {
        let payload_size = self.payload_size();
        self.join(companions)?;
        self.seal_both(payload_size, seed);
        Ok(self)
    }

    /// Takes other slot groups on, as [`Bench::with_companions`] says. One whose images are the same stays.
    pub(crate) fn join(&mut self, companions: Vec<Bench>) -> Result<(), BenchError> {
        let mut known = Memories::of(self);
        for bench in companions {
            if bench.strategy != Strategy::DirectXip {
                return Err(BenchError::Companion(bench.name));
            }
            let memories = known.join(&bench);
            if banks::are_exchanged_under(self, &bench, &memories) {
                return Err(BenchError::Exchanged(bench.name));
            }
            let stays = bench.images.old == bench.images.new;
            self.companions.push(Companion { bench, memories, stays });
        }
        self.shapes = known.shapes();
        Ok(())
    }

    /// One without images.
    pub(crate) fn empty(name: &str, layout: &[u8], tries: u8) -> Result<Self, BenchError> {
        let (group, rest) = GroupView::parse(layout).ok_or(BenchError::Layout)?;
        let strategy =
            Strategy::from_number(group.head().strategy).filter(|_| rest.is_empty()).ok_or(BenchError::Layout)?;
        if strategy == Strategy::Fixed {
            return Err(BenchError::Fixed);
        }
        let shapes = group.regions().map(|found| {
            let (unit, ecc) = (u32::from(found.region.program_unit.get()), u32::from(found.region.ecc_word.get()));
            let run = |run: &image_format::layout::SectorRun| vec![run.size.get(); run.count.get() as usize];
            Shape {
                sectors: found.runs.iter().flat_map(run).collect(),
                unit: unit.max(ecc),
                has_ecc: ecc > 0,
                erased: found.region.erased,
                // The boot loader never writes over anything, whatever the memory would bear, but for a counter that nobody erases.
                rewrite: if found.region.memory == MEMORY_OTP && unit == 1 {
                    Rewrite::ClearBits
                } else {
                    Rewrite::Never
                },
                is_external: !matches!(found.region.memory, MEMORY_INTERNAL | MEMORY_OTP),
            }
        });
        let registers = group.mode().iter().map(|bits| (bits.register.get(), bits.value.get()));
        let mut bench = Self {
            name: name.to_owned(),
            trust: Vec::new(),
            device: Device { vendor_id: [0x56; 16], class_id: [0x43; 16] },
            tries,
            raise: Raise::KeepFallback,
            registers: registers.collect(),
            shapes: shapes.collect(),
            strategy,
            images: Images { old: Vec::new(), new: Vec::new() },
            layout: layout.to_vec(),
            counter: 1,
            newer: None,
            present: Vec::new(),
            companions: Vec::new(),
            missing: Vec::new(),
        };
        bench.trust = trust(key().public().bytes());
        Ok(bench)
    }

    fn seal(
        &self,
        run_address: u32,
        (version, counter): (u16, u32),
        lead: Outcome,
        payload_size: u32,
        seed: u64,
    ) -> Vec<u8> {
        let group = self.group();
        let mut pinned: Vec<Digest> = self.companions.iter().filter_map(|found| id(found.image(lead))).collect();
        pinned.extend(self.missing.iter().filter(|_| lead == Outcome::New));
        pinned.sort_unstable();
        let records: &[Record<'_>] = if pinned.is_empty() { &[] } else { &[Record::Companions(&pinned)] };
        let mut noise = Noise::new(seed);
        let mut payload: Vec<u8> = (0..payload_size).map(|_| noise.next() as u8).collect();
        payload[..4].copy_from_slice(&0x2000_2000u32.to_le_bytes());
        payload[4..8].copy_from_slice(&(run_address + 9).to_le_bytes());
        let chunks: Vec<Digest> =
            payload.chunks(1 << CHUNK_LOG2).map(|chunk| sha256(&mut SoftwareCrypto, chunk)).collect();
        let value = [&CHUNK_LOG2.to_le_bytes()[..], chunks.as_flattened()].concat();
        let head = AuxiliaryHead { kind: CHUNKS.into(), reserved: [0; 2], size: (value.len() as u32).into() };
        let body = ImageBody {
            layout: group.fingerprint(&mut SoftwareCrypto),
            run_address: run_address.into(),
            payload_offset: group.head().payload_offset,
            version: Version { major: version.into(), minor: 0.into(), patch: 0.into() },
            security_counter: counter.into(),
            payload_type: PayloadType::Firmware.number().into(),
            reserved: [0; 40],
        };
        let contents = Contents {
            device: self.device,
            front_size: group.head().payload_offset.get(),
            body,
            records,
            payload,
            auxiliary: [head.as_bytes(), &value].concat(),
        };
        let draft = Draft::new(contents).unwrap_or_else(|_| unreachable!("the sizes were judged"));
        draft.seal(&[key().sign(draft.to_sign())])
    }

    /// The same device with a new image whose security counter is below the old one's.
    #[must_use]
    pub fn with_downgrade(&self) -> Self {
        let mut bench = self.clone();
        let (_, second) = self.run_addresses();
        bench.images.new = self.seal(second, (2, 0), Outcome::New, self.payload_size(), 3);
        bench.raise = Raise::Strict;
        bench
    }

    /// The same device with a new lead that pins the companions of the old one. `None`: that it does already, or there are none.
    #[must_use]
    pub fn with_companions_that_stay(&self) -> Option<Self> {
        let changes = self.companions.iter().any(|companion| !companion.stays);
        let mut bench = self.clone();
        bench.companions.iter_mut().for_each(|companion| companion.stays = true);
        bench.seal_both(self.payload_size(), 5);
        changes.then_some(bench)
    }

    /// The same device with a third image, for the slot that the old one ran from.
    #[must_use]
    pub fn with_third(&self) -> Self {
        self.with_newer(self.run_addresses().0, Bench::with_third)
    }

    /// The same device with a third image, for the slot that the new one would run from.
    #[must_use]
    pub fn with_other(&self) -> Self {
        self.with_newer(self.run_addresses().1, Bench::with_other)
    }

    fn with_newer(&self, run_address: u32, companion: fn(&Bench) -> Bench) -> Self {
        let mut bench = self.clone();
        for found in &mut bench.companions {
            // One that stays is in the first slot, whichever of the leads runs.
            found.bench = if found.stays { found.bench.with_other() } else { companion(&found.bench) };
        }
        bench.newer = Some(bench.seal(run_address, (3, 3), Outcome::Newer, self.payload_size(), 4));
        bench
    }

    /// The same device with a new image that the application takes and the boot loader refuses, since a companion of it is not there; and with
    /// a third one for the same slot.
    #[must_use]
    pub fn with_refused(&self) -> Self {
        let mut bench = self.with_other();
        bench.missing = vec![[7; 32]];
        bench.images.new = bench.seal(self.run_addresses().1, (2, 2), Outcome::New, self.payload_size(), 3);
        bench
    }

    /// Bytes of a payload that makes an image no larger than the new one.
    fn payload_size(&self) -> u32 {
        let room = self.images.new.len() as u32 - self.group().head().payload_offset.get();
        let fits = |payload: &u32| payload + 12 + 32 * payload.div_ceil(1 << CHUNK_LOG2) <= room;
        (16..=room).rev().find(fits).unwrap_or(16)
    }

    /// The same device with an old image that names a companion, which is nowhere.
    #[cfg(test)]
    pub(crate) fn with_companion(&self) -> Self {
        let mut bench = self.clone();
        bench.missing = vec![[7; 32]];
        bench.images.old = bench.seal(self.run_addresses().0, (1, 1), Outcome::New, 1024, 3);
        bench
    }

    /// Where the old and the new image run.
    pub(crate) fn run_addresses(&self) -> (u32, u32) {
        let group = self.group();
        let mut addresses =
            group.slots().iter().filter(|slot| slot.role == ROLE_RUN).map(|slot| slot.run_address.get());
        let first = addresses.next().unwrap_or_default();
        (first, addresses.next().unwrap_or(first))
    }

    pub(crate) fn group(&self) -> GroupView<'_> {
        match GroupView::parse(&self.layout) {
            Some((group, _)) => group,
            None => unreachable!("it was read before"),
        }
    }

    /// What its boot loader embeds.
    #[must_use]
    pub fn config(&self) -> Config<'_> {
        Config {
            layout: &self.layout,
            trust: &self.trust,
            trust_digest: Check::Waived,
            device: self.device,
            revision: Check::Waived,
            present: &self.present,
            tries: self.tries,
            raise: self.raise,
            largest_step: u32::MAX,
        }
    }

    /// Companions that only the application takes for there.
    pub(crate) fn missing(&self) -> &[Digest] {
        &self.missing
    }

    /// Slot groups of images that the lead pins.
    pub(crate) fn companions(&self) -> &[Companion] {
        &self.companions
    }

    pub(crate) fn newer(&self) -> Option<&[u8]> {
        self.newer.as_deref()
    }

    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    pub(crate) fn registers(&self) -> &[(u32, u32)] {
        &self.registers
    }

    pub(crate) fn counter(&self) -> u32 {
        self.counter
    }

    pub(crate) fn images(&self) -> &Images {
        &self.images
    }

    /// The image that runs first.
    #[must_use]
    pub fn old_image(&self) -> &[u8] {
        &self.images.old
    }

    /// The image that comes.
    #[must_use]
    pub fn new_image(&self) -> &[u8] {
        &self.images.new
    }

    /// Its memories, blank but for these bytes in one slot. `None` if they do not fit, or there is no such slot.
    #[must_use]
    pub fn chip_with(&self, slot: usize, content: &[u8], seed: u64) -> Option<Chip> {
        let mut chip = Chip::new(self.shapes.clone(), seed);
        let group = self.group();
        let slot = group.slots().get(slot).filter(|slot| content.len() <= slot.size.get() as usize)?;
        self.load(&mut chip, slot.region, slot.offset.get(), content)?;
        Some(chip)
    }

    /// Programs bytes as a programming tool does.
    pub(crate) fn load(&self, chip: &mut Chip, region: u8, offset: u32, content: &[u8]) -> Option<()> {
        load(chip, (region, self.shapes.get(usize::from(region))?), offset, content)
    }

    /// Whether it keeps a security counter: without one no image is too old.
    #[must_use]
    pub fn has_counter(&self) -> bool {
        !self.group().areas().is_empty()
    }

    /// How its image is replaced.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }
}

/// Chunks of simulated images: 4 KiB, the smallest there are.
const CHUNK_LOG2: u32 = 12;

/// Bytes that are programmed at a time: the smallest sector of any part, that of an STM32L0 (geometry's tests count them all).
const LOADED: usize = 128;

/// Programs bytes into a memory: never beyond a sector, whatever its size.
pub(crate) fn load(chip: &mut Chip, (memory, shape): (u8, &Shape), offset: u32, content: &[u8]) -> Option<()> {
    let mut content = content.to_vec();
    content.resize(content.len().next_multiple_of(shape.unit as usize), shape.erased);
    for (start, part) in (offset..).step_by(LOADED).zip(content.chunks(LOADED)) {
        chip.program(memory.into(), start, part).ok()?;
    }
    Some(())
}

/// A trust set of one key, for images.
fn trust(key: &[u8; 32]) -> Vec<u8> {
    let head = TrustHead { format: 1.into(), role_count: 1, reserved: 0, epoch: 1.into() };
    let role = RoleHead { role: Role::Image.number(), threshold: 1, key_count: 1, reserved: 0 };
    [head.as_bytes(), role.as_bytes(), key].concat()
}

/// The parts of a sealed image that an application hands to the boot loader.
pub(crate) fn parts(sealed: &[u8]) -> Option<(boot::Image<'_>, &[u8])> {
    let raw = image_format::Header::<ImageBody>::read(&mut Memory::file(sealed)).ok()?;
    let header = raw.unauthenticated();
    let (front, rest) = sealed.split_at_checked(header.payload_start() as usize)?;
    let (payload, auxiliary) = rest.split_at_checked(header.envelope.payload_size.get() as usize)?;
    let chunks = Auxiliary::parse(auxiliary, payload.len() as u32, header.auxiliary_start()).ok()?.chunks?;
    Some((boot::Image { front, auxiliary, chunks }, payload))
}
