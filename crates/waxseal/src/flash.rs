//! `waxseal flash`: a release, onto a board, over DfuSe.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::verify::{Input, Question, Reader, Stopped, parse_date, parse_revision};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use flasher::{FlashPlan, Flashed, Matter, PlanError, Purpose, Verdict, json as render};
use image_format::Revision;
use manifest::plan::{Date, Plan};
use serde_json::{Value, json};

use crate::confirm::{Ask, confirm, typed};
use crate::device::{Device, DeviceArgs, against, exit};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::output;
use crate::record::RecordFile;
use crate::report::{Format, Report};
use crate::signers::SignerArgs;

/// Write a release, an image or a factory image onto a board in its boot loader, over USB (DfuSe).
///
/// Nothing is sent before the file is judged as `verify` judges it, and the device compared with the manifest. The plan is
/// shown, and asked for. Read protection is never lifted. The boot loader of a factory image is signed by nobody: it is shown with
/// its SHA-256, whose first digits have to be typed. Unproven on silicon.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal flash out/gateway-1.4.0.release --manifest r1b.toml --revision B\n  waxseal flash out/gateway-1.4.0.release --manifest r1b.toml --revision B --device simulated:STM32F767ZI,nDBANK=0@board.bin --yes"
)]
pub struct Command {
    /// The release, a sealed image (alone, in HEX or in DfuSe), or a factory image; `-` is standard input.
    file: PathBuf,
    /// The manifest of the device: where its slots are, and unless --trust or --key says otherwise, whose signatures count.
    #[arg(long)]
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    signers: SignerArgs,
    /// A slot to write, once for each. Without it, all that something in the file runs from.
    #[arg(long = "slot", value_name = "SLOT")]
    slots: Vec<String>,
    /// The hardware revision of the board.
    #[arg(long, value_name = "REVISION", value_parser = parse_revision)]
    revision: Option<Revision>,
    /// A companion's file, once for each image that this one pins and that does not come with it. It is judged, and not written.
    #[arg(long = "companion", value_name = "FILE")]
    companions: Vec<PathBuf>,
    /// The day on which a release that expires is judged: 2027-06-30.
    #[arg(long, value_name = "DAY", value_parser = parse_date)]
    date: Option<Date>,
    /// What is not to be judged of the file, or not known of the device.
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    without: Vec<Waived>,
    #[command(flatten)]
    device: DeviceArgs,
    /// Read the board first, and write only what is not there: after a run that was cut off.
    #[arg(long)]
    resume: bool,
    /// Show the plan, and whether the board's security counter would refuse it. Writes nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write without asking.
    #[arg(long)]
    yes: bool,
    /// The SHA-256 of the boot loader in a factory image, or its first 8 digits or more, in place of typing them.
    #[arg(long, value_name = "SHA256")]
    boot_loader: Option<String>,
    /// Start the board afterwards, which ends its boot loader's USB.
    #[arg(long)]
    start: bool,
    /// The board's name, for the record.
    #[arg(long, value_name = "NAME")]
    board: Option<String>,
    #[command(flatten)]
    record: RecordFile,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What may be waived: an input of the boot decision, or what is unknown of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waived {
    Input(Input),
    Matter(Matter),
}

impl ValueEnum for Waived {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Input(Input::Revision),
            Self::Input(Input::Counter),
            Self::Input(Input::Companions),
            Self::Input(Input::Expiry),
            Self::Matter(Matter::FlashSize),
            Self::Matter(Matter::OptionBytes),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Input(input) => PossibleValue::new(input.word()).help(input.doc()),
            Self::Matter(matter) => PossibleValue::new(matter.word())
                .help("Of the device, where it does not say: you know that it is right"),
        })
    }
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read; no device; a refusal at the prompt.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            if let Some(open) = plan.open_options() {
                return Ok(Report::refused(vec![open]));
            }
            if self.record.is_kept() && self.board.is_none() {
                return Err(Failure::usage("--record: of which board?").help("--board NAME, as the ledger calls it"));
            }
            self.record.check()?;
            let verdict = match self.judge(&manifest, plan)? {
                Ok(verdict) => verdict,
                Err(report) => return Ok(*report),
            };
            let unseen = "the file is accepted; no board was looked at: neither its sectors and option bytes, nor its security counter";
            let mut device = self.device.open().map_err(|failure| failure.help(unseen))?;
            let result = self.flash(plan, &verdict, &mut device);
            device.finish(result)
        })
    }

    /// The verdict, before any device is looked for; or the report of the refusal.
    fn judge(&self, manifest: &Manifest, plan: &Plan) -> Result<Result<Verdict, Box<Report>>, Failure> {
        let file = files::read(&self.file)?;
        let inputs = self
            .without
            .iter()
            .filter_map(|waived| if let Waived::Input(input) = waived { Some(*input) } else { None });
        let companion = |path: &PathBuf| Ok((path.display().to_string(), files::read(path)?));
        let question = Question {
            reader: Reader::Command,
            name: files::shown(&self.file),
            authority: self.signers.with(manifest, plan)?,
            slot: match self.slots.as_slice() {
                [slot] => Some(slot.clone()),
                _ => None,
            },
            dump: false,
            revision: self.revision,
            companions: self.companions.iter().map(companion).collect::<Result<_, Failure>>()?,
            date: self.date,
            without: inputs.collect(),
        };
        match flasher::judge(&question, &file) {
            Ok(verdict) => Ok(Ok(verdict)),
            Err(Stopped::Refused(mut report)) => {
                report.text += "no byte was sent to any board\n";
                if let Some(result) = report.result.take() {
                    report.result = Some(json!({ "verdict": result }));
                }
                Ok(Err(report))
            }
            Err(Stopped::Failed(failure)) => Err(failure),
        }
    }

    fn flash(&self, plan: &Plan, verdict: &Verdict, device: &mut Device) -> Result<Report, Failure> {
        let without: Vec<Matter> = self
            .without
            .iter()
            .filter_map(|waived| if let Waived::Matter(matter) = waived { Some(*matter) } else { None })
            .collect();
        let connected = device.identify()?;
        let found = connected.compare(plan, Purpose::Flash);
        let mut text = found.text();
        let mut result = json!({
            "verdict": verdict.report().result, "device": render::connected(&connected), "comparison": render::comparison(&found),
        });
        let Ok(fit) = found.accept(&without) else {
            text += &against(&found, &without);
            return Ok(report(Exit::Refused, text, result));
        };
        let refused = |error: PlanError| Failure::new(Exit::Refused, format!("{error}; nothing was written"));
        let planned = FlashPlan::new(verdict, &fit, &self.slots).map_err(refused)?;
        let planned = if self.resume {
            let read = device.run(planned.read())?.map_err(|trouble| device.failure(&trouble))?;
            planned.resumed(&read)
        } else {
            planned
        };
        text += &planned.text();
        result["plan"] = render::flash_plan(&planned);
        if self.dry_run {
            let trouble = device.run(planned.check())?.err();
            result["trouble"] = trouble.as_ref().map_or(Value::Null, render::trouble);
            if let Some(trouble) = &trouble {
                let _ = writeln!(text, "it would be refused: {trouble}");
                text += &help(&trouble.advice());
            }
            text += "nothing was written: --dry-run\n";
            return Ok(report(trouble.as_ref().map_or(Exit::Done, exit), text, result));
        }
        let size = ::report::text::thousands(planned.to_program());
        if !self.yes || planned.boot_loader().is_some() && self.boot_loader.is_none() {
            output::remark(&std::mem::take(&mut text));
        }
        let boot_loader = self.vouched(&planned)?;
        let flash = planned.clone().flash(&boot_loader).map_err(refused)?;
        confirm(&format!("{size} bytes are written onto this board."), self.yes)?;
        let done = device.run(flash)?;
        text += &said(&done);
        result["flashed"] = render::flashed(&done);
        let rows = flasher::record::flashed(&planned, &done);
        text += &self.record.add(self.board.as_deref().unwrap_or_default(), &rows)?;
        if done.trouble.is_none() && self.start {
            device.run(planned.leave())?.map_err(|trouble| device.failure(&trouble))?;
            text += "the board was started\n";
        }
        let exit = done.trouble.as_ref().map_or(Exit::Done, exit);
        Ok(report(exit, text, result))
    }

    /// Which boot loader somebody says is meant; nothing where none is written.
    fn vouched(&self, planned: &FlashPlan) -> Result<String, Failure> {
        if planned.boot_loader().is_none() {
            return Ok(String::new());
        }
        let ask = Ask {
            wanted: "the SHA-256 of the boot loader, which nobody signed",
            prompt: "Nobody signed the boot loader. Type the first 8 digits of its SHA-256, as whoever built it has told them",
            option: "--boot-loader SHA256",
        };
        typed("", &ask, self.boot_loader.as_deref())
    }
}

/// The state of the board, in words.
fn said(done: &Flashed) -> String {
    let mut text = String::new();
    if let Some(trouble) = &done.trouble {
        let _ = writeln!(text, "ended early: {trouble}");
    }
    for line in &done.state.sentences {
        let _ = writeln!(text, "{line}");
    }
    text + &help(&done.state.advice)
}

fn help(advice: &[String]) -> String {
    advice.iter().map(|line| format!("  = help: {line}\n")).collect()
}

fn report(exit: Exit, text: String, result: Value) -> Report {
    Report { exit, result: Some(result), ..Report::done(text) }
}
