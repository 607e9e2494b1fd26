//! Signatures of keys that judge many of them, with tables made for each. The answers are `SoftwareCrypto`'s.

#[cfg(all(feature = "private-keys", not(target_family = "wasm")))]
mod tables {
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable, EdwardsPoint};
    use curve25519_dalek::scalar::Scalar;
    use curve25519_dalek::traits::BasepointTable as _;
    use ring::digest::{Context, SHA512};

    /// A public key A, and the multiples of -A that a product is put together from: 30 KiB.
    pub struct KnownKey {
        key: [u8; 32],
        minus: Box<EdwardsBasepointTable>,
    }

    impl KnownKey {
        /// Makes the tables. `None` of what is no key that anybody should trust.
        pub fn new(key: &[u8; 32]) -> Option<Self> {
            let point = CompressedEdwardsY(*key).decompress().filter(|point| !point.is_small_order())?;
            Some(Self { key: *key, minus: Box::new(EdwardsBasepointTable::create(&-point)) })
        }

        /// Whether it is this one.
        pub fn is(&self, key: &[u8; 32]) -> bool {
            self.key == *key
        }

        /// The strict judgement: S below the group order, R = S B - k A without cofactor and of no small order.
        ///
        /// `ed25519-dalek` also decodes R. That is left out: R is compared with the encoding of a point, so it is the encoding of one.
        pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
            let (halves, _) = signature.as_chunks::<32>();
            let [r, s] = halves else { return false };
            let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s)) else { return false };
            let mut hash = Context::new(&SHA512);
            [&r[..], &self.key, message].iter().for_each(|part| hash.update(part));
            let mut k = [0; 64];
            k.copy_from_slice(hash.finish().as_ref());
            let expected = EdwardsPoint::mul_base(&s) + &Scalar::from_bytes_mod_order_wide(&k) * &*self.minus;
            expected.compress().0 == *r && !expected.is_small_order()
        }
    }
}

#[cfg(not(all(feature = "private-keys", not(target_family = "wasm"))))]
mod tables {
    /// Who signs nothing makes no tables.
    pub enum KnownKey {}

    impl KnownKey {
        /// None.
        pub fn new(_: &[u8; 32]) -> Option<Self> {
            None
        }

        /// There is none.
        pub fn is(&self, _: &[u8; 32]) -> bool {
            match *self {}
        }

        /// There is none.
        pub fn verifies(&self, _: &[u8], _: &[u8; 64]) -> bool {
            match *self {}
        }
    }
}

use std::borrow::Borrow;

use image_format::Crypto;
use tables::KnownKey;

use crate::crypto::HostCrypto;

/// Cryptography that has tables of some keys. Signatures of others are judged as everywhere.
#[derive(Default)]
pub struct KnownKeys(Vec<KnownKey>);

impl KnownKeys {
    /// With tables of these.
    pub fn of<K: Borrow<[u8; 32]>>(keys: impl IntoIterator<Item = K>) -> Self {
        Self(keys.into_iter().filter_map(|key| KnownKey::new(key.borrow())).collect())
    }
}

impl std::fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KnownKeys").field(&self.0.len()).finish()
    }
}

impl Crypto for &KnownKeys {
    type Sha256 = <HostCrypto as Crypto>::Sha256;

    fn sha256(&mut self) -> Self::Sha256 {
        HostCrypto.sha256()
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        match self.0.iter().find(|known| known.is(key)) {
            Some(known) => known.verifies(message, signature),
            None => HostCrypto.verify_ed25519(key, message, signature),
        }
    }
}

#[cfg(all(test, feature = "private-keys"))]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use curve25519_dalek::scalar::Scalar;
    use image_format::{Crypto as _, SoftwareCrypto};
    use ring::digest::{SHA512, digest};

    use super::KnownKey;
    use crate::PrivateKey;

    /// The order of the base point, little endian (RFC 8032 section 5.1).
    const ORDER: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    /// A key, judged by both.
    struct Both([u8; 32], KnownKey);

    impl Both {
        fn new(key: [u8; 32]) -> Self {
            Self(key, KnownKey::new(&key).expect("a key"))
        }

        fn of(key: &PrivateKey) -> Self {
            Self::new(*key.public().bytes())
        }

        /// What both say.
        fn judge(&self, message: &[u8], signature: &[u8; 64]) -> bool {
            let found = self.1.verifies(message, signature);
            assert_eq!(found, SoftwareCrypto.verify_ed25519(&self.0, message, signature), "{signature:02x?}");
            found
        }

        /// The hash that a signature of this message with this R is bound to.
        fn challenge(&self, r: &[u8; 32], message: &[u8]) -> Scalar {
            let mut wide = [0; 64];
            wide.copy_from_slice(digest(&SHA512, &[r, &self.0, message].concat()).as_ref());
            Scalar::from_bytes_mod_order_wide(&wide)
        }
    }

    fn joined(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&r);
        signature[32..].copy_from_slice(&s);
        signature
    }

    /// All encodings of points that are not what encoding gives: y of p and more, and a sign where x is 0.
    fn odd_encodings() -> Vec<[u8; 32]> {
        let mut found = Vec::new();
        for sign in [0, 0x80] {
            for y in 0..19 {
                let mut bytes = [0xFF; 32];
                (bytes[0], bytes[31]) = (0xED + y, 0x7F | sign);
                found.push(bytes);
            }
        }
        for y in [Scalar::ONE.to_bytes(), EIGHT_TORSION[4].compress().0] {
            let mut bytes = y;
            bytes[31] |= 0x80;
            found.push(bytes);
        }
        found
    }

    #[test]
    fn keys_of_all_kinds_sign_messages_of_all_lengths() {
        for length in 0..200_u8 {
            let key = PrivateKey::from_seed(&[length; 32]);
            let message: Vec<u8> = (0..length).collect();
            let signature = key.sign(&message).signature;
            assert!(Both::of(&key).judge(&message, &signature), "{length}");
            assert!(!Both::of(&key).judge(&[&message[..], &[0]].concat(), &signature), "{length}");
        }
    }

    #[test]
    fn any_bit_changed_is_refused_as_by_boot_loaders() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let (both, message) = (Both::of(&key), [5; 256]);
        let signature = key.sign(&message).signature;
        assert!(both.judge(&message, &signature));
        assert!(!Both::of(&PrivateKey::from_seed(&[8; 32])).judge(&message, &signature));
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!both.judge(&message, &changed), "bit {bit}");
        }
    }

    /// The same signature with S beyond the order, once and as often as 256 bits have room for, which a lax reader takes.
    #[test]
    fn a_scalar_beyond_the_order_is_refused() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let (both, mut signature) = (Both::of(&key), key.sign(b"x").signature);
        assert!(both.judge(b"x", &signature));
        for _ in 0..15 {
            let mut carry = 0;
            for (byte, order) in signature[32..].iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                (*byte, carry) = (sum as u8, sum >> 8);
            }
            assert!(carry == 0 && !both.judge(b"x", &signature));
        }
    }

    /// Signatures that are made by whoever has the key: with each point of small order for R, or added to R or to the key.
    #[test]
    fn points_of_small_order_are_judged_as_by_boot_loaders() {
        let scalar = Scalar::from(0x1234_5678_9ABC_u64);
        let nonce = Scalar::from(0xFEDC_BA98_u64);
        let mut accepted = 0;
        for (at_key, for_key) in EIGHT_TORSION.iter().enumerate() {
            let both = Both::new((EdwardsPoint::mul_base(&scalar) + for_key).compress().0);
            for (at_r, for_r) in EIGHT_TORSION.iter().enumerate() {
                for nonce in [Scalar::ZERO, nonce] {
                    let r = (EdwardsPoint::mul_base(&nonce) + for_r).compress().0;
                    for message in 0..8_u8 {
                        let k = both.challenge(&r, &[message]);
                        let found = both.judge(&[message], &joined(r, (nonce + k * scalar).to_bytes()));
                        accepted += usize::from(found);
                        assert!(at_key != 0 || found == (at_r == 0 && nonce != Scalar::ZERO), "{at_r} {message}");
                    }
                }
            }
        }
        // Eight of the key without torsion, and where two torsions cancel.
        assert!(accepted > 8);
    }

    /// An R that fulfils the equation once it is decoded, and is no encoding that anybody would have written.
    #[test]
    fn odd_encodings_of_r_are_refused() {
        let scalar = Scalar::from(0x1234_5678_9ABC_u64);
        let key = EdwardsPoint::mul_base(&scalar);
        let both = Both::new(key.compress().0);
        let mut fulfilled = 0;
        for r in odd_encodings() {
            let k = both.challenge(&r, b"x");
            let s = k * scalar;
            let decoded = CompressedEdwardsY(r).decompress();
            fulfilled += usize::from(decoded == Some(EdwardsPoint::mul_base(&s) - k * key));
            assert!(!both.judge(b"x", &joined(r, s.to_bytes())), "{r:02x?}");
        }
        // Both encodings of the neutral element that have a sign, and the one with y of p + 1.
        assert_eq!(fulfilled, 3);
    }

    /// A key that boot loaders decode has tables, however it is encoded, unless nothing that it signs counts.
    #[test]
    fn tables_are_made_of_the_keys_that_boot_loaders_decode() {
        let signature = PrivateKey::from_seed(&[7; 32]).sign(b"x").signature;
        let mut odd = 0;
        for key in odd_encodings() {
            let point = CompressedEdwardsY(key).decompress();
            let known = KnownKey::new(&key);
            assert_eq!(known.is_some(), point.is_some_and(|point| !point.is_small_order()), "{key:02x?}");
            if let Some(known) = known {
                odd += 1;
                Both(key, known).judge(b"x", &signature);
            }
        }
        assert!(odd > 0);
        for point in EIGHT_TORSION {
            assert!(KnownKey::new(&point.compress().0).is_none());
        }
        // No point has 2 for its y.
        let none = Scalar::from(2_u8).to_bytes();
        assert!(CompressedEdwardsY(none).decompress().is_none() && KnownKey::new(&none).is_none());
    }
}
