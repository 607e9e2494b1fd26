//! The boot decision about an image that must not start, which the argument chooses: `cargo xtask campaign skips` skips each of its
//! instructions in turn.
#![no_std]
#![no_main]

use boot::{Action, Counter, Session, boot};
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use image_format::{Entry, Fault, SoftwareCrypto};
use semihosting::{experimental::env, println, process};
use vectors::{
    CASES, Case,
    device::{Memories, config, device, trust_set},
};

/// Most bytes of the image: a front area, and a small payload.
const MAX_IMAGE: usize = 4096;

/// A security counter outside the layout.
struct Fixed(u32);

impl<F> Counter<F> for Fixed {
    fn read(&mut self, _: &mut F) -> Result<u32, Fault> {
        Ok(self.0)
    }

    fn raise(&mut self, _: &mut F, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }
}

#[entry]
fn main() -> ! {
    // Whoever skips a loop's end runs for ever: SysTick ends it after 2^24 ticks of 40 ns, ten million instructions.
    if let Some(mut core) = cortex_m::Peripherals::take() {
        core.SYST.set_clock_source(SystClkSource::Core);
        core.SYST.set_reload(0x00FF_FFFF);
        core.SYST.clear_current();
        core.SYST.enable_interrupt();
        core.SYST.enable_counter();
    }
    let arguments = env::args::<64>().ok();
    let what = arguments.as_ref().and_then(|mut all| all.nth(1)?.ok()).and_then(|word| word.bytes().next());
    let Some(case) = CASES.first() else { process::exit(2) };
    let mut image = [0xFF; MAX_IMAGE];
    image.iter_mut().zip(case.image).for_each(|(to, from)| *to = *from);
    let lowest = match what {
        // The first signature's first byte; the payload's last.
        Some(b's') => change(&mut image, 256 + 8),
        Some(b'p') => change(&mut image, case.image.len() - 1),
        // One counter above the image's.
        Some(b'c') => 2,
        Some(b'n') => 1,
        _ => process::exit(2),
    };
    match decide(case, &image, lowest) {
        Some(entry) => println!("starts {:#x} {:#x}", entry.stack, entry.reset),
        None => println!("refused"),
    }
    process::exit(0)
}

fn change(image: &mut [u8], offset: usize) -> u32 {
    if let Some(byte) = image.get_mut(offset) {
        *byte ^= 1;
    }
    1
}

/// All between the slot's bytes and the jump: what a boot loader does.
#[inline(never)]
fn decide(case: &Case, image: &[u8], lowest: u32) -> Option<Entry> {
    let (trust, device) = trust_set(case).zip(device(case))?;
    let mut session = Session::open(config(case, &trust, device), Memories { image }, SoftwareCrypto).ok()?;
    match &boot(&mut session, &mut Fixed(lowest)).action {
        Action::Boot(start) => start.entry(),
        _ => None,
    }
}

#[exception]
fn SysTick() {
    process::exit(3)
}
