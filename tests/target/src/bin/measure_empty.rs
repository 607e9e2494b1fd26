//! All that `measure-verify` is except the verifier: what is subtracted to get its size.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use image_format::ReadAt as _;
use semihosting::{println, process};
use vectors::{
    CASES,
    machine::{Counter, stack_used},
};

#[entry]
fn main() -> ! {
    let mut readable = true;
    let counter = Counter::start();
    for case in black_box(CASES) {
        readable &= case.source().read_at(0, &mut [0; 4]).is_ok();
    }
    let (instructions, stack) = (counter.instructions(), stack_used());
    println!("instructions {instructions}");
    println!("stack {stack}");
    process::exit(i32::from(!readable))
}
