#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| simulate_fuzz::run(simulate::fuzz::transfer, bytes));
