//! `boot` for C and C++. The declarations in `schema/waxseal.h` are made from this crate.
//!
//! Everything unsafe of the boundary is here: pointers are checked for NULL, and beyond that a caller keeps what the
//! declarations ask for. Objects live in storage of the caller's, there is no allocation.

#![cfg_attr(target_os = "none", no_std)]
#![allow(unsafe_code, reason = "this is the C boundary")]
#![deny(
    missing_docs,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks
)]

mod config;
mod flash;
mod session;
mod stage;
mod verify;

/// What a function returns when it has done what it was asked for. Anything else is the number of a code or a reason, all below
/// 2000: no single flipped bit makes one of these from a refusal.
pub const DONE: u32 = 0x5AC3_3C96;
/// A pointer is NULL, or an object is not in the state that the function needs.
pub const ARGUMENT: u32 = 1201;

/// Bytes of a caller's. `None` for NULL, unless there are none.
///
/// # Safety
/// `size` bytes can be read at `bytes`, for as long as the result is used.
unsafe fn slice<'a>(bytes: *const u8, size: u32) -> Option<&'a [u8]> {
    if size == 0 {
        Some(&[])
    } else if bytes.is_null() {
        None
    } else {
        // SAFETY: not NULL; the caller vouches for the rest.
        Some(unsafe { core::slice::from_raw_parts(bytes, size as usize) })
    }
}

/// The only panics left are inside the curve arithmetic, and none of them is known to be reachable. A watchdog ends this.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
