//! Signatures of keys of which many are judged, with tables made for each. The answers are `SoftwareCrypto`'s.

#[cfg(all(feature = "private-keys", not(target_family = "wasm")))]
mod tables {
    use std::array;
    use std::sync::LazyLock;

    use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use curve25519_dalek::scalar::Scalar;
    use curve25519_dalek::traits::Identity as _;
    use ring::digest::{Context, SHA512};

    /// The multiples that a product of a point is put together from: for each byte of a scalar 1 to 128 times the point, times the
    /// byte's place. 640 KiB, made in a millisecond. Which are taken shows in the time that it takes: for what is public.
    struct Multiples(Vec<[EdwardsPoint; 128]>);

    /// Those of the base point.
    static BASE: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(&ED25519_BASEPOINT_POINT));

    impl Multiples {
        fn of(point: &EdwardsPoint) -> Self {
            let mut place = *point;
            let row = |_| {
                let mut sum = EdwardsPoint::identity();
                let row: [EdwardsPoint; 128] = array::from_fn(|_| {
                    sum += &place;
                    sum
                });
                place = sum + sum;
                row
            };
            Self((0..32).map(row).collect())
        }

        /// A sum and the product. A scalar is below the group's order, 2^252 and something, so that nothing is carried out of its last
        /// byte.
        fn add(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
            let mut carry = 0;
            for (row, byte) in self.0.iter().zip(scalar.as_bytes()) {
                let digit = u16::from(*byte) + carry;
                carry = u16::from(digit > 128);
                match usize::from(if carry == 0 { digit } else { 256 - digit }) {
                    0 => {}
                    times if carry == 0 => sum += &row[times - 1],
                    times => sum -= &row[times - 1],
                }
            }
            sum
        }
    }

    /// A public key A, and the multiples of -A.
    pub struct KnownKey {
        key: [u8; 32],
        minus: Multiples,
    }

    impl KnownKey {
        /// Makes the tables. `None` of what is no key that anybody should trust.
        pub fn new(key: &[u8; 32]) -> Option<Self> {
            let point = CompressedEdwardsY(*key).decompress().filter(|point| !point.is_small_order())?;
            Some(Self { key: *key, minus: Multiples::of(&-point) })
        }

        /// Whether it is this one.
        pub fn is(&self, key: &[u8; 32]) -> bool {
            self.key == *key
        }

        /// The point that R must be the encoding of, by the strict judgement: S below the group order, R = S B - k A without cofactor,
        /// and of no small order. `None`: there is none.
        ///
        /// `ed25519-dalek` also decodes R. That is left out: R is compared with the encoding of a point, so it is the encoding of one.
        pub fn expected(&self, message: &[u8], signature: &[u8; 64]) -> Option<Expected> {
            let (halves, _) = signature.as_chunks::<32>();
            let [r, s] = halves else { return None };
            let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(*s))?;
            let mut hash = Context::new(&SHA512);
            [&r[..], &self.key, message].iter().for_each(|part| hash.update(part));
            let mut k = [0; 64];
            k.copy_from_slice(hash.finish().as_ref());
            let product = BASE.add(EdwardsPoint::identity(), &s);
            let expected = self.minus.add(product, &Scalar::from_bytes_mod_order_wide(&k));
            (!expected.is_small_order()).then_some(Expected(expected))
        }
    }

    #[cfg(test)]
    impl KnownKey {
        /// The product of the scalar and -A.
        pub fn product(&self, scalar: &Scalar) -> EdwardsPoint {
            self.minus.add(EdwardsPoint::identity(), scalar)
        }
    }

    /// A point that R must be the encoding of.
    pub struct Expected(EdwardsPoint);

    impl Expected {
        /// The encodings of several: an encoding takes an inversion, and all of them together take one.
        pub fn encodings(expected: &[Self]) -> Vec<[u8; 32]> {
            let points: Vec<EdwardsPoint> = expected.iter().map(|expected| expected.0).collect();
            EdwardsPoint::compress_batch_alloc(&points).into_iter().map(|encoding| encoding.0).collect()
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
        pub fn expected(&self, _: &[u8], _: &[u8; 64]) -> Option<Expected> {
            match *self {}
        }
    }

    /// None.
    pub enum Expected {}

    impl Expected {
        /// There are none.
        pub fn encodings(_: &[Self]) -> Vec<[u8; 32]> {
            Vec::new()
        }
    }
}

use std::borrow::Borrow;

use image_format::Crypto;
use tables::{Expected, KnownKey};

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

/// Whose signature of what it is said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The public key.
    pub key: [u8; 32],
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: [u8; 64],
}

impl KnownKeys {
    /// Whether each is what it is said to be: judged one by one, and only encoded together.
    pub fn judge(&self, claims: &[Claim<'_>]) -> Vec<bool> {
        let known = |claim: &Claim<'_>| self.0.iter().find(|known| known.is(&claim.key));
        let expected = claims.iter().map(|claim| known(claim)?.expected(claim.message, &claim.signature));
        let (places, expected): (Vec<usize>, Vec<Expected>) =
            expected.enumerate().filter_map(|(place, expected)| Some((place, expected?))).unzip();
        let strange = |claim: &Claim<'_>| {
            known(claim).is_none() && HostCrypto.verify_ed25519(&claim.key, claim.message, &claim.signature)
        };
        let mut verdicts: Vec<bool> = claims.iter().map(strange).collect();
        for (place, encoding) in places.into_iter().zip(Expected::encodings(&expected)) {
            verdicts[place] = claims[place].signature.starts_with(&encoding);
        }
        verdicts
    }
}

impl Crypto for &KnownKeys {
    type Sha256 = <HostCrypto as Crypto>::Sha256;

    fn sha256(&mut self) -> Self::Sha256 {
        HostCrypto.sha256()
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        self.judge(&[Claim { key: *key, message, signature: *signature }]) == [true]
    }
}

#[cfg(all(test, feature = "private-keys"))]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
    use curve25519_dalek::scalar::Scalar;
    use image_format::{Crypto as _, SoftwareCrypto};
    use ring::digest::{SHA512, digest};

    use super::{Claim, KnownKey, KnownKeys};
    use crate::PrivateKey;

    /// The order of the base point, little endian (RFC 8032 section 5.1).
    const ORDER: [u8; 32] = [
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    /// A key, judged by both.
    struct Both([u8; 32], KnownKeys);

    impl Both {
        fn new(key: [u8; 32]) -> Self {
            let known = KnownKeys::of([key]);
            assert_eq!(known.0.len(), 1);
            Self(key, known)
        }

        fn of(key: &PrivateKey) -> Self {
            Self::new(*key.public().bytes())
        }

        /// What both say.
        fn judge(&self, message: &[u8], signature: &[u8; 64]) -> bool {
            let found = self.1.judge(&[Claim { key: self.0, message, signature: *signature }]) == [true];
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

    /// Right ones and wrong ones, of keys with tables and without, keep their places.
    #[test]
    fn several_are_judged_one_by_one() {
        let keys = [1, 2, 3].map(|seed| PrivateKey::from_seed(&[seed; 32]));
        let known = KnownKeys::of([*keys[0].public().bytes(), *keys[1].public().bytes()]);
        let messages: Vec<[u8; 2]> = (0..60).map(|number| [number, 7]).collect();
        let claim = |(number, message): (usize, &'static [u8; 2])| {
            let key = &keys[number % 3];
            let mut signature = key.sign(message).signature;
            // Of five in a row S, R and the message are changed, and two are right.
            match number % 5 {
                0 => signature[40] ^= 1,
                1 => signature[3] ^= 1,
                _ => {}
            }
            let message: &[u8] = if number % 5 == 2 { b"other" } else { message };
            Claim { key: *key.public().bytes(), message, signature }
        };
        let messages: &'static [[u8; 2]] = messages.leak();
        let claims: Vec<Claim<'_>> = messages.iter().enumerate().map(claim).collect();
        let expected: Vec<bool> = (0..60).map(|number| number % 5 > 2).collect();
        assert_eq!(known.judge(&claims), expected);
        let alone = |claim: &Claim<'_>| SoftwareCrypto.verify_ed25519(&claim.key, claim.message, &claim.signature);
        assert_eq!(claims.iter().map(alone).collect::<Vec<_>>(), expected);
        assert_eq!(known.judge(&[]), [false; 0]);
    }

    /// Scalars whose bytes carry, or are where the tables end.
    #[test]
    fn products_of_every_byte_at_every_place() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let known = KnownKey::new(key.public().bytes()).expect("a key");
        let point = CompressedEdwardsY(*key.public().bytes()).decompress().expect("a point");
        for place in 0..32 {
            for byte in (0..=255).filter(|byte| place < 31 || *byte <= 0x0F) {
                for rest in [0, 0x80, 0xFF] {
                    let mut bytes = [rest; 32];
                    bytes[31] &= 0x0F;
                    bytes[place] = byte;
                    let scalar = Scalar::from_canonical_bytes(bytes).expect("below the order");
                    assert!(known.product(&scalar) == -point * scalar, "{byte:#X} at {place} in {rest:#X}");
                }
            }
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
            let is_known = KnownKey::new(&key).is_some();
            assert_eq!(is_known, point.is_some_and(|point| !point.is_small_order()), "{key:02x?}");
            if is_known {
                odd += 1;
                Both::new(key).judge(b"x", &signature);
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
