#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| image_format_fuzz::judge_whole(bytes));
