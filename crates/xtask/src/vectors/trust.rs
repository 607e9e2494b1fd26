//! Who signed, who is trusted, and signatures that are none.

use curve25519_dalek::constants::EIGHT_TORSION;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use curve25519_dalek::{EdwardsPoint, traits::Identity as _};
use image_format::{Code, ImageBody, SIGNATURE_PLACES, SignaturePlace};
use packer::Draft;
use sha2::{Digest as _, Sha512};

use super::{EXAMPLE_KEY, Vector, changed, signed, test_key, with_places};

/// The order of the edwards25519 group, little-endian (RFC 8032 section 5.1).
const GROUP_ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The neutral element: a key of small order, under which a signature of R = neutral, S = 0 satisfies the plain equation.
const NEUTRAL: [u8; 32] = {
    let mut point = [0; 32];
    point[0] = 1;
    point
};

pub(super) fn vectors() -> Result<Vec<Vector>, String> {
    Ok([sets()?, places()?, signatures()?, curve()?].into_iter().flatten().collect())
}

fn public(number: u8) -> [u8; 32] {
    *test_key(number).public().bytes()
}

/// Signature places of these keys, by ascending id.
fn signed_by(draft: &Draft<ImageBody>, keys: &[u8]) -> [SignaturePlace; SIGNATURE_PLACES] {
    let mut used: Vec<SignaturePlace> = keys.iter().map(|number| test_key(*number).sign(draft.to_sign())).collect();
    used.sort_by_key(|place| place.key_id);
    let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
    places.iter_mut().zip(used).for_each(|(place, signature)| *place = signature);
    places
}

fn sets() -> Result<Vec<Vector>, String> {
    let good = signed(|_| ())?;
    let set = |name, why, keys: Vec<[u8; 32]>, threshold| {
        Vector::refused(name, why, Code::TrustSet, good.clone()).by(|judge| {
            judge.keys = keys;
            judge.threshold = threshold;
        })
    };
    let two = with_places(|draft| signed_by(draft, &[1, 2]))?;
    let three_keys = vec![public(1), public(2), public(3)];
    let of_three = |vector: Vector, threshold| {
        vector.by(|judge| {
            judge.keys.clone_from(&three_keys);
            judge.threshold = threshold;
        })
    };
    let few = Code::TooFewSignatures;
    Ok(vec![
        set("trust_empty", "a reader that trusts nobody", Vec::new(), 1),
        set("trust_threshold_0", "a threshold of 0", vec![public(1)], 0),
        set("trust_threshold_above", "a threshold above the number of keys", vec![public(1)], 2),
        set("trust_threshold_5", "a threshold above the number of places", (1..=5).map(public).collect(), 5),
        set("trust_key_twice", "a key twice, so that one signature could count as two", vec![public(1), public(1)], 1),
        set("trust_nine_keys", "more keys than a set may have", (1..=9).map(public).collect(), 1),
        of_three(Vector::accepted("two_of_three", "two of three trusted keys", two.clone()), 2),
        of_three(Vector::refused("two_where_three", "two signatures, three asked for", few, two), 3),
        of_three(Vector::refused("one_where_two", "one signature, two asked for", few, good.clone()), 2),
        Vector::refused("unknown_key", "signed by another key", Code::TooFewSignatures, good.clone())
            .by(|judge| judge.keys = vec![public(2)]),
        Vector::accepted(
            "unknown_beside_known",
            "a place of an unknown key is passed over, whatever is in it",
            with_places(|draft| {
                let mut places = signed_by(draft, &[1, 2]);
                let unknown = test_key(2).public().id();
                places
                    .iter_mut()
                    .filter(|place| place.key_id == unknown)
                    .for_each(|place| place.signature = [0xEE; 64]);
                places
            })?,
        ),
        Vector::accepted("four_signatures", "all places used", with_places(|draft| signed_by(draft, &[1, 2, 3, 4]))?),
        of_three(
            Vector::refused(
                "over_signed_one_bad",
                "enough good signatures, and a bad one of a trusted key",
                Code::BadSignature,
                with_places(|draft| {
                    let mut places = signed_by(draft, &[1, 2, 3]);
                    places[2].signature[0] ^= 1;
                    places
                })?,
            ),
            2,
        ),
    ])
}

fn places() -> Result<Vec<Vector>, String> {
    Ok(vec![
        Vector::refused(
            "unsigned",
            "no signature at all",
            Code::TooFewSignatures,
            with_places(|_| [SignaturePlace::UNUSED; SIGNATURE_PLACES])?,
        ),
        Vector::refused(
            "places_descending",
            "two places in the wrong order",
            Code::SignatureOrder,
            with_places(|draft| {
                let mut places = signed_by(draft, &[1, 2]);
                places.swap(0, 1);
                places
            })?,
        ),
        Vector::refused(
            "place_twice",
            "the same signature twice",
            Code::SignatureOrder,
            with_places(|draft| {
                let mut places = signed_by(draft, &[1]);
                places[1] = places[0];
                places
            })?,
        ),
        Vector::refused(
            "place_after_gap",
            "an unused place before a used one",
            Code::SignaturePlace,
            with_places(|draft| {
                let mut places = signed_by(draft, &[1]);
                places.swap(0, 1);
                places
            })?,
        ),
        Vector::refused(
            "unused_not_zero",
            "a bit set in an unused place",
            Code::SignaturePlace,
            with_places(|draft| {
                let mut places = signed_by(draft, &[1]);
                places[3].signature[63] = 1;
                places
            })?,
        ),
    ])
}

fn signatures() -> Result<Vec<Vector>, String> {
    let bad = |name, why, bytes| Vector::refused(name, why, Code::BadSignature, bytes);
    let signature = |change: fn(&mut [u8; 64])| {
        with_places(|draft| {
            let mut places = signed_by(draft, &[EXAMPLE_KEY]);
            change(&mut places[0].signature);
            places
        })
    };
    let neutral = with_places(|_| {
        let mut place = SignaturePlace { key_id: small_order_id(), ..SignaturePlace::UNUSED };
        place.signature[..32].copy_from_slice(&NEUTRAL);
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        places[0] = place;
        places
    })?;
    Ok(vec![
        bad("header_flipped", "a bit of the version flipped after signing", changed(|bytes| bytes[200] ^= 1)?),
        bad("signature_r_flipped", "a bit of R flipped", signature(|bytes| bytes[0] ^= 1)?),
        bad("signature_s_flipped", "a bit of S flipped", signature(|bytes| bytes[32] ^= 1)?),
        Vector::refused(
            "signature_zero",
            "an id without a signature",
            Code::SignaturePlace,
            signature(|bytes| bytes.fill(0))?,
        ),
        bad(
            "signature_malleable",
            "S plus the group order: the same signature in another form",
            signature(|bytes| {
                let mut carry = 0;
                for (byte, order) in bytes[32..].iter_mut().zip(GROUP_ORDER) {
                    let sum = u16::from(*byte) + u16::from(order) + carry;
                    *byte = sum as u8;
                    carry = sum >> 8;
                }
            })?,
        ),
        bad(
            "signature_r_small_order",
            "R is the neutral element",
            signature(|bytes| {
                bytes[..32].copy_from_slice(&NEUTRAL);
            })?,
        ),
        bad("key_of_small_order", "a trusted key of small order, for which anybody can sign", neutral)
            .by(|judge| judge.keys = vec![NEUTRAL]),
        bad("key_no_point", "a trusted key that is no point of the curve", signed_with_id_of([2; 32])?)
            .by(|judge| judge.keys = vec![[2; 32]]),
        bad(
            "signed_as_other_kind",
            "a signature over the same header with the magic of a layout",
            with_places(|draft| {
                let mut other = draft.clone();
                other.header.envelope.magic[7] = b'L';
                let mut places = signed_by(draft, &[EXAMPLE_KEY]);
                places[0] = test_key(EXAMPLE_KEY).sign(other.to_sign());
                places
            })?,
        ),
    ])
}

/// Signatures that a looser equation, or the plain one without the checks before it, would let pass.
fn curve() -> Result<Vec<Vector>, String> {
    let bad = |name, why, bytes| Vector::refused(name, why, Code::BadSignature, bytes);
    let (nonce, secret) = (Scalar::from(0x5EED_u64), secret_scalar(EXAMPLE_KEY));
    let place = |key_id, r: EdwardsPoint, s: Scalar| {
        let mut place = SignaturePlace { key_id, signature: [0; 64] };
        place.signature[..32].copy_from_slice(r.compress().as_bytes());
        place.signature[32..].copy_from_slice(s.as_bytes());
        let mut places = [SignaturePlace::UNUSED; SIGNATURE_PLACES];
        places[0] = place;
        places
    };
    let ours = test_key(EXAMPLE_KEY).public();
    let with_r = |r: EdwardsPoint, nonce: Scalar| {
        with_places(|draft| place(ours.id(), r, nonce + challenge(&r, ours.bytes(), draft.to_sign()) * secret))
    };
    let r = EdwardsPoint::mul_base(&nonce);
    Ok(vec![
        Vector::accepted("signature_by_hand", "the equation holds: R = rB, S = r + ka", with_r(r, nonce)?),
        bad("signature_cofactored", "R = rB + a point of order 8: only the equation with the cofactor holds", {
            with_r(r + EIGHT_TORSION[1], nonce)?
        }),
        bad("signature_r_neutral", "R neutral and S = ka: the equation holds, R is of small order", {
            with_r(EdwardsPoint::identity(), Scalar::ZERO)?
        }),
        bad("key_neutral", "a neutral key and R = sB: the equation holds, the key is of small order", {
            with_places(|_| place(small_order_id(), r, nonce))?
        })
        .by(|judge| judge.keys = vec![NEUTRAL]),
    ])
}

/// The secret scalar of a test key (RFC 8032 section 5.1.5).
fn secret_scalar(number: u8) -> Scalar {
    let mut low = [0; 32];
    low.copy_from_slice(&Sha512::digest([number; 32])[..32]);
    Scalar::from_bytes_mod_order(clamp_integer(low))
}

/// What the equation multiplies the key with: SHA-512 of R, key and message, modulo the group order.
fn challenge(r: &EdwardsPoint, key: &[u8; 32], message: &[u8]) -> Scalar {
    let hash = Sha512::new().chain_update(r.compress().as_bytes()).chain_update(key).chain_update(message);
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

fn small_order_id() -> [u8; 8] {
    image_format::key_id(&NEUTRAL, &mut image_format::SoftwareCrypto)
}

/// The good image, its signature given out as another key's.
fn signed_with_id_of(key: [u8; 32]) -> Result<Vec<u8>, String> {
    with_places(|draft| {
        let mut places = signed_by(draft, &[EXAMPLE_KEY]);
        places[0].key_id = image_format::key_id(&key, &mut image_format::SoftwareCrypto);
        places
    })
}
