//! The auxiliary area: what boot never reads. Types that a reader does not know are passed over.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::{U16, U32};

use crate::chunk::{Chunks, chunk_count};
use crate::structure::index;
use crate::{Code, Digest, Error};

structure! {
    /// Starts an item of the auxiliary area. The value follows, then zero bytes up to a multiple of 4. Items follow one another
    /// without gaps, to the area's end, in strictly ascending order of types.
    struct AuxiliaryHead: 8 bytes {
        /// Type: 1 text, 2 digest of the bill of materials, 3 digest of the provenance statement, 4 digests of chunks.
        0 => kind: U16,
        /// Zero.
        2 => reserved: [u8; 2],
        /// Size of the value in bytes, without the padding.
        4 => size: U32,
    }
}

/// Type 1: text for people, UTF-8.
pub const TEXT: u16 = 1;
/// Type 2: SHA-256 of a software bill of materials.
pub const BILL_OF_MATERIALS: u16 = 2;
/// Type 3: SHA-256 of a provenance statement.
pub const PROVENANCE: u16 = 3;
/// Type 4: size of a chunk as a power of two, a U32, then the SHA-256 of each chunk of the payload.
pub const CHUNKS: u16 = 4;

/// What a verified auxiliary area says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Auxiliary<'a> {
    /// Text for people.
    pub text: Option<&'a str>,
    /// SHA-256 of a software bill of materials.
    pub bill_of_materials: Option<&'a Digest>,
    /// SHA-256 of a provenance statement.
    pub provenance: Option<&'a Digest>,
    /// Digests of the payload's chunks.
    pub chunks: Option<Chunks<'a>>,
}

impl<'a> Auxiliary<'a> {
    /// Reads an area whose digest was found right, of an artefact with a payload of this size. `start` is the area's offset.
    ///
    /// # Errors
    /// [`Code::AuxiliaryForm`], with the item's offset.
    pub fn parse(area: &'a [u8], payload_size: u32, start: u32) -> Result<Self, Error> {
        let mut found = Auxiliary::default();
        let (mut rest, mut offset, mut last) = (area, start, 0);
        while !rest.is_empty() {
            let refused = Code::AuxiliaryForm.at(offset);
            let (kind, value, after) = item(rest).ok_or(refused)?;
            if kind <= last {
                return Err(refused);
            }
            found.take(kind, value, payload_size).ok_or(refused)?;
            let used = rest.len().saturating_sub(after.len());
            offset = offset.saturating_add(u32::try_from(used).unwrap_or(u32::MAX));
            last = kind;
            rest = after;
        }
        Ok(found)
    }

    fn take(&mut self, kind: u16, value: &'a [u8], payload_size: u32) -> Option<()> {
        match kind {
            TEXT => self.text = Some(core::str::from_utf8(value).ok()?),
            BILL_OF_MATERIALS => self.bill_of_materials = Some(Digest::ref_from_bytes(value).ok()?),
            PROVENANCE => self.provenance = Some(Digest::ref_from_bytes(value).ok()?),
            CHUNKS => {
                let (log2, digests) = U32::ref_from_prefix(value).ok()?;
                let digests = <[Digest]>::ref_from_bytes(digests).ok()?;
                let log2 = u8::try_from(log2.get()).ok().filter(|log2| (12..=20).contains(log2))?;
                if digests.len() != index(chunk_count(payload_size, log2)) {
                    return None;
                }
                self.chunks = Some(Chunks::new(payload_size, log2, digests));
            }
            _ => {}
        }
        Some(())
    }
}

/// The first item: type, value, and what follows it.
fn item(area: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (head, rest) = AuxiliaryHead::ref_from_prefix(area).ok()?;
    let (value, rest) = rest.split_at_checked(index(head.size.get()))?;
    let (padding, rest) = rest.split_at_checked(value.len().checked_next_multiple_of(4)?.checked_sub(value.len())?)?;
    let well_formed = head.reserved == [0; 2] && padding.iter().all(|byte| *byte == 0);
    well_formed.then_some((head.kind.get(), value, rest))
}
