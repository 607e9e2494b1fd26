//! Reads one-time-programmable memory on the Cortex-M7: the vectors by the format's reader, and the golden and broken boards by the
//! accessors that `waxseal gen otp-rust` made. A line for each; a failure if one is not what is written down.
#![no_std]
#![no_main]

use core::fmt;

use cortex_m_rt::entry;
use semihosting::{println, process};
use vectors::fields::FIELDS;
use vectors::otp::{ANSWERS, read_all};

/// Compares what is written with a text, piece by piece.
struct Expected<'a> {
    rest: &'a str,
    is_equal: bool,
}

impl fmt::Write for Expected<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match self.rest.strip_prefix(text) {
            Some(rest) => self.rest = rest,
            None => self.is_equal = false,
        }
        Ok(())
    }
}

#[entry]
fn main() -> ! {
    let mut wrong = 0;
    for field in FIELDS {
        let mut answer = Expected { rest: field.answer, is_equal: true };
        let code = field.ask(&mut answer);
        let is_right = code == Ok(field.code) && answer.is_equal && answer.rest.is_empty();
        println!("{} {}", field.name, if is_right { "as the index says" } else { "WRONG" });
        wrong += i32::from(!is_right);
    }
    let mut boards = Expected { rest: ANSWERS, is_equal: true };
    let is_read = read_all(&mut boards).is_ok() && boards.is_equal && boards.rest.is_empty();
    if is_read {
        ANSWERS.lines().for_each(|line| println!("{line}"));
    } else {
        println!("the boards read otherwise than tests/otp/answers.txt");
        wrong += 1;
    }
    process::exit(wrong.min(1))
}
