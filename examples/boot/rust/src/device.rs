//! The flash driver: RAM of QEMU's mps2-an500 in place of the NOR and of internal flash, kept in a file between two runs.
//!
//! On a board, this module is what changes: it would send the NOR's commands and program the flash controller.
#![allow(unsafe_code, reason = "a flash driver writes to memory by its address")]

use core::slice;

use boot::{Fault, Flash};
use image_format::layout::GroupView;
use semihosting::fs::File;
use semihosting::io::{self, Read as _, Write as _};

use crate::layout::{AREA_COUNTER_SIZE, AREA_COUNTER_START, AREA_LOG_A_START, IMAGE_APP_GROUP, REGION_BANK2_START};
use crate::layout::{REGION_NOR_START, SLOT_A_SIZE, SLOT_A_START, SLOT_B_SIZE};

/// The content of both memories between two runs.
const FILE: &core::ffi::CStr = c"device.bin";
/// Where the machine has RAM that stands for internal flash. The NOR's stand-in is where the NOR is: images run from it.
const INTERNAL: u32 = 0x6080_0000;
/// Bytes of the NOR that slots take.
const NOR_SIZE: u32 = SLOT_A_SIZE + SLOT_B_SIZE;
/// Bytes of internal flash from the first log to the counter's end.
const INTERNAL_SIZE: u32 = AREA_COUNTER_START + AREA_COUNTER_SIZE - AREA_LOG_A_START;

/// The device's memories.
pub struct Device {
    nor: &'static mut [u8],
    internal: &'static mut [u8],
}

impl Device {
    /// The memories as they are.
    ///
    /// # Safety
    /// There is one at a time.
    pub unsafe fn take() -> Self {
        // SAFETY: the machine has 16 MiB of RAM from 0x6000_0000 on, and nothing else uses these parts of it.
        unsafe {
            Device {
                nor: slice::from_raw_parts_mut(SLOT_A_START as *mut u8, NOR_SIZE as usize),
                internal: slice::from_raw_parts_mut(INTERNAL as *mut u8, INTERNAL_SIZE as usize),
            }
        }
    }

    /// Power comes: the memories hold what they held.
    ///
    /// # Errors
    /// There is no such file.
    pub fn load(&mut self) -> io::Result<()> {
        let mut file = File::open(FILE)?;
        file.read_exact(self.nor)?;
        file.read_exact(self.internal)
    }

    /// Power goes.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self) -> io::Result<()> {
        let mut file = File::create(FILE)?;
        file.write_all(self.nor)?;
        file.write_all(self.internal)
    }

    /// Bytes of a region, by their offset from its base.
    fn bytes(&mut self, region: u8, offset: u32, size: u32) -> Result<&mut [u8], Fault> {
        let (group, _) = GroupView::parse(&IMAGE_APP_GROUP).ok_or(Fault)?;
        let base = group.regions().nth(region.into()).ok_or(Fault)?.region.base.get();
        let (memory, start) = match base {
            REGION_NOR_START => (&mut *self.nor, SLOT_A_START - REGION_NOR_START),
            REGION_BANK2_START => (&mut *self.internal, AREA_LOG_A_START - REGION_BANK2_START),
            _ => return Err(Fault),
        };
        let first = offset.checked_sub(start).ok_or(Fault)? as usize;
        memory.get_mut(first..).and_then(|rest| rest.get_mut(..size as usize)).ok_or(Fault)
    }
}

/// Bytes of the sector that starts at an offset of a region.
fn sector_size(region: u8, offset: u32) -> Option<u32> {
    let (group, _) = GroupView::parse(&IMAGE_APP_GROUP)?;
    let sector = group.regions().nth(region.into())?.sector(offset)?;
    (sector.offset == offset).then_some(sector.size)
}

impl Flash for Device {
    fn settle(&mut self, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        buffer.copy_from_slice(self.bytes(region, offset, buffer.len() as u32)?);
        Ok(())
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let cells = self.bytes(region, offset, bytes.len() as u32)?;
        cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
        Ok(())
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        self.bytes(region, offset, sector_size(region, offset).ok_or(Fault)?)?.fill(0xFF);
        Ok(())
    }

    /// The machine has no option bytes: they are what the layout asks for.
    fn register(&mut self, address: u32) -> u32 {
        let group = GroupView::parse(&IMAGE_APP_GROUP).map(|(group, _)| group);
        let bits = group.iter().flat_map(|group| group.mode()).filter(|bits| bits.register.get() == address);
        bits.fold(0, |register, bits| register | bits.value.get())
    }
}
