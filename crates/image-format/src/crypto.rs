//! The two primitives behind a small trait, so that a target can bring its hash peripheral or another library.

use crate::Digest;

/// A running SHA-256 (FIPS 180-4).
pub trait Sha256 {
    /// Takes in more bytes.
    fn update(&mut self, bytes: &[u8]);
    /// The digest of all bytes taken in.
    fn finish(self) -> Digest;
}

/// What judging needs of cryptography.
pub trait Crypto {
    /// A running hash.
    type Sha256: Sha256;

    /// Starts a hash.
    fn sha256(&mut self) -> Self::Sha256;

    /// Whether this is the key's Ed25519 signature of the message (RFC 8032, without pre-hashing), judged strictly: the
    /// scalar S below the group order, points in canonical encoding, neither the key nor R of small order, no cofactor.
    /// Every implementation must agree on each input, or consumers disagree.
    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;
}

/// The digest of one piece.
pub fn sha256(crypto: &mut impl Crypto, bytes: &[u8]) -> Digest {
    let mut hash = crypto.sha256();
    hash.update(bytes);
    hash.finish()
}

#[cfg(feature = "software-crypto")]
mod software {
    use sha2::Digest as _;

    use super::{Crypto, Digest, Sha256};

    /// SHA-256 by sha2 and Ed25519 by ed25519-dalek (`verify_strict`).
    #[derive(Clone, Copy, Debug, Default)]
    pub struct SoftwareCrypto;

    impl Sha256 for sha2::Sha256 {
        fn update(&mut self, bytes: &[u8]) {
            sha2::Digest::update(self, bytes);
        }

        fn finish(self) -> Digest {
            self.finalize().into()
        }
    }

    impl Crypto for SoftwareCrypto {
        type Sha256 = sha2::Sha256;

        fn sha256(&mut self) -> Self::Sha256 {
            sha2::Sha256::new()
        }

        #[inline(never)] // Measured: 300 bytes less, in the size profile.
        fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
            let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(key) else { return false };
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
        }
    }
}

#[cfg(feature = "software-crypto")]
pub use software::SoftwareCrypto;
