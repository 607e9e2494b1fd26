//! The whole boot decision, of which judging an image is the largest part: how many instructions, and how much stack. One slot has
//! the index's image, the other is erased, and so are logs and counter.
#![no_std]
#![no_main]

use core::hint::black_box;

use boot::{Action, AreaCounter, Session, boot};
use cortex_m_rt::entry;
use image_format::SoftwareCrypto;
use semihosting::{println, process};
use vectors::{
    CASES, Case,
    device::{Memories, config, device, trust_set},
    machine::{Counter, stack_used},
};

#[entry]
fn main() -> ! {
    let counter = Counter::start();
    let accepted = black_box(CASES).first().is_some_and(decide);
    let (instructions, stack) = (counter.instructions(), stack_used());
    println!("instructions {instructions}");
    println!("stack {stack}");
    process::exit(i32::from(!accepted))
}

fn decide(case: &Case) -> bool {
    let Some((trust, device)) = trust_set(case).zip(device(case)) else { return false };
    let config = config(case, &trust, device);
    let Ok(mut session) = Session::open(config, Memories { image: case.image }, SoftwareCrypto) else { return false };
    let Some(mut counter) = AreaCounter::of(&config) else { return false };
    match &boot(&mut session, &mut counter).action {
        Action::Boot(start) => start.entry().is_some(),
        _ => false,
    }
}
