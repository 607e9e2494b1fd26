//! `waxseal key`: key files as openssl reads and writes them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use packer::{KeyError, PrivateKey, PublicKey};

use crate::exit::{Exit, Failure};
use crate::files::{self, Access};
use crate::report::Report;

/// Make and look at Ed25519 keys.
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key pair: NAME.pem (private, PKCS#8) and NAME.pub.pem (public, SPKI). Nothing is overwritten.
    New {
        /// Name of the files, with or without `.pem`; may include a folder.
        name: PathBuf,
    },
    /// Print the public key of a private or public key file, as SPKI PEM.
    Public {
        /// The key file; `-` is standard input.
        file: PathBuf,
    },
    /// Print the id of a private or public key file: the first 8 bytes of the SHA-256 of the public key, in hex.
    Id {
        /// The key file; `-` is standard input.
        file: PathBuf,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A file that cannot be read or written, or is no key.
    pub fn run(&self) -> Result<Report, Failure> {
        let text = match &self.action {
            Action::New { name } => new(name)?,
            Action::Public { file } => read_any(file)?.to_pem().map_err(|error| unusable(file, &error))?,
            Action::Id { file } => format!("{}\n", read_any(file)?),
        };
        Ok(Report::done(text))
    }
}

fn new(name: &Path) -> Result<String, Failure> {
    let (private, public) = pair(name)?;
    if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
        return Err(files::exists(there));
    }
    let failed = |error: KeyError| Failure::new(Exit::Failed, error.to_string());
    let key = PrivateKey::generate().map_err(failed)?;
    files::write_new(&private, key.to_pem().map_err(failed)?.as_bytes(), Access::Private)?;
    let written =
        key.public().to_pem().map_err(failed).and_then(|pem| files::write_new(&public, pem.as_bytes(), Access::Usual));
    if let Err(failure) = written {
        // Nobody has seen this private key yet: half a pair is of no use.
        let _ = std::fs::remove_file(&private);
        return Err(failure);
    }
    Ok(format!("{}  private: keep it secret\n{}  public, id {}\n", private.display(), public.display(), key.public()))
}

/// The names of a pair's files.
fn pair(name: &Path) -> Result<(PathBuf, PathBuf), Failure> {
    let text = name.to_str().ok_or_else(|| Failure::usage(format!("{} is not UTF-8", name.display())))?;
    let stem = text.strip_suffix(".pem").unwrap_or(text);
    if stem.is_empty() || stem.ends_with('/') {
        return Err(Failure::usage(format!("`{text}` names no file")));
    }
    if let Some(base) = stem.strip_suffix(".pub") {
        return Err(Failure::usage(format!("`{text}` is the name of a public key file"))
            .help(format!("`waxseal key new {base}` makes both")));
    }
    Ok((format!("{stem}.pem").into(), format!("{stem}.pub.pem").into()))
}

/// The public key of a file that holds either half.
fn read_any(file: &Path) -> Result<PublicKey, Failure> {
    let pem = files::read_text(file)?;
    match PublicKey::from_pem(&pem) {
        Err(KeyError::PrivateForPublic) => PrivateKey::from_pem(&pem).map(|key| key.public()),
        result => result,
    }
    .map_err(|error| unusable(file, &error))
}

/// Reads a public key.
///
/// # Errors
/// Exit code 3 if it cannot be read, 1 if it is something else.
pub fn read_public(file: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_pem(&files::read_text(file)?).map_err(|error| unusable(file, &error))
}

/// Reads a private key.
///
/// # Errors
/// Exit code 3 if it cannot be read, 1 if it is something else.
pub fn read_private(file: &Path) -> Result<PrivateKey, Failure> {
    PrivateKey::from_pem(&files::read_text(file)?).map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &KeyError) -> Failure {
    Failure::new(Exit::Refused, format!("{}: {error}", file.display()))
}
