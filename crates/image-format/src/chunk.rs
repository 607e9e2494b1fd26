//! Chunks: a payload in pieces of a power of two, so that a transfer can be judged piece by piece, resumed, and limited to
//! what changes. Chunks know nothing of sectors.

use core::ops::Range;

use crate::structure::index;
use crate::{Code, Crypto, Digest, Error, ReadAt, sha256};

/// The digests of one payload's chunks.
#[derive(Clone, Copy, Debug)]
pub struct Chunks<'a> {
    payload_size: u32,
    log2: u8,
    digests: &'a [Digest],
}

impl<'a> Chunks<'a> {
    /// The chunks of a payload; surplus digests are left out.
    pub(crate) fn new(payload_size: u32, log2: u8, digests: &'a [Digest]) -> Self {
        let count = index(chunk_count(payload_size, log2));
        Chunks { payload_size, log2, digests: digests.get(..count).unwrap_or(digests) }
    }

    /// Size of every chunk but the last, in bytes.
    #[must_use]
    pub fn size(&self) -> u32 {
        1u32.checked_shl(self.log2.into()).unwrap_or(u32::MAX)
    }

    /// The digests, in order.
    #[must_use]
    pub fn digests(&self) -> &'a [Digest] {
        self.digests
    }

    /// Where a chunk lies in the payload: as long as every other, but for the last one. Empty behind that.
    #[must_use]
    pub fn range(&self, number: u32) -> Range<u32> {
        let start = number.saturating_mul(self.size());
        start..start.saturating_add(self.size()).min(self.payload_size).max(start)
    }

    /// Whether these are the chunks of a payload of this size: all of them, and no others.
    #[must_use]
    pub fn cover(&self, payload_size: u32) -> bool {
        self.payload_size == payload_size && self.digests.len() == index(chunk_count(payload_size, self.log2))
    }

    /// Judges one chunk's bytes. The last one may be shorter than the others; no other may.
    ///
    /// # Errors
    /// [`Code::ChunkDigest`], with the chunk's offset in the payload.
    pub fn judge(&self, number: u32, bytes: &[u8], crypto: &mut impl Crypto) -> Result<(), Error> {
        let Range { start, end } = self.range(number);
        match self.digests.get(index(number)) {
            Some(digest) if bytes.len() == index(end.saturating_sub(start)) && sha256(crypto, bytes) == *digest => {
                Ok(())
            }
            _ => Err(Code::ChunkDigest.at(start)),
        }
    }
}

impl Chunks<'_> {
    /// Judges one chunk where it is stored, of a payload that begins at an offset of the source.
    ///
    /// # Errors
    /// [`Code::ReadFault`], [`Code::ChunkDigest`].
    pub fn judge_stored(
        &self,
        number: u32,
        mut source: impl ReadAt,
        payload_start: u32,
        crypto: &mut impl Crypto,
    ) -> Result<(), Error> {
        let Range { start, end } = self.range(number);
        let (digest, _) =
            crate::verify::hash(&mut source, payload_start.saturating_add(start), end.saturating_sub(start), crypto)?;
        if self.digests.get(index(number)) == Some(&digest) { Ok(()) } else { Err(Code::ChunkDigest.at(start)) }
    }
}

/// Number of chunks of a payload.
#[must_use]
pub fn chunk_count(payload_size: u32, log2: u8) -> u32 {
    1u32.checked_shl(log2.into()).map_or(1, |size| payload_size.div_ceil(size))
}

#[cfg(test)]
mod tests {
    use super::Chunks;

    /// What a digest was taken over is a chunk only if it is as long as one.
    #[cfg(feature = "software-crypto")]
    #[test]
    fn a_chunk_has_its_length() {
        let crypto = &mut crate::SoftwareCrypto;
        let (whole, rest) = ([7; 4096], [7; 100]);
        let digests = [&whole[..], &rest].map(|bytes| crate::sha256(crypto, bytes));
        assert!(Chunks::new(4196, 12, &digests).judge(0, &whole, crypto).is_ok());
        assert!(Chunks::new(4196, 12, &digests).judge(1, &rest, crypto).is_ok());
        for payload in [4195, 4197, 8192] {
            assert!(Chunks::new(payload, 12, &digests).judge(1, &rest, crypto).is_err(), "{payload}");
        }
    }

    #[test]
    fn chunks_cover_a_payload_of_their_size_alone() {
        let digests = [[0; 32]; 3];
        for payload in [8193, 12_288] {
            let chunks = Chunks::new(payload, 12, &digests);
            assert!(chunks.cover(payload));
            assert!(![0, 8192, payload - 1, payload + 1].into_iter().any(|other| chunks.cover(other)), "{payload}");
            assert!(!Chunks::new(payload, 12, &digests[..2]).cover(payload));
        }
    }

    #[test]
    fn ranges_are_the_payload_without_gaps() {
        for payload in [1, 4095, 4096, 4097, 10_000] {
            let chunks = Chunks::new(payload, 12, &[]);
            let mut next = 0;
            for number in 0..super::chunk_count(payload, 12) {
                let range = chunks.range(number);
                assert!(range.start == next && !range.is_empty() && range.len() <= 4096, "{payload}: {range:?}");
                next = range.end;
            }
            assert_eq!(next, payload);
            assert!(chunks.range(super::chunk_count(payload, 12)).is_empty() && chunks.range(u32::MAX).is_empty());
        }
    }
}
