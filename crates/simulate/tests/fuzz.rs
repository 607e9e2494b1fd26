//! The fuzz bodies over seeded bytes: never a panic, never a start of what the host refuses; and each has its cargo-fuzz target.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use flash_model::Noise;
use simulate::fuzz::{BODIES, Fuzzed};
use simulate::{Memo, devices};

/// Seeded runs of a body on each device, and what they came to.
fn runs(body: &str) -> Fuzzed {
    let (_, body) = BODIES.iter().find(|(name, _)| *name == body).unwrap();
    let mut sum = Fuzzed::default();
    for bench in devices::benches(false, 7).unwrap().iter().filter(|bench| !bench.name.starts_with("H743")) {
        let memo = Memo::default();
        for seed in 0..60 {
            let mut noise = Noise::of(&[seed, 3]);
            let bytes: Vec<u8> = (0..256).map(|_| noise.next() as u8).collect();
            let Fuzzed { started, recovered, staged, requested } = body(bench, &memo, &bytes);
            sum.started += started;
            sum.recovered += recovered;
            sum.staged += staged;
            sum.requested += requested;
        }
    }
    sum
}

#[test]
fn slots_and_logs_of_anything() {
    let sum = runs("device");
    assert!(sum.started > 700 && sum.recovered > 500 && sum.staged > 100 && sum.requested > 100, "{sum:?}");
}

#[test]
fn updates_of_anything() {
    let sum = runs("transfer");
    assert!(sum.started > 1000 && sum.recovered == 0 && sum.staged > 100 && sum.requested > 10, "{sum:?}");
}

#[test]
fn each_body_has_a_target_of_cargo_fuzz() {
    let targets = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets")).unwrap();
    let targets: BTreeSet<_> =
        targets.map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let bodies: BTreeSet<_> = BODIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(targets, bodies);
}
