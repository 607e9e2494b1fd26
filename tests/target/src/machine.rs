//! QEMU's mps2-an500 as a measuring instrument: a counter of instructions, and how deep the stack went.
#![allow(
    unsafe_code,
    reason = "reading a register and the stack by address is what an instrument does; nothing is sealed or judged here"
)]

use core::{panic::PanicInfo, ptr};

use cortex_m_rt::STACK_PAINT_VALUE;

/// First timer of the CMSDK dual timer (SP804 registers) of the mps2-an500: load, value, control.
const TIMER: *mut u32 = 0x4000_2000 as *mut u32;
/// Enabled, 32 bits wide, free-running.
const TIMER_RUN: u32 = 0x82;

/// Counts instructions.
///
/// Under `-icount shift=6` QEMU gives each instruction 64 ns, and the timer counts at 25 MHz: 8 ticks are 5 instructions.
pub struct Counter {
    start: u32,
}

impl Counter {
    /// Starts to count. The timer is one: it holds for one counter at a time, and for 2.6 thousand million instructions.
    #[must_use]
    pub fn start() -> Self {
        // SAFETY: registers of the dual timer, 32 bits each and aligned; nothing else in these programs uses them.
        unsafe {
            ptr::write_volatile(TIMER, u32::MAX);
            ptr::write_volatile(TIMER.add(2), TIMER_RUN);
        }
        Self { start: value() }
    }

    /// Instructions since the start.
    #[must_use]
    pub fn instructions(&self) -> u64 {
        u64::from(self.start.wrapping_sub(value())) * 5 / 8
    }
}

fn value() -> u32 {
    // SAFETY: as above; reading the value has no effect.
    unsafe { ptr::read_volatile(TIMER.add(1)) }
}

unsafe extern "C" {
    static mut _stack_start: u32;
    static mut _stack_end: u32;
}

/// The most bytes of stack that were in use since the reset. cortex-m-rt paints the stack before `main`.
#[must_use]
pub fn stack_used() -> usize {
    let (mut lowest, start) = (&raw const _stack_end, &raw const _stack_start);
    // SAFETY: the linker script gives both bounds, aligned to words, of memory that is all RAM. Words above the stack
    // pointer belong to running functions: the scan ends at the first one that is not painted, before it comes there.
    unsafe {
        while lowest < start && ptr::read_volatile(lowest) == STACK_PAINT_VALUE {
            lowest = lowest.add(1);
        }
    }
    start as usize - lowest as usize
}

/// Ends the program with a failure. No text: it would count as bytes of the verifier.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    semihosting::process::exit(101)
}

/// A fault ends the run as a failure, instead of looping for ever. Where not even this handler has a stack left, QEMU gives up
/// on the locked-up core, which is a failure too.
#[cortex_m_rt::exception]
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    semihosting::process::exit(101)
}
