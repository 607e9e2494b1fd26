//! Which image to look at first. Whether it boots is decided by verifying it, each time.

use super::scan::{SlotLog, Status};

/// Most slots that one choice is between.
pub const MAX_SLOTS: usize = 8;

/// Why a slot is a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Newer than everything confirmed, and not tried out yet: a TRY is written before it starts.
    Trial,
    /// Confirmed.
    Confirmed,
    /// Nothing better verified. Better than a brick.
    LastResort,
}

/// A slot to verify and start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Number of the slot, as the logs were given.
    pub slot: usize,
    /// Why.
    pub reason: Reason,
}

/// Slots in the order in which to verify them; the first that verifies boots.
#[derive(Clone, Copy, Debug)]
pub struct Candidates {
    order: [Option<Candidate>; MAX_SLOTS],
}

impl Candidates {
    /// The candidates, best first.
    pub fn iter(&self) -> impl Iterator<Item = Candidate> + '_ {
        self.order.iter().flatten().copied()
    }
}

/// Orders the slots: trials newer than everything confirmed, the newest first; then the confirmed ones by generation; then the
/// others by generation, those that were rejected last, since an image that verifies is better than none. Equal ones keep the order of the logs. At most
/// [`MAX_SLOTS`] logs are looked at.
#[must_use]
pub fn choose(logs: &[SlotLog]) -> Candidates {
    let confirmed = logs.iter().filter(|log| log.status == Status::Confirmed).map(|log| log.generation).max();
    let reason = |log: &SlotLog| match log.status {
        Status::Trial if confirmed.is_none_or(|newest| log.generation > newest) => Reason::Trial,
        Status::Confirmed => Reason::Confirmed,
        _ => Reason::LastResort,
    };
    let mut order = [None; MAX_SLOTS];
    let mut taken = [false; MAX_SLOTS];
    for place in &mut order {
        let mut best: Option<(Candidate, &SlotLog)> = None;
        for ((slot, log), _) in logs.iter().enumerate().zip(&taken).filter(|(_, taken)| !**taken) {
            let reason = reason(log);
            let better = best.is_none_or(|(candidate, other)| {
                (rank(reason, log), log.generation) > (rank(candidate.reason, other), other.generation)
            });
            if better {
                best = Some((Candidate { slot, reason }, log));
            }
        }
        let Some((candidate, _)) = best else { break };
        if let Some(taken) = taken.get_mut(candidate.slot) {
            *taken = true;
        }
        *place = Some(candidate);
    }
    Candidates { order }
}

const fn rank(reason: Reason, log: &SlotLog) -> u8 {
    match (reason, log.status) {
        (Reason::Trial, _) => 3,
        (Reason::Confirmed, _) => 2,
        (Reason::LastResort, Status::Rejected) => 0,
        (Reason::LastResort, _) => 1,
    }
}
