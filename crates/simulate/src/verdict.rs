//! One judgement: what the boot loader says of a slot, and what the host says of the same bytes.

use std::cell::RefCell;

use boot::{Counter as _, Fault, Flash, Reason, Refusal, Session};
use flash_model::Chip;
use image_format::layout::{GroupSlot, ROLE_RUN};
use image_format::trust::{Role, TrustSet};
use image_format::{Check, Code, Digest, Header, ImageBody, Memory, Place, SoftwareCrypto, VerifiedImage};
use packer::judge::Judge;

use crate::bench::Bench;
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::memo::Memo;
use crate::run::id;

/// What both say of one slot: the image's id, or the code's number and the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The slot.
    pub slot: usize,
    /// The boot loader's.
    pub boot: Result<Digest, (u16, u32)>,
    /// The host's, as `waxseal verify --dump` makes it.
    pub host: Result<Digest, (u16, u32)>,
}

impl Verdict {
    /// Whether both come to the same. The boot loader never reads the auxiliary area: what is wrong with that, hosts say alone.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let is_beside = self.host.is_err_and(|(code, _)| code == Code::AuxiliaryDigest.number());
        self.boot == self.host || is_beside && self.boot.is_ok()
    }
}

/// Judges what each slot of a device reads as.
pub fn verdicts(bench: &Bench, chip: &Chip, memo: &Memo) -> Vec<Verdict> {
    let memories: Vec<u8> = (0..).take(bench.shapes().len()).collect();
    let view = View::new(bench, chip, &memories);
    view.slots().filter_map(|(slot, placed, content)| Some(view.judge(slot, placed, &content?, memo))).collect()
}

/// A slot group of a device that is looked at from outside.
pub(crate) struct View<'a> {
    bench: &'a Bench,
    chip: RefCell<Chip>,
    /// The device's memory for each region.
    memories: &'a [u8],
    /// The security counter that the device accepts.
    lowest: u32,
}

impl<'a> View<'a> {
    pub fn new(bench: &'a Bench, chip: &Chip, memories: &'a [u8]) -> Self {
        let mut chip = chip.clone();
        for memory in memories {
            // What is busy when only the core was reset answers once it was waited for.
            let _ = chip.settle((*memory).into());
        }
        let mut device = Device { chip: &mut chip, notes: None, registers: bench.registers() };
        let lowest = AnyCounter::of(&bench.config()).read(&mut device).unwrap_or_default();
        Self { bench, chip: RefCell::new(chip), memories, lowest }
    }

    /// The first slot about which both do not agree, of those whose content was not judged before.
    pub fn disagreement(&self, memo: &Memo) -> Option<Verdict> {
        let fresh = |(slot, placed, content): (usize, GroupSlot, Option<Vec<u8>>)| {
            let content = content?;
            let about = [self.bench.config().layout, &[slot as u8], &self.lowest.to_le_bytes()].concat();
            memo.is_new(&content, &about).then(|| self.judge(slot, placed, &content, memo))
        };
        self.slots().filter_map(fresh).find(|verdict| !verdict.agrees())
    }

    /// What each slot reads as once, as far as anybody judges it: what is in doubt may read as something else the next time. `None`: a fault.
    fn slots(&self) -> impl Iterator<Item = (usize, GroupSlot, Option<Vec<u8>>)> {
        let slots = self.bench.group().slots().to_vec();
        slots.into_iter().enumerate().map(|(number, slot)| (number, slot, self.content(&slot)))
    }

    fn content(&self, slot: &GroupSlot) -> Option<Vec<u8>> {
        let room = self.room().min(slot.size.get()) as usize;
        let memory = usize::from(*self.memories.get(usize::from(slot.region))?);
        let mut bytes = vec![0; (self.bench.group().head().payload_offset.get() as usize).min(room)];
        let mut chip = self.chip.borrow_mut();
        chip.read(memory, slot.offset.get(), &mut bytes).ok()?;
        let header = Header::<ImageBody>::read(&mut Memory::slot(&bytes, room as u32));
        let size = header.map_or(0, |header| header.unauthenticated().artefact_size()) as usize;
        let front = bytes.len();
        if size > front {
            bytes.resize(size.min(room), 0);
            chip.read(memory, slot.offset.get() + front as u32, &mut bytes[front..]).ok()?;
        }
        Some(bytes)
    }

    /// Bytes that an artefact may take in a slot.
    fn room(&self) -> u32 {
        let group = self.bench.group();
        group.head().payload_offset.get() + group.head().capacity.get()
    }

    fn judge(&self, slot: usize, placed: GroupSlot, content: &[u8], memo: &Memo) -> Verdict {
        let group = self.bench.group();
        let first = group.slots().iter().position(|slot| slot.role == ROLE_RUN).unwrap_or_default();
        let runs_from = if placed.role == ROLE_RUN { slot } else { first };
        let code = |error: image_format::Error| (error.code.number(), error.offset);
        let host = self.on_host(runs_from, content).map_err(code);
        let snapshot = Snapshot { bench: self.bench, placed, content };
        let boot = match Session::open(self.bench.config(), snapshot, memo.clone()) {
            Ok(mut session) => match session.judge(slot, runs_from, self.lowest) {
                Ok(image) => Ok(*image.id()),
                Err(Refusal::Image(error)) => Err(code(error)),
                // It verifies; whether its companions are there is no matter of one image.
                Err(Refusal::Reason(Reason::Companion)) => Ok(id(content).unwrap_or_default()),
                Err(Refusal::Reason(reason)) => Err((reason.number(), 0)),
            },
            Err(reason) => Err((reason.number(), 0)),
        };
        Verdict { slot, boot, host: host.map(|image| *image.id()) }
    }

    fn on_host(&self, runs_from: usize, content: &[u8]) -> Result<VerifiedImage, image_format::Error> {
        let (config, group) = (self.bench.config(), self.bench.group());
        let trust = TrustSet::parse(config.trust)?.role(Role::Image, &mut SoftwareCrypto)?;
        let judge = Judge {
            keys: trust.keys().to_vec(),
            threshold: trust.threshold(),
            device: Check::Require(config.device),
            revision: config.revision,
            place: Check::Require(Place {
                layout: group.fingerprint(&mut SoftwareCrypto),
                run_address: group.slots()[runs_from].run_address.get(),
                payload_offset: group.head().payload_offset.get(),
            }),
            counter: Check::Require(self.lowest),
        };
        judge.judge_source(&mut Memory::slot(content, self.room()))
    }
}

/// A memory that holds a slot's content, reads the same each time and takes nothing.
struct Snapshot<'a> {
    bench: &'a Bench,
    placed: GroupSlot,
    content: &'a [u8],
}

impl Flash for Snapshot<'_> {
    fn settle(&mut self, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let within =
            offset.checked_sub(self.placed.offset.get()).filter(|_| region == self.placed.region).ok_or(Fault)?;
        let from = self.content.get(within as usize..).and_then(|rest| rest.get(..buffer.len())).ok_or(Fault)?;
        buffer.copy_from_slice(from);
        Ok(())
    }

    fn program(&mut self, _: u8, _: u32, _: &[u8]) -> Result<(), Fault> {
        Err(Fault)
    }

    fn erase(&mut self, _: u8, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }

    fn register(&mut self, address: u32) -> u32 {
        let registers = self.bench.registers();
        registers.iter().find(|(found, _)| *found == address).map_or(0, |(_, value)| *value)
    }
}
