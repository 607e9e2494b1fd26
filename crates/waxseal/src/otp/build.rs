//! `waxseal otp build`: per board a file with its data, a file with its locks, a sealed blob, and a sheet for the station.

use std::fmt::Write as _;
use std::path::PathBuf;

use ::report::otp::{files, sheet};
use clap::{ArgGroup, Args};
use manifest::plan::otp::{Source, Stage};
use manifest::plan::{Plan, Role, RoleName, Signer};
use packer::PrivateKey;
use packer::signing::{NamedKey, Signing};
use serde_json::json;

use crate::exit::Failure;
use crate::files::{Access, STANDARD};
use crate::key::private_keys;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::otp::judge::judge;
use crate::otp::ledger::{Batch, BatchArgs, IssueArgs};
use crate::otp::make::Maker;
use crate::otp::numbers::Numbers;
use crate::otp::records::{RecordArgs, keys};
use crate::otp::sink::{self, PENDING, Sink};
use crate::otp::spool::Spool;
use crate::otp::work::{SHOWN, Stop, Work};
use crate::otp::{otp_of, stage};
use crate::report::Report;
use crate::text::{counted, word};

/// Make what each board's one-time-programmable memory is to hold: files, sealed blobs and a sheet.
///
/// Nothing is written to any board. All records are judged before anything is made. Boards take their places some hundreds at
/// a time, and a stage's sheet.txt and SHA256SUMS when all have: without SHA256SUMS a stage is not whole. Killed at any time, the
/// same command finishes the work.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal otp build r3.toml --records boards.csv --out out\n  waxseal otp build r3.toml --records boards.csv --out out --key line.pem --ledger line.db\n  waxseal otp build r3.toml --records boards.csv --tar - --key line.pem | ssh station tar x"
)]
#[command(group(ArgGroup::new("place").required(true).args(["out", "tar"])))]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    records: RecordArgs,
    /// The stage to make files for. Without it, all stages.
    #[arg(long)]
    stage: Option<String>,
    /// A private key file of the role `otp`, once for each; without it, WAXSEAL_KEY names the files. Without any, no blob is
    /// sealed.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// The folder to write to: OUT/STAGE/BOARD/data.bin, lock.bin, board.otp; OUT/STAGE/sheet.txt, SHA256SUMS.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One tar file instead, with the same names in it; `-` is standard output. A stage is whole if its SHA256SUMS is in it, the
    /// last of its files.
    #[arg(long, value_name = "FILE")]
    tar: Option<PathBuf>,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    issue: IssueArgs,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written, and what is wrong with the records.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| match self.build(&manifest, plan) {
            Ok(report) => Ok(report),
            Err(Stop::Findings(found)) => Ok(refused(found)),
            Err(Stop::Failure(failure)) => Err(failure),
        })
    }

    fn build(&self, manifest: &Manifest, plan: &Plan) -> Result<Report, Stop> {
        let otp = otp_of(manifest, plan)?;
        let stages: Vec<&Stage> = match &self.stage {
            Some(name) => vec![stage(otp, Some(name))?],
            None => otp.stages.iter().collect(),
        };
        let mut batch = self.batch.open()?;
        let signers = private_keys(&self.keys)?;
        let signing = self.signing(manifest, plan, &signers)?;
        let waiting = signing.as_ref().filter(|signing| signing.missing > 0).map(|signing| signing.waiting.clone());
        if waiting.is_some() && self.tar.is_some() {
            return Err(sink::needs_folder().into());
        }
        let has_secrets = otp.fields.iter().any(|field| matches!(field.source, Source::Secret(_)));
        let secret_key = match &batch {
            Some(batch) if has_secrets => Some(batch.secret_key(&self.issue)?),
            _ => None,
        };
        let spool = Spool::of(&self.records.records)?;
        let numbers = {
            let reader = spool.rows()?.map_err(|finding| self.records.wrong(&[finding]))?;
            match &batch {
                Some(batch) => batch.numbers(otp, reader.columns(), self.records.name())?,
                None => Numbers::of_records(otp),
            }
        };
        let (keys, secrets) = (keys(manifest, plan)?, self.records.secrets());
        let inputs = self.records.inputs(plan, otp, &keys, &secrets);
        let boards = judge(&self.records, &spool, &inputs, &numbers, batch.as_mut())?;
        let before = batch.as_mut().map_or(Ok(Vec::new()), |batch| batch.left(&numbers.open))?;
        let (records, ledger) = (self.records.name(), batch.as_ref().map(|batch| batch.location().to_string()));
        let place = ledger.as_ref().map_or(String::new(), |place| format!(" --ledger {}", word(place)));
        let options = place.clone() + &self.batch.words() + &self.records.words() + &self.profile.words();
        let names = sheet::Names { manifest: &word(manifest.file_name()), records: &word(&records), options: &options };
        let signed = |stage: &str, folder: &str| {
            std::fs::read(self.out.as_ref()?.join(stage).join(folder).join("board.otp")).ok()
        };
        let is_sealed = signing.is_some();
        let maker = Maker { plan, otp, stages, signing, secret_key, names, signed: &signed };
        let mut sink = self.sink(&maker.stages, has_secrets)?;
        for (index, stage) in maker.stages.iter().enumerate() {
            let heading = sheet::heading(manifest.file_name(), &plan.device.part.name, otp, stage, &place);
            sink.heading(index, &heading)?;
        }
        let folder = |stage: &str| match &self.out {
            Some(out) => format!("{}/", out.join(stage).display()),
            None => format!("{stage}/"),
        };
        let mut work = Work {
            records: &self.records,
            issue: &self.issue,
            spool: &spool,
            inputs: &inputs,
            numbers: &numbers,
            batch: batch.as_mut(),
            boards,
            folder: &folder,
        };
        let (told, sink) = work.run(&maker, sink)?;
        let waits = sink.waiting;
        let count = sink.finish()?;
        let after = batch.as_mut().map_or(Ok(Vec::new()), |batch| batch.left(&numbers.open))?;
        let mut text = format!("{records}: {}\n", counted(boards, "board"));
        text.push_str(&numbers.told(&told.taken, &before, &after));
        for (stage, lines) in maker.stages.iter().zip(&told.lines).filter(|_| waits < boards) {
            let sheet = (waits == 0).then(|| folder(&stage.name.value));
            text.push_str(&of_stage(lines, boards, sheet.as_deref()));
        }
        if let Some(place) = &ledger {
            match told.rows {
                Some((first, last)) => _ = writeln!(text, "ledger {place} rows {first} to {last}"),
                None if waits == boards => {}
                None => _ = writeln!(text, "ledger {place} knew it all"),
            }
        }
        for (board, folders) in self.waste(batch.as_mut(), &maker.stages)? {
            let (name, row) = (&board.name, board.event);
            let _ = writeln!(
                text,
                "{name} is scrapped (row {row}), and its files are still there: remove {}",
                folders.join(", ")
            );
        }
        if !is_sealed {
            text.push_str("no --key: no blob is sealed\n");
        }
        if let Some(waiting) = waiting.filter(|_| waits > 0) {
            text.push_str(&self.waits(&waiting, waits));
        }
        let _ = writeln!(text, "{}. Nothing was written to any board.", counted(count, "file"));
        let result = json!({ "boards": told.listed, "count": boards, "waiting": waits, "ledger": ledger });
        let mut report = Report { result: Some(result), ..Report::done(text) };
        if self.tar.as_ref().is_some_and(|tar| tar.as_os_str() == STANDARD) {
            // Standard output has the files.
            report.remarks = std::mem::take(&mut report.text);
        }
        Ok(report)
    }

    /// Boards that are waste, and folders of theirs that an earlier build left: nobody is to take them for a board's.
    fn waste(
        &self,
        batch: Option<&mut Batch>,
        stages: &[&Stage],
    ) -> Result<Vec<(::ledger::Board, Vec<String>)>, Failure> {
        let (Some(batch), Some(out)) = (batch, &self.out) else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for board in batch.scrapped()? {
            let places = stages.iter().map(|stage| out.join(&stage.name.value).join(files::folder(&board.name)));
            let there = places.filter(|place| place.is_dir()).map(|place| place.display().to_string());
            let there: Vec<String> = there.collect();
            if !there.is_empty() {
                found.push((board, there));
            }
        }
        Ok(found)
    }

    /// Who signs the blobs. `None`: nobody does.
    fn signing<'k>(
        &self,
        manifest: &Manifest,
        plan: &Plan,
        signers: &'k [PrivateKey],
    ) -> Result<Option<Signing<'k>>, Stop> {
        let public = manifest.public_keys(plan)?;
        let role = match plan.role(RoleName::Otp) {
            // Whose only signers are elsewhere needs no key here.
            Some(role) if !signers.is_empty() || is_external(plan, role) => role,
            None if !signers.is_empty() => {
                let open = plan.required_role(RoleName::Otp).err();
                return Err(Stop::Findings(open.into_iter().collect()));
            }
            _ => return Ok(None),
        };
        let mut problems = Vec::new();
        let signing = Signing::of(plan, role, &public, signers, &mut problems);
        if problems.is_empty() { Ok(Some(signing.for_many())) } else { Err(Stop::Findings(problems)) }
    }

    /// Where the files go.
    fn sink<'s>(&self, stages: &'s [&'s Stage], has_secrets: bool) -> Result<Sink<'s>, Failure> {
        match (&self.out, &self.tar) {
            (_, Some(tar)) => Sink::tar(tar, stages, if has_secrets { Access::Private } else { Access::Usual }),
            (Some(out), None) => Sink::folder(out, stages),
            (None, None) => Err(Failure::usage("where to? --out DIR or --tar FILE")),
        }
    }

    fn waits(&self, keys: &[NamedKey], boards: usize) -> String {
        let names: Vec<_> = keys.iter().map(|(name, key)| format!("{name} {key} (external)")).collect();
        let folder = self.out.clone().unwrap_or_default().join(PENDING);
        let folder = folder.display();
        let manifest = self.manifest.display();
        format!(
            "waiting for: {}, {}. Of these boards nothing else was written, and the ledger has them as allocated.\n  \
             waxseal sign export {folder}\n  \
             waxseal sign attach {folder} SIGNATURES --manifest {manifest}\n  \
             then this command again\n",
            names.join(", "),
            counted(boards, "board")
        )
    }
}

/// What is told of a stage: of its first boards, and where its sheet is if it has one.
fn of_stage(lines: &str, boards: usize, sheet: Option<&str>) -> String {
    let mut text = lines.to_owned();
    if boards > SHOWN {
        let _ = writeln!(text, "... and {} like these", counted(boards - SHOWN, "board"));
    }
    if let Some(folder) = sheet {
        let _ = writeln!(text, "{folder}sheet.txt  what to type at the station, board by board");
    }
    text
}

/// Whether a role's signers are all elsewhere, as far as they are needed.
fn is_external(plan: &Plan, role: &Role) -> bool {
    let elsewhere = plan.keys.iter().filter(|key| role.keys.contains(&key.name.value));
    elsewhere.filter(|key| key.signer.value == Signer::External).count() >= usize::from(role.threshold.value)
}
