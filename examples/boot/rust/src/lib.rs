//! What boot loader and application share: the generated constants, what they say of the device, and its flash driver.
#![no_std]

#[cfg(feature = "qemu")]
pub mod device;
#[cfg(feature = "f767")]
pub mod f767;

use boot::{Config, Raise};
use image_format::{Check, Device, Entry};

/// `waxseal gen rust`.
#[allow(missing_docs, dead_code, reason = "generated")]
pub mod layout {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/layout.rs"));
}

/// `waxseal gen trust --as rust`.
#[allow(missing_docs, dead_code, reason = "generated")]
pub mod trust {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/trust.rs"));
}

/// The manifest, as boot loader and application embed it.
pub fn config() -> Config<'static> {
    Config {
        layout: &layout::IMAGE_APP_GROUP,
        trust: &trust::TRUST_SET,
        // The manifest puts nothing into one-time-programmable memory. Where one does, its key hash is compared.
        trust_digest: Check::Waived,
        device: Device { vendor_id: layout::VENDOR_ID, class_id: layout::CLASS_ID },
        // The manifest names no revisions.
        revision: Check::Waived,
        present: &[],
        tries: layout::UPDATE_TRIES as u8,
        raise: if layout::UPDATE_RAISE == 1 { Raise::Strict } else { Raise::KeepFallback },
        largest_step: layout::UPDATE_LARGEST_COUNTER_STEP,
    }
}

/// Starts an image. No interrupt was enabled.
#[allow(unsafe_code, reason = "the jump")]
pub fn jump(entry: Entry) -> ! {
    // SAFETY: stack and reset vector come from an image that was verified in this boot.
    unsafe { cortex_m::asm::bootstrap(entry.stack as *const u32, entry.reset as *const u32) }
}

/// The slot that the application runs from. There is one build for each: it knows where its vector table lies.
#[allow(unsafe_code, reason = "a register by its address")]
pub fn running_slot() -> usize {
    // SAFETY: a register of the core's, read only.
    let vector_table = unsafe { (*cortex_m::peripheral::SCB::PTR).vtor.read() };
    usize::from(vector_table != layout::SLOT_A_RUN)
}
