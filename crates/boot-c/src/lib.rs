//! `boot` for C and C++. The declarations in `schema/waxseal.h` are made from this crate.
//!
//! Everything unsafe of the boundary is here: pointers are checked for NULL, and beyond that a caller keeps what the
//! declarations ask for. Objects live in storage of the caller's, there is no allocation.

#![cfg_attr(target_os = "none", no_std)]
#![allow(unsafe_code, reason = "this is the C boundary")]
#![deny(clippy::undocumented_unsafe_blocks)]

use core::mem::MaybeUninit;

mod config;
mod counter;
mod flash;
mod layout;
mod session;
mod stage;
mod verify;

/// What a function returns when it has done what it was asked for. Anything else is the number of a code or a reason, all below
/// 2000: no single flipped bit makes one of these from a refusal.
pub const DONE: u32 = 0x5AC3_3C96;
/// A pointer is NULL, or an object is not in the state that the function needs.
pub const ARGUMENT: u32 = 1201;

/// Values of a caller's. `None` for NULL, unless there are none, and for more of them than a machine's memory has.
///
/// # Safety
/// `count` values can be read at `first`, for as long as the result is used.
unsafe fn slice<'a, T>(first: *const T, count: u32) -> Option<&'a [T]> {
    let count = usize::try_from(count).ok()?;
    if count == 0 {
        return Some(&[]);
    }
    // No object is larger than that, and Rust relies on it.
    let is_possible = count.checked_mul(size_of::<T>()).is_some_and(|size| isize::try_from(size).is_ok());
    if first.is_null() || !is_possible {
        return None;
    }
    // SAFETY: not NULL; the caller vouches for the rest.
    Some(unsafe { core::slice::from_raw_parts(first, count) })
}

/// A place of a caller's for a result, whatever it holds: nothing is read from it. `None` for NULL.
///
/// # Safety
/// NULL, or a value of this type can be written there and nobody else uses the place meanwhile.
unsafe fn place<'a, T>(place: *mut T) -> Option<&'a mut MaybeUninit<T>> {
    // SAFETY: the caller vouches for it.
    unsafe { place.cast::<MaybeUninit<T>>().as_mut() }
}

/// The only panics left are inside the curve arithmetic, and none of them is known to be reachable. A watchdog ends this.
#[cfg(target_os = "none")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
