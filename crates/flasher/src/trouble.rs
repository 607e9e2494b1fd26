//! What goes wrong on the way, in words, and what a person can do about it.

use dfuse::{DescriptorError, Error, Failure, Journal, TaskError};
use geometry::address;
use thiserror::Error as ThisError;

/// Why a procedure ended early.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Trouble {
    /// The device, or the cable to it.
    #[error(transparent)]
    Device(#[from] Error),
    /// The device's descriptors.
    #[error(transparent)]
    Descriptor(#[from] DescriptorError),
    /// What the device says of its memory rules out what was planned.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// It is not the device that the plan was made for.
    #[error("this is not the device that was looked at: {0}")]
    OtherDevice(String),
    /// The board has counted higher than the image.
    #[error("the board starts no image with a security counter below {lowest}, and {image} has {counter}")]
    Counter {
        /// The image.
        image: String,
        /// Its security counter.
        counter: u32,
        /// The lowest one that the board accepts.
        lowest: u32,
    },
    /// The memory is not what the plan was made from.
    #[error("{} changed since it was read: {before:#04X} then, {now:#04X} now", address(*.at))]
    Changed {
        /// The first address that differs.
        at: u32,
        /// What it held.
        before: u8,
        /// What it holds.
        now: u8,
    },
    /// What was burnt reads back differently.
    #[error("{} was to become {wanted:#04X} and reads {found:#04X}", address(*.at))]
    Burnt {
        /// The first address that differs.
        at: u32,
        /// What it was to hold.
        wanted: u8,
        /// What it holds.
        found: u8,
    },
}

impl Trouble {
    /// A stable name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Device(error) => match error {
                Error::Gone => "gone",
                Error::Cancelled => "cancelled",
                Error::Address(_) => "address-refused",
                Error::ReadProtected => "read-protected",
                Error::Reported { .. } => "reported",
                Error::Stuck(_) => "stuck",
                Error::Stalls => "stalls",
                Error::Short { .. } => "short-answer",
                Error::Event => "event",
                Error::ReadBack { .. } => "read-back",
            },
            Self::Descriptor(_) => "descriptors",
            Self::Task(_) => "task",
            Self::OtherDevice(_) => "other-device",
            Self::Counter { .. } => "counter",
            Self::Changed { .. } => "changed",
            Self::Burnt { .. } => "not-burnt",
        }
    }

    /// What to do about it, in this order.
    pub fn advice(&self) -> Vec<String> {
        let lines: &[&str] = match self {
            Self::Device(error) => match error {
                Error::Gone => &[
                    "check the cable, and that nothing resets the board",
                    "bring it into its boot loader again: hold the boot pin, and reset",
                    RESUME,
                ],
                Error::Cancelled => &[RESUME],
                Error::ReadProtected => return read_protected(),
                Error::Address(_) => {
                    &["the part, or its mode, is not what the manifest says; or the sector is write-protected"]
                }
                Error::Stuck(_) | Error::Stalls | Error::Short { .. } | Error::Reported { .. } => {
                    &["unplug the board, bring it into its boot loader again, and do the same again"]
                }
                Error::ReadBack { .. } => &[
                    "write protection gives no error over USB: `waxseal preflight` compares the option bytes",
                    "do the same again; if it stays, the flash is worn or the part is another one",
                ],
                Error::Event => &["the program that moves the bytes answered out of turn: report it"],
            },
            Self::Descriptor(_) => &["bring the board into its boot loader: hold the boot pin, and reset"],
            Self::Task(_) => &["the part is not what the manifest says"],
            Self::OtherDevice(_) => &["look at the device that is connected now, and plan anew"],
            Self::Counter { .. } => &["take a release that is not older than what this board has had"],
            Self::Changed { .. } => &["somebody else writes to this board: find out who, then read it and plan anew"],
            Self::Burnt { .. } => {
                &["leave this board as it is, and keep its record: what is burnt cannot be taken back"]
            }
        };
        lines.iter().map(|line| (*line).to_owned()).collect()
    }
}

/// What follows an interrupted run.
const RESUME: &str = "then flash again and resume, or burn again: what reads right is not written twice";

/// What read protection is, and what lifting it costs.
pub fn read_protected() -> Vec<String> {
    vec![
        "the flash is read-protected (RDP level 1): over USB it can be neither read nor written".to_owned(),
        "lifting the protection erases all flash, and nobody can bring it back; it is never done by itself".to_owned(),
    ]
}

/// What a person can do who has no device in sight.
pub fn no_device() -> Vec<String> {
    reaching("hold the boot pin (BOOT0) and reset the board: its boot loader shows up as 0483:df11")
}

/// What a person can do whose device is there, and cannot be opened.
pub fn closed_device() -> Vec<String> {
    reaching("close other programs that use it, STM32CubeProgrammer for one")
}

/// What lies between a program and a device, behind what comes first.
fn reaching(first: &str) -> Vec<String> {
    [
        first,
        "Windows: give the device the WinUSB driver, with Zadig or STM32CubeProgrammer's driver",
        "Linux: a udev rule lets users at it: SUBSYSTEM==\"usb\", ATTR{idVendor}==\"0483\", ATTR{idProduct}==\"df11\", MODE=\"0666\"",
        "a cable for charging alone has no data lines: try another one",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// A task that ended early, and what it had done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub trouble: Trouble,
    pub journal: Journal,
}

impl From<Trouble> for Stopped {
    fn from(trouble: Trouble) -> Self {
        Self { trouble, journal: Journal::default() }
    }
}

impl From<Failure> for Stopped {
    fn from(Failure { error, journal }: Failure) -> Self {
        Self { trouble: error.into(), journal }
    }
}
