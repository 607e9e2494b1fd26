//! One-time-programmable memory as the device gives it to DFU: data, and lock bytes where it lets them be read.

use std::ops::Range;

use dfuse::{Access, Error, MemoryMap, Run};
use manifest::plan::otp::Otp;
use provision::ReadBack;

use crate::connected::Connected;
use crate::effect::Stage;
use crate::procedure::{Link, Setting};
use crate::trouble::Trouble;

/// What is to be said of every lock that goes over USB.
pub(crate) const LOCKS_UNPROVEN: &str =
    "that the boot ROM takes the lock bytes over USB is unproven on silicon: the read-back decides";
const LOCKS_REFUSED: &str = "the boot ROM does not give out the lock bytes: whether blocks are locked is not known, and they cannot be locked over USB";

/// The map of the device's memory with the lock bytes, which most ROMs do not name. What the ROM makes of their addresses, it says
/// when it is asked.
pub(crate) fn map(device: &Connected, otp: &Otp) -> Result<(u8, MemoryMap), Trouble> {
    let (alternate, map) =
        device.otp().ok_or_else(|| Trouble::OtherDevice("it names no one-time-programmable memory".to_owned()))?;
    let mut map = map.clone();
    if let Some(locks) = lock_range(otp)
        && !map.allows(&locks, |access| access.read)
    {
        let access = Access { read: true, erase: false, write: true };
        let size = locks.end - locks.start;
        map.runs.push(Run { address: locks.start, count: 1, size, access });
    }
    Ok((alternate.number, map))
}

/// All lock bytes, in whole words.
pub(crate) fn lock_range(otp: &Otp) -> Option<Range<u32>> {
    let range = otp.memory.lock_range()?;
    let size = (range.end - range.start).checked_next_multiple_of(4)?;
    Some(range.start..range.start.checked_add(size)?)
}

pub(crate) fn setting<'a>(device: &Connected, alternate: u8, map: &'a MemoryMap) -> Setting<'a> {
    Setting { interface: device.interface, alternate, transfer_size: device.transfer_size, map }
}

/// Reads data and lock bytes, and says what is to be known of it.
pub(crate) async fn read_all(
    link: &Link,
    device: &Connected,
    otp: &Otp,
    stage: Stage,
) -> Result<(ReadBack, Vec<String>), Trouble> {
    let (alternate, map) = map(device, otp)?;
    let setting = setting(device, alternate, &map);
    let data = link.read(&setting, otp.memory.range(), stage).await?;
    let (mut locks, mut notes) = (None, Vec::new());
    if let (Some(range), Some(blocks)) = (lock_range(otp), otp.memory.blocks()) {
        match link.read(&setting, range, stage).await {
            Ok(mut bytes) => {
                bytes.truncate(usize::try_from(blocks).unwrap_or(0));
                locks = Some(bytes);
            }
            Err(Trouble::Device(Error::Address(_) | Error::Reported { .. } | Error::Short { .. } | Error::Stalls)) => {
                notes.push(LOCKS_REFUSED.to_owned());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    Ok((ReadBack { data, locks }, notes))
}

/// The first difference between two readings.
pub(crate) fn changed(otp: &Otp, before: &ReadBack, now: &ReadBack) -> Option<Trouble> {
    let first = |base: u32, before: &[u8], now: &[u8]| {
        let (offset, (before, now)) = before.iter().zip(now).enumerate().find(|(_, (before, now))| before != now)?;
        let at = base.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
        Some(Trouble::Changed { at, before: *before, now: *now })
    };
    let locks = match (&before.locks, &now.locks) {
        (Some(before), Some(now)) => first(otp.lock_byte(0).unwrap_or_default(), before, now),
        (None, None) => None,
        _ => Some(Trouble::OtherDevice("its lock bytes could be read once, and once not".to_owned())),
    };
    first(otp.memory.base, &before.data, &now.data).or(locks)
}
