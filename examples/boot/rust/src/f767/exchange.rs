//! Banks that are exchanged until the next reset. **Unproven on silicon.**
#![allow(unsafe_code, reason = "the jump, and what nothing in flash can do")]

use core::arch::asm;

use image_format::Entry;
use stm32f7::stm32f767::{RCC, SYSCFG};

/// SWP_FB of SYSCFG_MEMRMP, which the crate for this chip calls FB_MODE: 1 exchanges the banks until the next reset (HAL-F7
/// stm32f7xx_ll_system.h:87-92, CMSIS-F7 stm32f767xx.h:13865).
const SWP_FB: u32 = 1 << 8;

/// Whether each bank is seen where the other one is after a reset.
pub fn is_exchanged(rcc: &RCC, syscfg: &SYSCFG) -> bool {
    clock(rcc);
    syscfg.memrmp().read().bits() & SWP_FB != 0
}

/// The slot that the application runs from.
pub fn running_slot(is_exchanged: bool) -> usize {
    // Both slots run at one address then.
    if is_exchanged { 1 } else { crate::running_slot() }
}

/// Exchanges the banks, and starts an image. No interrupt was enabled.
pub fn exchange_and_jump(rcc: &RCC, syscfg: &SYSCFG, entry: Entry) -> ! {
    clock(rcc);
    let memrmp = syscfg.memrmp();
    // SAFETY: the register exists, and stack and reset vector come from an image that was verified in this boot.
    unsafe { set_and_jump(memrmp.as_ptr(), memrmp.read().bits() | SWP_FB, entry.stack, entry.reset) }
}

/// Without its clock the register takes nothing and reads as 0.
fn clock(rcc: &RCC) {
    rcc.apb2enr().modify(|_, w| w.syscfgen().enabled());
    cortex_m::asm::dsb();
}

/// From RAM to its last instruction: where this program was, the other bank is seen from the first one on. What the instruction cache
/// may hold is dropped, as ST does it (CubeF7 FLASH_SwapBank main.c:116; ICIALLU: Armv7-M Architecture Reference Manual B3.2.2).
#[unsafe(link_section = ".data.exchange")]
#[inline(never)]
unsafe fn set_and_jump(register: *mut u32, value: u32, stack: u32, reset: u32) -> ! {
    // SAFETY: the caller's. Nothing but registers is used, and nothing returns.
    unsafe {
        asm!(
            "str {value}, [{register}]",
            "ldr {value}, [{register}]",
            "dsb",
            "str {zero}, [{iciallu}]",
            "dsb",
            "isb",
            "msr msp, {stack}",
            "bx {reset}",
            register = in(reg) register,
            value = in(reg) value,
            zero = in(reg) 0,
            iciallu = in(reg) 0xE000_EF50_u32,
            stack = in(reg) stack,
            reset = in(reg) reset,
            options(noreturn),
        )
    }
}
