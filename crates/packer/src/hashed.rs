//! What was computed once already: digests, and verdicts on signatures. Hashing is most of what a build does, and the judgement hashes
//! what the build has hashed.

use std::cell::Cell;

use image_format::{Crypto, Digest, Sha256};

use crate::crypto::HostCrypto;
use crate::known::Claim;

/// Bytes and their SHA-256.
pub type Piece<'a> = (&'a [u8], Digest);

/// Cryptography that knows the digests of some pieces. Each byte that is to be hashed is compared with the piece's; only what is equal
/// to the whole of it has its digest, and all else is hashed.
#[derive(Debug)]
pub struct Hashed<'a> {
    pieces: &'a [Piece<'a>],
    /// The piece behind the one that came last: who reads a file asks for them in their order.
    next: Cell<usize>,
    /// Signatures, and whether they are what they are said to be.
    judged: &'a [(Claim<'a>, bool)],
}

impl<'a> Hashed<'a> {
    /// That knows these.
    pub fn new(pieces: &'a [Piece<'a>]) -> Self {
        Self::and_judged(pieces, &[])
    }

    /// That knows these, and the verdicts on these signatures. Others are judged.
    pub fn and_judged(pieces: &'a [Piece<'a>], judged: &'a [(Claim<'a>, bool)]) -> Self {
        Self { pieces, next: Cell::new(0), judged }
    }

    /// The next piece that begins with these bytes.
    fn find(&self, start: &[u8]) -> Option<usize> {
        let begins = |index: &usize| self.pieces[*index].0.starts_with(start);
        let next = self.next.get();
        (next..self.pieces.len()).find(begins).or_else(|| (0..next).find(begins))
    }
}

impl<'a> Crypto for &'a Hashed<'a> {
    type Sha256 = Running<'a>;

    fn sha256(&mut self) -> Running<'a> {
        Running { known: self, state: State::Empty }
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let is_it = |claim: &Claim<'_>| claim.key == *key && claim.message == message && claim.signature == *signature;
        match self.judged.iter().find(|(claim, _)| is_it(claim)) {
            Some((_, verdict)) => *verdict,
            None => HostCrypto.verify_ed25519(key, message, signature),
        }
    }
}

/// A running hash.
pub struct Running<'a> {
    known: &'a Hashed<'a>,
    state: State,
}

enum State {
    Empty,
    /// All bytes so far are the first ones of this piece.
    Same {
        piece: usize,
        length: usize,
    },
    Different(Box<<HostCrypto as Crypto>::Sha256>),
}

impl Sha256 for Running<'_> {
    fn update(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let same = match &mut self.state {
            State::Empty => self.known.find(bytes).map(|piece| (piece, 0)),
            State::Same { piece, length } => {
                let rest = &self.known.pieces[*piece].0[*length..];
                rest.starts_with(bytes).then_some((*piece, *length))
            }
            State::Different(hash) => return hash.update(bytes),
        };
        self.state = match same {
            Some((piece, length)) => State::Same { piece, length: length + bytes.len() },
            None => {
                let mut hash = self.hash();
                hash.update(bytes);
                State::Different(Box::new(hash))
            }
        }
    }

    fn finish(self) -> Digest {
        match self.state {
            State::Same { piece, length } if length == self.known.pieces[piece].0.len() => {
                self.known.next.set(piece + 1);
                self.known.pieces[piece].1
            }
            State::Empty | State::Same { .. } => self.hash().finish(),
            State::Different(hash) => hash.finish(),
        }
    }
}

impl Running<'_> {
    /// A hash of the bytes that were compared so far.
    fn hash(&self) -> <HostCrypto as Crypto>::Sha256 {
        let mut hash = HostCrypto.sha256();
        if let State::Same { piece, length } = self.state {
            hash.update(&self.known.pieces[piece].0[..length]);
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use image_format::{SoftwareCrypto, sha256};

    use super::*;

    /// Digests that nothing has: whoever gets one was not hashed.
    const ONE: Digest = [1; 32];
    const OTHER: Digest = [2; 32];

    fn digest<'a>(mut crypto: &'a Hashed<'a>, parts: &[&[u8]]) -> Digest {
        let mut hash = crypto.sha256();
        parts.iter().for_each(|part| hash.update(part));
        hash.finish()
    }

    #[test]
    fn only_what_is_equal_to_a_whole_piece_has_its_digest() {
        let bytes: Vec<u8> = (0..100).collect();
        let pieces = [(&bytes[..60], ONE), (&bytes[..70], OTHER)];
        for (start, end) in (0..=100).flat_map(|start| (start..=100).map(move |end| (start, end))) {
            let given = &bytes[start..end];
            for cut in 0..=given.len() {
                let found = digest(&Hashed::new(&pieces), &[&given[..cut], &[], &given[cut..]]);
                // The first piece that begins with the first part is the one that is compared.
                let compared = usize::from(cut > 60 || cut == 0 && end > 60);
                let expected = match (start, end, compared) {
                    (0, 60, 0) => ONE,
                    (0, 70, 1) => OTHER,
                    _ => sha256(&mut SoftwareCrypto, given),
                };
                assert_eq!(found, expected, "{start} to {end}, cut at {cut}");
            }
        }
    }

    /// A verdict is that of one key, one message and one signature.
    #[test]
    fn only_the_very_signature_has_its_verdict() {
        let key = crate::PrivateKey::from_seed(&[7; 32]);
        let public = *key.public().bytes();
        let right = key.sign(b"x").signature;
        // Verdicts that are wrong: whoever gets one was not judged.
        let judged = |signature, verdict| (Claim { key: public, message: &b"x"[..], signature }, verdict);
        let judged = [judged(right, false), judged([9; 64], true)];
        let known = Hashed::and_judged(&[], &judged);
        assert!(!(&known).verify_ed25519(&public, b"x", &right) && (&known).verify_ed25519(&public, b"x", &[9; 64]));
        assert!(
            !(&known).verify_ed25519(&public, b"y", &[9; 64]) && !(&known).verify_ed25519(&[1; 32], b"x", &[9; 64])
        );
        let other = key.sign(b"y").signature;
        assert!((&known).verify_ed25519(&public, b"y", &other) && !(&known).verify_ed25519(&public, b"x", &other));
    }

    #[test]
    fn pieces_are_found_in_any_order() {
        let bytes = [[7; 10], [8; 10], [7; 10]];
        let pieces = [(&bytes[0][..], ONE), (&bytes[1][..], OTHER), (&bytes[2][..], [3; 32])];
        let known = Hashed::new(&pieces);
        let found = [0, 1, 2, 0, 2, 1].map(|index| digest(&known, &[&bytes[index]]));
        assert_eq!(found, [ONE, OTHER, [3; 32], ONE, [3; 32], OTHER]);
        assert_eq!(digest(&known, &[]), sha256(&mut SoftwareCrypto, &[]));
    }
}
