//! `waxseal otp build`: per board a file with its data, a file with its locks, a sealed blob, and a sheet for the station.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ::report::otp::files::{BoardFiles, File, folder};
use ::report::otp::sheet::{self, Piece};
use clap::Args;
use geometry::address;
use manifest::plan::otp::{Otp, Source, Stage};
use manifest::plan::{Plan, RoleName};
use packer::otp::{Blob, seal};
use packer::signing::Signing;
use provision::{Board, Contents};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::files::{Access, FileSet};
use crate::key::private_keys;
use crate::load::{Manifest, ProfileArgs, refused};
use crate::otp::ledger::{BatchArgs, Context, IssueArgs};
use crate::otp::records::RecordArgs;
use crate::otp::{otp_of, stage};
use crate::report::Report;
use crate::text::counted;

/// Boards that the text shows.
const SHOWN: usize = 3;

/// Make what each board's one-time-programmable memory is to hold: files, sealed blobs and a sheet.
///
/// Nothing is written to any board. All files are written, or none.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  waxseal otp build r3.toml --records boards.csv --out out\n  waxseal otp build r3.toml --records boards.csv --out out --key line.pem --ledger line.db"
)]
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
    /// The folder to write to: OUT/STAGE/BOARD/data.bin, lock.bin, board.otp; OUT/STAGE/sheet.txt.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    batch: BatchArgs,
    #[command(flatten)]
    issue: IssueArgs,
}

/// A board's files in a stage.
struct Made {
    board: String,
    data: Vec<Piece>,
    lock: Option<Piece>,
    blob: Option<String>,
    contents: Contents,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// Files that cannot be read or written, and what is wrong with the records.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let otp = otp_of(&manifest, plan)?;
            let stages: Vec<&Stage> = match &self.stage {
                Some(name) => vec![stage(otp, Some(name))?],
                None => otp.stages.iter().collect(),
            };
            let mut batch = self.batch.open()?;
            let signers = private_keys(&self.keys)?;
            let public = manifest.public_keys(plan)?;
            let mut problems = Vec::new();
            let signing = match plan.role(RoleName::Otp).filter(|_| !signers.is_empty()) {
                Some(role) => Some(Signing::of(plan, role, &public, &signers, &mut problems)),
                None if signers.is_empty() => None,
                None => {
                    return Ok(refused(
                        plan.required_role(RoleName::Otp).err().into_iter().map(|error| *error).collect(),
                    ));
                }
            };
            if !problems.is_empty() {
                return Ok(refused(problems));
            }
            let (boards, ranges) = match &mut batch {
                Some(batch) => {
                    let context = Context { records: &self.records, manifest: &manifest, plan, otp };
                    if otp.fields.iter().any(|field| matches!(field.source, Source::Secret(_))) {
                        batch.secret_key(&self.issue)?;
                    }
                    batch.boards(&context, Some(&self.issue))?
                }
                None => (self.records.boards(&manifest, plan, otp)?, String::new()),
            };
            apart(&boards)?;
            let mut files = FileSet::new();
            let mut text = format!("{}: {}\n{ranges}", self.records.name(), counted(boards.len(), "board"));
            let ledger = batch.as_ref().map(|batch| batch.location().to_string());
            let mut results = Vec::new();
            let mut count = 0;
            for stage in &stages {
                let mut sheet = sheet::heading(manifest.file_name(), &plan.device.part.name, otp, stage);
                let mut made = Vec::new();
                for board in &boards {
                    let one = match self.board(plan, otp, stage, board, signing.as_ref(), &mut files)? {
                        Ok(one) => one,
                        Err(found) => return Ok(refused(found)),
                    };
                    let places = sheet::Names {
                        manifest: manifest.file_name(),
                        records: &self.records.name(),
                        ledger: ledger.as_deref(),
                    };
                    sheet.push_str(&sheet::board(
                        &places,
                        otp,
                        stage,
                        &one.board,
                        (&one.data, one.lock.as_ref()),
                        &one.contents,
                    ));
                    count += one.data.len() + usize::from(one.lock.is_some()) + usize::from(one.blob.is_some());
                    made.push(one);
                }
                files.add(&self.out.join(&stage.name.value).join("sheet.txt"), sheet.as_bytes())?;
                count += 1;
                text.push_str(&self.text(stage, &made));
                results.extend(made.iter().map(|one| to_json(stage, one)));
            }
            files.commit()?;
            if let Some(batch) = &mut batch {
                let _ = writeln!(text, "{}", batch.issued(otp, &stages, &boards, &self.issue)?);
            }
            if signing.is_none() {
                text.push_str("no --key: no blob is sealed\n");
            }
            let _ = writeln!(text, "{}. Nothing was written to any board.", counted(count, "file"));
            let result = Some(json!({ "boards": results, "ledger": ledger }));
            Ok(Report { result, ..Report::done(text) })
        })
    }

    /// The files of one board in one stage.
    fn board(
        &self,
        plan: &Plan,
        otp: &Otp,
        stage: &Stage,
        board: &Board,
        signing: Option<&Signing<'_>>,
        files: &mut FileSet,
    ) -> Result<Result<Made, Vec<manifest::Diagnostic>>, Failure> {
        let BoardFiles { contents, data: pieces, lock: locks, has_secret } = BoardFiles::new(otp, stage, board);
        let name = folder(&board.name);
        let path = |file: &str| self.out.join(&stage.name.value).join(file);
        let access = if has_secret { Access::Private } else { Access::Usual };
        let mut data = Vec::new();
        for File { piece, bytes } in pieces {
            files.add_for(&path(&piece.file), &bytes, access)?;
            data.push(piece);
        }
        if let Some(File { piece, bytes }) = &locks {
            files.add(&path(&piece.file), bytes)?;
        }
        let mut blob = None;
        if let (Some(signing), Some(first), Some(last)) = (signing, contents.segments.first(), contents.segments.last())
        {
            let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
            let range = index(first.start)..index(last.end);
            let parts = Blob {
                board: &board.name,
                data: &contents.data,
                mask: &contents.mask,
                range,
                locks: locks.as_ref().map(|lock| lock.bytes.as_slice()).unwrap_or_default(),
            };
            match seal(plan, otp, &parts, signing) {
                Ok(sealed) => files.add_for(&path(&format!("{name}/board.otp")), &sealed.bytes, access)?,
                Err(found) => return Ok(Err(found)),
            }
            blob = Some(format!("{name}/board.otp"));
        }
        Ok(Ok(Made { board: board.name.clone(), data, lock: locks.map(|lock| lock.piece), blob, contents }))
    }

    fn text(&self, stage: &Stage, made: &[Made]) -> String {
        let mut text = String::new();
        let folder = self.out.join(&stage.name.value);
        for one in made.iter().take(SHOWN) {
            for piece in &one.data {
                let _ = writeln!(text, "{}  {} at {}", shown(&folder, &piece.file), piece.size, address(piece.address));
            }
            if let Some(piece) = &one.lock {
                let blocks: Vec<String> = one.contents.locks.iter().map(u32::to_string).collect();
                let _ = writeln!(
                    text,
                    "{}  {} at {}: locks block {} for ever; second, after the read-back",
                    shown(&folder, &piece.file),
                    piece.size,
                    address(piece.address),
                    blocks.join(", ")
                );
            }
            if let Some(blob) = &one.blob {
                let _ = writeln!(text, "{}  sealed", shown(&folder, blob));
            }
        }
        if made.len() > SHOWN {
            let _ = writeln!(text, "... and {} like these", counted(made.len() - SHOWN, "board"));
        }
        let _ = writeln!(text, "{}  what to type at the station, board by board", folder.join("sheet.txt").display());
        text
    }
}

fn shown(folder: &Path, file: &str) -> String {
    folder.join(file).display().to_string()
}

/// Refuses boards whose folders some file systems take for one.
fn apart(boards: &[Board]) -> Result<(), Failure> {
    let mut names: BTreeMap<String, &Board> = BTreeMap::new();
    for board in boards {
        if let Some(first) = names.insert(folder(&board.name).to_lowercase(), board) {
            let title = format!("boards {} and {} would have one folder", first.name, board.name);
            return Err(Failure::new(Exit::Refused, title)
                .help(format!("lines {} and {} of the records", first.line, board.line)));
        }
    }
    Ok(())
}

fn to_json(stage: &Stage, made: &Made) -> Value {
    let piece = |piece: &Piece| {
        let file = format!("{}/{}", stage.name.value, piece.file);
        json!({ "file": file, "address": piece.address, "size": piece.size })
    };
    json!({
        "board": made.board,
        "stage": stage.name.value,
        "data": made.data.iter().map(piece).collect::<Vec<_>>(),
        "lock": made.lock.as_ref().map(piece),
        "locks": made.contents.locks,
        "blob": made.blob.as_ref().map(|file| format!("{}/{file}", stage.name.value)),
    })
}
