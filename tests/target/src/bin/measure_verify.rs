//! The boot decision over the index's images: how many instructions, and how much stack.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use image_format::SoftwareCrypto;
use semihosting::{println, process};
use vectors::{
    CASES,
    machine::{Counter, stack_used},
};

#[entry]
fn main() -> ! {
    let mut accepted = true;
    let counter = Counter::start();
    for case in black_box(CASES) {
        accepted &= case.boot(&mut SoftwareCrypto).is_ok();
    }
    let (instructions, stack) = (counter.instructions(), stack_used());
    println!("instructions {instructions}");
    println!("stack {stack}");
    process::exit(i32::from(!accepted))
}
