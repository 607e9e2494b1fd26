//! Overwrite: what is staged in one slot is copied over the image that runs, with or without a copy of that.

use image_format::log::{EntryKind, SlotLog, Status};
use image_format::{Crypto, VerifiedImage};

use crate::boot::{begin_try, raise};
use crate::copy::{ATTEMPTS, Copy};
use crate::session::{Summary, about};
use crate::{Action, Counter, Decision, Flash, Reason, Session, Start};

/// Installs, restores and starts.
#[inline(never)]
pub(crate) fn overwrite<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    lowest: u32,
    decision: &mut Decision,
) {
    let Some(own) = session.map.run_slots().next() else { return };
    let log = session.scan(own);
    if log.ready && log.okays == 0 && log.drops == 0 {
        let backup = session.map.backup().filter(|_| log.copied);
        let used_up = log.status == Status::Rejected || log.restored || log.copying == Some(EntryKind::Back);
        match backup {
            Some(backup) if used_up => revert(session, own, backup, &log, lowest),
            None if !log.copied => install(session, own, &log, lowest, decision),
            _ => {}
        }
    }
    let log = session.scan(own);
    if start(session, counter, own, &log, lowest, decision) {
        return;
    }
    // What runs does not verify: whatever else does, is copied to its place.
    let [first, second] = if log.status == Status::Rejected || session.room(own, &log) == 0 {
        [session.map.backup(), session.map.staging()]
    } else {
        [session.map.staging(), session.map.backup()]
    };
    for slot in [first, second].into_iter().flatten() {
        let image = session.judge_summary(slot, own, lowest);
        // What runs is erased for it, and may read right another day: so this one has to do so more than once.
        match image.and_then(|_| session.judge_summary(slot, own, lowest)) {
            Err(refusal) => decision.refuse(slot, refusal),
            Ok(image) => {
                let done = copy_whole(session, slot, own, own, &image, lowest, None);
                if done.is_ok() && start(session, counter, own, &log, lowest, decision) {
                    return;
                }
                decision.action = Action::Recover(Reason::Copy);
            }
        }
    }
}

/// Starts what runs, if it verifies.
fn start<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    own: usize,
    log: &SlotLog,
    lowest: u32,
    decision: &mut Decision,
) -> bool {
    match session.judge(own, own, lowest) {
        Ok(image) => starts(session, counter, own, log, &image, lowest, decision),
        Err(refusal) => {
            decision.refuse(own, refusal);
            false
        }
    }
}

/// Starts an image that verifies, or on trial the one before it where the log does not take a TRY.
#[inline(never)] // What this takes of the stack is free while the image is judged.
fn starts<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    counter: &mut impl Counter<F>,
    own: usize,
    log: &SlotLog,
    image: &VerifiedImage,
    lowest: u32,
    decision: &mut Decision,
) -> bool {
    let named = log.names(image.id());
    let on_trial = session.map.backup().is_some() && log.status == Status::Trial && named;
    if on_trial
        && !begin_try(session, own, log)
        && let Some(backup) = session.map.backup()
        && let Ok(old) = session.judge_summary(backup, own, lowest)
    {
        // A log that takes no TRY rejects the trial; nor would it take the steps of the way back.
        return copy_whole(session, backup, own, own, &old, lowest, None).is_ok()
            && start_restored(session, own, lowest, decision);
    }
    if log.status == Status::Confirmed && named {
        let backup = session.map.backup();
        let kept = |session: &mut Session<'_, F, C>| match backup {
            Some(backup) => Some(session.judge_summary(backup, own, lowest).ok()?.counter),
            // There is nothing to fall back to that a higher counter could shut out.
            None => Some(u32::MAX),
        };
        decision.raised = raise(session, counter, (own, log), image.header().body.security_counter.get(), kept, lowest);
    }
    decision.action = Action::Boot(Start::new(image, own, on_trial));
    true
}

/// Starts what was copied back.
#[inline(never)]
fn start_restored<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    own: usize,
    lowest: u32,
    decision: &mut Decision,
) -> bool {
    let Ok(image) = session.judge(own, own, lowest) else { return false };
    decision.action = Action::Boot(Start::new(&image, own, false));
    true
}

/// Copies the staged image to its place, after what runs was copied to the backup slot.
#[inline(never)]
fn install<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    own: usize,
    log: &SlotLog,
    lowest: u32,
    decision: &mut Decision,
) {
    let Some(staging) = session.map.staging() else { return };
    let new = match session.judge_summary(staging, own, lowest) {
        Ok(image) if log.names(&image.id) => image,
        Ok(_) => return,
        Err(refusal) => return decision.refuse(staging, refusal),
    };
    let old = session.judge_summary(own, own, lowest).ok();
    // What a copy that was cut off left may verify today and not tomorrow: it is gone on with.
    let is_there = log.copying != Some(EntryKind::Copy) && old.is_some_and(|old| old.id == new.id);
    // What could not be tried or taken back does not begin, or a full log would have it installed and taken back in turns.
    let copies = if log.copying == Some(EntryKind::Copy) { 3 } else { 6 };
    if !is_there && session.room(own, log) < session.places_to_try(copies) {
        return;
    }
    if let (Some(backup), Some(old), false) = (session.map.backup(), old, is_there)
        && !log.backed_up
        && log.copying != Some(EntryKind::Copy)
    {
        let first = begin(session, own, log, EntryKind::Backup);
        let Ok(first) = first else { return };
        if copy_whole(session, own, backup, own, &old, lowest, Some((log, first))).is_err()
            || session.append(own, &about(log, EntryKind::Done)).is_err()
        {
            return;
        }
    }
    let Ok(first) = begin(session, own, log, EntryKind::Copy) else { return };
    if is_there || copy_whole(session, staging, own, own, &new, lowest, Some((log, first))).is_ok() {
        // Without it the next boot finds the image in its place and notes it then.
        let _ = session.append(own, &about(log, EntryKind::Done));
    }
}

/// Copies the backup back.
#[inline(never)]
fn revert<F: Flash, C: Crypto>(session: &mut Session<'_, F, C>, own: usize, backup: usize, log: &SlotLog, lowest: u32) {
    if !log.restored
        && let Ok(old) = session.judge_summary(backup, own, lowest)
    {
        let is_there = log.copying != Some(EntryKind::Back)
            && session.judge_summary(own, own, lowest).is_ok_and(|runs| runs.id == old.id);
        let first = begin(session, own, log, EntryKind::Back);
        let noted = first.ok().map(|first| (log, first));
        if !is_there && copy_whole(session, backup, own, own, &old, lowest, noted).is_err() {
            return;
        }
        let _ = session.append(own, &about(log, EntryKind::Done));
    }
    let _ = session.append(own, &about(log, EntryKind::Drop));
}

/// Notes twice that a copy begins, unless it did; how many of its steps are done.
fn begin<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    own: usize,
    log: &SlotLog,
    kind: EntryKind,
) -> Result<u32, Reason> {
    if log.copying == Some(kind) {
        return Ok(log.steps);
    }
    session.append_twice(own, &about(log, kind))?;
    Ok(0)
}

/// Copies an image and verifies what came out, three times at most; the first time from where a cut interrupted it.
fn copy_whole<F: Flash, C: Crypto>(
    session: &mut Session<'_, F, C>,
    from: usize,
    to: usize,
    own: usize,
    image: &Summary,
    lowest: u32,
    noted: Option<(&SlotLog, u32)>,
) -> Result<(), Reason> {
    let copy = Copy { from, to, own, size: image.size };
    let mut first = noted.map_or(0, |(_, first)| first);
    let mut log = noted.map(|(log, _)| log);
    for _ in 0..ATTEMPTS {
        let copied = session.copy(copy, first, log);
        if copied.is_ok() && session.judge_summary(to, own, lowest).is_ok_and(|found| found.id == image.id) {
            return Ok(());
        }
        // Its notes say that it is done already.
        (first, log) = (0, None);
    }
    Err(Reason::Copy)
}
