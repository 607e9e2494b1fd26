//! The boot loader on a Nucleo-F767ZI: verify, choose, jump. **Unproven on silicon.**
//!
//! It leaves clock (HSI, 16 MHz), caches and MPU as a reset leaves them, so an application finds the chip as if it started alone.
#![no_std]
#![no_main]

use core::hint::black_box;

use boot::{Action, AreaCounter, Session, boot};
use boot_example::f767::{Internal, exchange_and_jump, halt};
use boot_example::{config, jump};
use cortex_m_rt::entry;
use image_format::{Entry, SoftwareCrypto};
use stm32f7::stm32f767::{GPIOB, Peripherals, RCC};

/// The sealed layout: `waxseal build` looks for it in the boot loader before it makes factory.hex of both.
static SEALED_LAYOUT: &[u8] = include_bytes!(concat!(env!("WAXSEAL_GENERATED"), "/layout.bin"));
/// Half a period of the light that says that nothing boots: an eighth of a second at 16 MHz, the clock after a reset (RM0410, 5.2.2).
const BLINK_CYCLES: u32 = 2_000_000;

#[entry]
fn main() -> ! {
    // Nobody reads it on the board: this keeps it in the program.
    black_box(SEALED_LAYOUT);
    let Some(device) = Peripherals::take() else { halt() };
    // A reset undoes an exchange.
    match choose(&mut Internal::new(device.FLASH, false)) {
        Some((entry, Seen::Stored)) => jump(entry),
        Some((entry, Seen::Exchanged)) => exchange_and_jump(&device.RCC, &device.SYSCFG, entry),
        None => recover(&device.RCC, &device.GPIOB),
    }
}

/// Where an image's bank must be seen when it starts.
enum Seen {
    /// Where it is.
    Stored,
    /// Where the other one is.
    Exchanged,
}

fn choose(flash: &mut Internal) -> Option<(Entry, Seen)> {
    let config = config();
    let mut counter = AreaCounter::of(&config)?;
    let mut session = Session::open(config, flash, SoftwareCrypto).ok()?;
    match boot(&mut session, &mut counter).action {
        Action::Boot(start) => Some((start.entry()?, Seen::Stored)),
        Action::Exchange(start) => Some((start.entry()?, Seen::Exchanged)),
        Action::Recover(_) => None,
    }
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
