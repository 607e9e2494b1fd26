//! The fuzz bodies over the vectors, their parts, and seeded mutations of both: so that they cannot rot, and so that each
//! is run where there is no fuzzer.

#[path = "../fuzz/src/lib.rs"]
mod bodies;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bodies::BODIES;
use image_format::log::{Entry, EntryKind};
use image_format::trust::{RoleHead, TrustHead};
use zerocopy::IntoBytes as _;

/// Mutations of each input for each body.
const MUTATIONS: usize = 200;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The vectors, from each place on where something begins, and what no vector is.
fn inputs() -> BTreeSet<Vec<u8>> {
    let files =
        fs::read_dir(folder("../../tests/vectors")).expect("the vectors").map(|entry| entry.expect("a file").path());
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "bin"));
    let files: Vec<_> = files.map(|file| fs::read(file).expect("a vector")).collect();
    assert!(files.len() > 100, "{} vectors", files.len());
    let mut inputs = BTreeSet::from([trust_set(), log_area()]);
    for file in files {
        let number = |offset: usize| {
            let bytes = file.get(offset..).and_then(|rest| rest.first_chunk());
            bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize)
        };
        // Fields front_size and payload_size.
        let (front, payload) = (number(12), number(16));
        let part = |start: usize, end: usize| file.get(start..end.clamp(start, file.len().max(start)));
        let records = part(544, front).unwrap_or_default().to_vec();
        let content = part(front, front.saturating_add(payload)).unwrap_or_default().to_vec();
        let auxiliary = part(front.saturating_add(payload), file.len()).unwrap_or_default();
        inputs.extend([records, content, [&(payload as u32).to_le_bytes(), auxiliary].concat(), file]);
    }
    inputs
}

/// Two roles, of one key and of two.
fn trust_set() -> Vec<u8> {
    let head = TrustHead { format: 1.into(), role_count: 2, reserved: 0, epoch: 3.into() };
    let role = |role, key_count| RoleHead { role, threshold: key_count, key_count, reserved: 0 };
    [head.as_bytes(), role(1, 1).as_bytes(), &[1; 32], role(5, 2).as_bytes(), &[1; 32], &[2; 32]].concat()
}

/// Unit 4, three tries, erased to 0xFF; each entry there is, in two generations.
fn log_area() -> Vec<u8> {
    let entries = [4, 5]
        .into_iter()
        .flat_map(|generation| EntryKind::ALL.iter().map(move |kind| Entry::new(*kind, generation, &[9; 32]).encode()));
    let mut bytes = vec![4, 3, 0xFF];
    entries.for_each(|entry| bytes.extend_from_slice(entry.as_bytes()));
    bytes.extend_from_slice(&[0xFF; 64]);
    bytes
}

/// Numbers without a pattern: xorshift64 (Marsaglia: Xorshift RNGs, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }

    /// One to three changes: a bit, a byte, a number, the length.
    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let near_the_start = self.below(2) == 0;
            let at = self.below(if near_the_start { bytes.len().min(64) } else { bytes.len() });
            let extreme = [0, 1, 0x7F, 0x80, 0xFF][self.below(5)];
            match self.below(5) {
                _ if bytes.is_empty() => bytes.push(extreme),
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = extreme,
                2 => bytes.iter_mut().skip(at & !3).take(4).for_each(|byte| *byte = extreme),
                3 => bytes.truncate(at),
                _ => bytes.resize(bytes.len() + 1 + self.below(40), extreme),
            }
        }
    }
}

#[test]
fn bodies_hold_for_vectors_and_mutations() {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for input in inputs() {
        BODIES.iter().for_each(|(_, body)| body(&input));
        for _ in 0..MUTATIONS {
            let mut mutated = input.clone();
            random.mutate(&mut mutated);
            BODIES.iter().for_each(|(_, body)| body(&mutated));
        }
    }
}

#[test]
fn each_body_has_a_target_of_cargo_fuzz() {
    let targets = fs::read_dir(folder("fuzz/targets")).expect("the targets").map(|entry| entry.expect("a file").path());
    let targets: BTreeSet<_> =
        targets.map(|file| file.file_stem().map(|name| name.to_string_lossy().into_owned())).collect();
    let bodies: BTreeSet<_> = BODIES.iter().map(|(name, _)| Some((*name).to_owned())).collect();
    assert_eq!(targets, bodies);
}
