//! The application of a run: confirms itself, installs what comes next.

use boot::{Flash, Reason, Refusal, Session, Start, Wanted};
use image_format::log::{Status, Strategy};
use image_format::{Code, Digest};

use crate::bench::parts;
use crate::memo::Memo;
use crate::run::{Outcome, Player, Scenario, Step, id};

/// An image that an application installs.
pub(crate) struct Update<'b> {
    pub id: Digest,
    image: boot::Image<'b>,
    payload: &'b [u8],
}

impl<'b> Update<'b> {
    pub fn new(sealed: &'b [u8]) -> Option<Self> {
        let (image, payload) = parts(sealed)?;
        Some(Update { id: id(sealed)?, image, payload })
    }

    /// Stages it for the slot that does not run, and asks for it.
    pub fn stage<F: Flash>(
        &self,
        session: &mut Session<'_, F, Memo>,
        running: usize,
        lowest: u32,
    ) -> Result<(), Refusal> {
        let Update { image, payload, .. } = *self;
        let mut stage = session.stage(running, image, lowest)?;
        while let Wanted::Chunk(number) = stage.wanted() {
            let size = image.chunks.size() as usize;
            let from = number as usize * size;
            stage.put(&payload[from..payload.len().min(from + size)])?;
        }
        stage.request(lowest)
    }
}

impl Player<'_> {
    /// What the image does that runs; whether it confirmed itself.
    pub(crate) fn runs<F: Flash>(
        &self,
        session: &mut Session<'_, F, Memo>,
        runs: Outcome,
        start: &Start,
        lowest: u32,
        was_quiet: bool,
        (is_confirmed, is_withdrawn): (bool, &mut bool),
    ) -> Result<(Step, bool), Refusal> {
        let step = match (runs, self.scenario, &self.newer) {
            (Outcome::New, Scenario::Revert, _) => {
                let stays = self.bench.strategy() == Strategy::Overwrite && was_quiet;
                return Ok((if stays { Step::Rest(Outcome::New) } else { Step::Again }, false));
            }
            (Outcome::Old, Scenario::Refused | Scenario::Replace, Some(newer)) => {
                session.confirm(start.slot())?;
                *is_withdrawn |= self.was_asked_for(session, start);
                if !*is_withdrawn {
                    let step = self.install(session, start, &self.new, lowest, was_quiet)?;
                    *is_withdrawn = self.was_asked_for(session, start);
                    if !*is_withdrawn || self.scenario == Scenario::Refused {
                        return Ok((step, true));
                    }
                }
                self.install(session, start, newer, lowest, was_quiet)?
            }
            (Outcome::Old, ..) => {
                session.confirm(start.slot())?;
                self.install(session, start, &self.new, lowest, was_quiet)?
            }
            (Outcome::New, Scenario::Second, Some(newer)) => {
                // At the next start, so that a power cut in the update finds the confirmation noted.
                session.confirm(start.slot())?;
                if is_confirmed { self.install(session, start, newer, lowest, was_quiet)? } else { Step::Again }
            }
            (Outcome::New | Outcome::Newer, ..) => {
                session.confirm(start.slot())?;
                self.confirm_companions(session, runs, runs)?;
                if was_quiet && !start.on_trial() { Step::Rest(runs) } else { Step::Again }
            }
        };
        Ok((step, true))
    }

    /// Whether the new image was ready to be installed or tried.
    fn was_asked_for<F: Flash>(&self, session: &mut Session<'_, F, Memo>, start: &Start) -> bool {
        let state = session.status(self.target(start));
        matches!(state.status, Status::Trial | Status::Rejected) && self.new.id.starts_with(&state.image)
    }

    /// The slot whose log an update has.
    fn target(&self, start: &Start) -> usize {
        match self.bench.strategy() {
            Strategy::DirectXip | Strategy::BankSwap => {
                let count = self.bench.group().slots().len();
                (0..count).find(|slot| *slot != start.slot()).unwrap_or_default()
            }
            _ => start.slot(),
        }
    }

    /// Installs an image, unless that was rejected.
    fn install<F: Flash>(
        &self,
        session: &mut Session<'_, F, Memo>,
        start: &Start,
        update: &Update<'_>,
        lowest: u32,
        was_quiet: bool,
    ) -> Result<Step, Refusal> {
        let rest = match self.which(start.image().id()) {
            Some(runs) if was_quiet => Step::Rest(runs),
            _ => Step::Again,
        };
        let state = session.status(self.target(start));
        if update.id.starts_with(&state.image) {
            match state.status {
                Status::Rejected => return Ok(rest),
                // Asked for and not tried yet; a boot loader that finds it bad refuses it each time.
                Status::Trial => return Ok(Step::Again),
                _ => {}
            }
        }
        // Its companions first: its own READY is what commits them all. Those that were not there at this start are not among the ones that
        // this session knows of.
        if !self.bring_companions(session, start, update)? {
            return Ok(Step::Again);
        }
        match update.stage(session, start.slot(), lowest) {
            Ok(()) => Ok(Step::Again),
            Err(Refusal::Reason(Reason::ClearFirst)) => {
                session.clear(start.slot())?;
                Ok(Step::Again)
            }
            Err(Refusal::Image(error)) if error.code == Code::CounterTooLow && self.scenario == Scenario::Downgrade => {
                Ok(rest)
            }
            Err(refusal) => Err(refusal),
        }
    }

    /// Confirms the companions of the image that runs. Whether those of another one are all there too.
    fn confirm_companions<F: Flash>(
        &self,
        session: &mut Session<'_, F, Memo>,
        runs: Outcome,
        comes: Outcome,
    ) -> Result<bool, Refusal> {
        let mut are_there = true;
        for companion in self.bench.companions() {
            are_there &= companion.confirm(session.flash(), &self.memo, runs, comes)?;
        }
        Ok(are_there)
    }

    /// Installs the companions of an update. Whether they are all there.
    fn bring_companions<F: Flash>(
        &self,
        session: &mut Session<'_, F, Memo>,
        start: &Start,
        update: &Update<'_>,
    ) -> Result<bool, Refusal> {
        let runs = self.which(start.image().id()).ok_or(Reason::Companion)?;
        let comes = if update.id == self.new.id { Outcome::New } else { Outcome::Newer };
        if self.confirm_companions(session, runs, comes)? {
            return Ok(true);
        }
        session.abandon_others(start.slot())?;
        for companion in self.bench.companions() {
            if !companion.confirm(session.flash(), &self.memo, runs, comes)? {
                companion.install(session.flash(), &self.memo, runs, comes)?;
            }
        }
        Ok(false)
    }
}
