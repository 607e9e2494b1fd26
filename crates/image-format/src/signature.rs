//! Signature places, and the step from a header of right form to an authentic one.

use zerocopy::{FromZeros as _, IntoBytes as _};

use crate::header::{Body, HEADER_SIZE, Header, SignedHeader};

use crate::policy::Trust;
use crate::{Code, Crypto, Error, ReadAt, Structure as _, Word, sha256};

/// Number of signature places in a front area.
pub const SIGNATURE_PLACES: usize = 4;
/// Most keys in a reader's trust set.
pub const MAX_KEYS: usize = 8;

/// Names a public key: the first eight bytes of the SHA-256 of its 32 bytes (RFC 8032 encoding).
pub type KeyId = [u8; 8];

/// The id of an Ed25519 public key.
pub fn key_id(key: &[u8; 32], crypto: &mut impl Crypto) -> KeyId {
    let [a, b, c, d, e, f, g, h, ..] = sha256(crypto, key);
    [a, b, c, d, e, f, g, h]
}

structure! {
    /// One of four places for a signature. The used ones come first, by strictly ascending key id; the others are zero.
    struct SignaturePlace: 72 bytes {
        /// The first eight bytes of the SHA-256 of the public key; zero in an unused place.
        0 => key_id: [u8; 8],
        /// Ed25519 signature (RFC 8032) of the 256 bytes of the header.
        8 => signature: [u8; 64],
    }
}

impl SignaturePlace {
    /// An unused place.
    pub const UNUSED: SignaturePlace = SignaturePlace { key_id: [0; 8], signature: [0; 64] };
}

structure! {
    /// The fixed start of a front area. The records' area follows, up to the front area's size.
    struct FrontHead: 544 bytes {
        /// The signed header.
        0 => header: [u8; 256],
        /// The signatures over it, outside the signed bytes.
        256 => signatures: [SignaturePlace; 4],
    }
}

/// Size of the fixed start of a front area in bytes; the records' area follows.
pub const FRONT_HEAD_SIZE: u32 = FrontHead::SIZE;

const _: () = assert!(offset!(FrontHead, signatures) == HEADER_SIZE && FRONT_HEAD_SIZE < crate::MIN_FRONT);

/// A header that enough trusted keys have signed. Its sizes and digests may be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authentic<B> {
    raw: SignedHeader<B>,
    signed: Word,
}

impl<B: Body> Header<B> {
    /// Judges the signatures by the reader's trust set. A place of an unknown key is passed over; a place of a trusted key
    /// must verify.
    ///
    /// # Errors
    /// [`Code::ReadFault`] and the codes of [`crate::Stage::Signature`].
    pub fn authenticate(
        &self,
        source: &mut impl ReadAt,
        trust: &Trust<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<Authentic<B>, Error> {
        let signed = self.judge_signatures(source, trust, crypto)?;
        Ok(Authentic { raw: *self.unauthenticated(), signed })
    }

    fn judge_signatures(
        &self,
        source: &mut impl ReadAt,
        trust: &Trust<'_>,
        crypto: &mut impl Crypto,
    ) -> Result<Word, Error> {
        const START: u32 = offset!(FrontHead, signatures);
        let mut places = [SignaturePlace::new_zeroed(); SIGNATURE_PLACES];
        source.read_at(START, places.as_mut_bytes()).map_err(|_| Code::ReadFault.at(START))?;

        let mut valid = 0u8;
        let mut last: KeyId = [0; 8];
        let mut ended = false;
        let mut offset = START;
        for place in &places {
            let unused = place.key_id == [0; 8];
            if unused != (place.signature == [0; 64]) || (ended && !unused) {
                return Err(Code::SignaturePlace.at(offset));
            }
            if unused {
                ended = true;
            } else if place.key_id <= last {
                return Err(Code::SignatureOrder.at(offset));
            } else if let Some(key) = trust.key(&place.key_id) {
                let is_valid = crypto.verify_ed25519(key, self.unauthenticated().as_bytes(), &place.signature);
                let word = Word::of(is_valid);
                if !is_valid {
                    return Err(Code::BadSignature.at(offset));
                }
                // Counted by the word, and not because the branch was passed.
                valid = valid.saturating_add(u8::from(word.is_yes()));
            }
            last = place.key_id;
            offset = offset.saturating_add(SignaturePlace::SIZE);
        }
        // No trust set has a threshold of zero; memory that a fault kept one from being copied to may.
        let threshold = trust.threshold().max(1);
        if valid < threshold {
            return Err(Code::TooFewSignatures.at(START));
        }
        Ok(Word::of(core::hint::black_box(valid) >= core::hint::black_box(threshold)))
    }
}

impl<B: Body> Authentic<B> {
    /// Reads a header, judges its form and its signatures.
    ///
    /// # Errors
    /// Those of [`Header::read`] and [`Header::authenticate`].
    #[inline(never)] // The signature takes most of the stack: while it is judged, little else should be there.
    pub(crate) fn read(source: &mut impl ReadAt, trust: &Trust<'_>, crypto: &mut impl Crypto) -> Result<Self, Error> {
        let mut header = Header::zeroed();
        header.fill(source)?;
        header.authenticate(source, trust, crypto)
    }

    /// That enough trusted keys have signed, to look at again.
    pub(crate) fn signed(&self) -> Word {
        self.signed
    }

    /// The signed fields.
    #[must_use]
    pub fn header(&self) -> &SignedHeader<B> {
        &self.raw
    }
}
