//! A simulated board: a chip behind its ROM, which can be kept in a file from one run to the next.

use std::fmt::Write as _;
use std::ops::Range;
use std::str::FromStr;

use thiserror::Error;

use super::chip::Chip;
use super::{Fault, Simulated};

/// A chip behind its ROM.
pub type Board = Simulated<Chip>;

/// Bytes of a block, as the ROMs have it.
const TRANSFER_SIZE: u16 = 2048;
/// What a board's file starts with.
const MAGIC: &str = "waxseal simulated board 1";

/// What was done to a simulated chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A sector was erased, or was to be.
    Erased(Range<u32>),
    /// These addresses were programmed, or were to be.
    Programmed(Range<u32>),
    /// Option bytes were written.
    Options,
    /// The read protection was lifted, and the flash erased.
    Unprotected,
}

/// A board that cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BoardError {
    /// No such order code.
    #[error("{0}")]
    Part(String),
    /// The part has no such option byte.
    #[error("`{0}` is no option byte of an {1}")]
    Option(String, String),
    /// The part has no flash, or no sector map for these values.
    #[error("no sector map for these option bytes")]
    Mode,
    /// No description of a board.
    #[error("`{0}` is no board: PART, or PART,OPTION=VALUE,serial=TEXT")]
    Text(String),
    /// No file of a board.
    #[error("no file of a simulated board: {0}")]
    File(&'static str),
}

impl Board {
    /// A blank board with this chip.
    ///
    /// # Errors
    /// A layout string that cannot be read back.
    pub fn of(chip: Chip) -> Result<Self, BoardError> {
        let alternates = chip.alternates();
        Self::new(chip, alternates, TRANSFER_SIZE).map_err(|_| BoardError::Mode)
    }

    /// Sets what goes wrong.
    pub fn set_faults(&mut self, faults: Vec<Fault>) {
        self.memory.has_locks = !faults.contains(&Fault::NoLocks);
        self.faults = faults;
    }

    /// The board as a file.
    pub fn save(&self) -> Vec<u8> {
        let Chip { part, log, options, flash, otp, locks, .. } = &self.memory;
        let mut head = format!("{MAGIC}\npart {}\nserial {}\n", part.name, self.serial());
        for (name, value) in options {
            let _ = writeln!(head, "option {name}={value}");
        }
        for operation in log {
            let _ = writeln!(head, "log {operation}");
        }
        head.push_str("content\n");
        [head.as_bytes(), &flash.bytes, &otp.bytes, &locks.bytes].concat()
    }

    /// A board out of its file.
    ///
    /// # Errors
    /// Bytes that are none.
    pub fn load(file: &[u8]) -> Result<Self, BoardError> {
        let wrong = BoardError::File;
        let end = file.windows(9).position(|window| window == b"\ncontent\n").ok_or(wrong("it has no content"))?;
        let head = std::str::from_utf8(&file[..end]).map_err(|_| wrong("its head is no text"))?;
        let mut lines = head.lines();
        if lines.next() != Some(MAGIC) {
            return Err(wrong("it does not begin as one"));
        }
        let (mut part, mut serial) = ("", "");
        let (mut options, mut log) = (Vec::new(), Vec::new());
        for line in lines {
            match line.split_once(' ') {
                Some(("part", name)) => part = name,
                Some(("serial", text)) => serial = text,
                Some(("option", option)) => {
                    let (name, value) = option.split_once('=').ok_or(wrong("an option byte without a value"))?;
                    let value = value.parse().map_err(|_| wrong("an option byte's value is no number"))?;
                    options.push((name.to_owned(), value));
                }
                Some(("log", operation)) => log.push(operation.parse()?),
                _ => return Err(wrong("a line of its head says nothing")),
            }
        }
        let mut chip = Chip::new(part, &options)?;
        chip.log = log;
        let mut content = &file[end + 9..];
        for cells in [&mut chip.flash, &mut chip.otp, &mut chip.locks] {
            let (bytes, rest) = content.split_at_checked(cells.bytes.len()).ok_or(wrong("it ends early"))?;
            cells.bytes.copy_from_slice(bytes);
            content = rest;
        }
        if !content.is_empty() {
            return Err(wrong("it has more than the part holds"));
        }
        Ok(Self::of(chip)?.with_serial(serial))
    }
}

/// `STM32F767ZI,nDBANK=0,serial=TEXT`: a blank board.
impl FromStr for Board {
    type Err = BoardError;

    fn from_str(text: &str) -> Result<Self, BoardError> {
        let wrong = || BoardError::Text(text.to_owned());
        let mut words = text.split(',');
        let part = words.next().unwrap_or_default();
        let (mut serial, mut options) = ("SIM0000001".to_owned(), Vec::new());
        for word in words {
            let (name, value) = word.split_once('=').ok_or_else(wrong)?;
            if name == "serial" {
                value.clone_into(&mut serial);
                continue;
            }
            let digits = value.strip_prefix("0x");
            let number = digits.map_or_else(|| value.parse(), |digits| u32::from_str_radix(digits, 16));
            options.push((name.to_owned(), number.map_err(|_| wrong())?));
        }
        Ok(Self::of(Chip::new(part, &options)?)?.with_serial(&serial))
    }
}

impl FromStr for Operation {
    type Err = BoardError;

    fn from_str(text: &str) -> Result<Self, BoardError> {
        let wrong = || BoardError::File("a line of its log says nothing");
        let mut words = text.split(' ');
        let what = words.next().unwrap_or_default();
        let mut range = || {
            let start = u32::from_str_radix(&words.next()?.strip_prefix("0x")?.replace('_', ""), 16).ok()?;
            Some(start..start.checked_add(words.next()?.parse().ok()?)?)
        };
        match what {
            "erased" => range().map(Self::Erased).ok_or_else(wrong),
            "programmed" => range().map(Self::Programmed).ok_or_else(wrong),
            "options" => Ok(Self::Options),
            "unprotected" => Ok(Self::Unprotected),
            _ => Err(wrong()),
        }
    }
}
