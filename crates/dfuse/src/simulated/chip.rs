//! The memories of a part, as the device database has them: flash in its mode, option bytes, one-time-programmable memory.
//!
//! Flash erases to ones and programs by clearing bits; what flash with ECC makes of a second programming is `flash-model`'s matter.

use std::collections::BTreeMap;
use std::ops::Range;

use geometry::{Lock, Mode, Part, Sector, address};

use super::Memory;
use super::board::{BoardError, Operation};
use crate::status::StatusCode;

/// The option byte of the read protection.
const READ_PROTECTION: &str = "RDP";

/// A part with its content.
#[derive(Clone, Debug)]
pub struct Chip {
    /// What it is.
    pub part: Part,
    /// What was done to it, in order.
    pub log: Vec<Operation>,
    /// Option bytes, by name; of read protection the level.
    pub(super) options: BTreeMap<String, u32>,
    pub(super) flash: Cells,
    pub(super) otp: Cells,
    pub(super) locks: Cells,
    /// The sectors of its mode, and whether each is write-protected.
    sectors: Vec<(Sector, bool)>,
    /// Whether the ROM takes the addresses of the lock bytes. That it does is unproven.
    pub(super) has_locks: bool,
}

/// Bytes from an address on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells {
    pub base: u32,
    pub bytes: Vec<u8>,
}

impl Cells {
    fn blank(range: &Range<u32>) -> Self {
        Self { base: range.start, bytes: vec![0xFF; range.len()] }
    }

    fn index(&self, address: u32) -> Option<usize> {
        let index = usize::try_from(address.checked_sub(self.base)?).ok()?;
        (index < self.bytes.len()).then_some(index)
    }

    fn byte(&self, address: u32) -> Option<u8> {
        self.bytes.get(self.index(address)?).copied()
    }

    fn clear(&mut self, address: u32, byte: u8) {
        if let Some(cell) = self.index(address).and_then(|index| self.bytes.get_mut(index)) {
            *cell &= byte;
        }
    }
}

impl Chip {
    /// A blank part, with these values of option bytes; of the others those that it is shipped with.
    ///
    /// # Errors
    /// A name that is no order code, an option byte that the part does not have, no sector map for these values.
    pub fn new(part: &str, options: &[(String, u32)]) -> Result<Self, BoardError> {
        let part = geometry::part(part).map_err(|error| BoardError::Part(error.to_string()))?;
        let mut values: BTreeMap<String, u32> =
            part.options.iter().filter_map(|option| Some((option.name.clone(), option.shipped?))).collect();
        for (name, value) in options {
            if part.option(name).is_none() && name != READ_PROTECTION {
                return Err(BoardError::Option(name.clone(), part.name));
            }
            values.insert(name.clone(), *value);
        }
        // A blank board is protected from nothing.
        values.entry(READ_PROTECTION.to_owned()).or_insert(0);
        let mode = part.mode(|name| values.get(name).copied()).ok_or(BoardError::Mode)?;
        for protection in mode.regions.iter().filter_map(|region| region.write_protection.as_ref()) {
            values.entry(protection.option.clone()).or_insert(u32::MAX >> (32 - protection.bits));
        }
        // The flash of a part is the same silicon in all of its modes.
        let ranges = || part.modes.iter().flat_map(|mode| &mode.regions).map(|region| region.range());
        let (start, end) = (ranges().map(|range| range.start).min(), ranges().map(|range| range.end).max());
        if mode.regions.is_empty() {
            return Err(BoardError::Mode);
        }
        let flash = Cells::blank(&(start.unwrap_or(0)..end.unwrap_or(0)));
        let otp = Cells::blank(&part.otp.as_ref().map_or(0..0, |otp| otp.range()));
        let locks = Cells::blank(&part.otp.as_ref().and_then(|otp| otp.lock_range()).unwrap_or(0..0));
        let sectors = Vec::new();
        let mut chip = Self { part, log: Vec::new(), options: values, flash, otp, locks, sectors, has_locks: true };
        chip.sectors = chip.map();
        Ok(chip)
    }

    /// The layout strings of its alternate settings.
    pub fn alternates(&self) -> Vec<String> {
        let mut strings = Vec::new();
        let mut text = "@Internal Flash  ".to_owned();
        let mut end = None;
        for region in self.mode().iter().flat_map(|mode| &mode.regions) {
            text += &if end == Some(region.base) { ",".to_owned() } else { format!("/0x{:08X}/", region.base) };
            let run = |run: &geometry::Run| match (run.size % 1024, run.size / 1024) {
                (0, kilobytes @ 0..1000) => format!("{:02}*{kilobytes:03}Kg", run.count),
                (0, kilobytes) => format!("{:02}*{:03}Mg", run.count, kilobytes / 1024),
                _ => format!("{:02}*{:03} g", run.count, run.size),
            };
            text += &region.runs.iter().map(run).collect::<Vec<_>>().join(",");
            end = Some(region.range().end);
        }
        strings.push(text);
        for memory in &self.part.option_memory {
            strings.push(format!("@Option Bytes  /0x{:08X}/01*{:03} e", memory.base, memory.size));
        }
        if let Some(otp) = self.part.otp.as_ref().filter(|otp| otp.size > 0) {
            // As the F7's ROM has it: without the lock bytes.
            strings.push(format!("@OTP Memory   /0x{:08X}/01*{:03} e", otp.base, otp.size));
        }
        strings
    }

    /// Its mode, as the option bytes have it.
    pub fn mode(&self) -> Option<&Mode> {
        self.part.mode(|name| self.options.get(name).copied())
    }

    /// Its option bytes; of read protection the level.
    pub fn options(&self) -> impl Iterator<Item = (&str, u32)> {
        self.options.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The bytes from an address on, whatever protects them: what a test looks at.
    pub fn content(&self, range: &Range<u32>) -> Option<Vec<u8>> {
        range.clone().map(|at| self.byte(at)).collect()
    }

    /// Puts bytes into the flash, as a programmer on another cable would: what a test starts from.
    pub fn put(&mut self, at: u32, bytes: &[u8]) {
        for (address, byte) in (at..).zip(bytes) {
            if let Some(cell) = self.flash.index(address).and_then(|index| self.flash.bytes.get_mut(index)) {
                *cell = *byte;
            }
        }
    }

    fn byte(&self, at: u32) -> Option<u8> {
        if self.flash.index(at).is_some() {
            return self.sector_at(at).and_then(|_| self.flash.byte(at));
        }
        let locks = || if self.has_locks { self.locks.byte(at) } else { None };
        self.otp.byte(at).or_else(locks).or_else(|| self.option_byte(at))
    }

    fn option_byte(&self, at: u32) -> Option<u8> {
        let words = self.part.store_options(|name| self.options.get(name).copied());
        self.part.option_memory.iter().find(|memory| memory.range().contains(&at))?;
        // Erased, where nothing proves what is stored.
        words.get(&(at & !3)).unwrap_or(&u32::MAX).to_le_bytes().get(usize::try_from(at & 3).ok()?).copied()
    }

    fn level(&self) -> u32 {
        self.options.get(READ_PROTECTION).copied().unwrap_or(0)
    }

    fn open(&self) -> Result<(), StatusCode> {
        if self.level() == 0 { Ok(()) } else { Err(StatusCode::VENDOR) }
    }

    /// The sectors of its mode, lowest address first, and whether each is write-protected.
    fn map(&self) -> Vec<(Sector, bool)> {
        let Some(mode) = self.mode() else { return Vec::new() };
        let of_region = |region: &geometry::Region| {
            let is_protected = |sector: &Sector| {
                let protection = region.write_protection.as_ref();
                let value = protection.and_then(|protection| Some((protection, self.options.get(&protection.option)?)));
                value.is_some_and(|(protection, value)| {
                    let bit = *protection.bits_for(sector.number..=sector.number).start();
                    value >> bit & 1 == 0
                })
            };
            region.sectors().map(|sector| (sector, is_protected(&sector))).collect::<Vec<_>>()
        };
        mode.regions.iter().flat_map(of_region).collect()
    }

    fn sector_at(&self, at: u32) -> Option<(Sector, bool)> {
        let index = self.sectors.partition_point(|(sector, _)| sector.address <= at).checked_sub(1)?;
        self.sectors.get(index).filter(|(sector, _)| sector.range().contains(&at)).copied()
    }

    /// One byte of one-time-programmable memory. A locked block, or a unit that was programmed, stays as it is.
    fn burn(&mut self, at: u32, byte: u8) {
        let Some(otp) = self.part.otp.clone() else { return };
        let block = otp.block.and_then(|block| (at - otp.base).checked_div(block));
        let is_locked = match (otp.lock, block) {
            (Some(Lock::Bytes(base)), Some(block)) => self.locks.byte(base + block) == Some(0x00),
            _ => false,
        };
        if !is_locked {
            self.otp.clear(at, byte);
        }
    }

    fn is_spent(&self, at: u32) -> bool {
        let Some(unit) = self.part.otp.as_ref().and_then(|otp| otp.unit).filter(|unit| *unit > 1) else { return false };
        let start = at - (at - self.otp.base) % unit;
        (start..start + unit).any(|at| self.otp.byte(at) != Some(0xFF))
    }

    fn set_options(&mut self, at: u32, bytes: &[u8]) {
        let byte = |address: u32| {
            let new = address.checked_sub(at).and_then(|index| bytes.get(usize::try_from(index).ok()?)).copied();
            new.or_else(|| self.option_byte(address))
        };
        let word = |address: u32| {
            let bytes: Option<Vec<u8>> = (address..address + 4).map(byte).collect();
            Some(u32::from_le_bytes(bytes?.try_into().ok()?))
        };
        let names: Vec<String> = self.part.options.iter().map(|option| option.name.clone()).collect();
        let new: Vec<(String, u32)> =
            names.into_iter().filter_map(|name| Some((name.clone(), self.part.stored_option(&name, word)?))).collect();
        let before = self.level();
        for (name, value) in new {
            // Level 2 is for ever.
            if !(name == READ_PROTECTION && before == 2) {
                self.options.insert(name, value);
            }
        }
        self.sectors = self.map();
        self.log.push(Operation::Options);
        if before == 1 && self.level() == 0 {
            self.flash.bytes.fill(0xFF);
        }
    }
}

impl Memory for Chip {
    fn has(&self, address: u32) -> bool {
        self.byte(address).is_some()
    }

    fn read(&mut self, address: u32, bytes: &mut [u8]) -> Result<(), StatusCode> {
        self.open()?;
        for (at, byte) in (address..).zip(bytes) {
            *byte = self.byte(at).ok_or(StatusCode::TARGET)?;
        }
        Ok(())
    }

    fn sector(&self, address: u32) -> Option<Range<u32>> {
        self.sector_at(address).map(|(sector, _)| sector.range())
    }

    fn erase(&mut self, range: Range<u32>) -> Result<(), StatusCode> {
        self.open()?;
        self.log.push(Operation::Erased(range.clone()));
        // AN3156, like AN3155 for the serial port: writing what is write-protected gives no error.
        if self.sector_at(range.start).is_some_and(|(_, protected)| !protected) {
            for at in range {
                if let Some(cell) = self.flash.index(at).and_then(|index| self.flash.bytes.get_mut(index)) {
                    *cell = 0xFF;
                }
            }
        }
        Ok(())
    }

    fn program(&mut self, address: u32, bytes: &[u8]) -> Result<(), StatusCode> {
        self.open()?;
        let range = address..address.saturating_add(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        if range.clone().any(|at| self.byte(at).is_none()) {
            return Err(StatusCode::TARGET);
        }
        if self.resets(address) {
            self.set_options(address, bytes);
            return Ok(());
        }
        self.log.push(Operation::Programmed(range.clone()));
        let spent: Vec<bool> = range.clone().map(|at| self.otp.byte(at).is_some() && self.is_spent(at)).collect();
        for ((at, byte), spent) in range.zip(bytes).zip(spent) {
            if self.otp.byte(at).is_some() {
                if !spent {
                    self.burn(at, *byte);
                }
            } else if self.locks.byte(at).is_some() {
                self.locks.clear(at, *byte);
            } else if self.sector_at(at).is_some_and(|(_, protected)| !protected) {
                self.flash.clear(at, *byte);
            }
        }
        Ok(())
    }

    fn unprotect(&mut self) {
        if self.level() < 2 {
            self.options.insert(READ_PROTECTION.to_owned(), 0);
            self.flash.bytes.fill(0xFF);
            self.log.push(Operation::Unprotected);
        }
    }

    fn resets(&self, address: u32) -> bool {
        self.part.option_memory.iter().any(|memory| memory.range().contains(&address))
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Erased(range) => write!(f, "erased {} {}", address(range.start), range.len()),
            Self::Programmed(range) => write!(f, "programmed {} {}", address(range.start), range.len()),
            Self::Options => f.write_str("options"),
            Self::Unprotected => f.write_str("unprotected"),
        }
    }
}
