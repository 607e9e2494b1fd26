//! Drivers of embedded-storage as the flash of a boot loader.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

use crate::{Fault, Flash};

/// One region of a layout on a driver of embedded-storage, whose erase size is the size of all of the region's sectors. A layout with
/// several regions needs a [`Flash`] that passes each on to its own.
///
/// The driver must return an error where a read faults: see [`Flash::read`].
///
/// ```
/// use boot::{Flash, Storage};
/// use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};
///
/// /// Four sectors of 4 KiB, programmed by words, in RAM.
/// struct Ram([u8; 16384]);
/// # impl ErrorType for Ram { type Error = NorFlashErrorKind; }
/// # impl ReadNorFlash for Ram {
/// #     const READ_SIZE: usize = 1;
/// #     fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
/// #         let cells = self.0.get(offset as usize..).and_then(|cells| cells.get(..bytes.len()));
/// #         bytes.copy_from_slice(cells.ok_or(NorFlashErrorKind::OutOfBounds)?);
/// #         Ok(())
/// #     }
/// #     fn capacity(&self) -> usize { self.0.len() }
/// # }
/// impl NorFlash for Ram {
///     const WRITE_SIZE: usize = 4;
///     const ERASE_SIZE: usize = 4096;
/// #   fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
/// #       self.0.get_mut(from as usize..to as usize).ok_or(NorFlashErrorKind::OutOfBounds)?.fill(0xFF);
/// #       Ok(())
/// #   }
/// #   fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
/// #       let cells = self.0.get_mut(offset as usize..).ok_or(NorFlashErrorKind::OutOfBounds)?;
/// #       cells.iter_mut().zip(bytes).for_each(|(cell, byte)| *cell &= byte);
/// #       Ok(())
/// #   }
///     // and the rest of both traits
/// }
///
/// // The layout's region begins at the driver's second sector; this chip has no option bytes.
/// let mut flash = Storage { driver: Ram([0; 16384]), origin: 4096, register: |_| 0 };
/// flash.erase(0, 4096)?;
/// flash.program(0, 4096, &[1, 2, 3, 4])?;
/// assert_eq!(flash.driver.0[8191..8197], [0, 1, 2, 3, 4, 0xFF]);
/// // One sector, and no other.
/// assert_eq!(flash.driver.0.iter().filter(|byte| **byte == 0xFF).count(), 4092);
/// // Another region is another memory's.
/// assert!(flash.read(1, 0, &mut [0]).is_err());
/// assert!(flash.read(0, 12288, &mut [0]).is_err());
/// # Ok::<(), boot::Fault>(())
/// ```
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
