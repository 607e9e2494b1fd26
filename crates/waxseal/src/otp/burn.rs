//! `waxseal otp burn`: what a stage programs, onto one board, over DfuSe.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::otp::plan::{text, to_json};
use ::report::verify::{Question, Reader, Stopped};
use clap::{ArgGroup, Args};
use flasher::{BurnPlan, Burnt, NotConfirmed, OtpRead, Purpose, Target, TargetError, json as render, read_otp};
use manifest::Plan;
use serde_json::{Value, json};

use crate::confirm::{Ask, typed};
use crate::device::{Device, DeviceArgs, against, exit};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::otp::ledger::{Batch, BatchArgs, Context};
use crate::otp::records::RecordArgs;
use crate::otp::{otp_of, stage};
use crate::record::RecordFile;
use crate::report::Report;
use crate::signers::SignerArgs;

/// Burn what a stage programs into one board's one-time-programmable memory, over USB (DfuSe): for ever.
///
/// The board is read, each byte is told, and its name has to be typed. Then it is read again, burnt, and read back. Locks are a
/// second step, with --lock, and the name typed a second time. Unproven on silicon.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal otp burn r3.toml --records boards.csv --stage identity --board WX2511000101\n  waxseal otp burn r3.toml --blob out/identity/WX2511000101/board.otp --lock --device simulated:STM32F746VG@board.bin"
)]
#[command(group(ArgGroup::new("what").required(true).args(["records", "blob"])))]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// One row for each board: CSV with a line of titles.
    #[arg(long, value_name = "CSV", requires = "board")]
    records: Option<PathBuf>,
    /// A title of the records that no field takes, once for each: any other strange title is an error.
    #[arg(long = "ignore-column", value_name = "TITLE", requires = "records")]
    ignored: Vec<String>,
    /// A folder that has a folder for each board, with a file for each of its secrets.
    #[arg(long, value_name = "DIR", requires = "records")]
    secrets: Option<PathBuf>,
    /// The stage of the records. Without it, the only one there is.
    #[arg(long, requires = "records")]
    stage: Option<String>,
    /// The board of the records.
    #[arg(long, value_name = "NAME", requires = "records")]
    board: Option<String>,
    /// A sealed blob, as `otp build` makes it; judged as `verify` does, by the role `otp`.
    #[arg(long, value_name = "FILE")]
    blob: Option<PathBuf>,
    #[command(flatten)]
    signers: SignerArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    device: DeviceArgs,
    /// Then lock the blocks that the stage locks, once everything was read back.
    #[arg(long)]
    lock: bool,
    /// The board's name, typed here instead of at the prompt.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// The board's name for the locks, typed here instead of at the second prompt.
    #[arg(long, value_name = "NAME", requires = "lock")]
    confirm_lock: Option<String>,
    /// Show the plan, and burn nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    record: RecordFile,
    // The ledger is asked before anything is burnt, and keeps what was done.
    #[command(flatten)]
    batch: BatchArgs,
}

/// What is shown and told so far.
struct Told {
    /// The ledger, if one is named: it is told too.
    batch: Option<Batch>,
    text: String,
    result: Value,
}

impl Command {
    /// Does it. Exit code 0 only if everything is there, read back; with --lock, if it is locked too.
    ///
    /// # Errors
    /// Files that cannot be read, a blob that is refused, no device, a name that is not the board's.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            if let Some(open) = plan.open_options() {
                return Ok(Report::refused(vec![open]));
            }
            self.record.check()?;
            let mut batch = self.batch.open()?;
            let target = match self.target(&manifest, plan, batch.as_mut())? {
                Ok(target) => target,
                Err(report) => return Ok(*report),
            };
            if let Some(batch) = &mut batch {
                batch.knows(&target.board)?;
            }
            let mut device = self.device.open()?;
            let result = self.on(&mut device, plan, target, batch);
            device.finish(result)
        })
    }

    /// Looks at the device, and burns.
    fn on(&self, device: &mut Device, plan: &Plan, target: Target, batch: Option<Batch>) -> Result<Report, Failure> {
        let connected = device.identify()?;
        let found = connected.compare(plan, Purpose::Otp);
        let mut told = Told {
            batch,
            text: found.text(),
            result: json!({ "device": render::connected(&connected), "comparison": render::comparison(&found) }),
        };
        let Ok(fit) = found.accept(&[]) else {
            told.text += &against(&found, &[]);
            return Ok(told.report(Exit::Refused));
        };
        let Some(procedure) = read_otp(plan, &fit) else {
            return Err(Failure::new(Exit::Failed, "the device was not compared for its memory"));
        };
        let read = device.run(procedure)?.map_err(|trouble| device.failure(&trouble))?;
        self.burn(device, target, read, told)
    }

    /// What the board is to hold.
    fn target(
        &self,
        manifest: &Manifest,
        plan: &Plan,
        batch: Option<&mut Batch>,
    ) -> Result<Result<Target, Box<Report>>, Failure> {
        let otp = otp_of(manifest, plan)?;
        if let Some(path) = &self.blob {
            let question = Question::of(Reader::Command, files::shown(path), self.signers.with(manifest, plan)?);
            return match Target::of_blob(&question, &files::read(path)?) {
                Ok((target, _)) => Ok(Ok(target)),
                Err(Stopped::Refused(mut report)) => {
                    report.text += "nothing was burnt\n";
                    Ok(Err(report))
                }
                Err(Stopped::Failed(failure)) => Err(failure),
            };
        }
        if self.signers.is_given() {
            return Err(Failure::usage(
                "--trust and --key say who may have signed a blob: records are signed by nobody",
            )
            .help("--blob FILE"));
        }
        let stage = stage(otp, self.stage.as_deref())?;
        let Some(records) = &self.records else { return Err(Failure::usage("--records or --blob")) };
        let records = RecordArgs::of(records.clone(), self.ignored.clone(), self.secrets.clone());
        let boards = match batch {
            Some(batch) => batch.boards(&Context { records: &records, manifest, plan, otp })?,
            None => records.boards(manifest, plan, otp)?,
        };
        let wanted = self.board.as_deref().unwrap_or_default();
        let board = boards.iter().find(|board| board.name == wanted);
        let board =
            board.ok_or_else(|| Failure::new(Exit::Refused, format!("{} has no board {wanted}", records.name())))?;
        let refused = |error: TargetError| Failure::new(Exit::Refused, format!("{error}: nothing was burnt"));
        Target::of_board(plan, board, &stage.name).map(Ok).map_err(refused)
    }

    fn burn(&self, device: &mut Device, target: Target, read: OtpRead, mut told: Told) -> Result<Report, Failure> {
        for note in &read.notes {
            let _ = writeln!(told.text, "note: {note}");
        }
        let planned = BurnPlan::new(target, read);
        told.plan(&planned);
        if let Some(batch) = told.batch.as_mut().filter(|_| !planned.plan().program.is_empty()) {
            batch.may_burn(planned.target(), &self.record.who())?;
        }
        if self.dry_run {
            told.text += "nothing was burnt: --dry-run\n";
            let is_possible = planned.plan().verdict() <= provision::Verdict::Program;
            return Ok(told.report(if is_possible { Exit::Done } else { Exit::Refused }));
        }
        let name = planned.target().board.clone();
        let rest = match self.data(device, &planned, &name, &mut told)? {
            Ok(rest) => rest,
            Err(exit) => return Ok(told.report(exit)),
        };
        if !self.lock {
            return Ok(told.report(Exit::Done));
        }
        let locks = match rest.locks() {
            Ok(locks) => locks,
            Err(NotConfirmed::Nothing(_)) => return Ok(told.report(Exit::Done)),
            Err(why) => return Ok(told.refused(&why)),
        };
        let _ = writeln!(told.text, "to be locked, for ever: {}", flasher::numbered("block", &locks.blocks));
        let given = self.confirm_lock.as_deref();
        let answer = typed_name(&told.shown(given.is_none()), &name, given, "--confirm-lock")?;
        let confirmed = match locks.confirm(&answer) {
            Ok(confirmed) => confirmed,
            Err(why) => return Ok(told.refused(&why)),
        };
        let done = device.run(confirmed.lock())?;
        let exit = self.told(&done, "locked", &mut told)?;
        Ok(told.report(exit))
    }

    /// Burns the data, unless it is there: what is left to do after that, or how the run ends.
    fn data(
        &self,
        device: &mut Device,
        planned: &BurnPlan,
        name: &str,
        told: &mut Told,
    ) -> Result<Result<BurnPlan, Exit>, Failure> {
        if planned.plan().program.is_empty() && planned.plan().verdict() == provision::Verdict::Same {
            return Ok(Ok(planned.clone()));
        }
        if planned.plan().verdict() > provision::Verdict::Program {
            return Ok(Err(Exit::Refused));
        }
        let given = self.confirm.as_deref();
        let answer = typed_name(&told.shown(given.is_none()), name, given, "--confirm")?;
        let confirmed = match planned.clone().confirm(&answer) {
            Ok(confirmed) => confirmed,
            Err(why) => {
                let _ = writeln!(told.text, "refused: {why}; nothing was burnt");
                return Ok(Err(Exit::Refused));
            }
        };
        let done = device.run(confirmed.burn())?;
        let exit = self.told(&done, "burnt", told)?;
        match done.rest() {
            Some(rest) if exit == Exit::Done => Ok(Ok(rest)),
            _ => Ok(Err(exit)),
        }
    }

    /// Tells and records what came of it.
    fn told(&self, done: &Burnt, member: &str, told: &mut Told) -> Result<Exit, Failure> {
        if let Some(trouble) = &done.trouble {
            let _ = writeln!(told.text, "ended early: {trouble}");
        }
        for line in done.sentences() {
            let _ = writeln!(told.text, "{line}");
        }
        for note in &done.notes {
            let _ = writeln!(told.text, "note: {note}");
        }
        for line in done.trouble.iter().flat_map(flasher::Trouble::advice) {
            let _ = writeln!(told.text, "  = help: {line}");
        }
        told.result[member] = render::burnt(done);
        let (board, rows) = (&done.target().board, flasher::record::burnt(done));
        told.text += &self.record.add(board, &rows)?;
        let ended = done.trouble.as_ref().map_or(Exit::Done, exit);
        let Some(batch) = told.batch.as_mut().filter(|_| !rows.is_empty()) else { return Ok(ended) };
        let states: Vec<String> = rows.iter().map(|(state, _)| state.to_string()).collect();
        match batch.burnt(board, rows, &self.record.who()) {
            Ok(numbers) => {
                let shown: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                let _ = writeln!(told.text, "ledger {}: row {}", batch.location(), shown.join(", "));
                told.result[member]["ledger"] = json!(numbers);
                Ok(ended)
            }
            // What was done to the board is not undone by a ledger that cannot be reached.
            Err(failure) => {
                let _ = writeln!(
                    told.text,
                    "the ledger does not have it that {board} is {}: {}",
                    states.join(", "),
                    failure.title
                );
                let _ = writeln!(
                    told.text,
                    "  = help: waxseal ledger record {board}, once it can be reached; --record keeps it in a file as well"
                );
                Ok(Exit::Failed)
            }
        }
    }
}

/// Waits for the board's name.
fn typed_name(shown: &str, board: &str, given: Option<&str>, option: &str) -> Result<String, Failure> {
    let option = format!("{option} {board}");
    let prompt = "This is for ever. Type the board's name as it stands on the board";
    typed(shown, &Ask { wanted: "the board's name", prompt, option: &option }, given)
}

impl Told {
    fn plan(&mut self, planned: &BurnPlan) {
        let target = planned.target();
        let Some(stage) = target.otp().stage(&target.stage) else { return };
        let _ = writeln!(self.text, "board {}, stage {}", target.board, target.stage);
        self.text += &text(target.otp(), stage, target.values(), planned.plan(), None);
        self.result["plan"] = to_json(target.otp(), target.values(), planned.plan(), None);
    }

    /// What was told so far, if it is to be shown before a question: it is not told twice.
    fn shown(&mut self, is_asked: bool) -> String {
        if is_asked { std::mem::take(&mut self.text) } else { String::new() }
    }

    fn refused(&mut self, why: &NotConfirmed) -> Report {
        let text = format!("{}refused: {why}\n", self.text);
        Report { exit: Exit::Refused, result: Some(self.result.clone()), ..Report::done(text) }
    }

    fn report(self, exit: Exit) -> Report {
        Report { exit, result: Some(self.result), ..Report::done(self.text) }
    }
}
