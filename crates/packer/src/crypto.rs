//! The cryptography of a host. Its answers are those of `SoftwareCrypto`, which boot loaders have.

#[cfg(not(target_family = "wasm"))]
pub use host::HostCrypto;
#[cfg(target_family = "wasm")]
pub use image_format::SoftwareCrypto as HostCrypto;

#[cfg(not(target_family = "wasm"))]
mod host {
    use image_format::{Crypto, Digest, Sha256, SoftwareCrypto};
    use ring::digest::{Context, SHA256};

    /// SHA-256 by ring, which has assembly for each processor. Ed25519 as everywhere: all must agree on each signature.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct HostCrypto;

    /// A running hash.
    #[derive(Clone)]
    pub struct Running(Context);

    impl Crypto for HostCrypto {
        type Sha256 = Running;

        fn sha256(&mut self) -> Running {
            Running(Context::new(&SHA256))
        }

        fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
            SoftwareCrypto.verify_ed25519(key, message, signature)
        }
    }

    impl Sha256 for Running {
        fn update(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(self) -> Digest {
            let mut digest = Digest::default();
            digest.copy_from_slice(self.0.finish().as_ref());
            digest
        }
    }
}

#[cfg(test)]
mod tests {
    use image_format::{Crypto, Sha256 as _, SoftwareCrypto, sha256};

    use super::HostCrypto;

    /// Around the ends of blocks, and of the lengths from which on assembly takes several blocks at a time.
    #[test]
    fn every_length_has_the_digest_that_boot_loaders_compute() {
        let bytes: Vec<u8> = (0..2100_u32).map(|index| ((index * index) >> 3) as u8).collect();
        for length in 0..=bytes.len() {
            let (bytes, half) = (&bytes[..length], length / 3);
            let expected = sha256(&mut SoftwareCrypto, bytes);
            let mut in_two = HostCrypto.sha256();
            in_two.update(&bytes[..half]);
            in_two.update(&bytes[half..]);
            assert_eq!(sha256(&mut HostCrypto, bytes), expected, "{length}");
            assert_eq!(in_two.finish(), expected, "{length}");
        }
    }
}
