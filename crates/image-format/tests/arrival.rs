//! A release that arrives in pieces gets the answer that it gets as a whole.

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use image_format::arrival::Arrival;
use image_format::{Check, Code, Device, Error, Kind, Memory, Policy, SoftwareCrypto, Trust, whole};

const DEVICE: Device = Device { vendor_id: [0xA1; 16], class_id: [0xB2; 16] };

fn keys() -> [[u8; 32]; 1] {
    [SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()]
}

/// The answer for pieces of this size, and how far the judgement came.
fn arrive(file: &[u8], size: usize, piece: usize) -> (Result<(), Error>, u32) {
    let keys = keys();
    let mut scratch = vec![0; 8192];
    let mut judged = 0;
    let crypto = &mut SoftwareCrypto;
    let trust = Trust::new(&keys, 1, crypto).expect("one key");
    let mut arrival = Arrival::new(size as u32, trust, Check::Require(DEVICE), &mut scratch);
    for bytes in file.chunks(piece) {
        if let Err(error) = arrival.push(bytes, crypto) {
            assert_eq!(arrival.push(&[0], crypto), Err(error), "a refusal stays one");
            return (Err(error), arrival.judged());
        }
        assert!(arrival.judged() >= judged);
        judged = arrival.judged();
    }
    (arrival.finish(crypto), judged)
}

fn as_a_whole(file: &[u8]) -> Result<(), Error> {
    let keys = keys();
    let policy = Policy {
        trust: Trust::new(&keys, 1, &mut SoftwareCrypto)?,
        device: Check::Require(DEVICE),
        revision: Check::Waived,
        place: Check::Waived,
        counter: Check::Waived,
    };
    let mut scratch = vec![0; file.len() + 1];
    whole::judge(Kind::Release, &mut Memory::file(file), &policy, &mut scratch, &mut SoftwareCrypto)
}

fn vectors() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let paths = fs::read_dir(folder).expect("the vectors").map(|entry| entry.expect("a file").path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "bin"));
    let file = |path: std::path::PathBuf| (path.display().to_string(), fs::read(&path).expect("a vector"));
    files.map(file).collect()
}

fn good() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/release.bin")).expect("the good release")
}

#[test]
fn every_vector_gets_the_answer_that_it_gets_as_a_whole() {
    let mut codes = std::collections::BTreeSet::new();
    for (name, file) in vectors() {
        let expected = as_a_whole(&file);
        codes.insert(expected.map_or_else(|error| error.code.number(), |()| 0));
        for piece in [1, 7, 512, 4096, usize::MAX] {
            assert_eq!(arrive(&file, file.len(), piece).0, expected, "{name} in pieces of {piece}");
        }
    }
    // Accepted, and what only a release is refused for.
    assert!([0, 202, 401, 402, 705, 707, 708].iter().all(|code| codes.contains(code)), "{codes:?}");
}

#[test]
fn each_flipped_bit_is_found_as_it_is_as_a_whole() {
    let mut file = good();
    // A prime step: every part and every alignment is met, in a seventh of the time.
    for byte in (0..file.len()).step_by(7) {
        file[byte] ^= 1;
        assert_eq!(arrive(&file, file.len(), 1000).0, as_a_whole(&file), "byte {byte}");
        file[byte] ^= 1;
    }
}

#[test]
fn what_ends_early_is_truncated() {
    let file = good();
    for length in 0..file.len() {
        let error = Error { code: Code::Truncated, offset: length as u32 };
        assert_eq!(arrive(&file[..length], file.len(), 777).0, Err(error));
    }
}

/// Whoever sends more or less than the header says learns it from the header.
#[test]
fn another_size_is_refused_at_the_header() {
    let file = good();
    for (size, code) in [(file.len() - 1, Code::Truncated), (file.len() + 1, Code::TrailingBytes)] {
        let offset = size.min(file.len()) as u32;
        assert_eq!(arrive(&file[..544], size, 100).0, Err(Error { code, offset }));
    }
}

#[test]
fn what_does_not_end_is_refused_at_its_end() {
    let file = [good(), vec![0]].concat();
    let size = file.len() - 1;
    let error = Error { code: Code::TrailingBytes, offset: size as u32 };
    for piece in [1, 512, usize::MAX] {
        assert_eq!(arrive(&file, size, piece).0, Err(error));
    }
}

/// A wrong byte costs no more than the chunk that it is in: what came before stays judged, and nothing behind it is.
#[test]
fn the_judgement_follows_the_chunks() {
    let file = good();
    let (verdict, judged) = arrive(&file, file.len(), 64);
    assert_eq!(verdict, Ok(()));
    // The last payload ends with the file: its image has no auxiliary area.
    assert_eq!(judged as usize, file.len());
    let mut bad = file.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let (verdict, judged) = arrive(&bad, bad.len(), 64);
    let offset = verdict.expect_err("a wrong byte").offset;
    assert!(judged < offset && offset <= last as u32, "{judged} {offset}");
}

#[test]
fn a_directory_that_is_larger_than_the_scratch_is_refused() {
    let file = good();
    let keys = keys();
    let crypto = &mut SoftwareCrypto;
    // Front area, two members, three chunks.
    let needed = 1024 + 2 * 48 + 3 * 32;
    for (room, accepted) in [(needed, true), (needed - 1, false)] {
        let mut scratch = vec![0; room];
        let trust = Trust::new(&keys, 1, crypto).expect("one key");
        let mut arrival = Arrival::new(file.len() as u32, trust, Check::Require(DEVICE), &mut scratch);
        let verdict = arrival.push(&file, crypto);
        assert_eq!(verdict.is_ok(), accepted);
        if let Err(error) = verdict {
            assert_eq!(error, Error { code: Code::ReadFault, offset: 1024 });
        }
    }
}
