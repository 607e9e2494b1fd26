//! Signatures and thresholds: every arrangement in the four places, by every threshold and trust set of up to four keys.

use ed25519_dalek::{Signer as _, SigningKey};
use image_format::{
    Code, Crypto, Digest, Error, FRONT_HEAD_SIZE, FrontHead, HEADER_SIZE, Header, ImageBody, Memory, SIGNATURE_PLACES,
    Sha256, SignaturePlace, SoftwareCrypto, Trust, key_id,
};
use zerocopy::{FromBytes as _, IntoBytes as _};

const GOOD: &[u8] = include_bytes!("../../../tests/vectors/good.bin");
const KEYS: usize = 4;

/// A key with its place: with its signature of the good image's header, and with one that does not verify.
struct Signatory {
    key: [u8; 32],
    valid: SignaturePlace,
    invalid: SignaturePlace,
}

/// Four signatories by ascending key id.
fn signatories() -> [Signatory; KEYS] {
    let mut all = [1, 2, 3, 4].map(|number| {
        let secret = SigningKey::from_bytes(&[number; 32]);
        let key = secret.verifying_key().to_bytes();
        let signature = secret.sign(&GOOD[..HEADER_SIZE as usize]).to_bytes();
        let valid = SignaturePlace { key_id: key_id(&key, &mut SoftwareCrypto), signature };
        let mut invalid = valid;
        invalid.signature[0] ^= 1;
        Signatory { key, valid, invalid }
    });
    all.sort_by_key(|signatory| signatory.valid.key_id);
    all
}

/// Ed25519 by looking the answer up: what is judged here is what is made of the answers, some hundred thousand times.
struct LookUp<'a>(&'a [Signatory; KEYS]);

impl Crypto for LookUp<'_> {
    type Sha256 = <SoftwareCrypto as Crypto>::Sha256;

    fn sha256(&mut self) -> Self::Sha256 {
        SoftwareCrypto.sha256()
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], _: &[u8], signature: &[u8; 64]) -> bool {
        self.0.iter().any(|signatory| signatory.key == *key && signatory.valid.signature == *signature)
    }
}

fn authenticate(
    places: &[SignaturePlace; SIGNATURE_PLACES],
    trust: &Trust<'_>,
    crypto: &mut impl Crypto,
) -> Result<(), Error> {
    let mut head = FrontHead::read_from_bytes(&GOOD[..FRONT_HEAD_SIZE as usize]).expect("a front head");
    head.signatures = *places;
    let mut source = Memory::slot(head.as_bytes(), FRONT_HEAD_SIZE);
    Header::<ImageBody>::read(&mut source)?.authenticate(&mut source, trust, crypto).map(|_| ())
}

/// Each trust set out of the four keys, as bits, with each threshold that it can have.
fn trust_sets() -> impl Iterator<Item = (usize, u8)> {
    (1..1 << KEYS).flat_map(|set: usize| (1..=set.count_ones() as u8).map(move |threshold| (set, threshold)))
}

fn keys_of(all: &[Signatory; KEYS], set: usize) -> Vec<[u8; 32]> {
    all.iter().enumerate().filter(|(index, _)| set & 1 << index != 0).map(|(_, signatory)| signatory.key).collect()
}

/// Digests that are all the same.
struct Same(u8);

impl Sha256 for Same {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self) -> Digest {
        [self.0; 32]
    }
}

impl Crypto for Same {
    type Sha256 = Same;

    fn sha256(&mut self) -> Same {
        Same(self.0)
    }

    fn verify_ed25519(&mut self, _: &[u8; 32], _: &[u8], _: &[u8; 64]) -> bool {
        false
    }
}

/// Two keys whose ids are equal by 64 bits of a digest, and one whose id is that of an unused place.
#[test]
fn keys_that_an_id_does_not_tell_apart_are_no_trust_set() {
    let keys = [[1; 32], [2; 32]];
    let refused = Some(Error { code: Code::TrustSet, offset: 0 });
    assert!(Trust::new(&keys[..1], 1, &mut Same(7)).is_ok());
    assert_eq!(Trust::new(&keys, 1, &mut Same(7)).err(), refused);
    assert_eq!(Trust::new(&keys[..1], 1, &mut Same(0)).err(), refused);
}

/// What a place holds: nothing, or a key's valid or invalid signature.
#[derive(Clone, Copy, PartialEq)]
enum Content {
    Nothing,
    Valid(usize),
    Invalid(usize),
}

fn contents() -> [Content; 9] {
    core::array::from_fn(|index| match index {
        0 => Content::Nothing,
        1..=4 => Content::Valid(index - 1),
        _ => Content::Invalid(index - 5),
    })
}

/// What the specification asks for, written down once more: rule 4 on places, in order of places.
fn expected(places: &[Content; SIGNATURE_PLACES], set: usize, threshold: u8) -> Result<(), Code> {
    let (mut valid, mut last, mut ended) = (0, None, false);
    for place in places {
        let (Content::Valid(key) | Content::Invalid(key)) = *place else {
            ended = true;
            continue;
        };
        if ended {
            return Err(Code::SignaturePlace);
        }
        if last.is_some_and(|last| key <= last) {
            return Err(Code::SignatureOrder);
        }
        last = Some(key);
        match (set & 1 << key != 0, *place) {
            (true, Content::Invalid(_)) => return Err(Code::BadSignature),
            (true, _) => valid += 1,
            (false, _) => {}
        }
    }
    if valid < threshold { Err(Code::TooFewSignatures) } else { Ok(()) }
}

#[test]
fn every_arrangement_of_four_keys_in_four_places() {
    let all = signatories();
    let mut accepted = 0;
    for (set, threshold) in trust_sets() {
        let keys = keys_of(&all, set);
        let trust = Trust::new(&keys, threshold, &mut SoftwareCrypto).expect("a trust set");
        for number in 0..9_usize.pow(4) {
            let chosen: [Content; 4] = core::array::from_fn(|place| contents()[number / 9_usize.pow(place as u32) % 9]);
            let places = chosen.map(|content| match content {
                Content::Nothing => SignaturePlace::UNUSED,
                Content::Valid(key) => all[key].valid,
                Content::Invalid(key) => all[key].invalid,
            });
            let judged = authenticate(&places, &trust, &mut LookUp(&all));
            assert_eq!(judged.map_err(|error| error.code), expected(&chosen, set, threshold), "{number} by {set:04b}");
            if judged.is_ok() {
                accepted += 1;
                // Whatever rules may be forgotten above: as many trusted keys have signed as the threshold asks for.
                let signed = (0..KEYS).filter(|key| set & 1 << key != 0 && chosen.contains(&Content::Valid(*key)));
                assert!(signed.count() >= threshold.into(), "{number} by {set:04b}, {threshold}");
            }
        }
    }
    // Each key, trusted or not, is absent, valid or (untrusted ones) invalid, so that the counts follow.
    assert_eq!(accepted, accepted_arrangements());
}

/// How many arrangements are accepted: of t trusted keys at least k are there and valid, of the others each may be absent, valid
/// or invalid.
fn accepted_arrangements() -> usize {
    const CHOICES: [[usize; 5]; 5] =
        [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 2, 1, 0, 0], [1, 3, 3, 1, 0], [1, 4, 6, 4, 1]];
    trust_sets()
        .map(|(set, threshold)| {
            let trusted = set.count_ones() as usize;
            let valid: usize = CHOICES[trusted][threshold.into()..].iter().sum();
            valid * 3_usize.pow((KEYS - trusted) as u32)
        })
        .sum()
}

/// The same with Ed25519 itself: every subset of valid, invalid and unknown signatures that is in order.
#[test]
fn over_signed_images_need_every_trusted_signature_valid() {
    let all = signatories();
    for (set, threshold) in trust_sets() {
        let keys = keys_of(&all, set);
        let trust = Trust::new(&keys, threshold, &mut SoftwareCrypto).expect("a trust set");
        for invalid in 0..1 << KEYS {
            let chosen = core::array::from_fn(|key| match invalid & 1 << key != 0 {
                true => Content::Invalid(key),
                false => Content::Valid(key),
            });
            let places = core::array::from_fn(|key| match invalid & 1 << key != 0 {
                true => all[key].invalid,
                false => all[key].valid,
            });
            let judged = authenticate(&places, &trust, &mut SoftwareCrypto).map_err(|error| error.code);
            assert_eq!(judged, expected(&chosen, set, threshold), "{invalid:04b} invalid by {set:04b}, {threshold}");
        }
    }
}
