//! Drivers of embedded-storage as the flash of a boot loader.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use crate::{Fault, Flash};

/// One region of a layout on a driver of embedded-storage, whose erase size is the size of all of the region's sectors. A layout with
/// several regions needs a [`Flash`] that passes each on to its own.
///
/// The driver must return an error where a read faults: see [`Flash::read`].
#[derive(Debug)]
pub struct Storage<N, R> {
    /// The driver.
    pub driver: N,
    /// Offset of the region's base in what the driver sees.
    pub origin: u32,
    /// Reads an option bits register.
    pub register: R,
}

impl<N, R> Storage<N, R> {
    fn offset(&self, region: u8, offset: u32) -> Result<u32, Fault> {
        if region != 0 {
            return Err(Fault);
        }
        self.origin.checked_add(offset).ok_or(Fault)
    }
}

impl<N: NorFlash, R: FnMut(u32) -> u32> Flash for Storage<N, R> {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        self.offset(region, 0).map(|_| ())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let offset = self.offset(region, offset)?;
        ReadNorFlash::read(&mut self.driver, offset, buffer).map_err(|_| Fault)
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let offset = self.offset(region, offset)?;
        self.driver.write(offset, bytes).map_err(|_| Fault)
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        let start = self.offset(region, offset)?;
        let size = u32::try_from(N::ERASE_SIZE).map_err(|_| Fault)?;
        self.driver.erase(start, start.checked_add(size).ok_or(Fault)?).map_err(|_| Fault)
    }

    fn register(&mut self, address: u32) -> u32 {
        (self.register)(address)
    }
}
