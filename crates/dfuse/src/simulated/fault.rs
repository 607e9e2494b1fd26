//! What goes wrong on a simulated device, on demand.

use std::fmt;
use std::str::FromStr;

use crate::status::StatusCode;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The cable is pulled before this control transfer, counted from 0. `unplug@120`
    Unplugged(u32),
    /// The cable is pulled in the middle of this erase or programming of a block, counted from 0: half of it is done.
    /// `unplug-in@3`
    UnpluggedIn(u32),
    /// This control transfer is stalled. `stall@40`
    Stalled(u32),
    /// From this transfer on, GETSTATUS is stalled twice before each answer while the device is busy, as an L4 does.
    /// `status-stalls@0`
    StatusStalls(u32),
    /// Erases never end until CLRSTATUS came twice, as on an H7's second bank. `busy`
    StaysBusy,
    /// The same of this erase or programming of a block alone, counted from 0. `busy-in@3`
    StaysBusyIn(u32),
    /// CLRSTATUS changes nothing. `deaf`
    Deaf,
    /// Every operation takes so many times as long as the device says. `slow@20`
    Slow(u32),
    /// The command or block of this number, counted from 0, ends with this status. `status@3=11`
    Status(u32, StatusCode),
    /// Uploads bring a byte less than asked for. `short-reads`
    ShortReads,
    /// Somebody else programs this byte before it is read for the time of this number, counted from 0.
    /// `written@0x1FF0F000=0x12,1`
    Written(u32, u8, u32),
    /// Lock bytes of one-time-programmable memory are none of the ROM's addresses. `no-locks`
    NoLocks,
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no fault: unplug@N, unplug-in@N, stall@N, status-stalls@N, busy, busy-in@N, deaf, slow@N, status@N=CODE, \
                 short-reads, no-locks, written@ADDRESS=BYTE,N"
            )
        };
        let (name, value) = text.split_once('@').map_or((text, None), |(name, value)| (name, Some(value)));
        let first = value.and_then(|value| number(value.split(['=', ',']).next()?));
        let after = |sign: char| value.and_then(|value| number(value.split(sign).nth(1)?.split(',').next()?));
        let byte = |number: u32| u8::try_from(number).ok();
        let fault = match (name, value) {
            ("busy", None) => Some(Self::StaysBusy),
            ("deaf", None) => Some(Self::Deaf),
            ("short-reads", None) => Some(Self::ShortReads),
            ("no-locks", None) => Some(Self::NoLocks),
            ("unplug", _) => first.map(Self::Unplugged),
            ("unplug-in", _) => first.map(Self::UnpluggedIn),
            ("busy-in", _) => first.map(Self::StaysBusyIn),
            ("stall", _) => first.map(Self::Stalled),
            ("status-stalls", _) => first.map(Self::StatusStalls),
            ("slow", _) => first.map(Self::Slow),
            ("status", _) => first.zip(after('=').and_then(byte)).map(|(at, code)| Self::Status(at, StatusCode(code))),
            ("written", _) => match (first, after('=').and_then(byte), after(',')) {
                (Some(address), Some(byte), Some(time)) => Some(Self::Written(address, byte, time)),
                _ => None,
            },
            _ => None,
        };
        fault.ok_or_else(wrong)
    }
}

/// As it is written.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unplugged(at) => write!(f, "unplug@{at}"),
            Self::UnpluggedIn(at) => write!(f, "unplug-in@{at}"),
            Self::Stalled(at) => write!(f, "stall@{at}"),
            Self::StatusStalls(at) => write!(f, "status-stalls@{at}"),
            Self::StaysBusy => f.write_str("busy"),
            Self::StaysBusyIn(at) => write!(f, "busy-in@{at}"),
            Self::Deaf => f.write_str("deaf"),
            Self::Slow(times) => write!(f, "slow@{times}"),
            Self::Status(at, StatusCode(code)) => write!(f, "status@{at}={code}"),
            Self::ShortReads => f.write_str("short-reads"),
            Self::Written(address, byte, time) => write!(f, "written@0x{address:08X}=0x{byte:02X},{time}"),
            Self::NoLocks => f.write_str("no-locks"),
        }
    }
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(&digits.replace('_', ""), 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_written_as_their_docs_say() {
        for (text, fault) in [
            ("unplug@120", Fault::Unplugged(120)),
            ("unplug-in@3", Fault::UnpluggedIn(3)),
            ("stall@40", Fault::Stalled(40)),
            ("status-stalls@0", Fault::StatusStalls(0)),
            ("busy", Fault::StaysBusy),
            ("busy-in@3", Fault::StaysBusyIn(3)),
            ("deaf", Fault::Deaf),
            ("slow@20", Fault::Slow(20)),
            ("status@3=11", Fault::Status(3, StatusCode(11))),
            ("short-reads", Fault::ShortReads),
            ("written@0x1FF0F000=0x12,1", Fault::Written(0x1FF0_F000, 0x12, 1)),
            ("no-locks", Fault::NoLocks),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
            assert_eq!(fault.to_string(), text);
        }
        for text in ["", "unplug", "unplug@x", "status@3", "status@3=300", "written@1=2", "written@1,2", "busy@1"] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
