//! The flash driver, as callbacks.

use core::ffi::c_void;

use boot::Fault;

use crate::DONE;

/// The memories of a slot group: its regions by their number in the layout, and offsets in bytes from each region's base. Each
/// function but `option_bits` returns WAXSEAL_DONE, or anything else if it could not be done.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Flash {
    /// Passed to each function.
    pub context: *mut c_void,
    /// Makes a region readable, once after each reset and before it is read: waits for an external chip that is still busy, or
    /// resets it; drops caches.
    pub settle: Option<unsafe extern "C" fn(context: *mut c_void, region: u8) -> u32>,
    /// Reads from the memory and not from a cache. A torn ECC word raises a bus fault or an NMI: the handler must let this
    /// function return something else than WAXSEAL_DONE.
    pub read:
        Option<unsafe extern "C" fn(context: *mut c_void, region: u8, offset: u32, bytes: *mut u8, size: u32) -> u32>,
    /// Programs whole, aligned program units, at most 1024 bytes of one sector.
    pub program:
        Option<unsafe extern "C" fn(context: *mut c_void, region: u8, offset: u32, bytes: *const u8, size: u32) -> u32>,
    /// Erases the sector that starts at this offset.
    pub erase: Option<unsafe extern "C" fn(context: *mut c_void, region: u8, offset: u32) -> u32>,
    /// Returns the option bits register at this address, as the chip has loaded it. NULL only where the layout asks for none.
    pub option_bits: Option<unsafe extern "C" fn(context: *mut c_void, address: u32) -> u32>,
}

pub(crate) fn done(result: u32) -> Result<(), Fault> {
    if result == DONE { Ok(()) } else { Err(Fault) }
}

impl boot::Flash for Flash {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        let settle = self.settle.ok_or(Fault)?;
        // SAFETY: whoever made the structure vouches for its functions.
        done(unsafe { settle(self.context, region) })
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let read = self.read.ok_or(Fault)?;
        let size = u32::try_from(buffer.len()).map_err(|_| Fault)?;
        // SAFETY: as above; the buffer has `size` bytes.
        done(unsafe { read(self.context, region, offset, buffer.as_mut_ptr(), size) })
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        let program = self.program.ok_or(Fault)?;
        let size = u32::try_from(bytes.len()).map_err(|_| Fault)?;
        // SAFETY: as above; there are `size` bytes.
        done(unsafe { program(self.context, region, offset, bytes.as_ptr(), size) })
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        let erase = self.erase.ok_or(Fault)?;
        // SAFETY: as above.
        done(unsafe { erase(self.context, region, offset) })
    }

    /// Without a function no option bits are those of the layout, unless the layout asks for none.
    fn register(&mut self, address: u32) -> u32 {
        // SAFETY: as above.
        self.option_bits.map_or(0, |option_bits| unsafe { option_bits(self.context, address) })
    }
}
