//! What else an application asks for: its state, to be confirmed, and the other slot to be erased.

use image_format::Crypto;
use image_format::log::{Entry, EntryKind, MAX_SLOTS, SlotLog, Status, Strategy, next_generation};

use crate::exchange::Condition;
use crate::session::about;
use crate::{Flash, Reason, Session};

/// What the log of a slot says, for the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What it says of the image.
    pub status: Status,
    /// The first four bytes of the id of the image that it is about; zero if it is about none.
    pub image: [u8; 4],
    /// Generation of the update.
    pub generation: u32,
    /// Starts that nobody confirmed.
    pub tries: u32,
}

impl<F: Flash, C: Crypto> Session<'_, F, C> {
    /// What the log of a slot says: with overwrite the one log there is, of the slot that runs.
    pub fn status(&mut self, slot: usize) -> State {
        let SlotLog { status, image, generation, tries, .. } = self.scan(slot);
        State { status, image, generation, tries }
    }

    pub(crate) fn logs(&mut self) -> [SlotLog; MAX_SLOTS] {
        let mut logs = [SlotLog::BLANK; MAX_SLOTS];
        for slot in self.map.run_slots() {
            let log = self.scan(slot);
            if let Some(place) = logs.get_mut(slot) {
                *place = log;
            }
        }
        logs
    }

    /// Says that the running image works. From then on the boot loader does not go back to the other. Doing it again does nothing, so it
    /// may be called after each start. With overwrite it says
    /// something of an image that was installed by an update only, and nothing while another update is being staged.
    ///
    /// # Errors
    /// [`Reason::NoUpdate`] for a slot without a log, [`Reason::LogFull`], [`Reason::Write`], [`Reason::Memory`], [`Reason::Generation`].
    pub fn confirm(&mut self, running: usize) -> Result<(), Reason> {
        let log = self.scan(running);
        let id = self.id_in(running).ok_or(Reason::Memory)?;
        let is_blank = log.status == Status::Blank;
        // An OKAY behind a CLEAR takes it back: somebody else has asked for this slot to be erased.
        if log.status == Status::Confirmed && log.names(&id) && !log.clear {
            return Ok(());
        }
        let entry = if self.map.staging().is_some() && !log.names(&id) {
            // The log is about an update that is being staged, or was erased for one, perhaps half way: it is not this image's.
            return Ok(());
        } else if log.names(&id) || is_blank {
            Entry::new(EntryKind::Okay, log.generation, &id)
        } else {
            // Somebody programmed the slot without its log.
            Entry::new(EntryKind::Okay, next_generation(&self.logs()).ok_or(Reason::Generation)?, &id)
        };
        self.append_twice(running, &entry)
    }

    /// Gives up the images that wait to be installed or tried, and pins the confirmation of the one that runs: from then on nothing else starts
    /// while this one verifies. [`Session::stage`] does it before it erases anything of this group. Whoever erases what a waiting image of
    /// this group needs, a companion of it, calls it before: a power cut in that erase may leave a companion that verifies once and fades later.
    ///
    /// # Errors
    /// [`Reason::NotConfirmed`]: there is nothing to stay with. [`Reason::NoUpdate`] for a group that is never updated, [`Reason::LogFull`],
    /// [`Reason::Write`].
    pub fn abandon_others(&mut self, running: usize) -> Result<(), Reason> {
        let logs = self.logs();
        let log = |slot: usize| logs.get(slot).copied().unwrap_or(SlotLog::BLANK);
        let waits = |log: &SlotLog| log.ready && log.okays == 0;
        match self.map.strategy {
            Strategy::Fixed => return Err(Reason::NoUpdate),
            Strategy::DirectXip | Strategy::BankSwap => {
                let own = log(running);
                let runs = self.id_in(running).ok_or(Reason::NotConfirmed)?;
                if own.status != Status::Confirmed || !own.names(&runs) {
                    return Err(Reason::NotConfirmed);
                }
                self.pin_okay(running, &own)?;
                for slot in self.map.run_slots().filter(|slot| *slot != running) {
                    if waits(&log(slot)) {
                        self.pin_drop(slot, &log(slot))?;
                    }
                    self.spend_ready(slot, &log(slot))?;
                }
            }
            // One log, about what was staged last: it may be what runs by now.
            Strategy::Overwrite | Strategy::OverwriteWithBackup => {
                let slot = self.map.run_slots().next().ok_or(Reason::NoUpdate)?;
                let (own, backup) = (log(slot), self.map.backup());
                let runs = self.id_in(slot).is_some_and(|id| own.names(&id));
                self.spend_ready(slot, &own)?;
                if waits(&own) && !runs {
                    self.pin_drop(slot, &own)?;
                } else if waits(&own) && backup.is_some() && own.drops == 0 {
                    return Err(Reason::NotConfirmed);
                }
                // Without a backup there is nothing to go back to, and the log may be half erased: it is what an update erases after the backup.
                if let Some(backup) = backup
                    && own.status == Status::Confirmed
                    && !self.is_blank(backup)
                {
                    self.pin_okay(slot, &own)?;
                }
            }
        }
        Ok(())
    }

    /// Asks the boot loader to erase the other bank's slot for an update, at the next boot: where banks are exchanged, only it
    /// erases. What waits there is given up. Doing it again does nothing, and neither does it where the slot is empty.
    ///
    /// # Errors
    /// [`Reason::NoUpdate`] without banks that are exchanged, [`Reason::NotConfirmed`], [`Reason::LogFull`] for the running image's log,
    /// [`Reason::Write`].
    pub fn clear(&mut self, running: usize) -> Result<(), Reason> {
        let other = self.other_bank(running).ok_or(Reason::NoUpdate)?;
        // What waits in the slot would start at the next boot instead, or be half erased.
        self.abandon_others(running)?;
        // Where the boot loader erases of itself, the log may be half erased: nothing is written to that.
        if self.condition(other) != Condition::Used {
            return Ok(());
        }
        let log = self.scan(other);
        match self.append(other, &about(&log, EntryKind::Clear)) {
            // The boot loader erases a slot whose log has no room to ask.
            Err(Reason::LogFull) => Ok(()),
            result => result,
        }
    }
}
