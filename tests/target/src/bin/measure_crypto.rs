//! The two primitives that judging takes, and nothing of the judgement: what of the verifier's size is cryptography.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use image_format::{Crypto as _, ReadAt as _, SoftwareCrypto, key_id};
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
        // Header, then the first signature's key id: what these bytes mean is the verifier's business.
        let (mut message, mut place) = ([0; 256], [0; 72]);
        accepted &= case.source().read_at(0, &mut message).is_ok() && case.source().read_at(256, &mut place).is_ok();
        let signature = place.last_chunk::<64>();
        accepted &= signature.zip(case.keys.first()).is_some_and(|(signature, key)| {
            place.starts_with(&key_id(key, &mut SoftwareCrypto))
                && SoftwareCrypto.verify_ed25519(key, &message, signature)
        });
    }
    let (instructions, stack) = (counter.instructions(), stack_used());
    println!("instructions {instructions}");
    println!("stack {stack}");
    process::exit(i32::from(!accepted))
}
