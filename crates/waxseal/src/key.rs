//! `waxseal key`: key files as openssl and OpenSSH read and write them.

use std::env;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use packer::{KeyError, PrivateKey, PublicKey, public_half};
use serde_json::json;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::files::{self, Access};
use crate::passphrase;
use crate::report::{Format, Report};

/// Make and look at Ed25519 keys.
///
/// Private keys: PKCS#8 PEM and OpenSSH files, encrypted or not. Public keys: SPKI PEM and OpenSSH lines. The passphrase of
/// an encrypted key is asked for on the terminal, or stands in WAXSEAL_PASSPHRASE.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    waxseal key new keys/release --encrypt    makes keys/release.pem and keys/release.pub.pem\n  \
    waxseal key public ~/.ssh/id_ed25519 > keys/ci.pub.pem")]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key pair: NAME.pem (private, PKCS#8) and NAME.pub.pem (public, SPKI). Nothing is overwritten.
    #[command(after_help = "Example:\n  waxseal key new keys/release --encrypt")]
    New {
        /// Name of the files, with or without `.pem`; may include a folder.
        name: PathBuf,
        /// Encrypt the private key with a passphrase.
        #[arg(long)]
        encrypt: bool,
    },
    /// Print the public key of a private or public key file, as SPKI PEM.
    #[command(after_help = "Example:\n  waxseal key public ~/.ssh/id_ed25519 > keys/ci.pub.pem")]
    Public {
        /// The key file; `-` is standard input.
        file: PathBuf,
    },
    /// Print the id of a private or public key file: the first 8 bytes of the SHA-256 of the public key, in hex.
    #[command(after_help = "Example:\n  waxseal key id keys/release.pub.pem")]
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
        let file = match &self.action {
            Action::New { name, encrypt } => return new(name, *encrypt),
            Action::Public { file } | Action::Id { file } => file,
        };
        let key = read_any(file)?;
        let pem = key.to_pem().map_err(|error| unusable(file, &error))?;
        let result = json!({ "key_id": key.to_string(), "public_pem": pem });
        let text = if let Action::Public { .. } = self.action { pem } else { format!("{key}\n") };
        Ok(Report { result: Some(result), ..Report::done(text) })
    }
}

fn new(name: &Path, encrypt: bool) -> Result<Report, Failure> {
    let (private, public) = pair(name)?;
    if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
        return Err(files::exists(there));
    }
    let failed = |error: KeyError| Failure::new(Exit::Failed, error.to_string());
    let passphrase = if encrypt { Some(passphrase::new(&private)?) } else { None };
    let key = PrivateKey::generate().map_err(failed)?;
    let pem = key.to_pem(passphrase.as_deref().map(String::as_str)).map_err(failed)?;
    files::write_new(&private, pem.as_bytes(), Access::Private)?;
    let written =
        key.public().to_pem().map_err(failed).and_then(|pem| files::write_new(&public, pem.as_bytes(), Access::Usual));
    if let Err(failure) = written {
        // Nobody has seen this private key yet: half a pair is of no use.
        let _ = std::fs::remove_file(&private);
        return Err(failure);
    }
    let (private, public) = (private.display().to_string(), public.display().to_string());
    let how = if encrypt { "private, encrypted" } else { "private: keep it secret" };
    let text = format!("{private}  {how}\n{public}  public, id {}\n", key.public());
    let result = json!({
        "key_id": key.public().to_string(), "private": private, "public": public, "encrypted": encrypt,
    });
    Ok(Report { result: Some(result), ..Report::done(text) })
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
    decrypted(file, public_half)
}

/// Reads a public key.
///
/// # Errors
/// Exit code 3 if it cannot be read, 1 if it is something else.
pub fn read_public(file: &Path) -> Result<PublicKey, Failure> {
    PublicKey::from_text(&files::read_text(file)?).map_err(|error| unusable(file, &error))
}

/// Names private key files where no --key does.
const VARIABLE: &str = "WAXSEAL_KEY";

/// The private keys of these files; of those that `WAXSEAL_KEY` names if there is none.
///
/// # Errors
/// Those of [`read_private`].
pub fn private_keys(files: &[PathBuf]) -> Result<Vec<PrivateKey>, Failure> {
    let mut files = files.to_vec();
    if files.is_empty() {
        files.extend(env::var_os(VARIABLE).iter().flat_map(env::split_paths).filter(|path| *path != Path::new("")));
    }
    files.iter().map(|file| read_private(file)).collect()
}

/// Reads a private key. Asks for the passphrase of an encrypted one.
///
/// # Errors
/// Exit code 3 if it cannot be read, 1 if it is something else or the passphrase is wrong.
pub fn read_private(file: &Path) -> Result<PrivateKey, Failure> {
    decrypted(file, PrivateKey::from_text)
}

/// Reads a key file, with its passphrase if it needs one.
fn decrypted<T>(file: &Path, read: impl Fn(&str, Option<&str>) -> Result<T, KeyError>) -> Result<T, Failure> {
    let text = Zeroizing::new(files::read_text(file)?);
    let result = match read(&text, None) {
        Err(KeyError::Encrypted) => read(&text, Some(&passphrase::existing(file)?)),
        result => result,
    };
    result.map_err(|error| unusable(file, &error))
}

fn unusable(file: &Path, error: &KeyError) -> Failure {
    Failure::new(Exit::Refused, format!("{}: {error}", files::shown(file)))
}
