//! What boot loader and application for an STM32F767 share. **Unproven on silicon.**

mod exchange;
mod flash;

pub use exchange::{exchange_and_jump, is_exchanged, running_slot};
pub use flash::Internal;

/// The only panics left are inside the curve arithmetic, and none of them is known to be reachable.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    halt()
}

/// Ends the program.
pub fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
