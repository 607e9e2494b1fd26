//! The application of field report 1: blinks LD1 of a Nucleo-F767ZI once a second.
//!
//! Nothing in it knows that it will be sealed. Which slot it runs in is decided by the linker script that
//! `waxseal gen linker` writes from the manifest: one build per slot, of the same source.
#![no_std]
#![no_main]

use core::panic::PanicInfo;

use cortex_m::peripheral::{Peripherals as Core, syst::SystClkSource};
use cortex_m_rt::entry;
use stm32f7::stm32f767::Peripherals as Device;

/// The core's clock after a reset: HSI, 16 MHz (RM0410, 5.2.2).
const CORE_CLOCK_HZ: u32 = 16_000_000;

#[entry]
fn main() -> ! {
    if let (Some(mut core), Some(device)) = (Core::take(), Device::take()) {
        // LD1, the green LED, is on PB0 (UM1974, 6.5).
        device.RCC.ahb1enr().modify(|_, w| w.gpioben().enabled());
        device.GPIOB.moder().modify(|_, w| w.moder0().output());

        // A tick every half second; SysTick counts 24 bits and includes zero.
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(CORE_CLOCK_HZ / 2 - 1);
        core.SYST.clear_current();
        core.SYST.enable_counter();

        loop {
            if core.SYST.has_wrapped() {
                device.GPIOB.odr().modify(|r, w| w.odr0().bit(r.odr0().bit_is_clear()));
            }
        }
    }
    halt()
}

/// Says nothing: the text of a panic would be most of this program.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    halt()
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
