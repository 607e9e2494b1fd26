//! Where the ledger is, who writes to it, and when.

use std::env;
use std::path::PathBuf;

use ::ledger::{Error, Ledger, Location, SecretKey, Who};
use clap::Args;
use jiff::Timestamp;

use crate::exit::{Exit, Failure};

/// Names the ledger where --ledger does not; the place for a URL with a password.
const VARIABLE: &str = "WAXSEAL_LEDGER";

/// The option that names a ledger.
#[derive(Debug, Args)]
pub struct LedgerArgs {
    /// The ledger: a SQLite file, or postgres://USER@HOST/DATABASE. Without it WAXSEAL_LEDGER names it, where a URL may have a
    /// password.
    #[arg(long, value_name = "FILE|URL", global = true)]
    ledger: Option<String>,
}

impl LedgerArgs {
    /// Whether a ledger is named among the arguments.
    pub fn is_named(&self) -> bool {
        self.ledger.is_some()
    }

    /// Where the ledger is, if one is named.
    ///
    /// # Errors
    /// Exit code 2: a password among the arguments, or a variable that is no text.
    pub fn location(&self) -> Result<Option<Location>, Failure> {
        let text = match (&self.ledger, env::var(VARIABLE)) {
            (Some(text), _) if has_password(text) => {
                return Err(Failure::usage("--ledger: a password in an argument can be seen by others")
                    .help(format!("put the URL into {VARIABLE}, and leave --ledger out")));
            }
            (Some(text), _) => text.clone(),
            (None, Ok(text)) if !text.is_empty() => text,
            (None, Ok(_) | Err(env::VarError::NotPresent)) => return Ok(None),
            (None, Err(env::VarError::NotUnicode(_))) => {
                return Err(Failure::usage(format!("{VARIABLE} is not UTF-8")));
            }
        };
        match text.parse() {
            Ok(location) => Ok(Some(location)),
            Err(never) => match never {},
        }
    }

    /// Where the ledger is.
    ///
    /// # Errors
    /// Those of [`Self::location`]; exit code 2 if none is named.
    pub fn required(&self) -> Result<Location, Failure> {
        self.location()?.ok_or_else(|| Failure::usage("which ledger? --ledger FILE, or postgres://USER@HOST/DATABASE"))
    }

    /// The ledger, opened, and where it is.
    ///
    /// # Errors
    /// Those of [`Self::required`]; what [`failure`] makes of the ledger's.
    pub fn open(&self) -> Result<(Location, Ledger), Failure> {
        let location = self.required()?;
        let ledger = Ledger::open(&location).map_err(|error| failure(&location, &error))?;
        Ok((location, ledger))
    }
}

/// `user:password@`, or `password=` among the parameters.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let user = rest.split_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.split_once('?').is_some_and(|(_, query)| query.contains("password="))
}

/// The options that say who writes to the ledger.
#[derive(Debug, Args)]
pub struct WhoArgs {
    /// The station on the line, for the ledger.
    #[arg(long, default_value = "")]
    station: String,
    /// The person at it, for the ledger.
    #[arg(long, default_value = "")]
    operator: String,
    /// When, as 2026-11-19T10:00:00Z; without it the system's clock says so. Only the ledger has a time, no artefact.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl WhoArgs {
    /// Who, and when: in UTC, to the second.
    pub fn who(&self) -> Who {
        let at = self.at.unwrap_or_else(Timestamp::now);
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Who { station: self.station.clone(), operator: self.operator.clone(), at: at.to_string() }
    }
}

/// The file of the ledger's own key: FILE.key beside a SQLite file, unless another is named.
pub fn key_file(location: &Location, named: Option<&PathBuf>) -> Option<PathBuf> {
    match (named, location) {
        (Some(path), _) => Some(path.clone()),
        (None, Location::File(path)) => {
            let mut name = path.clone().into_os_string();
            name.push(".key");
            Some(name.into())
        }
        (None, Location::Url(_)) => None,
    }
}

/// The ledger's own key.
///
/// # Errors
/// Exit code 2 if nothing names it, 3 if it is not there.
pub fn secret_key(location: &Location, named: Option<&PathBuf>) -> Result<SecretKey, Failure> {
    let path = key_file(location, named)
        .ok_or_else(|| Failure::usage("a board has a secret: --ledger-key FILE, for its digest in the ledger"))?;
    SecretKey::read(&path).map_err(|error| {
        Failure::new(Exit::Missing, error.to_string())
            .help("`waxseal ledger init` makes it; without it no secret is told from another")
    })
}

/// What a ledger's error is to the user.
pub fn failure(location: &Location, error: &Error) -> Failure {
    let exit = match error {
        Error::Missing(_) => Exit::Missing,
        Error::Taken { .. }
        | Error::Allocated { .. }
        | Error::Exhausted { .. }
        | Error::Unknown(_)
        | Error::Order { .. }
        | Error::Locked { .. }
        | Error::NotIssued { .. }
        | Error::OtherBytes { .. }
        | Error::Programmed { .. }
        | Error::Unfit(_)
        | Error::Row { .. }
        | Error::Broken(_) => Exit::Refused,
        Error::Exists(_) | Error::Version { .. } | Error::Database(_) | Error::File(_) => Exit::Failed,
    };
    match error {
        Error::Broken(_) => Failure::new(exit, format!("{location}: {error}"))
            .help("write nothing more to it: find out who changed it, and go back to a copy that is whole"),
        Error::Version { .. } => Failure::new(exit, format!("{location}: {error}")).help("take a later waxseal"),
        Error::Order { from: ::ledger::State::Scrapped, .. } => {
            Failure::new(exit, error.to_string()).help("nothing brings a board back that was scrapped")
        }
        Error::OtherBytes { .. } => Failure::new(exit, error.to_string())
            .help("find out which board this is before anything else is done to it: `waxseal otp show` reads its fields"),
        Error::Programmed { .. } => Failure::new(exit, error.to_string())
            .help("the records of a board that was programmed stay as they were; `waxseal ledger board` tells what was done to it"),
        Error::Database(_) => Failure::new(exit, format!("{location}: {error}")),
        _ => Failure::new(exit, error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::has_password;

    #[test]
    fn passwords_are_found() {
        for url in ["postgres://a:b@h/d", "postgresql://h/d?user=a&password=b"] {
            assert!(has_password(url), "{url}");
        }
        for url in ["line.db", "postgres://a@h:5432/d", "postgres://h/d?user=a", "a:b@c"] {
            assert!(!has_password(url), "{url}");
        }
    }
}
