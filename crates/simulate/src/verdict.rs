//! One judgement: what the boot loader says of a slot, and what the host says of the same bytes.

use boot::{Counter as _, Refusal, Session};
use flash_model::Chip;
use image_format::layout::{GroupSlot, ROLE_RUN};
use image_format::{Check, Code, Digest, Memory, Place, SoftwareCrypto};
use packer::judge::Judge;

use crate::bench::{Bench, key};
use crate::counter::AnyCounter;
use crate::device::Device;
use crate::memo::Memo;

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

/// Judges each slot whose cells are not in doubt: others read as something else each time. For benches with images made for them.
pub fn verdicts(bench: &Bench, chip: &mut Chip, memo: &Memo) -> Vec<Verdict> {
    let group = bench.group();
    let sound = |chip: &Chip, slot: &GroupSlot| chip.is_sound(slot.region.into(), slot.offset.get(), slot.size.get());
    let slots: Vec<(usize, &GroupSlot)> =
        group.slots().iter().enumerate().filter(|(_, slot)| sound(chip, slot)).collect();
    slots.into_iter().filter_map(|(number, slot)| verdict(bench, chip, memo, number, slot)).collect()
}

fn verdict(bench: &Bench, chip: &mut Chip, memo: &Memo, slot: usize, placed: &GroupSlot) -> Option<Verdict> {
    let (config, group) = (bench.config(), bench.group());
    let first = group.slots().iter().position(|slot| slot.role == ROLE_RUN)?;
    let runs_from = if placed.role == ROLE_RUN { slot } else { first };
    let mut device = Device { chip, notes: None, registers: bench.registers() };
    let lowest = AnyCounter::of(&config).read(&mut device).ok()?;
    let mut session = Session::open(config, &mut device, memo.clone()).ok()?;
    let boot = match session.judge(slot, runs_from, lowest) {
        Ok(image) => Ok(*image.id()),
        Err(Refusal::Image(error)) => Err((error.code.number(), error.offset)),
        // A companion that is not there is no matter of one image.
        Err(Refusal::Reason(_)) => return None,
    };
    drop(session);
    let payload_offset = group.head().payload_offset.get();
    let room = payload_offset + group.head().capacity.get();
    let mut bytes = vec![0; room.min(placed.size.get()) as usize];
    device.chip.read(placed.region.into(), placed.offset.get(), &mut bytes).ok()?;
    let judge = Judge {
        keys: vec![*key().public().bytes()],
        threshold: 1,
        device: Check::Require(config.device),
        revision: config.revision,
        place: Check::Require(Place {
            layout: group.fingerprint(&mut SoftwareCrypto),
            run_address: group.slots()[runs_from].run_address.get(),
            payload_offset,
        }),
        counter: Check::Require(lowest),
    };
    let host = judge.judge_source(&mut Memory::slot(&bytes, room));
    let host = host.map(|image| *image.id()).map_err(|error| (error.code.number(), error.offset));
    Some(Verdict { slot, boot, host })
}
