//! The flash controller of an STM32F767 in two banks, as [`boot::Flash`]. **Unproven on silicon.**
//!
//! This flash has no ECC (CMSIS-F7 stm32f767xx.h has no such register), so no read faults. Nothing is cached: after a reset the
//! caches are off, and the accelerator serves the ITCM alias alone, which nobody here reads.
#![allow(unsafe_code, reason = "a flash driver reads and programs memory by its address")]

use boot::{Fault, Flash, MAX_OPERATION};
use image_format::layout::GroupView;
use stm32f7::stm32f767::FLASH;

use crate::layout::{IMAGE_APP_GROUP, REGION_BANK1_SIZE, REGION_BANK1_START, REGION_BANK2_START};

/// Unlock the control register (HAL-F7 stm32f7xx_hal_flash.h:159-160).
const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];
/// OPTCR, with the bits nDBANK (29) and nDBOOT (28) that the layout asks about (CMSIS-F7 stm32f767xx.h:1406, :7909, :7912).
const OPTCR: u32 = 0x4002_3C14;
/// SNB of bank 2's first sector: its number 12, and 4 above that for all of bank 2 (HAL-F7 stm32f7xx_hal_flash_ex.c, FLASH_Erase_Sector).
const BANK2_SNB: u8 = 16;
/// How often a busy controller is asked before it is given up. ST's driver waits 50 s (FLASH_TIMEOUT_VALUE); at 16 MHz and 8 cycles each
/// at least, this is as long.
const PATIENCE: u32 = 100_000_000;

/// Both banks.
pub struct Internal {
    controller: FLASH,
    /// Whether each is seen where the other one is after a reset.
    is_exchanged: bool,
}

impl Internal {
    /// The banks behind this controller, as they are seen now.
    pub fn new(controller: FLASH, is_exchanged: bool) -> Self {
        Internal { controller, is_exchanged }
    }

    /// The address where a range of a region is seen, if it lies in one of the banks.
    fn address(&self, region: u8, offset: u32, size: usize) -> Option<u32> {
        let (group, _) = GroupView::parse(&IMAGE_APP_GROUP)?;
        let seen = match (group.regions().nth(region.into())?.region.base.get(), self.is_exchanged) {
            (REGION_BANK1_START, false) | (REGION_BANK2_START, true) => REGION_BANK1_START,
            (REGION_BANK2_START, false) | (REGION_BANK1_START, true) => REGION_BANK2_START,
            _ => return None,
        };
        let end = u32::try_from(size).ok()?.checked_add(offset)?;
        // Both banks have one size.
        (end <= REGION_BANK1_SIZE).then_some(seen)?.checked_add(offset)
    }

    /// Waits for what was begun before, be it by a program that a reset ended; how that went is no result of what comes now.
    fn ready(&self) -> Result<(), Fault> {
        let _ = wait(&self.controller);
        clear_errors(&self.controller);
        wait(&self.controller)
    }

    /// Unlocks the controller, does something, and locks it again.
    fn unlocked(&mut self, work: impl FnOnce(&FLASH) -> Result<(), Fault>) -> Result<(), Fault> {
        self.ready()?;
        if self.controller.cr().read().lock().bit_is_set() {
            for key in KEYS {
                // SAFETY: the key register takes any value; wrong ones lock it until the next reset.
                self.controller.keyr().write(|w| unsafe { w.bits(key) });
            }
        }
        let done = if self.controller.cr().read().lock().bit_is_set() { Err(Fault) } else { work(&self.controller) };
        // Nothing selected, and locked: CR's reset value.
        self.controller.cr().reset();
        done
    }
}

/// Writing 1 clears them (CMSIS-F7 stm32f767xx.h:7797-7812).
fn clear_errors(controller: &FLASH) {
    controller.sr().write(|w| {
        w.eop().clear_bit_by_one();
        w.operr().clear_bit_by_one();
        w.wrperr().clear_bit_by_one();
        w.pgaerr().clear_bit_by_one();
        w.pgperr().clear_bit_by_one();
        w.erserr().clear_bit_by_one()
    });
}

/// Waits for the operation's end. From RAM (DTCM, from which this core can run: HAL-F7 stm32f7xx_hal_flash_ex.h:268 boots from it): the
/// bank that is busy cannot be read, and code that is fetched from it would stall the core.
#[unsafe(link_section = ".data.wait")]
#[inline(never)]
fn wait(controller: &FLASH) -> Result<(), Fault> {
    let mut left = PATIENCE;
    loop {
        let status = controller.sr().read();
        if status.bsy().bit_is_clear() {
            let failed = status.operr().bit_is_set()
                || status.wrperr().bit_is_set()
                || status.pgaerr().bit_is_set()
                || status.pgperr().bit_is_set()
                || status.erserr().bit_is_set();
            return if failed { Err(Fault) } else { Ok(()) };
        }
        if left == 0 {
            return Err(Fault);
        }
        left -= 1;
    }
}

/// SNB of the sector that starts at an offset of a region.
fn sector(region: u8, offset: u32) -> Option<u8> {
    let (group, _) = GroupView::parse(&IMAGE_APP_GROUP)?;
    let found = group.regions().nth(region.into())?;
    let sector = found.sector(offset).filter(|sector| sector.offset == offset)?;
    let first = if found.region.base.get() == REGION_BANK2_START { BANK2_SNB } else { 0 };
    u8::try_from(sector.number).ok()?.checked_add(first)
}

impl Flash for Internal {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        self.ready()?;
        self.address(region, 0, 0).map(drop).ok_or(Fault)
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let start = self.address(region, offset, buffer.len()).ok_or(Fault)? as *const u8;
        for (index, byte) in buffer.iter_mut().enumerate() {
            // SAFETY: inside of a bank. Volatile: what was read before may have been programmed since.
            *byte = unsafe { start.add(index).read_volatile() };
        }
        Ok(())
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let start = self.address(region, offset, bytes.len()).ok_or(Fault)?;
        let (words, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() || !start.is_multiple_of(4) || bytes.len() > MAX_OPERATION as usize {
            return Err(Fault);
        }
        self.unlocked(|controller| {
            // Words of 32 bits: the board supplies 3.3 V (2.7 to 3.6 V; HAL-F7 stm32f7xx_hal_flash_ex.h:129).
            controller.cr().modify(|_, w| w.psize().psize32().pg().program());
            for (word, address) in words.iter().zip((start..).step_by(4)) {
                // SAFETY: inside of a bank, aligned, and PG is set.
                unsafe { (address as *mut u32).write_volatile(u32::from_le_bytes(*word)) };
                cortex_m::asm::dsb();
                wait(controller)?;
            }
            Ok(())
        })
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        // Whether SNB means the bank that is seen or the one in silicon is unproven then. The boot loader erases, before it exchanges them.
        if self.is_exchanged {
            return Err(Fault);
        }
        let number = sector(region, offset).ok_or(Fault)?;
        self.unlocked(|controller| {
            // SAFETY: SNB takes five bits; `sector` gives 0 to 11 and 16 to 27.
            controller.cr().modify(|_, w| unsafe { w.psize().psize32().ser().sector_erase().snb().bits(number) });
            start_erase(controller)
        })
    }

    fn register(&mut self, address: u32) -> u32 {
        if address == OPTCR { self.controller.optcr().read().bits() } else { 0 }
    }
}

/// Starts the erase that was selected, and waits for it: from RAM, see [`wait`].
#[unsafe(link_section = ".data.erase")]
#[inline(never)]
fn start_erase(controller: &FLASH) -> Result<(), Fault> {
    controller.cr().modify(|_, w| w.strt().start());
    cortex_m::asm::dsb();
    wait(controller)
}
