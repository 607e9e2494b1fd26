//! Files that wait for signatures are taken apart without trusting a byte of them.

#![allow(clippy::unwrap_used)]

use std::fs;

use packer::pending::Sealed;
use waxseal_tests::repository;

/// Every test vector, as it is and with each byte of its header and places changed, and cut at each byte of those.
#[test]
fn any_bytes_are_taken_apart_or_refused() {
    let folder = repository().join("tests/vectors");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let vectors: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "bin")).collect();
    assert!(vectors.len() > 50);
    let mut whole = 0;
    for path in vectors {
        let vector = fs::read(&path).unwrap();
        whole += usize::from(taken_apart(vector.clone()));
        for at in 0..vector.len().min(600) {
            taken_apart(vector[..at].to_vec());
            let mut changed = vector.clone();
            changed[at] ^= 0x81;
            taken_apart(changed);
        }
    }
    assert!(whole > 20, "only {whole}");
}

/// Whether the bytes are sealed artefacts, and then what is said of them holds.
fn taken_apart(bytes: Vec<u8>) -> bool {
    let Ok(sealed) = Sealed::parse(bytes.clone()) else { return false };
    assert_eq!(sealed.parts[0].offset, 0);
    for (index, part) in sealed.parts.iter().enumerate() {
        assert_eq!(sealed.to_sign(part), &bytes[part.offset..part.offset + 256]);
        assert!(bytes[part.offset..].starts_with(&part.kind.magic()));
        let next = sealed.parts.get(index + 1).map_or(bytes.len(), |next| next.offset);
        // Header, signature places and 480 bytes of records are the least that there is.
        assert!(part.offset + 1024 < next);
    }
    true
}
