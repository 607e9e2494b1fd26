//! What cannot be taken back is shown, and then asked for.

use std::io::{self, IsTerminal as _};

use crate::exit::{Exit, Failure};
use crate::output;

/// Shows what is to happen, and waits for a yes. With `--yes` nobody is asked.
///
/// # Errors
/// Exit code 1 for any other answer; exit code 2 where nobody can be asked.
pub fn confirm(what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{what} Nobody can be asked whether that is meant"))
            .help("without a terminal, --yes says so; nothing has happened"));
    }
    output::remark(&format!("{what} Type yes to go on: "));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    if read.is_ok() && answer.trim() == "yes" {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, "not confirmed: nothing has happened"))
}

/// Something that has to be typed.
pub struct Ask<'a> {
    /// What it is: `the board's name`.
    pub wanted: &'a str,
    /// What to type, and what that means.
    pub prompt: &'a str,
    /// The option that says it where nobody can be asked.
    pub option: &'a str,
}

/// Shows what is to happen, and waits for something to be typed. `given` is what the command line says it is.
///
/// # Errors
/// Exit code 2 where nobody can be asked.
pub fn typed(what: &str, ask: &Ask<'_>, given: Option<&str>) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    if !io::stdin().is_terminal() {
        output::remark(what);
        return Err(Failure::usage(format!("nobody can be asked for {}", ask.wanted))
            .help(format!("without a terminal, {} says it; nothing has happened", ask.option)));
    }
    output::remark(&format!("{what}{}: ", ask.prompt));
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    Ok(answer.trim().to_owned())
}
