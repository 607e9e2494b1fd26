//! The boot decision.

use core::hint::black_box;

use image_format::log::{Candidate, EntryKind, MAX_SLOTS, RAISED, Reason as Cause, SlotLog, Status, Strategy, choose};
use image_format::{Crypto, Digest, Entry, VerifiedImage, Word};

use crate::session::about;
use crate::{Counter, Flash, Raise, Reason, Refusal, Session};

/// What the boot loader does last.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// Jump to this image's entry.
    Boot(Start),
    /// Exchange the banks, drop the caches, and jump to this image's entry: in one function in RAM, since whoever returns into flash returns into the other bank.
    Exchange(Start),
    /// Nothing boots: offer a recovery interface, or stop. No memory was changed because of it.
    Recover(Reason),
}

/// An image to start.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    image: VerifiedImage,
    slot: usize,
    on_trial: bool,
    verdict: Word,
}

impl Start {
    /// Without an entry until [`Start::judge_again`].
    pub(crate) fn new(image: &VerifiedImage, slot: usize, on_trial: bool) -> Self {
        Start { image: *image, slot, on_trial, verdict: Word::of(false) }
    }

    /// Looks again at what admitted the image. `lowest` is compared with its counter once more.
    fn judge_again(&mut self, lowest: u32) {
        let is_new_enough = self.image.header().body.security_counter.get() >= lowest;
        self.verdict = Word::of(self.image.still_matches() && is_new_enough);
    }

    /// Where to start. `None` if what was decided does not stand when it is looked at again, or for an image without code: recover then.
    #[must_use]
    pub fn entry(&self) -> Option<Entry> {
        if self.verdict.is_yes() { self.image.entry() } else { None }
    }

    /// The image, as it was verified in this boot.
    #[must_use]
    pub fn image(&self) -> &VerifiedImage {
        &self.image
    }

    /// Number of its slot in the group.
    #[must_use]
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Whether nobody has confirmed it yet.
    #[must_use]
    pub fn on_trial(&self) -> bool {
        self.on_trial
    }
}

/// What one boot came to.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// What to do.
    pub action: Action,
    /// Why the image of each slot was refused, as far as it was looked at; by the slot's number.
    pub refused: [Option<Refusal>; MAX_SLOTS],
    /// What the security counter was raised to.
    pub raised: Option<u32>,
}

impl Decision {
    pub(crate) fn recover(reason: Reason) -> Self {
        Decision { action: Action::Recover(reason), refused: [None; MAX_SLOTS], raised: None }
    }

    pub(crate) fn refuse(&mut self, slot: usize, refusal: Refusal) {
        if let Some(place) = self.refused.get_mut(slot) {
            *place = Some(refusal);
        }
    }
}

/// Makes the boot decision, with all that it takes: copies what is to be installed or restored, writes the states, raises the
/// counter. Call it once after each reset. Time is bounded by the sectors that a copy touches; power may fail anywhere in it.
pub fn boot<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, counter: &mut impl Counter<F>) -> Decision {
    let mut decision = Decision::recover(Reason::Counter);
    if let Ok(lowest) = counter.read(&mut session.flash) {
        // A copy of its own, so that the one fault that spoils the first does not reach it.
        let kept = black_box(lowest);
        decision.action = Action::Recover(Reason::NothingVerifies);
        match session.map.strategy {
            Strategy::Fixed => fixed(session, lowest, &mut decision),
            Strategy::DirectXip | Strategy::BankSwap => in_place(session, counter, lowest, &mut decision),
            Strategy::Overwrite | Strategy::OverwriteWithBackup => {
                crate::overwrite::overwrite(session, counter, lowest, &mut decision);
            }
        }
        if let Action::Boot(start) | Action::Exchange(start) = &mut decision.action {
            start.judge_again(black_box(kept));
        }
    }
    decision
}

#[inline(never)]
fn fixed<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, lowest: u32, decision: &mut Decision) {
    let Some(slot) = session.map.run_slots().next() else { return };
    match &session.judge(slot, slot, lowest) {
        Ok(image) => decision.action = Action::Boot(Start::new(image, slot, false)),
        Err(refusal) => decision.refuse(slot, *refusal),
    }
}

/// Slots that images run from where they are stored.
#[inline(never)]
fn in_place<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    lowest: u32,
    decision: &mut Decision,
) {
    let mut logs = [SlotLog::BLANK; MAX_SLOTS];
    for (slot, log) in logs.iter_mut().enumerate().take(session.map.run_slots().count()) {
        *log = session.scan(slot);
    }
    let logs = logs.get(..session.map.run_slots().count()).unwrap_or_default();
    let candidates = choose(logs);
    // First what the logs speak for and name; then whatever verifies.
    for last_resort in [false, true] {
        for candidate in candidates.iter().filter(|candidate| last_resort || candidate.reason != Cause::LastResort) {
            match session.judge(candidate.slot, candidate.slot, lowest) {
                Ok(image) => {
                    if starts(session, counter, logs, (candidate, last_resort), &image, lowest, decision) {
                        return;
                    }
                }
                Err(refusal) => decision.refuse(candidate.slot, refusal),
            }
        }
    }
}

/// Starts a candidate that verifies, unless its log does not name it or does not take a TRY: as a last resort in spite of both.
#[inline(never)] // What this takes of the stack is free while images are judged.
fn starts<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    logs: &[SlotLog],
    (Candidate { slot, reason }, last_resort): (Candidate, bool),
    image: &VerifiedImage,
    lowest: u32,
    decision: &mut Decision,
) -> bool {
    let Some(log) = logs.get(slot) else { return false };
    let on_trial = reason == Cause::Trial && log.names(image.id());
    if !last_resort && (!log.names(image.id()) || on_trial && !begin_try(session, slot, log)) {
        return false;
    }
    drop_rejected(session, logs, slot);
    if !last_resort && reason == Cause::Confirmed {
        let own = image.header().body.security_counter.get();
        let others = |session: &mut Session<'_, F, C>| fallback(session, slot, lowest);
        decision.raised = raise(session, counter, (slot, log), own, others, lowest);
        crate::exchange::clear(session, logs, slot);
    }
    let start = Start::new(image, slot, on_trial);
    decision.action = if is_exchanged(session, slot) { Action::Exchange(start) } else { Action::Boot(start) };
    true
}

/// Writes that an image is about to start on trial. `false`: it could not be written, so it must not start.
pub(crate) fn begin_try<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, slot: usize, log: &SlotLog) -> bool {
    let argument = u8::try_from(log.tries).unwrap_or(u8::MAX);
    let entry = image_format::log::Entry { argument, ..about(log, EntryKind::Try) };
    session.append(slot, &entry).is_ok()
}

/// Makes it final that the tries of other slots are used up, once.
fn drop_rejected<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, logs: &[SlotLog], starts: usize) {
    for (slot, log) in logs.iter().enumerate() {
        if slot != starts && log.status == Status::Rejected && log.drops == 0 {
            // A log without room says "rejected" without it.
            let _ = session.append(slot, &about(log, EntryKind::Drop));
        }
    }
}

/// The security counter of the best image besides the one that starts. `None`: there is none.
fn fallback<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, starts: usize, lowest: u32) -> Option<u32> {
    let others = session.map.run_slots().filter(|slot| *slot != starts);
    let counter = |slot| session.judge_summary(slot, slot, lowest).ok().map(|image| image.counter);
    others.filter_map(counter).max()
}

/// Raises the security counter for a confirmed image: at most by the policy's step, never beyond the image's `own`, once per
/// confirmation and after an OKAY that stays.
pub(crate) fn raise<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    (slot, log): (usize, &SlotLog),
    own: u32,
    fallback: impl FnOnce(&mut Session<'_, F, C>) -> Option<u32>,
    lowest: u32,
) -> Option<u32> {
    // Room for the pin, for the note that it was raised, and for passing over one bad place.
    if log.raised || own <= lowest || session.room(slot, log) < 4 {
        return None;
    }
    let target = match session.config.raise {
        Raise::Strict => own,
        Raise::KeepFallback => own.min(fallback(session)?),
    };
    let target = target.min(lowest.saturating_add(session.config.largest_step));
    if target <= lowest {
        return None;
    }
    session.pin_okay(slot, log).ok()?;
    counter.raise(&mut session.flash, target).ok()?;
    let entry = image_format::log::Entry { argument: RAISED, ..about(log, EntryKind::Okay) };
    // Without the note a later boot takes one more step at most.
    let _ = session.append(slot, &entry);
    Some(target)
}

/// Whether the banks must be exchanged for a slot to be seen where its image runs.
fn is_exchanged<F: Flash, C: Crypto>(session: &Session<'_, F, C>, slot: usize) -> bool {
    let stored_at = session.map.payload_address(slot);
    let runs_at = session.map.slot(slot).map(|slot| slot.run_address.get());
    session.map.strategy == Strategy::BankSwap && stored_at != runs_at
}

impl<F: Flash, C: Crypto> Session<'_, F, C> {
    /// Verifies the image in a slot of a group whose images others name, for [`crate::Config::present`] of these. Ask for each slot of the
    /// group: which of two images is the right one is the lead's choice, and changes when the lead goes back. The log is not asked: it never
    /// shuts out the companion of a lead that was confirmed.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn present(&mut self, slot: usize, lowest: u32) -> Result<Digest, Refusal> {
        Ok(*self.judge(slot, slot, lowest)?.id())
    }
}
