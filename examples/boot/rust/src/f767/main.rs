//! The boot loader on a Nucleo-F767ZI: verify, choose, jump. **Unproven on silicon.**
//!
//! It leaves clock (HSI, 16 MHz), caches and MPU as a reset leaves them, so an application finds the chip as if it started alone.
#![no_std]
#![no_main]

mod flash;
/// `waxseal gen rust f767.toml`.
#[allow(missing_docs, dead_code, reason = "generated")]
mod layout {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/f767_layout.rs"));
}
/// `waxseal gen trust f767.toml --as rust`.
#[allow(missing_docs, dead_code, reason = "generated")]
mod trust {
    include!(concat!(env!("WAXSEAL_GENERATED"), "/f767_trust.rs"));
}

use boot::{Action, AreaCounter, Config, Raise, Session, boot};
use cortex_m_rt::entry;
use image_format::{Check, Device, Entry, SoftwareCrypto};
use stm32f7::stm32f767::{GPIOB, Peripherals, RCC};

use crate::flash::Internal;

/// Half a period of the light that says that nothing boots: an eighth of a second at 16 MHz, the clock after a reset (RM0410, 5.2.2).
const BLINK_CYCLES: u32 = 2_000_000;

#[entry]
fn main() -> ! {
    let Some(device) = Peripherals::take() else { halt() };
    match choose(&mut Internal::new(device.FLASH)) {
        Some(entry) => jump(entry),
        None => recover(&device.RCC, &device.GPIOB),
    }
}

fn choose(flash: &mut Internal) -> Option<Entry> {
    let config = Config {
        layout: &layout::IMAGE_APP_GROUP,
        trust: &trust::TRUST_SET,
        // The boot loader's sectors are write-protected; this layout has nothing in OTP.
        trust_digest: Check::Waived,
        device: Device { vendor_id: layout::VENDOR_ID, class_id: layout::CLASS_ID },
        revision: Check::Waived,
        present: &[],
        tries: layout::UPDATE_TRIES as u8,
        raise: if layout::UPDATE_RAISE == 1 { Raise::Strict } else { Raise::KeepFallback },
        largest_step: layout::UPDATE_LARGEST_COUNTER_STEP,
    };
    let mut counter = AreaCounter::of(&config)?;
    let mut session = Session::open(config, flash, SoftwareCrypto).ok()?;
    match boot(&mut session, &mut counter).action {
        Action::Boot(start) => start.entry(),
        // Banks are not exchanged in this layout.
        Action::Exchange(_) | Action::Recover(_) => None,
    }
}

#[allow(unsafe_code, reason = "the jump")]
fn jump(entry: Entry) -> ! {
    // SAFETY: stack and reset vector come from an image that was verified in this boot. No interrupt was enabled.
    unsafe { cortex_m::asm::bootstrap(entry.stack as *const u32, entry.reset as *const u32) }
}

/// Nothing boots: LD3, the red LED, blinks four times a second (PB14; UM1974, 6.5).
///
/// The way back is the ROM's boot loader, which BOOT0 high starts where BOOT_ADD1 is as shipped (0x0040, HAL-F7
/// stm32f7xx_hal_flash_ex.h:265). It is not entered from here: whoever reaches it writes what they like.
fn recover(rcc: &RCC, gpio: &GPIOB) -> ! {
    rcc.ahb1enr().modify(|_, w| w.gpioben().enabled());
    gpio.moder().modify(|_, w| w.moder14().output());
    loop {
        gpio.odr().modify(|r, w| w.odr14().bit(r.odr14().bit_is_clear()));
        cortex_m::asm::delay(BLINK_CYCLES);
    }
}

/// The only panics left are inside the curve arithmetic, and none of them is known to be reachable.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    halt()
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
