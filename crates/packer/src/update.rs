//! What an update from one image to another costs: sectors to erase, bytes to transfer and to program.

use geometry::Sector;
use image_format::{Header, ImageBody, Memory};
use manifest::plan::{Image, Loader, Placement, Plan, Slot, Strategy};

use crate::compare::cut;
use crate::placed::{Piece, pieces};

/// What it takes to bring an image into a slot.
#[derive(Clone, Debug)]
pub struct Update {
    /// Sectors that one of the two images has bytes in, or the slot its state words, by ascending address.
    pub sectors: Vec<Step>,
    /// Bytes of the new file.
    pub bytes: u32,
    /// Bytes beside the payload, which always change: header, signatures, records, and the chunks' digests behind it.
    pub around: u32,
    /// Bytes of a chunk.
    pub chunk: u32,
    /// How many chunks the new payload has.
    pub chunks: u32,
    /// How many of them the old payload does not have at the same place.
    pub changed_chunks: u32,
    /// Bytes of these.
    pub changed_bytes: u32,
}

/// A sector of the slot.
#[derive(Clone, Debug)]
pub struct Step {
    /// The region's name.
    pub region: String,
    /// The sector.
    pub sector: Sector,
    /// Bytes of the new image in it.
    pub bytes: u32,
    /// Whether it holds state words.
    pub has_state: bool,
    /// Whether the old image has the same bytes in it, so that nothing is to be done if the slot holds the old image.
    pub is_same: bool,
}

/// The slot that waxseal's library stages an update in, whose sectors it or the boot loader erases first, all of them, whatever changes. `None`:
/// whoever updates the image is not waxseal's boot loader, or nobody does.
pub fn staged_in<'a>(plan: &'a Plan, image: &Image, placement: &Placement) -> Option<&'a Slot> {
    let is_updated = plan.boot.loader.value == Loader::Waxseal && image.strategy.value != Strategy::Fixed;
    let slot = image.copies.download.as_ref().unwrap_or(&placement.slot);
    plan.slot(&slot.value).filter(|_| is_updated)
}

/// Smallest and largest chunk, in bytes (schema/image-format.md, chunks).
pub const CHUNKS: std::ops::RangeInclusive<u32> = 0x1000..=0x10_0000;

/// Works it out for a slot that holds the old image. `chunk` is the size of a chunk in bytes, a power of two.
pub fn update(plan: &Plan, placement: &Placement, old: &[u8], new: &[u8], chunk: u32) -> Update {
    let (before, after) = (pieces(placement, old), pieces(placement, new));
    let slot = plan.slot(&placement.slot.value);
    let state = placement.state_address..placement.state_address.saturating_add(placement.state_size);
    let sectors = slot.iter().flat_map(|slot| &slot.extent.sectors).filter_map(|sector| {
        let part = |pieces: &[Piece<'_>]| -> Vec<(u32, Vec<u8>)> {
            pieces.iter().filter_map(|piece| cut(piece, sector)).map(|(at, bytes)| (at, bytes.to_vec())).collect()
        };
        let (before, after) = (part(&before), part(&after));
        let has_state = sector.address < state.end && state.start < sector.range().end;
        let is_used = has_state || !before.is_empty() || !after.is_empty();
        is_used.then(|| Step {
            region: slot.map(|slot| slot.extent.region.name.clone()).unwrap_or_default(),
            sector: *sector,
            bytes: after.iter().map(|(_, bytes)| bytes.len() as u32).sum(),
            has_state,
            is_same: before == after,
        })
    });
    let (old, new_payload) = (payload(old), payload(new));
    let mut changed = Vec::new();
    let mut chunks = 0;
    for (index, bytes) in new_payload.chunks(chunk as usize).enumerate() {
        chunks += 1;
        let start = index * chunk as usize;
        if old.get(start..start + bytes.len()) != Some(bytes) {
            changed.push(bytes.len() as u32);
        }
    }
    Update {
        sectors: sectors.collect(),
        bytes: new.len() as u32,
        around: (new.len() - new_payload.len()) as u32,
        chunk,
        chunks,
        changed_chunks: changed.len() as u32,
        changed_bytes: changed.iter().sum(),
    }
}

/// The payload of an image's file; all of it behind nothing, if it is none.
fn payload(file: &[u8]) -> &[u8] {
    let Ok(header) = Header::<ImageBody>::read(&mut Memory::file(file)) else { return file };
    let header = header.unauthenticated();
    let rest = file.get(header.payload_start() as usize..).unwrap_or_default();
    rest.get(..header.envelope.payload_size.get() as usize).unwrap_or(rest)
}
