//! Where an artefact's bytes come from. Never a slice of flash: a torn ECC word faults on a real chip.

use crate::structure::index;

/// The bytes could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// What the source is, for the rule about its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A file of this many bytes: the artefact must fill it exactly.
    File(u32),
    /// A slot with room for this many bytes, front area included, state log excluded: the artefact must fit.
    Slot(u32),
}

/// Reads an artefact's bytes by their offset in the artefact: the front area first, then the payload, then the auxiliary
/// area, wherever the slot keeps them.
pub trait ReadAt {
    /// What the source is, and its size in bytes.
    fn extent(&self) -> Extent;

    /// Fills the buffer with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`Fault`] where a byte cannot be read or does not exist. The buffer's content is then not used.
    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault>;
}

impl<R: ReadAt + ?Sized> ReadAt for &mut R {
    fn extent(&self) -> Extent {
        (**self).extent()
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        (**self).read_at(offset, buffer)
    }
}

/// An artefact in memory: a file that was read, or a copy of a slot.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    bytes: &'a [u8],
    extent: Extent,
    unreadable: Option<u32>,
}

impl<'a> Memory<'a> {
    /// A file's bytes. A file of 4 GiB or more counts as one of 4 GiB - 1: no artefact is that large.
    #[must_use]
    pub fn file(bytes: &'a [u8]) -> Self {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Memory { bytes, extent: Extent::File(size), unreadable: None }
    }

    /// A slot's bytes, with room for `capacity` bytes.
    #[must_use]
    pub fn slot(bytes: &'a [u8], capacity: u32) -> Self {
        Memory { bytes, extent: Extent::Slot(capacity), unreadable: None }
    }

    /// The same, with one byte that faults when it is read, as a torn ECC word does.
    #[must_use]
    pub fn unreadable_at(self, offset: u32) -> Self {
        Memory { unreadable: Some(offset), ..self }
    }
}

impl ReadAt for Memory<'_> {
    fn extent(&self) -> Extent {
        self.extent
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let start = index(offset);
        let bytes = self.bytes.get(start..).and_then(|rest| rest.get(..buffer.len())).ok_or(Fault)?;
        if self.unreadable.and_then(|byte| index(byte).checked_sub(start)).is_some_and(|within| within < bytes.len()) {
            return Err(Fault);
        }
        // A slice that was cut to the buffer's length, and not to an end that was added up: the compiler sees the equal lengths,
        // so no panic for unequal ones is left, and the copy is a memcpy.
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// An artefact as a slot holds it: front area and payload each at its own place.
#[derive(Clone, Copy, Debug)]
pub struct InSlot<R> {
    /// Reads by offset in the slot.
    pub slot: R,
    /// Offset of the front area in the slot.
    pub front_offset: u32,
    /// Size of the front area.
    pub front_size: u32,
    /// Offset of the payload in the slot.
    pub payload_offset: u32,
    /// Room for the artefact in bytes: front area, payload and auxiliary area.
    pub room: u32,
}

impl<R: ReadAt> ReadAt for InSlot<R> {
    fn extent(&self) -> Extent {
        Extent::Slot(self.room)
    }

    /// A read lies in the front area or behind it: no part of an artefact straddles the two.
    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let end = u32::try_from(buffer.len()).ok().and_then(|size| offset.checked_add(size)).ok_or(Fault)?;
        let place = match offset.checked_sub(self.front_size) {
            Some(behind) => self.payload_offset.checked_add(behind),
            None if end <= self.front_size => self.front_offset.checked_add(offset),
            None => None,
        };
        self.slot.read_at(place.ok_or(Fault)?, buffer)
    }
}
