//! `waxseal verify` and the boot loader come to the same about vectors and changed images. About what power cuts leave in slots, each run of the
//! simulator compares them: `tests/power.rs`.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use simulate::{Memo, devices, verdicts};

const SEED: u64 = 7;

#[test]
fn of_every_vector_and_each_changed_byte_of_a_header() {
    let benches = devices::benches(false, SEED).unwrap();
    let bench = benches.into_iter().find(|bench| bench.name == "L476/direct-xip").unwrap();
    let (memo, mut codes) = (Memo::default(), std::collections::BTreeSet::new());
    let mut judge = |content: &[u8]| {
        // A slot of three pages of 2 KiB: of a larger vector what fits.
        let chip = bench.chip_with(0, &content[..content.len().min(6 * 1024)], SEED).unwrap();
        for verdict in verdicts(&bench, &chip, &memo) {
            assert!(verdict.agrees(), "{}: {verdict:?}", bench.name);
            codes.extend(verdict.boot.err().map(|(code, _)| code));
        }
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
