//! `waxseal otp plan`: what is left to do on a board, out of what was read back from it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use geometry::address;
use manifest::plan::otp::{Otp, Stage};
use provision::{Board, ByteStep, Contents, FieldStep, LockState, OtpPlan, ReadBack, Verdict, plan};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::otp::ledger::{BatchArgs, Context};
use crate::otp::records::RecordArgs;
use crate::otp::{otp_of, stage};
use crate::report::Report;

/// Bytes that a row names.
const SHOWN: usize = 3;

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
                    batch.boards(&context, None)?.0
                }
                None => self.records.boards(&manifest, whole, otp)?,
            };
            let board = boards.iter().find(|board| board.name == self.board).ok_or_else(|| {
                Failure::new(Exit::Refused, format!("{} has no board {}", self.records.name(), self.board))
            })?;
            let found = read_back(otp, &self.readback)?;
            let contents = Contents::new(otp, board, &stage.name);
            let planned = plan(otp, &stage.name, &contents, &found);
            let owner = (planned.verdict() >= Verdict::Locked).then(|| owner(otp, stage, &boards, &found)).flatten();
            let is_wrong = |state| matches!(state, LockState::Damaged(_));
            let stopped = planned.verdict() >= Verdict::Locked || planned.locks.iter().any(|lock| is_wrong(lock.state));
            let mut text = text(otp, stage, board, &planned, owner);
            let mut result = to_json(otp, &planned, owner);
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
    let dump = files::read(file)?;
    ReadBack::parse(otp, &dump).map_err(|error| {
        let failure = Failure::new(Exit::Refused, format!("{}: {error}", file.display()));
        failure.help(format!("read it from {} on", address(otp.memory.base)))
    })
}

/// The board whose content this is, if it is another one's.
fn owner<'a>(otp: &Otp, stage: &Stage, boards: &'a [Board], found: &ReadBack) -> Option<&'a Board> {
    let has_all = |board: &&Board| {
        let contents = Contents::new(otp, board, &stage.name);
        plan(otp, &stage.name, &contents, found).verdict() == Verdict::Same
    };
    boards.iter().find(has_all)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "there already",
        Verdict::Program => "to be programmed",
        Verdict::Locked => "locked",
        Verdict::Impossible => "impossible",
    }
}

fn text(otp: &Otp, stage: &Stage, board: &Board, planned: &OtpPlan, owner: Option<&Board>) -> String {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for step in &planned.fields {
        let Some(field) = otp.field(&step.field) else { continue };
        let value = board.value(&step.field).map_or(String::new(), |value| value.show(field));
        let is_secret = board.value(&step.field).is_some_and(|value| value.is_secret);
        rows.push([step.field.clone(), value, word(step.verdict).to_owned(), detail(otp, step, is_secret)]);
    }
    for lock in &planned.locks {
        let state = match lock.state {
            LockState::Locked => "locked already".to_owned(),
            LockState::Ready => "its data is there: it can be locked, for ever".to_owned(),
            LockState::HeldBack => "held back until its data is read back".to_owned(),
            LockState::Damaged(byte) => format!("its lock byte is 0x{byte:02X}: neither open nor locked"),
            LockState::Unknown => "the read-back has no lock bytes: nobody knows".to_owned(),
        };
        rows.push([format!("lock block {}", lock.block), String::new(), state, String::new()]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (names, values) = (width(0), width(1).min(40));
    let verdicts = planned.fields.iter().map(|step| word(step.verdict).len()).max().unwrap_or(0);
    let mut text = String::new();
    for [name, value, verdict, detail] in &rows {
        let line = format!("  {name:<names$}  {value:<values$}  {verdict:<verdicts$}  {detail}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text.push_str(&summary(otp, stage, board, planned, owner));
    text
}

/// The first bytes that are not there; of a secret only where.
fn detail(otp: &Otp, step: &FieldStep, is_secret: bool) -> String {
    let wrong: Vec<&ByteStep> = step.bytes.iter().filter(|byte| byte.verdict == step.verdict).collect();
    if step.verdict <= Verdict::Program {
        return String::new();
    }
    let show = |byte: &&ByteStep| {
        let at = address(otp.address(byte.offset));
        let stuck: Vec<String> = (0..8).filter(|bit| byte.stuck() >> bit & 1 == 1).map(|bit| bit.to_string()).collect();
        match (is_secret, stuck.as_slice()) {
            (true, _) => at,
            (_, [bit]) => format!("{at}  {:02X} -> {:02X}: bit {bit} is 0 and cannot become 1", byte.old, byte.new),
            (_, []) => format!("{at}  {:02X} -> {:02X}", byte.old, byte.new),
            (_, bits) => format!(
                "{at}  {:02X} -> {:02X}: bits {} are 0 and cannot become 1",
                byte.old,
                byte.new,
                bits.join(", ")
            ),
        }
    };
    let mut shown: Vec<String> = wrong.iter().take(SHOWN).map(show).collect();
    if wrong.len() > SHOWN {
        shown.push(format!("and {} more bytes", wrong.len() - SHOWN));
    }
    if otp.unit > 1 && step.verdict == Verdict::Impossible {
        shown.push(format!("units of {} bytes are programmed once", otp.unit));
    }
    shown.join(", ")
}

fn summary(otp: &Otp, stage: &Stage, board: &Board, planned: &OtpPlan, owner: Option<&Board>) -> String {
    let count = |verdict| planned.fields.iter().filter(|step| step.verdict == verdict).count();
    let fields = planned.fields.len();
    let stopped = count(Verdict::Impossible) + count(Verdict::Locked);
    if stopped > 0 {
        let mut text =
            format!("refused: {stopped} of {fields} fields cannot be programmed. Leave this board as it is.\n");
        if let Some(owner) = owner {
            let _ = writeln!(text, "it has what board {} is to have in stage {}", owner.name, stage.name.value);
        }
        return text;
    }
    if planned.is_done() {
        return format!("nothing to do: {} is done in stage {}\n", board.name, stage.name.value);
    }
    let mut text = String::new();
    for range in &planned.program {
        let _ = writeln!(
            text,
            "to be programmed, for ever: {} bytes at {}",
            range.end - range.start,
            address(otp.address(range.start))
        );
    }
    if planned.verdict() == Verdict::Same && planned.locks.iter().any(|lock| lock.state == LockState::Ready) {
        text.push_str("the data is there: the next step is the lock, which nobody can take back\n");
    }
    if planned.program.is_empty() && planned.locks.is_empty() {
        let _ = writeln!(text, "nothing to do: {} is done in stage {}", board.name, stage.name.value);
    }
    text
}

fn to_json(otp: &Otp, planned: &OtpPlan, owner: Option<&Board>) -> Value {
    let field = |step: &FieldStep| {
        let wrong = step.bytes.iter().filter(|byte| byte.verdict != Verdict::Same);
        let addresses: Vec<u32> = wrong.map(|byte| otp.address(byte.offset)).collect();
        json!({ "field": step.field, "verdict": word(step.verdict), "addresses": addresses })
    };
    let lock = |lock: &provision::LockStep| {
        let state = match lock.state {
            LockState::Locked => "locked",
            LockState::Ready => "ready",
            LockState::HeldBack => "held back",
            LockState::Damaged(_) => "damaged",
            LockState::Unknown => "unknown",
        };
        json!({ "block": lock.block, "state": state })
    };
    let program =
        |range: &std::ops::Range<u32>| json!({ "address": otp.address(range.start), "size": range.end - range.start });
    json!({
        "verdict": word(planned.verdict()),
        "done": planned.is_done(),
        "fields": planned.fields.iter().map(field).collect::<Vec<_>>(),
        "program": planned.program.iter().map(program).collect::<Vec<_>>(),
        "locks": planned.locks.iter().map(lock).collect::<Vec<_>>(),
        "owner": owner.map(|board| &board.name),
    })
}
