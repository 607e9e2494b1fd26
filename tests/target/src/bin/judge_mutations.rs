//! Judges mutated vectors, on the host or on the Cortex-M7: both must write the same. Arguments: seed, first, count, block.
#![cfg_attr(target_os = "none", no_std, no_main)]

use vectors::mutation::Range;

#[cfg(target_os = "none")]
#[cortex_m_rt::entry]
fn main() -> ! {
    use semihosting::{experimental::env, println, process};

    // Four numbers of 20 digits at most.
    let arguments = env::args::<128>();
    let range = arguments.ok().and_then(|arguments| Range::parse((&arguments).flatten().skip(1)));
    match range {
        Some(range) => range.judge(|line| println!("{line}")),
        None => process::exit(2),
    }
    process::exit(0)
}

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let Some(range) = Range::parse(arguments.iter().map(String::as_str)) else {
        eprintln!("judge-mutations <seed> <first> <count> <block>: four numbers, the last above zero");
        return std::process::ExitCode::from(2);
    };
    range.judge(|line| println!("{line}"));
    std::process::ExitCode::SUCCESS
}
