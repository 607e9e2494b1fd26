//! An artefact that stays in JavaScript's memory.

use image_format::{Extent, Fault, ReadAt};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsValue;

use crate::argument::Argument;

/// A `Uint8Array`, read piece by piece.
pub struct Source {
    bytes: Uint8Array,
    size: u32,
    extent: Extent,
    /// A read that touches this offset fails.
    fault: Option<u32>,
}

impl Source {
    /// A file's bytes, or those of a slot with room for this many.
    pub fn new(argument: &Argument, slot: Option<u32>) -> Result<Self, JsValue> {
        let bytes = argument.array()?;
        // Not `Uint8Array::length`: that is cut off at 32 bits, and a file of 4 GiB and a bit would pass for the bit.
        // `as` saturates; no artefact is that large.
        #[allow(clippy::as_conversions)]
        let size = Reflect::get(bytes, &"length".into())?.as_f64().unwrap_or(0.0) as u32;
        let extent = slot.map_or(Extent::File(size), Extent::Slot);
        Ok(Source { bytes: bytes.clone(), size, extent, fault: None })
    }

    /// The same, of which an offset cannot be read if the argument `faultAt` says one.
    pub fn with_fault(self, fault_at: JsValue) -> Result<Self, JsValue> {
        if fault_at.is_undefined() {
            return Ok(self);
        }
        Ok(Source { fault: Some(Argument::new("faultAt", fault_at).integer()?), ..self })
    }

    /// Number of bytes.
    pub fn size(&self) -> u32 {
        self.size
    }
}

impl ReadAt for Source {
    fn extent(&self) -> Extent {
        self.extent
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let size = u32::try_from(buffer.len()).map_err(|_| Fault)?;
        let end = offset.checked_add(size).filter(|end| *end <= self.size).ok_or(Fault)?;
        if self.fault.is_some_and(|fault| (offset..end).contains(&fault)) {
            return Err(Fault);
        }
        let part = self.bytes.subarray(offset, end);
        // A subclass may hand out what it likes, and `copy_to` panics on another length.
        if part.length() != size {
            return Err(Fault);
        }
        part.copy_to(buffer);
        Ok(())
    }
}
