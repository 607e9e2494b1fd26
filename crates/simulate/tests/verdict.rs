//! `waxseal verify` and the boot loader come to the same, whatever lies in a slot.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use flash_model::Chip;
use simulate::{Bench, Memo, Scenario, Setting, devices, states, verdicts};

const SEED: u64 = 7;

/// Small geometries, one of each kind of flash and strategy.
fn benches() -> Vec<Bench> {
    let small = ["L476/", "F767ZG-dual/", "L151/", "F746-W25Q/", "U575/overwrite-backup"];
    let all = devices::benches(false, SEED).unwrap();
    all.into_iter().filter(|bench| small.iter().any(|name| bench.name.starts_with(name))).collect()
}

/// Compares what both say; how often they accepted and refused.
fn compare(bench: &Bench, chip: &mut Chip, memo: &Memo) -> (u32, u32) {
    let (mut accepted, mut refused) = (0, 0);
    for verdict in verdicts(bench, chip, memo) {
        assert!(verdict.agrees(), "{}: {verdict:?}", bench.name);
        accepted += u32::from(verdict.boot.is_ok());
        refused += u32::from(verdict.boot.is_err());
    }
    (accepted, refused)
}

#[test]
fn in_every_state_that_the_simulator_reaches() {
    let (mut accepted, mut refused) = (0, 0);
    for bench in benches() {
        let memo = Memo::default();
        for scenario in [Scenario::Install, Scenario::Revert] {
            let setting = Setting::new(&bench, scenario, SEED, &memo);
            for operation in (0..120).step_by(3) {
                let kinds = ["before", "0:mixed", "0:as-after", "fails:as-before"];
                let cuts = format!("{operation}:{}", kinds[operation % kinds.len()]).parse().unwrap();
                for mut chip in states(&setting, &cuts) {
                    let found = compare(&bench, &mut chip, &memo);
                    accepted += found.0;
                    refused += found.1;
                }
            }
        }
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} {refused}");
}

#[test]
fn of_every_vector_and_each_changed_byte_of_a_header() {
    let bench = benches().into_iter().find(|bench| bench.name == "L476/direct-xip").unwrap();
    let (memo, mut codes) = (Memo::default(), std::collections::BTreeSet::new());
    let mut judge = |content: &[u8]| {
        // A slot of three pages of 2 KiB: of a larger vector what fits.
        let mut chip = bench.chip_with(0, &content[..content.len().min(6 * 1024)], SEED).unwrap();
        compare(&bench, &mut chip, &memo);
        codes.extend(
            verdicts(&bench, &mut chip, &memo).iter().filter_map(|verdict| verdict.boot.err()).map(|(code, _)| code),
        );
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let vectors = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in vectors.filter(|path| path.extension().is_some_and(|extension| extension == "bin")) {
        judge(&fs::read(path).unwrap());
    }
    let good = bench.old_image().to_vec();
    judge(&good);
    for offset in (0..1024).chain((1024..good.len()).step_by(97)) {
        for bit in [0x01, 0x80] {
            let mut changed = good.clone();
            changed[offset] ^= bit;
            judge(&changed);
        }
    }
    assert!(codes.len() >= 15, "{codes:?}");
}
