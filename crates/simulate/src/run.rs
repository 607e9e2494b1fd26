//! One device, from one start to the next, and what must hold each time.

use boot::{Action, Config, Counter, OtpCounter, Reason, Refusal, Session, boot};
use flash_model::{Chip, Restart};
use image_format::log::{Entry, EntryKind, Strategy};
use image_format::{Digest, Header, ImageBody, Memory, SoftwareCrypto};

use zerocopy::IntoBytes as _;

use crate::application::Update;
use crate::banks;
use crate::bench::Bench;
use crate::counter::AnyCounter;
use crate::device::{Before, Device};
use crate::memo::Memo;
use crate::verdict::{Verdict, View};

/// What the new image does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// It works and confirms itself.
    Install,
    /// It never confirms itself, so the boot loader goes back to the old one. Where nothing can go back, it stays.
    Revert,
    /// Its security counter is too low, so it is refused before anything is erased.
    Downgrade,
    /// It works and confirms itself, and pins the companions that are there already.
    Alone,
    /// It confirms itself and installs a third one, which confirms itself too.
    Second,
    /// The boot loader refuses it each time, so the old one installs a third one instead.
    Refused,
    /// It is ready, and before the next start the old one installs a third one instead.
    Replace,
}

impl Scenario {
    /// Those with an old and a new image.
    pub const ALL: [Scenario; 4] = [Scenario::Install, Scenario::Revert, Scenario::Downgrade, Scenario::Alone];
    /// Those with a third image.
    pub const LONGER: [Scenario; 3] = [Scenario::Second, Scenario::Refused, Scenario::Replace];

    /// The device with the images that it is played with. `None`: it needs a security counter or companions, and there are none.
    #[must_use]
    pub fn bench(self, bench: &Bench) -> Option<Bench> {
        match self {
            Scenario::Install | Scenario::Revert => Some(bench.clone()),
            Scenario::Downgrade => bench.has_counter().then(|| bench.with_downgrade()),
            Scenario::Alone => bench.with_companions_that_stay(),
            Scenario::Second => Some(bench.with_third()),
            Scenario::Refused => Some(bench.with_refused()),
            Scenario::Replace => Some(bench.with_other()),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Install => "install",
            Scenario::Revert => "revert",
            Scenario::Downgrade => "downgrade",
            Scenario::Alone => "alone",
            Scenario::Second => "second",
            Scenario::Refused => "refused",
            Scenario::Replace => "replace",
        }
    }
}

/// What must never happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// Nothing boots.
    #[error("nothing boots: {0:?}")]
    NothingBoots(Reason),
    /// An image boots that is neither the old nor the new one, or that the boot loader must refuse, or has no entry.
    #[error("something else boots than the old or the new image")]
    SomethingElse,
    /// An older image boots after a newer one was confirmed.
    #[error("the confirmed image is not kept: an older one boots")]
    Unconfirmed,
    /// An image starts at an address where the core does not find it: the banks were not exchanged for it, or were.
    #[error("an image is started that is not seen at its run address")]
    Elsewhere,
    /// The application erased while banks may be exchanged.
    #[error("the application erases in a bank that may be exchanged")]
    Erased,
    /// A memory was programmed where it does not bear it.
    #[error("programmed what is not erased for sure: {0:?}")]
    Offence(flash_model::Offences),
    /// A sector was erased more often than power cuts explain.
    #[error("sector {sector} of memory {memory} was erased {erases} times, {most} at most would do")]
    Wear {
        /// The memory.
        memory: usize,
        /// The sector.
        sector: usize,
        /// How often.
        erases: u32,
        /// How often at most.
        most: u32,
    },
    /// What it pins is not there, byte for byte.
    #[error("the {0} image starts without a companion that it pins")]
    Companion(&'static str),
    /// Host and boot loader judge the same bytes unlike.
    #[error("`waxseal verify` and the boot loader do not agree about a slot: {0:?}")]
    Disagreement(Box<Verdict>),
    /// It does not come to rest.
    #[error("after {0} starts it has not come to rest")]
    Endless(u32),
    /// It rests where it should not.
    #[error("it comes to rest with the {0} image")]
    WrongEnd(&'static str),
    /// The application was refused what it must be given.
    #[error("the application is refused: {0:?}")]
    Refused(Refusal),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// With the old image.
    Old,
    /// With the new image.
    New,
    /// With the one after it.
    Newer,
}

impl Outcome {
    /// What the image is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Old => "old",
            Outcome::New => "new",
            Outcome::Newer => "newer",
        }
    }
}

/// Something that happened, for a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the start, from 1.
    pub start: u64,
    /// Operations before it.
    pub operation: u64,
    /// What.
    pub what: &'static str,
}

/// A device and what is known of it from outside.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub chip: Chip,
    /// The newest image whose confirmation was written whole.
    pub confirmed: Outcome,
    /// The new image was asked for and is not wanted any more.
    pub is_withdrawn: bool,
    /// Power cuts so far.
    pub cuts: u32,
    /// Operations that failed so far, or are planned to.
    pub failures: u32,
    /// Starts since the last power cut.
    pub starts: u32,
}

/// What one start came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The power failed.
    Cut,
    /// It was reset.
    Again,
    /// There is nothing more to do.
    Rest(Outcome),
}

/// What runs are made with.
pub(crate) struct Player<'b> {
    pub bench: &'b Bench,
    pub scenario: Scenario,
    pub memo: Memo,
    old: Digest,
    pub new: Update<'b>,
    pub newer: Option<Update<'b>>,
    /// The lead's memories, which are the device's first.
    memories: Vec<u8>,
}

pub(crate) fn id(sealed: &[u8]) -> Option<Digest> {
    let header = Header::<ImageBody>::read(&mut Memory::file(sealed)).ok()?;
    Some(header.unauthenticated().id(&mut SoftwareCrypto))
}

impl<'b> Player<'b> {
    /// `None`: an image without chunks or header.
    pub fn new(bench: &'b Bench, scenario: Scenario, memo: Memo) -> Option<Self> {
        let images = bench.images();
        let (old, new) = (id(&images.old)?, Update::new(&images.new)?);
        let newer = bench.newer().and_then(Update::new);
        let memories = (0..).take(bench.group().regions().count()).collect();
        Some(Self { bench, scenario, memo, old, new, newer, memories })
    }

    /// A device as it leaves the factory: the old image where it runs, nothing else.
    pub fn factory(&self, seed: u64) -> World {
        let mut chip = Chip::new(self.bench.shapes().to_vec(), seed);
        let group = self.bench.group();
        let slot = group.slots().iter().find(|slot| slot.role == image_format::layout::ROLE_RUN);
        if let Some(slot) = slot {
            let loaded = self.bench.load(&mut chip, slot.region, slot.offset.get(), &self.bench.images().old);
            if loaded.is_none() {
                unreachable!("an erased slot takes its image");
            }
        }
        for companion in self.bench.companions() {
            if companion.load(&mut chip).is_none() {
                unreachable!("an erased slot takes its image");
            }
        }
        // The factory sets the counter to the old image's.
        if let Some(mut otp) = OtpCounter::of(&self.bench.config()) {
            let mut device = Device { chip: &mut chip, notes: None, registers: self.bench.registers() };
            // One that has no unit left for it stays where it is: the old image starts all the same.
            let _ = otp.raise(&mut device, self.bench.counter());
        } else if let Some(area) = group.areas().first() {
            let shape = &self.bench.shapes()[usize::from(area.region)];
            let entry = Entry::new(EntryKind::Count, self.bench.counter(), &[0; 32]).encode();
            let mut place = entry.as_bytes().to_vec();
            place.resize(16usize.next_multiple_of(shape.unit as usize), 0);
            for number in 0..2 {
                let at = area.offset.get() + number * place.len() as u32;
                if chip.program(area.region.into(), at, &place).is_err() {
                    unreachable!("an erased sector takes what is aligned");
                }
            }
        }
        World { chip, confirmed: Outcome::Old, is_withdrawn: false, cuts: 0, failures: 0, starts: 0 }
    }

    /// Plays from a start until the device rests or the power fails. `None`: it failed.
    pub fn play(
        &self,
        world: &mut World,
        mut notes: Option<&mut Vec<Before>>,
        mut marks: impl FnMut(&World, usize),
        events: &mut Option<Vec<Event>>,
    ) -> Result<Option<Outcome>, Violation> {
        loop {
            marks(world, notes.as_ref().map_or(0, |notes| notes.len()));
            let step = self.start(world, notes.as_deref_mut(), events)?;
            let offences = world.chip.offences();
            if offences != flash_model::Offences::default() {
                return Err(Violation::Offence(offences));
            }
            match step {
                Step::Cut => return Ok(None),
                Step::Rest(outcome) => return self.judge_end(world, outcome).map(Some),
                Step::Again => {}
            }
            world.starts += 1;
            if world.starts > 16 {
                return Err(Violation::Endless(world.starts));
            }
            world.chip.restart(Restart::Reset);
        }
    }

    /// Starts again after a power cut.
    pub fn restart(world: &mut World, how: Restart) {
        world.cuts += 1;
        world.starts = 0;
        world.chip.restart(how);
    }

    fn judge_end(&self, world: &World, outcome: Outcome) -> Result<Outcome, Violation> {
        let reverts = self.bench.strategy() != Strategy::Overwrite;
        let expected = match self.scenario {
            // A cut may spend a try of a good image: the start that it ended.
            Scenario::Install | Scenario::Alone | Scenario::Second | Scenario::Refused | Scenario::Replace
                if world.cuts + world.failures >= u32::from(self.bench.tries) && reverts =>
            {
                return Ok(outcome);
            }
            // A cut may end the start in which it was replaced.
            Scenario::Replace if outcome == Outcome::New && world.cuts + world.failures > 0 => {
                return Ok(outcome);
            }
            Scenario::Second | Scenario::Refused | Scenario::Replace => Outcome::Newer,
            Scenario::Install | Scenario::Alone => Outcome::New,
            Scenario::Revert if reverts => Outcome::Old,
            Scenario::Revert => Outcome::New,
            Scenario::Downgrade => Outcome::Old,
        };
        if outcome == expected { Ok(outcome) } else { Err(Violation::WrongEnd(outcome.name())) }
    }

    /// One start: the boot loader, then the application.
    fn start(
        &self,
        world: &mut World,
        notes: Option<&mut Vec<Before>>,
        events: &mut Option<Vec<Event>>,
    ) -> Result<Step, Violation> {
        if let Some(verdict) = self.disagreement(&world.chip) {
            return Err(Violation::Disagreement(Box::new(verdict)));
        }
        let config = self.bench.config();
        let mut tell = |chip: &Chip, what| {
            if let Some(events) = events {
                events.push(Event { start: chip.power_ups(), operation: chip.operations(), what });
            }
        };
        tell(&world.chip, "start");
        let failures = world.chip.failures();
        let mut device = Device { chip: &mut world.chip, notes, registers: self.bench.registers() };
        let mut counter = AnyCounter::of(&config);
        let before = device.chip.operations();
        let present = self.present(&mut device).map_err(Violation::NothingBoots)?;
        let config = Config { present: &present, ..config };
        let decision = match Session::open(config, &mut device, self.memo.clone()) {
            Ok(mut session) => boot(&mut session, &mut counter),
            Err(reason) => return Err(Violation::NothingBoots(reason)),
        };
        if device.chip.is_off() {
            return Ok(Step::Cut);
        }
        if let Action::Recover(reason) = decision.action {
            return Err(Violation::NothingBoots(reason));
        }
        let start = banks::started(self.bench, &decision.action).ok_or(Violation::Elsewhere)?;
        let runs = self.which(start.image().id()).filter(|_| start.entry().is_some());
        let runs = runs.ok_or(Violation::SomethingElse)?;
        if runs < world.confirmed {
            return Err(Violation::Unconfirmed);
        }
        if !self.has_companions(device.chip, runs) {
            return Err(Violation::Companion(runs.name()));
        }
        tell(device.chip, runs.name());
        let was_quiet = device.chip.operations() == before;
        let erases = banks::erases(self.bench, device.chip);
        let lowest = counter.read(&mut device).unwrap_or_default();
        let present = [&present, self.bench.missing()].concat();
        let config = Config { present: &present, ..config };
        let mut session = match Session::open(config, &mut device, self.memo.clone()) {
            Ok(session) => session,
            Err(reason) => return Err(Violation::NothingBoots(reason)),
        };
        let known = (world.confirmed == runs, &mut world.is_withdrawn);
        let step = self.runs(&mut session, runs, &start, lowest, was_quiet, known);
        drop(session);
        if banks::erases(self.bench, device.chip) != erases {
            return Err(Violation::Erased);
        }
        if device.chip.is_off() {
            return Ok(Step::Cut);
        }
        let (step, confirmed) = match step {
            // What failed is tried again at the next start.
            Err(Refusal::Reason(Reason::Write)) if world.chip.failures() > failures => (Step::Again, false),
            step => step.map_err(Violation::Refused)?,
        };
        if confirmed {
            world.confirmed = runs;
        }
        if !self.has_companions(&world.chip, runs) {
            return Err(Violation::Companion(runs.name()));
        }
        Ok(step)
    }

    /// What host and boot loader do not agree about, in any slot of any group: of what was not seen before.
    fn disagreement(&self, chip: &Chip) -> Option<Verdict> {
        let own = View::new(self.bench, chip, &self.memories).disagreement(&self.memo);
        let companions = self.bench.companions().iter();
        own.or_else(|| {
            companions
                .filter_map(|found| View::new(&found.bench, chip, &found.memories).disagreement(&self.memo))
                .next()
        })
    }

    /// Companions that the boot loader finds.
    fn present(&self, device: &mut Device<'_>) -> Result<Vec<Digest>, Reason> {
        let mut present = self.bench.config().present.to_vec();
        for companion in self.bench.companions() {
            present.extend(companion.present(&mut *device, &self.memo)?);
        }
        Ok(present)
    }

    /// Whether each companion of an image is there.
    fn has_companions(&self, chip: &Chip, of: Outcome) -> bool {
        self.bench.companions().iter().all(|companion| companion.holds(chip, of))
    }

    /// Which image this is. `None`: one that must not start.
    pub(crate) fn which(&self, id: &Digest) -> Option<Outcome> {
        if id == &self.old {
            Some(Outcome::Old)
        } else if id == &self.new.id {
            (self.scenario != Scenario::Refused).then_some(Outcome::New)
        } else {
            self.newer.as_ref().is_some_and(|newer| id == &newer.id).then_some(Outcome::Newer)
        }
    }
}
