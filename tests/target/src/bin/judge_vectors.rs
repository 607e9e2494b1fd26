//! Judges every vector on the Cortex-M7: a line of name, code and offset for each, and a failure if one is not what the
//! index says, or if judging took more stack than a small boot loader has.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use image_format::SoftwareCrypto;
use semihosting::{println, process};
use vectors::{CASES, SCRATCH, machine::stack_used};

/// The stack of a small boot loader in bytes. The scratch is beside it: a boot loader makes no judgement that needs one.
const STACK: usize = 16 * 1024;

#[entry]
fn main() -> ! {
    let mut wrong = 0;
    for case in CASES {
        let (code, offset) = case.judge(&mut SoftwareCrypto);
        println!("{} {code} {offset}", case.name);
        if (code, offset) != case.verdict {
            println!("  the index says {} {}", case.verdict.0, case.verdict.1);
            wrong += 1;
        }
    }
    let stack = stack_used().saturating_sub(SCRATCH);
    if stack > STACK {
        println!("judging took {stack} bytes of stack, more than {STACK}");
        wrong += 1;
    }
    process::exit(i32::from(wrong > 0))
}
