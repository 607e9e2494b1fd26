//! The records of boards, and where their secrets are.

use std::path::{Path, PathBuf};

use clap::Args;
use manifest::plan::Plan;
use manifest::plan::otp::Otp;
use provision::{Board, Finding, Inputs, Records, Secrets, boards};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::files;
use crate::load::Manifest;

/// The options that name records.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// One row for each board: CSV with a line of titles; `-` is standard input.
    #[arg(long, value_name = "CSV")]
    records: PathBuf,
    /// A folder that has a folder for each board, with a file for each of its secrets.
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
}

/// Secrets in files: DIR/BOARD/NAME.
struct Folder<'a>(Option<&'a Path>);

impl Secrets for Folder<'_> {
    fn read(&self, board: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let folder = self.0.ok_or_else(|| format!("where is the secret `{name}`? --secrets DIR"))?;
        let path = folder.join(board).join(name);
        files::read(&path).map(Zeroizing::new).map_err(|failure| failure.title)
    }
}

impl RecordArgs {
    /// The records' file name, without folders.
    pub fn name(&self) -> String {
        self.records.file_name().unwrap_or(self.records.as_os_str()).to_string_lossy().into_owned()
    }

    /// The rows as they stand in the file.
    ///
    /// # Errors
    /// Exit code 3 if it cannot be read; exit code 1 if it is no CSV with a line of titles.
    pub fn read(&self) -> Result<Records, Failure> {
        Records::parse(&files::read_text(&self.records)?).map_err(|finding| self.wrong(&[finding]))
    }

    /// All boards; with all that is wrong if something is.
    ///
    /// # Errors
    /// Records or public keys that cannot be read; exit code 1 with every finding, where `file:line` leads each.
    pub fn boards(&self, manifest: &Manifest, plan: &Plan, otp: &Otp) -> Result<Vec<Board>, Failure> {
        self.judge(manifest, plan, otp, &self.read()?)
    }

    /// The boards of rows that were read.
    ///
    /// # Errors
    /// Those of [`Self::boards`].
    pub fn judge(&self, manifest: &Manifest, plan: &Plan, otp: &Otp, records: &Records) -> Result<Vec<Board>, Failure> {
        let keys: Vec<[u8; 32]> = manifest.public_keys(plan)?.iter().map(|key| *key.bytes()).collect();
        let secrets = Folder(self.secrets.as_deref());
        let inputs = Inputs { plan, otp, keys: &keys, secrets: &secrets };
        boards(&inputs, records).map_err(|findings| self.wrong(&findings))
    }

    fn wrong(&self, findings: &[Finding]) -> Failure {
        ::report::otp::records::wrong(&self.records.display().to_string(), findings)
    }
}
