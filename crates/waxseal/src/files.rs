//! Reading files, and writing sets of files that are complete or absent.

mod set;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

pub use self::set::{Access, FileSet, access_of, cannot_write, exists, write, write_new};
use crate::exit::{Exit, Failure};

/// The name that stands for standard input, or for standard output.
pub const STANDARD: &str = "-";

/// What messages call standard input.
pub const STANDARD_INPUT: &str = "<stdin>";

/// Bytes that are gathered before they are written: lines of a HEX file are short.
const BUFFER: usize = 1 << 16;

/// Largest file that is read, in bytes: no input of a 32-bit device comes near it, and a device file does not end.
const LARGEST: u64 = 1 << 30;

/// Whether standard input was read: there is nothing behind it.
static STANDARD_INPUT_READ: AtomicBool = AtomicBool::new(false);

/// Reads a whole file, or standard input for `-`.
///
/// # Errors
/// Exit code 3, naming the file; exit code 2 if standard input is to be read a second time.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = if path.as_os_str() == STANDARD {
        take_standard_input()?;
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| {
            // Room for all of it: a vector that grows takes up to twice as much. What is no file says 0, or anything.
            let size = file.metadata().map_or(0, |metadata| metadata.len()).min(LARGEST);
            bytes.reserve_exact(usize::try_from(size).unwrap_or(0).saturating_add(1));
            file.take(LARGEST + 1).read_to_end(&mut bytes)
        })
    };
    result.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable(path, &"it is larger than 1 GiB"));
    }
    Ok(bytes)
}

/// What messages call a file, or standard input.
pub fn shown(path: &Path) -> String {
    if path.as_os_str() == STANDARD { STANDARD_INPUT.to_owned() } else { path.display().to_string() }
}

/// Reads a file, or standard input for `-`, part by part, without holding it in memory.
///
/// # Errors
/// Those of [`read`], and those of `each`.
pub fn read_parts(path: &Path, mut each: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut input: Box<dyn Read> = if path.as_os_str() == STANDARD {
        take_standard_input()?;
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| unreadable(path, &error))?)
    };
    let mut buffer = vec![0; BUFFER];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Missing, format!("cannot read {}: {why}", shown(path)))
}

fn take_standard_input() -> Result<(), Failure> {
    if STANDARD_INPUT_READ.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage("`-` stands for two files, and standard input is only one")
            .help("name a file for one of them"));
    }
    Ok(())
}

/// Reads a text.
///
/// # Errors
/// Exit code 3, naming the file; exit code 1 if it is no UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|byte| **byte == b'\n').count() + 1;
        let name = shown(path);
        let failure = Failure::new(Exit::Refused, format!("{name} is not UTF-8 text"));
        let failure = failure.at(Some(format!("{name}:{line}")));
        match error.as_bytes() {
            // What `>` of Windows PowerShell 5 writes, and Notepad as "Unicode".
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => failure.help("it is UTF-16: save it as UTF-8"),
            // A sealed file or an ELF where a text goes: the arguments are in another order than they seem.
            bytes if bytes.contains(&0) => failure.help("it is no text at all: is this the file that goes here?"),
            _ => {
                failure.help("that line has a byte that is no UTF-8, of a Windows code page perhaps: save it as UTF-8")
            }
        }
    })
}
