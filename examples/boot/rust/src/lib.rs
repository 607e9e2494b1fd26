//! What boot loader and application share: the generated constants, and the device.
#![no_std]

pub mod device;

use boot::{Config, Raise};
use image_format::{Check, Device};

/// `waxseal gen rust boot.toml`.
#[allow(missing_docs, dead_code, reason = "generated")]
pub mod layout {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/layout.rs"));
}

/// `waxseal gen trust boot.toml --as rust`.
#[allow(missing_docs, dead_code, reason = "generated")]
pub mod trust {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/trust.rs"));
}

/// The manifest, as the boot loader embeds it.
pub fn config() -> Config<'static> {
    Config {
        layout: &layout::IMAGE_APP_GROUP,
        trust: &trust::TRUST_SET,
        // This device has no memory that its own code cannot change. On a part with OTP, its digest is compared.
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
