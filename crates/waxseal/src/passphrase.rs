//! Passphrases: from the environment or from the terminal, never from an argument, which others can read in the list of
//! processes.

use std::env;
use std::path::Path;

use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};

/// Holds the passphrase of the keys that a run reads or makes.
const VARIABLE: &str = "WAXSEAL_PASSPHRASE";

/// The passphrase of a key that exists.
///
/// # Errors
/// Exit code 2 if there is neither the variable nor a terminal.
pub fn existing(file: &Path) -> Result<Zeroizing<String>, Failure> {
    match from_environment()? {
        Some(passphrase) => Ok(passphrase),
        None => ask(&format!("Passphrase of {}: ", file.display())),
    }
}

/// The passphrase of a key that is made. Who types it does so twice.
///
/// # Errors
/// As [`existing`]; exit code 1 if it is empty, or typed differently the second time.
pub fn new(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let passphrase = match from_environment()? {
        Some(passphrase) => passphrase,
        None => {
            let first = ask(&format!("Passphrase for {}: ", file.display()))?;
            if *first != *ask("The same again: ")? {
                return Err(Failure::new(Exit::Refused, "the two passphrases differ"));
            }
            first
        }
    };
    if passphrase.is_empty() {
        return Err(Failure::new(Exit::Refused, "an empty passphrase protects nothing")
            .help("leave --encrypt out for a key that is not encrypted"));
    }
    Ok(passphrase)
}

fn from_environment() -> Result<Option<Zeroizing<String>>, Failure> {
    match env::var(VARIABLE) {
        Ok(passphrase) => Ok(Some(Zeroizing::new(passphrase))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{VARIABLE} is not UTF-8"))),
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        Failure::usage(format!("nobody can be asked for the passphrase: {error}"))
            .help(format!("without a terminal, {VARIABLE} holds it"))
    })
}
