//! A sealed image as a programming tool writes it: which bytes go to which addresses.

use std::borrow::Cow;

use manifest::plan::{Placement, Plan};

/// Bytes, and the address of the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// Where the first byte is programmed: never an alias.
    pub address: u32,
    /// The bytes; never empty.
    pub bytes: Cow<'a, [u8]>,
}

impl Piece<'_> {
    /// One past the address of the last byte.
    pub fn end(&self) -> u32 {
        self.address.saturating_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

/// A sealed image's file in one of its slots, lowest address first: one piece where header and payload follow one another, else
/// two.
pub fn pieces<'a>(placement: &Placement, file: &'a [u8]) -> Vec<Piece<'a>> {
    let (front, rest) = file.split_at(file.len().min(placement.front_size as usize));
    let piece = |address, bytes| Piece { address, bytes: Cow::Borrowed(bytes) };
    if placement.front_address.checked_add(placement.front_size) == Some(placement.payload_address) {
        return vec![piece(placement.front_address, file)];
    }
    let mut pieces = vec![piece(placement.payload_address, rest), piece(placement.front_address, front)];
    pieces.sort_by_key(|piece| piece.address);
    pieces
}

/// The same where no two pieces share a sector of the slot: a tool that erases for each piece would erase the first one again.
/// The gap between such pieces holds the erased value. Only a header at the slot's end stands apart, where there is no state log:
/// nothing is to be programmed into the gap before the next erase, which on flash with ECC would fail.
pub fn by_whole_sectors<'a>(plan: &Plan, placement: &Placement, pieces: Vec<Piece<'a>>) -> Vec<Piece<'a>> {
    let Some(slot) = plan.slot(&placement.slot.value) else { return pieces };
    let erased = slot.extent.region.erased.as_ref().map_or(0xFF, |erased| erased.value);
    let sector = |address: u32| slot.extent.sectors.iter().position(|sector| sector.range().contains(&address));
    let mut joined: Vec<Piece<'a>> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last) if sector(last.end() - 1) == sector(piece.address) => {
                let bytes = last.bytes.to_mut();
                bytes.resize((piece.address - last.address) as usize, erased);
                bytes.extend_from_slice(&piece.bytes);
            }
            _ => joined.push(piece),
        }
    }
    joined
}
