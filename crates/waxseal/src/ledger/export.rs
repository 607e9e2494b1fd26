//! `waxseal ledger export` and `verify`: rows for other programs, their signed end, and whether they are whole.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ::ledger::{Format, Head, State, verify_export};
use clap::{Args, ValueEnum};
use serde_json::{Map, json};

use super::place::{LedgerArgs, failure};
use crate::exit::{Exit, Failure};
use crate::files::{self, FileSet};
use crate::key::{read_private, read_public};
use crate::report::Report;
use crate::text::thousands;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Rows {
    /// A line of titles, then a line for each row.
    #[default]
    Csv,
    /// A JSON object for each row, each on a line.
    Json,
}

/// Write all rows to a file, and their end beside it: FILE.head, and with a key FILE.head.sig.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal ledger export --out line.csv --ledger line.db")]
pub struct Export {
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How rows are written.
    #[arg(long, value_enum, default_value_t)]
    rows: Rows,
    /// A private key file to sign the end with: plain Ed25519 over FILE.head, which openssl can check.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// The name with something behind it.
fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(end);
    name.into()
}

impl Export {
    /// Does it.
    ///
    /// # Errors
    /// A ledger that is not whole, a key that cannot be read, files that cannot be written.
    pub fn run(&self, place: &LedgerArgs) -> Result<Report, Failure> {
        let key = self.key.as_deref().map(read_private).transpose()?;
        let (location, mut ledger) = place.open()?;
        let format = if self.rows == Rows::Csv { Format::Csv } else { Format::Json };
        let mut rows = Vec::new();
        // Nobody signs what does not hold: all is judged.
        let head = ledger.export(format, &mut rows).map_err(|error| failure(&location, &error))?;
        let end = format!("{head}\n");
        let mut written = vec![(self.out.clone(), rows), (with(&self.out, ".head"), end.clone().into_bytes())];
        if let Some(key) = &key {
            // A header has 256 bytes and begins with a magic: this text is never taken for one.
            written.push((with(&self.out, ".head.sig"), key.sign(end.as_bytes()).signature.to_vec()));
        }
        let mut set = FileSet::new();
        written.iter().try_for_each(|(path, bytes)| set.add(path, bytes))?;
        set.commit()?;
        let names: Vec<String> = written.iter().map(|(path, _)| path.display().to_string()).collect();
        let count = thousands(head.number.unsigned_abs());
        let signed = key.as_ref().map(|key| key.public().to_string());
        let by = signed.as_ref().map_or("not signed: no --key".to_owned(), |id| format!("signed by {id}"));
        let text = format!("{}  {count} rows of {location}\n{}  the end, {by}\n", names[0], names[1]);
        let result = json!({ "files": names, "rows": head.number, "head": head.to_string(), "signed": signed });
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}

/// Judge every row of a ledger, or of what was exported: whether something was changed, removed or cut off.
///
/// Rows that were cut off at the end are found only with a head that was noted before.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal ledger verify --head monday.head --ledger line.db")]
pub struct Verify {
    /// A head that was noted: what `ledger head` printed, or FILE.head of an export.
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The head's signature: FILE.head.sig of an export.
    #[arg(long, value_name = "FILE", requires = "head", requires = "public")]
    signature: Option<PathBuf>,
    /// The public key file of whoever signed the head.
    #[arg(long, value_name = "FILE", requires = "signature")]
    public: Option<PathBuf>,
    /// Judge these exported rows, in either form, instead of a ledger.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

impl Verify {
    /// Does it.
    ///
    /// # Errors
    /// Exit code 1 where the rows do not hold, with the row.
    pub fn run(&self, place: &LedgerArgs) -> Result<Report, Failure> {
        if self.export.is_some() && place.is_named() {
            return Err(Failure::usage("--export and --ledger: one of them is judged at a time")
                .help("a head that was noted tells whether both have the same rows: --head FILE, with each"));
        }
        let noted = self.noted()?;
        let signed = match (&self.signature, &self.public, &self.head) {
            (Some(signature), Some(public), Some(head)) => Some(signed(head, signature, public)?),
            _ => None,
        };
        let (name, head, mut result) = match &self.export {
            Some(file) => {
                let rows = files::read(file)?;
                let head = verify_export(rows.as_slice(), noted.as_ref())
                    .map_err(|error| Failure::new(Exit::Refused, format!("{}: {error}", file.display())))?;
                (file.display().to_string(), head, Map::new())
            }
            None => {
                let (location, mut ledger) = place.open()?;
                let summary = ledger.verify(noted.as_ref()).map_err(|error| failure(&location, &error))?;
                let boards: Map<_, _> =
                    summary.boards.iter().map(|(state, count)| (state.name().to_owned(), json!(count))).collect();
                let result = [("boards".to_owned(), boards.into()), ("values".to_owned(), json!(summary.claims))];
                (location.to_string(), summary.head, result.into_iter().collect())
            }
        };
        let mut text = format!("{name}: {} rows, chain ok\n", thousands(head.number.unsigned_abs()));
        for state in State::ALL {
            if let Some(count) = result.get("boards").and_then(|boards| boards[state.name()].as_u64()) {
                let boards = if count == 1 { "board" } else { "boards" };
                let _ = writeln!(text, "  {state:<10}{:>9} {boards}", thousands(count));
            }
        }
        match (&noted, &signed) {
            (Some(noted), Some(key)) => {
                let _ = writeln!(text, "the head of row {} is in it, signed by {key}", noted.number);
            }
            (Some(noted), None) => _ = writeln!(text, "the head of row {} is in it", noted.number),
            (None, _) => text.push_str("without --head FILE: not judged whether rows were cut off at the end\n"),
        }
        result.insert("head".to_owned(), json!(head.to_string()));
        result.insert("noted".to_owned(), json!(noted.map(|noted| noted.to_string())));
        result.insert("signed".to_owned(), json!(signed));
        Ok(Report { result: Some(result.into()), ..Report::done(text) })
    }

    fn noted(&self) -> Result<Option<Head>, Failure> {
        let Some(file) = &self.head else { return Ok(None) };
        let wrong = |error| Failure::new(Exit::Refused, format!("{}: {error}", file.display()));
        files::read_text(file)?.parse().map(Some).map_err(wrong)
    }
}

/// Who signed a head: the id of the key.
fn signed(head: &Path, signature: &Path, public: &Path) -> Result<String, Failure> {
    let key = read_public(public)?;
    let is_right = <[u8; 64]>::try_from(files::read(signature)?)
        .is_ok_and(|bytes| files::read(head).is_ok_and(|text| key.verifies(&text, &bytes)));
    if is_right {
        return Ok(key.to_string());
    }
    let title = format!("{} is no signature of {} by {key}", signature.display(), head.display());
    Err(Failure::new(Exit::Refused, title).help("64 raw bytes over the head's file as it is, newline included"))
}
