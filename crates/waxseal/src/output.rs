//! The two standard streams. A reader that went away is no error: `waxseal map r1b.toml | head -1` ends silently.

use std::io::{self, ErrorKind, Write};

use anstream::{AutoStream, ColorChoice};

use crate::exit::{Exit, Failure};

/// Writes a command's result. Whoever reads it may have gone away.
///
/// # Errors
/// Exit code 4 where it cannot be written, to a full disk for instance.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut stream = io::stdout().lock();
    match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failed, format!("cannot write the result: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes what is said beside a result. There is nobody to tell if that fails.
pub fn remark(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether the result may be coloured: on a terminal, unless NO_COLOR is set.
pub fn colours_result() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether what is said beside a result may be coloured.
pub fn colours_remarks() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}
