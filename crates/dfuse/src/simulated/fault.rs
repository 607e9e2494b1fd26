//! What goes wrong on a simulated device, on demand.

use std::fmt;
use std::str::FromStr;

use crate::status::StatusCode;

/// When something goes wrong. All are counted from 0, from when the device was plugged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a control transfer. `120`
    Transfer(u32),
    /// The erase of a sector. `erase:2`
    Erase(u32),
    /// A block that is programmed, in flash or one-time-programmable memory. `program:3`
    Program(u32),
    /// A block that is read. `read:1`
    Read(u32),
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The cable is pulled: in the middle of an erase or a block that is programmed half of it is done. `unplug@program:3`
    Unplugged(Moment),
    /// A transfer is stalled, or the one that asks for an erase or a block. `stall@erase:1`
    Stalled(Moment),
    /// An erase or a block is carried out, and from then on GETSTATUS is stalled. `mute@program:0`
    Mute(Moment),
    /// From this transfer on, GETSTATUS is stalled twice before each answer while the device is busy, as an L4 does.
    /// `status-stalls@0`
    StatusStalls(u32),
    /// Erases never end until CLRSTATUS came twice, as on an H7's second bank. `busy`
    StaysBusy,
    /// The same of one erase or block alone. `busy@program:0`
    StaysBusyIn(Moment),
    /// CLRSTATUS changes nothing. `deaf`
    Deaf,
    /// Every operation takes so many times as long as the device says. `slow@20`
    Slow(u32),
    /// An erase or a block is not carried out, and ends with this status. `status@erase:1=11`
    Status(Moment, StatusCode),
    /// Uploads bring a byte less than asked for. `short-reads`
    ShortReads,
    /// Somebody else programs this byte before it is read for the time of this number, counted from 0.
    /// `written@0x1FF0F000=0x12,1`
    Written(u32, u8, u32),
    /// Lock bytes of one-time-programmable memory are none of the ROM's addresses. `no-locks`
    NoLocks,
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (what, count) = text.split_once(':').unwrap_or(("", text));
        let number = number(count).ok_or(())?;
        match what {
            "" => Ok(Self::Transfer(number)),
            "erase" => Ok(Self::Erase(number)),
            "program" => Ok(Self::Program(number)),
            "read" => Ok(Self::Read(number)),
            _ => Err(()),
        }
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no fault: unplug@WHEN, stall@WHEN, mute@CHANGE, busy, busy@CHANGE, status@CHANGE=CODE, status-stalls@N, deaf, \
                 slow@N, short-reads, no-locks, written@ADDRESS=BYTE,N; CHANGE is erase:N or program:N, WHEN is that, read:N, or N of a transfer"
            )
        };
        let (name, value) = text.split_once('@').map_or((text, None), |(name, value)| (name, Some(value)));
        let first = value.and_then(|value| value.split(['=', ',']).next());
        let after = |sign: char| value.and_then(|value| number(value.split(sign).nth(1)?.split(',').next()?));
        let count = || first.and_then(number);
        let moment = || first.and_then(|first| first.parse().ok());
        let change = || moment().filter(|moment| matches!(moment, Moment::Erase(_) | Moment::Program(_)));
        let byte = |number: u32| u8::try_from(number).ok();
        let fault = match (name, value) {
            ("busy", None) => Some(Self::StaysBusy),
            ("deaf", None) => Some(Self::Deaf),
            ("short-reads", None) => Some(Self::ShortReads),
            ("no-locks", None) => Some(Self::NoLocks),
            ("unplug", _) => moment().map(Self::Unplugged),
            ("stall", _) => moment().map(Self::Stalled),
            ("mute", _) => change().map(Self::Mute),
            ("busy", _) => change().map(Self::StaysBusyIn),
            ("status-stalls", _) => count().map(Self::StatusStalls),
            ("slow", _) => count().map(Self::Slow),
            ("status", _) => {
                change().zip(after('=').and_then(byte)).map(|(at, code)| Self::Status(at, StatusCode(code)))
            }
            ("written", _) => match (count(), after('=').and_then(byte), after(',')) {
                (Some(address), Some(byte), Some(time)) => Some(Self::Written(address, byte, time)),
                _ => None,
            },
            _ => None,
        };
        fault.ok_or_else(wrong)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transfer(number) => write!(f, "{number}"),
            Self::Erase(number) => write!(f, "erase:{number}"),
            Self::Program(number) => write!(f, "program:{number}"),
            Self::Read(number) => write!(f, "read:{number}"),
        }
    }
}

/// As it is written.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unplugged(at) => write!(f, "unplug@{at}"),
            Self::Stalled(at) => write!(f, "stall@{at}"),
            Self::Mute(at) => write!(f, "mute@{at}"),
            Self::StatusStalls(at) => write!(f, "status-stalls@{at}"),
            Self::StaysBusy => f.write_str("busy"),
            Self::StaysBusyIn(at) => write!(f, "busy@{at}"),
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
            ("unplug@120", Fault::Unplugged(Moment::Transfer(120))),
            ("unplug@program:3", Fault::Unplugged(Moment::Program(3))),
            ("unplug@read:1", Fault::Unplugged(Moment::Read(1))),
            ("stall@erase:1", Fault::Stalled(Moment::Erase(1))),
            ("mute@program:0", Fault::Mute(Moment::Program(0))),
            ("status-stalls@0", Fault::StatusStalls(0)),
            ("busy", Fault::StaysBusy),
            ("busy@program:0", Fault::StaysBusyIn(Moment::Program(0))),
            ("deaf", Fault::Deaf),
            ("slow@20", Fault::Slow(20)),
            ("status@erase:1=11", Fault::Status(Moment::Erase(1), StatusCode(11))),
            ("short-reads", Fault::ShortReads),
            ("written@0x1FF0F000=0x12,1", Fault::Written(0x1FF0_F000, 0x12, 1)),
            ("no-locks", Fault::NoLocks),
        ] {
            assert_eq!(text.parse(), Ok(fault), "{text}");
            assert_eq!(fault.to_string(), text);
        }
        for text in [
            "",
            "unplug",
            "unplug@x",
            "unplug@erase",
            "unplug@erase:",
            "unplug@sector:1",
            "status@erase:3",
            "status@erase:3=300",
            "status@3=11",
            "written@1=2",
            "written@1,2",
            "busy@1",
            "mute@read:1",
            "slow@erase:1",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
