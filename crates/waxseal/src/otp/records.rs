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
use crate::text::word;

/// The options that name records.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// One row for each board: CSV with commas and a line of titles; `-` is standard input.
    #[arg(long, value_name = "CSV")]
    pub records: PathBuf,
    /// A title of the records that no field takes, once for each: any other strange title is an error.
    #[arg(long = "ignore-column", value_name = "TITLE")]
    ignored: Vec<String>,
    /// A folder that has a folder for each board, with a file for each of its secrets.
    #[arg(long, value_name = "DIR")]
    secrets: Option<PathBuf>,
}

/// Secrets in files: DIR/BOARD/NAME.
pub struct Folder<'a>(Option<&'a Path>);

impl Secrets for Folder<'_> {
    fn read(&self, board: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let folder = self.0.ok_or_else(|| format!("where is the secret `{name}`? --secrets DIR"))?;
        let path = folder.join(board).join(name);
        files::read(&path).map(Zeroizing::new).map_err(|failure| failure.title)
    }
}

impl RecordArgs {
    /// Records that were named otherwise.
    pub fn of(records: PathBuf, ignored: Vec<String>, secrets: Option<PathBuf>) -> Self {
        Self { records, ignored, secrets }
    }

    /// The options again but for the records, each behind a blank, for a command line that is proposed.
    pub fn words(&self) -> String {
        let ignored = self.ignored.iter().map(|title| format!(" --ignore-column {}", word(title)));
        let secrets = self.secrets.iter().map(|folder| format!(" --secrets {}", word(&folder.to_string_lossy())));
        ignored.chain(secrets).collect()
    }

    /// The records' file name, without folders.
    pub fn name(&self) -> String {
        self.records.file_name().unwrap_or(self.records.as_os_str()).to_string_lossy().into_owned()
    }

    /// What boards come from beside the records.
    pub fn inputs<'a>(
        &'a self,
        plan: &'a Plan,
        otp: &'a Otp,
        keys: &[[u8; 32]],
        secrets: &'a Folder<'a>,
    ) -> Inputs<'a> {
        Inputs::new(plan, otp, keys, secrets, &self.ignored)
    }

    /// Where secrets are.
    pub fn secrets(&self) -> Folder<'_> {
        Folder(self.secrets.as_deref())
    }

    /// All rows as they stand in the file.
    ///
    /// # Errors
    /// Exit code 3 if it cannot be read; exit code 1 if it is no CSV with a line of titles.
    pub fn read(&self) -> Result<Records, Failure> {
        Records::parse(&files::read(&self.records)?).map_err(|findings| self.wrong(&findings))
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
        let keys = keys(manifest, plan)?;
        let secrets = self.secrets();
        boards(&self.inputs(plan, otp, &keys, &secrets), records).map_err(|findings| self.wrong(&findings))
    }

    /// What is wrong with the records.
    pub fn wrong(&self, findings: &[Finding]) -> Failure {
        let failure = ::report::otp::records::wrong(&self.records.display().to_string(), findings);
        let strange = findings.iter().filter(|finding| finding.text.starts_with(provision::STRANGE));
        let options: Vec<String> = strange
            .filter_map(|finding| Some(format!("--ignore-column {}", word(finding.column.as_deref()?))))
            .collect();
        if options.is_empty() {
            return failure;
        }
        failure.help(format!("{} for what is not for the boards", options.join(" ")))
    }
}

/// The plan's public keys, in its order.
///
/// # Errors
/// Keys that cannot be read.
pub fn keys(manifest: &Manifest, plan: &Plan) -> Result<Vec<[u8; 32]>, Failure> {
    Ok(manifest.public_keys(plan)?.iter().map(|key| *key.bytes()).collect())
}
