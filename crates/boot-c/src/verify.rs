//! The judgement of one image, for boot loaders that do the rest themselves.

use core::ffi::c_void;

use image_format::{
    Check, Device, Extent, Fault, Place as RunPlace, Policy as Judged, ReadAt, SoftwareCrypto, Trust, verify,
};

use crate::config::optional;
use crate::{ARGUMENT, DONE, place, slice};

/// Where an image's bytes come from, by their offset in the image.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Passed to the function.
    pub context: *mut c_void,
    /// Reads `size` bytes. Returns WAXSEAL_DONE, or anything else for bytes that cannot be read.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, offset: u32, bytes: *mut u8, size: u32) -> u32>,
    /// A slot's room for an image, or the size of a file.
    pub size: u32,
    /// 1 for a slot, which an image must fit into; 0 for a file, which it must fill.
    pub is_slot: u32,
}

impl ReadAt for Source {
    fn extent(&self) -> Extent {
        if self.is_slot == 0 { Extent::File(self.size) } else { Extent::Slot(self.size) }
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let read = self.read.ok_or(Fault)?;
        let size = u32::try_from(buffer.len()).map_err(|_| Fault)?;
        // SAFETY: whoever made the structure vouches for its function; the buffer has `size` bytes.
        let result = unsafe { read(self.context, offset, buffer.as_mut_ptr(), size) };
        if result == DONE { Ok(()) } else { Err(Fault) }
    }
}

/// Where an image is to run.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Fingerprint of the slot group.
    pub layout: [u8; 32],
    /// Address of the payload when it runs from this slot.
    pub run_address: u32,
    /// Offset of the payload in the slot.
    pub payload_offset: u32,
}

/// The inputs of the decision. Whatever is NULL, but for the keys, is not judged: leaving one out is a decision.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Trusted Ed25519 public keys.
    pub keys: *const [u8; 32],
    /// Their number.
    pub key_count: u32,
    /// How many of them must have signed.
    pub threshold: u32,
    /// UUIDv5 of the vendor.
    pub vendor_id: *const [u8; 16],
    /// UUIDv5 of the device class. Both are given, or both are NULL.
    pub class_id: *const [u8; 16],
    /// The board's hardware revision, padded with zeros.
    pub revision: *const [u8; 4],
    /// Where the image is to run.
    pub place: *const Place,
    /// The lowest security counter that is accepted.
    pub lowest_counter: *const u32,
}

impl Policy {
    /// # Safety
    /// What it points to can be read for `'a`.
    unsafe fn read<'a>(&self) -> Result<Judged<'a>, u32> {
        // SAFETY: the caller vouches for each of the pointers that is not NULL.
        unsafe {
            if self.keys.is_null() || self.vendor_id.is_null() != self.class_id.is_null() {
                return Err(ARGUMENT);
            }
            let keys = slice(self.keys, self.key_count).ok_or(ARGUMENT)?;
            let threshold = u8::try_from(self.threshold).unwrap_or(u8::MAX);
            let trust = Trust::new(keys, threshold, &mut SoftwareCrypto);
            let device = match (self.vendor_id.as_ref(), self.class_id.as_ref()) {
                (Some(vendor_id), Some(class_id)) => {
                    Check::Require(Device { vendor_id: *vendor_id, class_id: *class_id })
                }
                _ => Check::Waived,
            };
            let place = match self.place.as_ref() {
                Some(Place { layout, run_address, payload_offset }) => Check::Require(RunPlace {
                    layout: *layout,
                    run_address: *run_address,
                    payload_offset: *payload_offset,
                }),
                None => Check::Waived,
            };
            Ok(Judged {
                trust: trust.map_err(|error| u32::from(error.code.number()))?,
                device,
                revision: optional(self.revision),
                place,
                counter: optional(self.lowest_counter),
            })
        }
    }
}

/// What judging an image came to.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Verdict {
    /// The offset that the refusal is about.
    pub offset: u32,
    /// The image's initial stack pointer; 0 for data.
    pub stack: u32,
    /// The image's reset vector, odd as Thumb addresses are; 0 for data.
    pub reset: u32,
    /// The image's id.
    pub image_id: [u8; 32],
}

/// Judges an image as the boot loader and `waxseal verify` do. Returns WAXSEAL_DONE, or one of the codes; then only the verdict's
/// offset has a meaning.
///
/// # Safety
/// `policy` and `source` and what they point to can be read; `verdict` is storage of its type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn waxseal_verify(policy: *const Policy, source: *const Source, verdict: *mut Verdict) -> u32 {
    // SAFETY: as this function asks for.
    let (policy, source, verdict) = unsafe { (policy.as_ref(), source.as_ref(), place(verdict)) };
    let (Some(policy), Some(source), Some(verdict)) = (policy, source, verdict) else { return ARGUMENT };
    let verdict = verdict.write(Verdict { offset: 0, stack: 0, reset: 0, image_id: [0; 32] });
    // SAFETY: as this function asks for.
    let policy = match unsafe { policy.read() } {
        Ok(policy) => policy,
        Err(number) => return number,
    };
    match verify(&mut { *source }, &policy, &mut SoftwareCrypto) {
        Ok(image) => {
            let entry = image.entry();
            *verdict = Verdict {
                offset: 0,
                stack: entry.map_or(0, |entry| entry.stack),
                reset: entry.map_or(0, |entry| entry.reset),
                image_id: *image.id(),
            };
            DONE
        }
        Err(error) => {
            verdict.offset = error.offset;
            error.code.number().into()
        }
    }
}
