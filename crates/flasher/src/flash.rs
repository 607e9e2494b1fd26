//! Flashing: erase, program, read back, compare; and at any end, what state the board is in.

use std::rc::Rc;

use dfuse::{Journal, Step, Task};

use crate::connected::{Connected, recheck};
use crate::effect::Stage;
use crate::flash_plan::{FlashPlan, PlanError};
use crate::procedure::{Link, Procedure};
use crate::slot_plan::{Piece, SlotPlan};
use crate::state::{BoardState, board_state};
use crate::trouble::{Stopped, Trouble};

/// What came of flashing a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flashed {
    /// The state that the board is in now.
    pub state: BoardState,
    /// Why it ended early; `None`: everything is written, and read back as it should be.
    pub trouble: Option<Trouble>,
}

impl FlashPlan {
    /// Reads what the plan would write, for [`FlashPlan::resumed`]. Changes nothing.
    pub fn read(&self) -> Procedure<Result<Vec<Piece>, Trouble>> {
        let (device, ranges) = (self.device.clone(), self.to_compare());
        Procedure::new(|link| async move {
            recheck(&link, &device).await?;
            let mut read = Vec::new();
            for range in ranges {
                let setting = device.flash_at(&range).ok_or_else(|| elsewhere(&range))?;
                let bytes = link.read(&setting, range.clone(), Stage::Read).await?;
                read.push(Piece { address: range.start, bytes });
            }
            Ok(read)
        })
    }

    /// Looks at what would keep the board from being written: whether it is still the one that was compared, and whether its security
    /// counter refuses an image. [`FlashPlan::flash`] looks again. Changes nothing.
    pub fn check(&self) -> Procedure<Result<(), Trouble>> {
        let plan = self.clone();
        Procedure::new(|link| async move { check(&link, &plan).await })
    }

    /// Carries the plan out. Slot by slot: all of its sectors are erased, what starts the image first; its bytes are programmed,
    /// what starts the image last; everything is read back and compared.
    ///
    /// `boot_loader`: where a boot loader is written, which nobody signed, its SHA-256 or the first digits of it, so that somebody has
    /// said which one is meant.
    ///
    /// # Errors
    /// [`PlanError::NotNamed`], [`PlanError::OtherLoader`].
    pub fn flash(self, boot_loader: &str) -> Result<Procedure<Flashed>, PlanError> {
        self.check_loader(boot_loader)?;
        Ok(Procedure::new(|link| async move {
            let mut journals = Vec::new();
            let result = run(&link, &self, &mut journals).await;
            let trouble = result.err();
            let state = board_state(&self, &journals, trouble.as_ref());
            Flashed { state, trouble }
        }))
    }

    /// Starts what is on the board, which ends DFU: the boot loader, or without one the first slot that was written.
    pub fn leave(&self) -> Procedure<Result<(), Trouble>> {
        let (device, address) = (self.device.clone(), self.start);
        Procedure::new(move |link| async move {
            let setting =
                device.flash_at(&(address..address.saturating_add(8))).ok_or_else(|| elsewhere(&(address..address)))?;
            let done = link.task(&setting, Task::Leave { address }, [Stage::Program; 2]).await;
            done.map(drop).map_err(|stopped| stopped.trouble)
        })
    }
}

/// What was done in a slot: all that was planned, or a journal of what was.
pub(crate) enum Done {
    /// All of it, and it reads right.
    All,
    /// As far as the journal says.
    Part(Journal),
}

async fn check(link: &Link, plan: &FlashPlan) -> Result<(), Trouble> {
    recheck(link, &plan.device).await?;
    for counter in &plan.counters {
        counter.check(link, &plan.device).await?;
    }
    Ok(())
}

async fn run(link: &Rc<Link>, plan: &FlashPlan, journals: &mut Vec<Done>) -> Result<(), Trouble> {
    check(link, plan).await?;
    for slot in &plan.slots {
        match one(link, &plan.device, slot).await {
            Ok(()) => journals.push(Done::All),
            Err(Stopped { trouble, journal }) => {
                journals.push(Done::Part(journal));
                return Err(trouble);
            }
        }
    }
    Ok(())
}

async fn one(link: &Link, device: &Connected, slot: &SlotPlan) -> Result<(), Stopped> {
    // One alternate setting can serve all of it, or the device is not what it was.
    let erase = slot.erase.iter().map(|sector| Step::Erase { address: sector.address });
    let program = slot.program.iter().map(|piece| Step::Program { address: piece.address, bytes: piece.bytes.clone() });
    let steps = erase.chain(program).collect();
    let first = slot.erase.first().map_or(slot.start.clone(), |sector| sector.range());
    let setting = device.flash_at(&first).ok_or_else(|| Stopped::from(elsewhere(&first)))?;
    link.task(&setting, Task::Write { steps }, [Stage::Program, Stage::ReadBack]).await.map(drop)
}

fn elsewhere(range: &std::ops::Range<u32>) -> Trouble {
    Trouble::Task(dfuse::TaskError::NotAllowed {
        map: "the device's memory".to_owned(),
        what: "programmed",
        address: range.start,
    })
}
