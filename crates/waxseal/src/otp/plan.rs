//! `waxseal otp plan`: what is left to do on a board, out of what was read back from it.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::otp::plan::{owner, text, to_json};
use clap::Args;
use manifest::plan::otp::Otp;
use provision::{Contents, LockState, ReadBack, Verdict, plan};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::otp::ledger::{BatchArgs, Context};
use crate::otp::records::RecordArgs;
use crate::otp::{otp_of, stage};
use crate::report::Report;

/// Show what is left to do on a board: field by field what is there already, what is to be programmed, and what cannot be.
///
/// Nothing is written to the board. Exit code 1 if something is impossible or locked, or if a lock is not as it should be.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal otp plan r3.toml --records boards.csv --stage identity --board WX2511000101 --readback board.bin"
)]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    records: RecordArgs,
    /// The stage. Without it, the only one there is.
    #[arg(long)]
    stage: Option<String>,
    /// The board.
    #[arg(long, value_name = "NAME")]
    board: String,
    /// What was read back from the board: the memory from its first byte on, better with the lock bytes behind it.
    #[arg(long, value_name = "DUMP")]
    readback: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    batch: BatchArgs,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read, records that are wrong, a board that they do not have.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|whole| {
            let otp = otp_of(&manifest, whole)?;
            let stage = stage(otp, self.stage.as_deref())?;
            let mut batch = self.batch.open()?;
            let boards = match &mut batch {
                Some(batch) => {
                    let context = Context { records: &self.records, manifest: &manifest, plan: whole, otp };
                    batch.boards(&context)?
                }
                None => self.records.boards(&manifest, whole, otp)?,
            };
            let board = boards.iter().find(|board| board.name == self.board).ok_or_else(|| {
                Failure::new(Exit::Refused, format!("{} has no board {}", self.records.name(), self.board))
            })?;
            let found = read_back(otp, &self.readback)?;
            let contents = Contents::new(otp, board, &stage.name);
            if let Some(batch) = &mut batch {
                batch.compare(&board.name, &stage.name, &contents)?;
            }
            let planned = plan(otp, &stage.name, &contents, &found);
            let owner = (planned.verdict() >= Verdict::Locked).then(|| owner(otp, stage, &boards, &found)).flatten();
            let is_wrong = |state| matches!(state, LockState::Damaged(_));
            let stopped = planned.verdict() >= Verdict::Locked || planned.locks.iter().any(|lock| is_wrong(lock.state));
            let mut text = text(otp, stage, board, &planned, owner);
            let mut result = to_json(otp, board, &planned, owner);
            if let Some(batch) = &mut batch
                && let Some(known) = batch.owner(otp, &found)?
            {
                let (row, name, state) = (known.event, &known.name, known.state);
                let _ = writeln!(text, "This is the board of ledger row {row}, {name}: {state}.");
                if known.name != self.board {
                    let _ = writeln!(text, "To finish that one: --board {name}");
                }
                result["ledger"] = json!({ "row": row, "board": name, "state": state.name() });
            }
            let result = Some(result);
            Ok(Report { exit: if stopped { Exit::Refused } else { Exit::Done }, result, ..Report::done(text) })
        })
    }
}

/// A dump of the memory.
pub fn read_back(otp: &Otp, file: &std::path::Path) -> Result<ReadBack, Failure> {
    ::report::otp::read_back(otp, &file.display().to_string(), &files::read(file)?)
}
