//! What is behind a simulated device's ROM.

use std::ops::Range;

use crate::memory_map::MemoryMap;
use crate::status::StatusCode;

/// The memories of a device, by address.
pub trait Memory {
    /// Whether the ROM takes an address.
    fn has(&self, address: u32) -> bool;
    /// Reads from an address.
    ///
    /// # Errors
    /// What the ROM reports.
    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), StatusCode>;
    /// The sector that an erase at this address erases.
    fn sector(&self, address: u32) -> Option<Range<u32>>;
    /// Erases a range: a sector, or a part of it when the cable is pulled meanwhile.
    ///
    /// # Errors
    /// What the ROM reports.
    fn erase(&mut self, range: Range<u32>) -> Result<(), StatusCode>;
    /// Programs bytes, as well as the memory can: whoever wants to know reads back.
    ///
    /// # Errors
    /// What the ROM reports.
    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), StatusCode>;
    /// Lifts the read protection, which erases the flash. The device resets.
    fn unprotect(&mut self) {}
    /// Whether programming there resets the device.
    fn resets(&self, _address: u32) -> bool {
        false
    }
}

/// Plain memory: programming clears bits, erasing sets them, and nothing else ever happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Its sectors.
    pub map: MemoryMap,
    base: u32,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it is protected from being read.
    pub read_protected: bool,
}

impl Plain {
    /// All bytes of a map's runs, from the lowest address to the highest, erased.
    pub fn of(map: &MemoryMap) -> Self {
        let base = map.runs.iter().map(|run| run.address).min().unwrap_or_default();
        let end = map.runs.iter().map(|run| run.range().end).max().unwrap_or_default();
        let size = usize::try_from(end.saturating_sub(base.into())).unwrap_or_default();
        Self { map: map.clone(), base, bytes: vec![0xFF; size], read_protected: false }
    }

    /// The bytes of a range. Empty where it is not all there.
    pub fn range(&mut self, range: &Range<u32>) -> &mut [u8] {
        let offset = |address: u32| address.checked_sub(self.base).map(|offset| offset as usize);
        match (offset(range.start), offset(range.end)) {
            (Some(start), Some(end)) => self.bytes.get_mut(start..end).unwrap_or_default(),
            _ => &mut [],
        }
    }

    fn readable(&self) -> Result<(), StatusCode> {
        if self.read_protected { Err(StatusCode::VENDOR) } else { Ok(()) }
    }
}

impl Memory for Plain {
    fn has(&self, address: u32) -> bool {
        self.map.sector(address).is_some()
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), StatusCode> {
        self.readable()?;
        let range = address..address.saturating_add(bytes.len() as u32);
        if !self.map.allows(&range, |access| access.read) {
            return Err(StatusCode::TARGET);
        }
        let found = self.range(&range);
        bytes.iter_mut().zip(found).for_each(|(byte, found)| *byte = *found);
        Ok(())
    }

    fn sector(&self, address: u32) -> Option<Range<u32>> {
        let (sector, access) = self.map.sector(address)?;
        let range = u32::try_from(sector.start).ok()?..u32::try_from(sector.end).ok()?;
        access.erase.then_some(range)
    }

    fn erase(&mut self, range: Range<u32>) -> Result<(), StatusCode> {
        self.readable()?;
        self.range(&range).fill(0xFF);
        Ok(())
    }

    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), StatusCode> {
        self.readable()?;
        let range = address..address.saturating_add(bytes.len() as u32);
        if !self.map.allows(&range, |access| access.write) {
            return Err(StatusCode::TARGET);
        }
        self.range(&range).iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }
}
