//! Digests and signatures that were computed once: the same bytes come again in thousands of boots.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use image_format::{Crypto, Digest, Sha256, SoftwareCrypto, sha256};

#[derive(Debug, Default)]
struct Known {
    digests: HashMap<u128, Digest>,
    signatures: HashMap<u128, bool>,
    seen: HashSet<(u128, u128)>,
}

/// Cryptography with a memory. Nothing is answered that was not computed for these very bytes; what is remembered is found by 128
/// bits of a hash that is no cryptographic one, which nobody here attacks.
#[derive(Clone, Debug, Default)]
pub struct Memo(Arc<Mutex<Known>>);

impl Memo {
    /// Whether nobody has asked about this content with these circumstances before.
    pub(crate) fn is_new(&self, content: &[u8], about: &[u8]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.insert((name(content), name(about)))
    }

    /// How many contents of slots were judged by both, boot loader and host.
    #[must_use]
    pub fn judged(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.len()
    }
}

/// A running digest: the bytes, and their name.
#[derive(Debug)]
pub struct Stream {
    memo: Memo,
    bytes: Vec<u8>,
}

/// Names bytes.
fn name(bytes: &[u8]) -> u128 {
    let (mut a, mut b) = (bytes.len() as u64, 0x9E37_79B9_7F4A_7C15u64);
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        a = (a ^ word).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(29);
        b = (b ^ a).wrapping_mul(0x94D0_49BB_1331_11EB).rotate_left(31);
    }
    for byte in words.remainder() {
        a = (a ^ u64::from(*byte)).wrapping_mul(0xBF58_476D_1CE4_E5B9).rotate_left(29);
        b = (b ^ a).wrapping_mul(0x94D0_49BB_1331_11EB).rotate_left(31);
    }
    u128::from(a) << 64 | u128::from(b)
}

impl Sha256 for Stream {
    fn update(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn finish(self) -> Digest {
        let key = name(&self.bytes);
        let mut known = self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known.digests.entry(key).or_insert_with(|| sha256(&mut SoftwareCrypto, &self.bytes))
    }
}

impl Crypto for Memo {
    type Sha256 = Stream;

    fn sha256(&mut self) -> Stream {
        Stream { memo: self.clone(), bytes: Vec::new() }
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let all = [&key[..], message, signature].concat();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verify = || SoftwareCrypto.verify_ed25519(key, message, signature);
        *known.signatures.entry(name(&all)).or_insert_with(verify)
    }
}
