//! Judges every vector on the Cortex-M7: a line of name, code and offset for each, and a failure if one is not what the
//! index says.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use image_format::SoftwareCrypto;
use semihosting::{println, process};
use vectors::CASES;

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
    process::exit(i32::from(wrong > 0))
}
