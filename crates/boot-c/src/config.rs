//! What a device is, whom it trusts and how it updates.

use boot::Raise;
use image_format::{Check, Device};

use crate::slice;

/// The counter follows a confirmed image all the way: images with a lower one in other slots become unbootable.
pub const RAISE_STRICT: u8 = 1;
/// The counter follows as far as the image to fall back to stays bootable.
pub const RAISE_KEEP_FALLBACK: u8 = 2;

/// What a device is, whom it trusts and how it updates: embedded in the boot loader or in one-time-programmable memory. It and what
/// it points to must stay where they are, unchanged, while a session is open.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The canonical bytes of the slot group.
    pub layout: *const u8,
    /// Their number.
    pub layout_size: u32,
    /// The trust set's bytes.
    pub trust: *const u8,
    /// Their number.
    pub trust_size: u32,
    /// The key hash of the role image, where one-time-programmable memory holds it. NULL: not compared.
    pub trust_digest: *const [u8; 32],
    /// UUIDv5 of the vendor.
    pub vendor_id: [u8; 16],
    /// UUIDv5 of the device class.
    pub class_id: [u8; 16],
    /// The board's hardware revision, padded with zeros. NULL: not compared.
    pub revision: *const [u8; 4],
    /// Ids of the images of other slot groups that were verified in this boot. NULL if there are none.
    pub present: *const [u8; 32],
    /// Their number.
    pub present_count: u32,
    /// By how much the security counter is raised at most, per confirmation.
    pub largest_step: u32,
    /// Starts of an image that nobody confirmed, 1 at least.
    pub tries: u8,
    /// WAXSEAL_RAISE_STRICT or WAXSEAL_RAISE_KEEP_FALLBACK.
    pub raise: u8,
}

impl Config {
    /// The same for Rust. `None`: something is NULL, or a number is none of the choices.
    ///
    /// # Safety
    /// What it points to is there and stays unchanged for `'a`.
    pub(crate) unsafe fn read<'a>(&self) -> Option<boot::Config<'a>> {
        // SAFETY: the caller vouches for each of the pointers that is not NULL.
        unsafe {
            Some(boot::Config {
                layout: slice(self.layout, self.layout_size)?,
                trust: slice(self.trust, self.trust_size)?,
                trust_digest: optional(self.trust_digest),
                device: Device { vendor_id: self.vendor_id, class_id: self.class_id },
                revision: optional(self.revision),
                present: slice(self.present, self.present_count)?,
                tries: self.tries,
                raise: match self.raise {
                    RAISE_STRICT => Raise::Strict,
                    RAISE_KEEP_FALLBACK => Raise::KeepFallback,
                    _ => return None,
                },
                largest_step: self.largest_step,
            })
        }
    }
}

/// # Safety
/// NULL, or a value can be read there.
pub(crate) unsafe fn optional<T: Copy>(value: *const T) -> Check<T> {
    // SAFETY: the caller vouches for it.
    match unsafe { value.as_ref() } {
        Some(value) => Check::Require(*value),
        None => Check::Waived,
    }
}
