//! What is to be burnt into a board's one-time-programmable memory, against what was read from it.

use std::ops::Range;

use image_format::otp::{OtpBlob, OtpBody};
use image_format::{Header, Kind, Memory};
use manifest::Plan;
use manifest::plan::otp::{Field, Otp, Source};
use provision::{Board, Contents, LockState, OtpPlan, ReadBack, Value, Verdict, plan};
use report::Report;
use report::exit::{Exit, Failure};
use report::verify::{Question, Stopped};
use thiserror::Error;

use crate::connected::Connected;
use crate::effect::Stage;
use crate::fit::{Fit, Purpose};
use crate::otp_memory::read_all;
use crate::procedure::Procedure;
use crate::trouble::Trouble;
use crate::verdict::board_plan;

/// What one board is to hold after one stage.
#[derive(Clone)]
pub struct Target {
    pub(crate) otp: Otp,
    /// The board's name, as the records or the blob have it.
    pub board: String,
    /// The stage of the line.
    pub stage: String,
    pub(crate) contents: Contents,
    values: Board,
    /// Whether a field of the stage is a secret: nothing that could give it away goes into a record.
    pub(crate) has_secrets: bool,
    /// The id of the sealed blob that it came from.
    pub(crate) blob: Option<[u8; 32]>,
}

/// Why there is nothing to burn.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// The manifest describes no one-time-programmable memory.
    #[error("the manifest describes no one-time-programmable memory")]
    NoOtp,
    /// There is no such stage.
    #[error("there is no stage `{0}`")]
    Stage(String),
}

impl Target {
    /// Out of a board's records.
    ///
    /// # Errors
    /// No such memory, no such stage.
    pub fn of_board(plan: &Plan, board: &Board, stage: &str) -> Result<Self, TargetError> {
        let otp = plan.otp.as_ref().ok_or(TargetError::NoOtp)?;
        otp.stage(stage).ok_or_else(|| TargetError::Stage(stage.to_owned()))?;
        let is_secret = |name: &str| board.value(name).is_some_and(|value| value.is_secret);
        Ok(Self {
            board: board.name.clone(),
            stage: stage.to_owned(),
            contents: Contents::new(otp, board, stage),
            has_secrets: otp.of_stage(stage).any(|field| is_secret(&field.name)),
            values: board.clone(),
            blob: None,
            otp: otp.clone(),
        })
    }

    /// Out of a sealed blob, judged as `waxseal verify` does; and what it said. The authority must be a manifest: it has the fields.
    ///
    /// # Errors
    /// What was refused, or why nothing can be judged. Device and layout cannot be waived: what is not for this device is not burnt
    /// into it.
    pub fn of_blob(question: &Question<'_>, file: &[u8]) -> Result<(Self, Report), Stopped> {
        let plan = board_plan(question, "burnt")?;
        let refused = |title: String| Failure::new(Exit::Refused, title);
        let otp = plan.otp.as_ref().ok_or_else(|| refused(TargetError::NoOtp.to_string()))?;
        if !file.starts_with(&Kind::OtpBlob.magic()) {
            return Err(refused(format!("{} is no OTP blob", question.name)).into());
        }
        let report = question.judge(file.to_vec())?;
        if report.exit != Exit::Done {
            return Err(Stopped::Refused(Box::new(report)));
        }
        let target = Self::of_accepted(otp, file);
        Ok((target.ok_or_else(|| refused(format!("{} has the data of no stage", question.name)))?, report))
    }

    /// Out of a blob that was judged to be for this memory.
    fn of_accepted(otp: &Otp, file: &[u8]) -> Option<Self> {
        let header = Header::<OtpBody>::read(&mut Memory::file(file)).ok()?;
        let header = header.unauthenticated();
        let index = |offset: u32| usize::try_from(offset).ok();
        let payload = file.get(index(header.payload_start())?..index(header.auxiliary_start())?)?;
        let blob = OtpBlob::parse(header, payload).ok()?;
        let place = index(header.body.data_address.get().checked_sub(otp.memory.base)?)?;
        let mut contents = Contents::empty(otp);
        contents.data.iter_mut().skip(place).zip(blob.data.iter().zip(blob.mask)).for_each(|(to, (data, mask))| {
            *to = data | !mask;
        });
        contents.mask.iter_mut().skip(place).zip(blob.mask).for_each(|(to, mask)| *to = *mask);
        let is_stage = |stage: &&str| Contents::mask(otp, stage) == contents.mask;
        let stage = otp.stages.iter().map(|stage| stage.name.value.as_str()).find(is_stage)?;
        contents.complete(otp, stage);
        let board: Vec<u8> = header.body.board.iter().copied().take_while(|byte| *byte != 0).collect();
        let board = String::from_utf8_lossy(&board).into_owned();
        Some(Self {
            values: values(otp, &board, stage, &contents),
            board,
            stage: stage.to_owned(),
            contents,
            has_secrets: otp.of_stage(stage).any(is_secret),
            blob: Some(header.id(&mut image_format::SoftwareCrypto)),
            otp: otp.clone(),
        })
    }

    /// The values of its fields; of a blob those of its stage.
    pub fn values(&self) -> &Board {
        &self.values
    }

    /// The memory and its fields.
    pub fn otp(&self) -> &Otp {
        &self.otp
    }
}

/// A blob does not say which field is a secret: the manifest does.
fn is_secret(field: &Field) -> bool {
    matches!(field.source, Source::Secret(_))
}

/// The values of a stage's fields, out of what a blob has.
fn values(otp: &Otp, board: &str, stage: &str, contents: &Contents) -> Board {
    let value = |field: &Field| {
        let start = usize::try_from(field.at.value).unwrap_or(usize::MAX);
        let size = usize::try_from(field.value_size()).unwrap_or(0);
        let bytes: Vec<u8> = contents.data.iter().skip(start).take(size).copied().collect();
        Value { field: field.name.value.clone(), bytes: bytes.into(), is_secret: is_secret(field) }
    };
    Board { name: board.to_owned(), line: 0, values: otp.of_stage(stage).map(value).collect() }
}

/// What was read of a board's one-time-programmable memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpRead {
    pub(crate) device: Connected,
    pub(crate) memory: ReadBack,
    /// What is to be known of the reading.
    pub notes: Vec<String>,
}

impl OtpRead {
    /// Data, and lock bytes where the device let them be read.
    pub fn memory(&self) -> &ReadBack {
        &self.memory
    }
}

/// Reads all of a board's one-time-programmable memory. Changes nothing. `None`: the device was not compared for it.
pub fn read_otp(plan: &Plan, fit: &Fit) -> Option<Procedure<Result<OtpRead, Trouble>>> {
    let otp = plan.otp.clone().filter(|_| fit.purpose == Purpose::Otp)?;
    let device = fit.device.clone();
    Some(Procedure::new(|link| async move {
        crate::connected::recheck(&link, &device).await?;
        let (memory, notes) = read_all(&link, &device, &otp, Stage::Read).await?;
        Ok(OtpRead { device, memory, notes })
    }))
}

/// What is to be burnt: a target against a reading. Byte by byte it says what is there, what will be burnt, and what cannot be.
#[derive(Clone)]
pub struct BurnPlan {
    pub(crate) target: Target,
    pub(crate) read: OtpRead,
    plan: OtpPlan,
}

/// A plan that somebody confirmed by typing the board's name. Only [`BurnPlan::confirm`] makes one.
#[derive(Clone)]
pub struct ConfirmedBurn(pub(crate) BurnPlan);

/// Why a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotConfirmed {
    /// Another name than the board's was typed.
    #[error("`{typed}` was typed, and this is for board {board}")]
    Name {
        /// What was typed.
        typed: String,
        /// The board's name.
        board: String,
    },
    /// Something is impossible or locked.
    #[error("board {board}: {what}; nothing is burnt, leave it as it is")]
    Impossible {
        /// The board's name.
        board: String,
        /// How many fields, and why.
        what: String,
    },
    /// There is nothing to do.
    #[error("board {0}: nothing is to be done")]
    Nothing(String),
    /// The data is not there, or the locks cannot be read.
    #[error("board {board}: {why}")]
    NotReady {
        /// The board's name.
        board: String,
        /// What is missing.
        why: String,
    },
}

impl BurnPlan {
    /// What is left to burn for this target on the board that was read.
    pub fn new(target: Target, read: OtpRead) -> Self {
        let plan = plan(&target.otp, &target.stage, &target.contents, &read.memory);
        Self { target, read, plan }
    }

    /// Field by field and lock by lock.
    pub fn plan(&self) -> &OtpPlan {
        &self.plan
    }

    /// What it is made for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The addresses to be burnt.
    pub fn ranges(&self) -> Vec<Range<u32>> {
        let otp = &self.target.otp;
        self.plan.program.iter().map(|range| otp.address(range.start)..otp.address(range.end)).collect()
    }

    /// The plan, confirmed by somebody who typed the board's name as it stands on the board.
    ///
    /// # Errors
    /// Another name; nothing to burn; something that is impossible or locked.
    pub fn confirm(self, typed: &str) -> Result<ConfirmedBurn, NotConfirmed> {
        self.typed(typed)?;
        let count = |verdict| self.plan.fields.iter().filter(|field| field.verdict == verdict).count();
        let board = || self.target.board.clone();
        match self.plan.verdict() {
            Verdict::Same => Err(NotConfirmed::Nothing(board())),
            Verdict::Program => Ok(ConfirmedBurn(self)),
            Verdict::Locked | Verdict::Impossible => {
                let what =
                    format!("{} fields are impossible, {} locked", count(Verdict::Impossible), count(Verdict::Locked));
                Err(NotConfirmed::Impossible { board: board(), what })
            }
        }
    }

    /// The locks that are next, if everything was read to be there: the only way to a [`LockPlan`].
    ///
    /// # Errors
    /// Data that is not there yet, locks that cannot be read, nothing to lock.
    pub fn locks(&self) -> Result<LockPlan, NotConfirmed> {
        let board = || self.target.board.clone();
        let not_ready = |why: &str| NotConfirmed::NotReady { board: board(), why: why.to_owned() };
        let Some(bytes) = self.target.contents.lock_bytes(&self.target.otp) else {
            return Err(NotConfirmed::Nothing(board()));
        };
        let states = || self.plan.locks.iter().map(|lock| lock.state);
        if states().all(|state| state == LockState::Locked) {
            return Err(NotConfirmed::Nothing(board()));
        }
        if self.plan.verdict() != Verdict::Same {
            return Err(not_ready("its data is not all there; it is read back before anything is locked"));
        }
        for state in states() {
            match state {
                LockState::Locked | LockState::Ready => {}
                LockState::HeldBack => return Err(not_ready("a block still lacks what another stage burns")),
                LockState::Unknown => {
                    return Err(not_ready("its lock bytes cannot be read over USB: lock it with a debugger"));
                }
                LockState::Damaged(byte) => {
                    return Err(not_ready(&format!("a lock byte is {byte:#04X}, neither open nor locked")));
                }
            }
        }
        let blocks =
            self.plan.locks.iter().filter(|lock| lock.state == LockState::Ready).map(|lock| lock.block).collect();
        Ok(LockPlan { target: self.target.clone(), read: self.read.clone(), blocks, bytes })
    }

    fn typed(&self, typed: &str) -> Result<(), NotConfirmed> {
        check_name(&self.target.board, typed)
    }
}

fn check_name(board: &str, typed: &str) -> Result<(), NotConfirmed> {
    if typed.trim() == board {
        return Ok(());
    }
    Err(NotConfirmed::Name { typed: typed.to_owned(), board: board.to_owned() })
}

/// Blocks to lock for ever, on a board whose data was read back as it should be.
#[derive(Clone)]
pub struct LockPlan {
    pub(crate) target: Target,
    pub(crate) read: OtpRead,
    /// The blocks that are locked now.
    pub blocks: Vec<u32>,
    /// The whole lock block: 0x00 for these and 0xFF, which changes nothing, for all others.
    pub(crate) bytes: Vec<u8>,
}

/// A plan to lock that somebody confirmed, a second time, by typing the board's name. Only [`LockPlan::confirm`] makes one.
#[derive(Clone)]
pub struct ConfirmedLock(pub(crate) LockPlan);

impl LockPlan {
    /// The plan, confirmed by somebody who typed the board's name.
    ///
    /// # Errors
    /// Another name.
    pub fn confirm(self, typed: &str) -> Result<ConfirmedLock, NotConfirmed> {
        check_name(&self.target.board, typed)?;
        Ok(ConfirmedLock(self))
    }

    /// What it is made for.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The contents may be secret.
        f.debug_struct("Target").field("board", &self.board).field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for BurnPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BurnPlan").field("target", &self.target).finish_non_exhaustive()
    }
}
