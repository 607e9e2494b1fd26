//! What a device says of itself.

use std::ops::Range;

use dfuse::{DescriptorError, DescriptorKind, Error, Functional, MemoryMap, Setup, alternates, string};
use geometry::Part;

use crate::effect::{Progress, Stage};
use crate::procedure::{Link, Procedure, Setting};
use crate::trouble::Trouble;

/// A device as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// idVendor.
    pub vendor: u16,
    /// idProduct.
    pub product: u16,
    /// The serial number's string. It is made from the chip's unique id, but sometimes constant: no key of a board.
    pub serial: String,
    /// bInterfaceNumber of the DFU interface.
    pub interface: u8,
    /// Bytes of a whole block.
    pub transfer_size: u16,
    /// Its alternate settings.
    pub alternates: Vec<Alternate>,
    /// The stored option bytes.
    pub options: Options,
    /// Whether it refuses to be read.
    pub read_protected: bool,
}

/// An alternate setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternate {
    /// bAlternateSetting.
    pub number: u8,
    /// Its name, as the device says it.
    pub name: String,
    /// What the name says of its memory; `None`: it is no layout.
    pub map: Option<MemoryMap>,
}

/// The option bytes that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Options {
    /// The device has no alternate setting for them.
    Absent,
    /// They could not be read.
    Unread(Trouble),
    /// The stored bytes, from this address on.
    Read {
        /// Of the first byte.
        address: u32,
        /// The bytes.
        bytes: Vec<u8>,
    },
}

impl Options {
    /// The value of an option byte of a part; `None` if it is not known.
    pub fn value(&self, part: &Part, name: &str) -> Option<u32> {
        let Self::Read { address, bytes } = self else { return None };
        part.stored_option(name, |at| {
            let start = usize::try_from(at.checked_sub(*address)?).ok()?;
            Some(u32::from_le_bytes(*bytes.get(start..)?.first_chunk()?))
        })
    }
}

impl Connected {
    /// What it is, in a line.
    pub fn text(&self) -> String {
        let Self { vendor, product, serial, .. } = self;
        format!("device {vendor:04x}:{product:04x}, serial number {serial}\n")
    }

    /// The alternate settings with flash, by what they can do: option bytes and one-time-programmable memory cannot be erased.
    pub fn flash(&self) -> impl Iterator<Item = (&Alternate, &MemoryMap)> {
        self.maps().filter(|(_, map)| {
            !map.is_option_bytes() && !map.is_one_time_programmable() && map.runs.iter().any(|run| run.access.erase)
        })
    }

    /// The alternate setting with one-time-programmable memory.
    pub fn otp(&self) -> Option<(&Alternate, &MemoryMap)> {
        self.maps().find(|(_, map)| map.is_one_time_programmable())
    }

    fn maps(&self) -> impl Iterator<Item = (&Alternate, &MemoryMap)> {
        self.alternates.iter().filter_map(|alternate| Some((alternate, alternate.map.as_ref()?)))
    }

    /// The alternate setting whose map covers a range of flash.
    pub(crate) fn flash_at(&self, range: &Range<u32>) -> Option<Setting<'_>> {
        let (alternate, map) = self.flash().find(|(_, map)| map.allows(range, |access| access.write))?;
        Some(self.setting(alternate, map))
    }

    pub(crate) fn setting<'a>(&self, alternate: &Alternate, map: &'a MemoryMap) -> Setting<'a> {
        let (interface, transfer_size) = (self.interface, self.transfer_size);
        Setting { interface, alternate: alternate.number, transfer_size, map }
    }

    /// Whether this is the same device as far as one can tell: what it says of itself is the same.
    fn difference(&self, now: &Self) -> Option<String> {
        let names = |device: &Self| device.alternates.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        if self.serial != now.serial {
            Some(format!("serial number {} then, {} now", self.serial, now.serial))
        } else if names(self) != names(now) || self.transfer_size != now.transfer_size {
            Some("its memory was described otherwise".to_owned())
        } else {
            None
        }
    }
}

/// Reads what a device says of itself, its option bytes, and whether it lets itself be read. Changes nothing.
pub fn identify() -> Procedure<Result<Connected, Trouble>> {
    Procedure::new(|link| async move {
        let mut device = describe(&link).await?;
        device.options = options(&link, &device).await?;
        let first = device.flash().find_map(|(alternate, map)| Some((alternate, map, map.runs.first()?.address)));
        if let Some((alternate, map, start)) = first {
            let setting = device.setting(alternate, map);
            match link.read(&setting, start..start.saturating_add(4), Stage::Identify).await {
                Ok(_) => {}
                Err(Trouble::Device(Error::ReadProtected)) => device.read_protected = true,
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(device)
    })
}

/// Makes sure that the device is still the one that was looked at, before anything is written.
pub(crate) async fn recheck(link: &Link, known: &Connected) -> Result<(), Trouble> {
    let now = describe(link).await?;
    known.difference(&now).map_or(Ok(()), |difference| Err(Trouble::OtherDevice(difference)))
}

async fn describe(link: &Link) -> Result<Connected, Trouble> {
    link.progress(Progress { stage: Stage::Identify, done: 0, total: 0, range: 0..0 }).await?;
    let missing = || Trouble::Descriptor(DescriptorError::Missing);
    let device = descriptor(link, DescriptorKind::Device, 0, 18).await?.ok_or_else(missing)?;
    let [.., v0, v1, p0, p1, _, _, _, _, serial, _] = *device.as_slice() else { return Err(missing()) };
    let head = descriptor(link, DescriptorKind::Configuration, 0, 9).await?.ok_or_else(missing)?;
    let [_, _, t0, t1, ..] = *head.as_slice() else { return Err(missing()) };
    let total = u16::from_le_bytes([t0, t1]);
    let configuration = descriptor(link, DescriptorKind::Configuration, 0, total).await?.ok_or_else(missing)?;
    let functional = Functional::find(&configuration)?;
    let found = alternates(&configuration);
    let interface = found.first().ok_or_else(missing)?.interface;
    let mut settings = Vec::new();
    for one in found.iter().filter(|one| one.interface == interface) {
        let name = text(link, one.string).await?;
        settings.push(Alternate { number: one.number, map: name.parse().ok(), name });
    }
    Ok(Connected {
        vendor: u16::from_le_bytes([v0, v1]),
        product: u16::from_le_bytes([p0, p1]),
        serial: text(link, serial).await?,
        interface,
        transfer_size: functional.transfer_size,
        alternates: settings,
        options: Options::Absent,
        read_protected: false,
    })
}

async fn descriptor(link: &Link, kind: DescriptorKind, index: u8, length: u16) -> Result<Option<Vec<u8>>, Trouble> {
    // English, of the United States, is what the ROM speaks.
    let language = if kind == DescriptorKind::String { 0x0409 } else { 0 };
    link.ask(Setup::descriptor(kind, index, language), length).await
}

/// The text of a string; empty if the device says that it has none. Browsers do not hand out the names of alternate settings, so they
/// are asked for. A device that stalls a string that it has named is not taken for one without memory.
async fn text(link: &Link, index: u8) -> Result<String, Trouble> {
    if index == 0 {
        return Ok(String::new());
    }
    let found = descriptor(link, DescriptorKind::String, index, 255).await?;
    Ok(found.and_then(|descriptor| string(&descriptor)).ok_or(DescriptorError::String(index))?)
}

async fn options(link: &Link, device: &Connected) -> Result<Options, Trouble> {
    let found = device.maps().find(|(_, map)| map.is_option_bytes());
    let Some((alternate, map)) = found else { return Ok(Options::Absent) };
    let Some(run) = map.runs.first() else { return Ok(Options::Absent) };
    let address = run.address;
    // The largest in the field has 0x200 bytes; a map that claims more is cut, not believed.
    let size = run.count.saturating_mul(run.size).min(0x1000);
    let setting = device.setting(alternate, map);
    match link.read(&setting, address..address.saturating_add(size), Stage::Identify).await {
        Ok(bytes) => Ok(Options::Read { address, bytes }),
        Err(gone @ Trouble::Device(Error::Gone | Error::Cancelled)) => Err(gone),
        Err(trouble) => Ok(Options::Unread(trouble)),
    }
}
