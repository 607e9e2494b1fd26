//! The application on a Nucleo-F767ZI: confirms itself, and lights the green LED once that is done. **Unproven on silicon.**
#![no_std]
#![no_main]

use boot::{Reason, Session};
use boot_example::config;
use boot_example::f767::{Internal, halt, is_exchanged, running_slot};
use cortex_m_rt::entry;
use image_format::SoftwareCrypto;
use stm32f7::stm32f767::Peripherals;

#[entry]
fn main() -> ! {
    let Some(device) = Peripherals::take() else { halt() };
    let is_exchanged = is_exchanged(&device.RCC, &device.SYSCFG);
    if confirm(&mut Internal::new(device.FLASH, is_exchanged), running_slot(is_exchanged)).is_ok() {
        // LD1 (PB0; UM1974, 6.5).
        device.RCC.ahb1enr().modify(|_, w| w.gpioben().enabled());
        device.GPIOB.moder().modify(|_, w| w.moder0().output());
        device.GPIOB.odr().modify(|_, w| w.odr0().high());
    }
    halt()
}

/// Says that this image works. A product looks first whether it does, above all whether it can fetch the next update. Without this,
/// the boot loader goes back to the image before after two starts.
fn confirm(flash: &mut Internal, running: usize) -> Result<(), Reason> {
    Session::open(config(), flash, SoftwareCrypto)?.confirm(running)
}
