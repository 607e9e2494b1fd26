//! What a boot loader needs of a device's memories.

pub use image_format::Fault;

/// Most bytes that one call of [`Flash::program`] gets. Power may fail in any call, so this is also the size of what one cut tears.
pub const MAX_OPERATION: u32 = 1024;

/// The memories of a slot group: its regions by their number in the layout, and offsets in bytes from each region's base.
///
/// Regions are physical. Where banks can be exchanged, region and offset mean the same cells whichever bank is mapped where.
pub trait Flash {
    /// Makes a region readable, once after each power-up or reset and before anything of it is read: an external chip may still be
    /// busy with an operation that a reset of the microcontroller did not stop, so it is waited for or reset; caches are dropped.
    ///
    /// # Errors
    /// [`Fault`]: it does not answer. Nothing of the region is used then.
    fn settle(&mut self, region: u8) -> Result<(), Fault>;

    /// Reads from the memory and not from a cache.
    ///
    /// # Errors
    /// [`Fault`] where a byte cannot be read. A torn ECC word raises a bus fault or an NMI on a real chip: an implementation must
    /// turn that into this value and come back.
    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault>;

    /// Programs whole program units (ECC words where the memory has them), aligned, at most [`MAX_OPERATION`] bytes of one sector.
    ///
    /// # Errors
    /// [`Fault`]: the memory reports a failure. What the range reads as is then unknown.
    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault>;

    /// Erases the sector that starts at this offset.
    ///
    /// # Errors
    /// [`Fault`]: the memory reports a failure.
    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault>;

    /// The option bits register at this address, which the layout's mode bits are compared with.
    fn register(&mut self, address: u32) -> u32;
}

impl<F: Flash> Flash for &mut F {
    fn settle(&mut self, region: u8) -> Result<(), Fault> {
        (**self).settle(region)
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        (**self).read(region, offset, buffer)
    }

    fn program(&mut self, region: u8, offset: u32, bytes: &[u8]) -> Result<(), Fault> {
        (**self).program(region, offset, bytes)
    }

    fn erase(&mut self, region: u8, offset: u32) -> Result<(), Fault> {
        (**self).erase(region, offset)
    }

    fn register(&mut self, address: u32) -> u32 {
        (**self).register(address)
    }
}
