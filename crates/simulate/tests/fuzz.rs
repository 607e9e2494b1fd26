//! Slots and state logs full of anything: never a panic, never a start of what the host refuses.

#![allow(clippy::unwrap_used)]

use flash_model::Noise;
use simulate::{Memo, devices, fuzz};

#[test]
fn slots_and_logs_of_anything() {
    let mut sum = fuzz::Fuzzed::default();
    for bench in devices::benches(false, 7).unwrap().iter().filter(|bench| !bench.name.starts_with("H743")) {
        let memo = Memo::default();
        for seed in 0..60 {
            let mut noise = Noise::of(&[seed, 3]);
            let bytes: Vec<u8> = (0..128).map(|_| noise.next() as u8).collect();
            let fuzz::Fuzzed { started, recovered, staged } = fuzz::device(bench, &memo, &bytes);
            sum.started += started;
            sum.recovered += recovered;
            sum.staged += staged;
        }
    }
    assert!(sum.started > 1000 && sum.recovered > 500 && sum.staged > 100, "{sum:?}");
}
