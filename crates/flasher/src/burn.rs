//! Burning one-time-programmable memory: read again, compare with what was planned on, burn, read back, verify; and locks, as a
//! procedure of their own.

use std::ops::Range;

use dfuse::Task;
use manifest::plan::otp::Otp;
use provision::{LockState, ReadBack, Verdict};

use crate::connected::{Connected, recheck};
use crate::effect::Stage;
use crate::otp_memory::{LOCKS_UNPROVEN, changed, lock_range, map, read_all, setting};
use crate::otp_plan::{BurnPlan, ConfirmedBurn, ConfirmedLock, LockPlan, OtpRead, Target};
use crate::procedure::{Link, Procedure};
use crate::text::numbered;
use crate::trouble::Trouble;

/// What came of burning, or of locking.
#[derive(Clone, Debug)]
pub struct Burnt {
    target: Target,
    /// What was read back. `None`: it could not be.
    read: Option<OtpRead>,
    /// Whether something was sent to be burnt, so that the board may have changed.
    pub is_changed: bool,
    /// Whether this was about locks.
    pub is_lock: bool,
    /// Why it ended early, or what reads back differently. `None`: everything is there.
    pub trouble: Option<Trouble>,
    /// What is to be known.
    pub notes: Vec<String>,
}

impl Burnt {
    /// What it was made for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What was read back.
    pub fn read_back(&self) -> Option<&ReadBack> {
        self.read.as_ref().map(|read| &read.memory)
    }

    /// What is left to be done, by the read-back: from here on go a second burning, and the locks. `None` without a read-back.
    pub fn rest(&self) -> Option<BurnPlan> {
        Some(BurnPlan::new(self.target.clone(), self.read.clone()?))
    }

    /// The state that the board is in, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let Target { board, stage, .. } = &self.target;
        let Some(rest) = self.rest() else {
            return vec![if self.is_changed {
                format!("board {board}: stage {stage} was being burnt; what it holds now is not known until it is read")
            } else {
                format!("board {board}: nothing was burnt")
            }];
        };
        let plan = rest.plan();
        let count = |verdict| plan.fields.iter().filter(|field| field.verdict == verdict).count();
        let mut sentences = vec![match plan.verdict() {
            Verdict::Same => format!("board {board}: all fields of stage {stage} are there, read back"),
            _ => format!(
                "board {board}: {} of {} fields of stage {stage} are there, {} can still be burnt, {} cannot",
                count(Verdict::Same),
                plan.fields.len(),
                count(Verdict::Program),
                count(Verdict::Impossible) + count(Verdict::Locked)
            ),
        }];
        let locked: Vec<u32> =
            plan.locks.iter().filter(|lock| lock.state == LockState::Locked).map(|lock| lock.block).collect();
        let open: Vec<u32> =
            plan.locks.iter().filter(|lock| lock.state != LockState::Locked).map(|lock| lock.block).collect();
        if !locked.is_empty() {
            sentences.push(format!("locked, read back: {}", numbered("block", &locked)));
        }
        if !open.is_empty() {
            sentences.push(format!("not locked yet: {}", numbered("block", &open)));
        }
        sentences
    }
}

impl ConfirmedBurn {
    /// Reads again, and burns only what is still as it was when the plan was made; reads back, and compares.
    pub fn burn(self) -> Procedure<Burnt> {
        let BurnPlan { target, read, .. } = self.0.clone();
        let ranges = self.0.plan().program.clone();
        Procedure::new(|link| async move {
            let mut is_changed = false;
            let done = burn(&link, &target, &read, &ranges, &mut is_changed).await;
            finish(&link, target, &read.device, done, is_changed, false).await
        })
    }
}

impl ConfirmedLock {
    /// Reads again, and locks only if everything is still as it was read back; reads back, and compares. The lock block is
    /// written as a whole, with 0xFF for what is not to be locked.
    pub fn lock(self) -> Procedure<Burnt> {
        let LockPlan { target, read, bytes, .. } = self.0;
        Procedure::new(|link| async move {
            let mut is_changed = false;
            let done = lock(&link, &target, &read, &bytes, &mut is_changed).await;
            finish(&link, target, &read.device, done, is_changed, true).await
        })
    }
}

/// Reads back whatever came of it, if the device is still there, and says what differs.
async fn finish(
    link: &Link,
    target: Target,
    device: &Connected,
    done: Result<(), Trouble>,
    is_changed: bool,
    is_lock: bool,
) -> Burnt {
    let mut notes = Vec::new();
    let mut trouble = done.err();
    let mut read = None;
    if is_changed || trouble.is_none() {
        match read_all(link, device, &target.otp, Stage::ReadBack).await {
            Ok((memory, more)) => {
                notes.extend(more);
                read = Some(OtpRead { device: device.clone(), memory, notes: Vec::new() });
            }
            Err(other) => trouble = trouble.or(Some(other)),
        }
    }
    if trouble.is_none() {
        trouble = read.as_ref().and_then(|read| missing(&target, &read.memory, is_lock));
    }
    if is_lock {
        notes.push(LOCKS_UNPROVEN.to_owned());
    }
    Burnt { target, read, is_changed, is_lock, trouble, notes }
}

async fn burn(
    link: &Link,
    target: &Target,
    before: &OtpRead,
    ranges: &[Range<u32>],
    is_changed: &mut bool,
) -> Result<(), Trouble> {
    let Target { otp, contents, .. } = target;
    let (alternate, map) = same_board(link, otp, before).await?;
    let on = setting(&before.device, alternate, &map);
    for range in ranges {
        let range = widened(otp, range);
        // Where nothing is to be burnt stands what is there: writing that changes nothing.
        let bytes = bytes(&range, |index| {
            let (wanted, mask) = (contents.data.get(index)?, contents.mask.get(index)?);
            Some(wanted & mask | before.memory.data.get(index)? & !mask)
        });
        let address = otp.address(range.start);
        *is_changed = true;
        link.task(&on, Task::Program { address, bytes }, [Stage::Burn; 2]).await.map_err(|stopped| stopped.trouble)?;
    }
    Ok(())
}

async fn lock(
    link: &Link,
    target: &Target,
    before: &OtpRead,
    bytes: &[u8],
    is_changed: &mut bool,
) -> Result<(), Trouble> {
    let (alternate, map) = same_board(link, &target.otp, before).await?;
    let on = setting(&before.device, alternate, &map);
    let Some(range) = lock_range(&target.otp) else { return Ok(()) };
    *is_changed = true;
    let task = Task::Program { address: range.start, bytes: bytes.to_vec() };
    link.task(&on, task, [Stage::Lock; 2]).await.map(drop).map_err(|stopped| stopped.trouble)
}

/// Makes sure that this is the board that was read, and that nothing changed on it since.
async fn same_board(link: &Link, otp: &Otp, before: &OtpRead) -> Result<(u8, dfuse::MemoryMap), Trouble> {
    recheck(link, &before.device).await?;
    let (now, _) = read_all(link, &before.device, otp, Stage::Recheck).await?;
    match changed(otp, &before.memory, &now) {
        Some(trouble) => Err(trouble),
        None => map(&before.device, otp),
    }
}

/// The range in whole words, where any bit can be cleared at any time; the ROM may program by words.
fn widened(otp: &Otp, range: &Range<u32>) -> Range<u32> {
    match otp.unit {
        1 => range.start & !3..range.end.next_multiple_of(4).min(otp.memory.size),
        _ => range.clone(),
    }
}

fn bytes(range: &Range<u32>, byte: impl Fn(usize) -> Option<u8>) -> Vec<u8> {
    range.clone().map(|offset| usize::try_from(offset).ok().and_then(&byte).unwrap_or(0xFF)).collect()
}

/// The first thing that is not there, by the read-back.
fn missing(target: &Target, found: &ReadBack, is_lock: bool) -> Option<Trouble> {
    let Target { otp, contents, .. } = target;
    if is_lock {
        let locks = found.locks.as_ref()?;
        let open = contents.locks.iter().find_map(|block| {
            let byte = *locks.get(usize::try_from(*block).ok()?)?;
            (byte != 0x00).then_some((*block, byte))
        })?;
        return Some(Trouble::Burnt { at: otp.lock_byte(open.0)?, wanted: 0x00, found: open.1 });
    }
    let each = contents.data.iter().zip(&contents.mask).zip(&found.data).enumerate();
    let (offset, ((wanted, mask), found)) =
        each.into_iter().find(|(_, ((wanted, mask), found))| (*wanted ^ *found) & *mask != 0)?;
    let at = otp.address(u32::try_from(offset).ok()?);
    Some(Trouble::Burnt { at, wanted: wanted & mask | found & !mask, found: *found })
}
