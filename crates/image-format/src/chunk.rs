//! Chunks: a payload in pieces of a power of two, so that a transfer can be judged piece by piece, resumed, and limited to
//! what changes. Chunks know nothing of sectors.

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

    /// Judges one chunk's bytes. The last one may be shorter than the others; no other may.
    ///
    /// # Errors
    /// [`Code::ChunkDigest`], with the chunk's offset in the payload.
    pub fn judge(&self, number: u32, bytes: &[u8], crypto: &mut impl Crypto) -> Result<(), Error> {
        let offset = number.saturating_mul(self.size());
        let expected = self.payload_size.saturating_sub(offset).min(self.size());
        match self.digests.get(index(number)) {
            Some(digest) if bytes.len() == index(expected) && sha256(crypto, bytes) == *digest => Ok(()),
            _ => Err(Code::ChunkDigest.at(offset)),
        }
    }
}

impl Chunks<'_> {
    /// Judges one chunk where it is stored: `size` bytes at an offset of the source.
    ///
    /// # Errors
    /// [`Code::ReadFault`], [`Code::ChunkDigest`].
    pub fn judge_stored(
        &self,
        number: u32,
        mut source: impl ReadAt,
        start: u32,
        size: u32,
        crypto: &mut impl Crypto,
    ) -> Result<(), Error> {
        let (digest, _) = crate::verify::hash(&mut source, start, size, crypto)?;
        let offset = number.saturating_mul(self.size());
        let expected = self.payload_size.saturating_sub(offset).min(self.size());
        let right = size == expected && self.digests.get(index(number)) == Some(&digest);
        if right { Ok(()) } else { Err(Code::ChunkDigest.at(offset)) }
    }
}

/// Number of chunks of a payload.
#[must_use]
pub fn chunk_count(payload_size: u32, log2: u8) -> u32 {
    1u32.checked_shl(log2.into()).map_or(1, |size| payload_size.div_ceil(size))
}
