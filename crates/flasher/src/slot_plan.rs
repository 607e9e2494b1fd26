//! What is to be done to one slot.
//!
//! What starts it is erased first and programmed last: header and signatures of an image, or the first words of a vector table. So
//! whatever ends the work early leaves nothing that starts by half.

use std::fmt;
use std::ops::Range;

use geometry::Sector;
use geometry::sort::sort_by_key;
use manifest::Plan;
use manifest::memory::Access;
use manifest::plan::{Extent, Loader, Placement, Slot};
use packer::placed::pieces;

use crate::verdict::{BootLoader, Place, digest};

/// Bytes of a vector table without which nothing starts, from its first one on. The stack pointer and the reset vector are the
/// first eight of them.
const VECTORS: u32 = 256;

/// What is to be done to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPlan {
    /// Its name.
    pub slot: String,
    /// What goes there.
    pub content: Content,
    /// SHA-256 of the image's sealed file; of a boot loader that of its bytes, gaps filled with the erased value.
    pub digest: [u8; 32],
    /// The sectors to erase, in this order: what starts an image first.
    pub erase: Vec<Sector>,
    /// The bytes to program, in this order: what starts the image last.
    pub program: Vec<Piece>,
    /// The addresses without which nothing starts from the slot: programmed last.
    pub start: Range<u32>,
    /// Sectors that hold what they are to hold, and are left alone.
    pub kept: Vec<Sector>,
    /// All bytes that are programmed, whatever is kept.
    pub(crate) whole: Vec<Piece>,
}

/// What goes into a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A sealed image.
    Image {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// Its id.
        id: [u8; 32],
    },
    /// The boot loader of a factory image, which nobody signed.
    BootLoader,
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image { name, version, .. } => write!(f, "{name} {version}"),
            Self::BootLoader => f.write_str("the boot loader"),
        }
    }
}

/// Bytes, and the address of the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where the first byte is programmed.
    pub address: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Piece {
    /// The addresses.
    pub fn range(&self) -> Range<u32> {
        self.address..self.address.saturating_add(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX))
    }
}

impl SlotPlan {
    pub(crate) fn resume(&mut self, read: &[Piece]) {
        let all: Vec<Sector> = self.erase.iter().chain(&self.kept).copied().collect();
        let mut order: Vec<Sector> = Vec::new();
        for piece in &self.whole {
            let mut touched: Vec<Sector> =
                all.iter().filter(|sector| overlap(&sector.range(), &piece.range())).copied().collect();
            sort_by_key(&mut touched, |sector| sector.address);
            for sector in touched {
                if !order.contains(&sector) && !overlap(&sector.range(), &self.start) {
                    order.push(sector);
                }
            }
        }
        let is_right = |sector: &&Sector| {
            self.whole
                .iter()
                .filter_map(|piece| cut(piece, &sector.range()))
                .all(|wanted| read.iter().filter_map(|piece| cut(piece, &wanted.range())).any(|found| found == wanted))
        };
        let mut kept: Vec<Sector> = order.iter().take_while(is_right).copied().collect();
        kept.pop();
        self.erase = all.into_iter().filter(|sector| !kept.contains(sector)).collect();
        let is_kept = |range: &Range<u32>| kept.iter().any(|sector| sector.range().contains(&range.start));
        let mut program: Vec<Piece> = Vec::new();
        for piece in &self.whole {
            // In pieces by sectors, joined again where neighbours are both written.
            let mut rest: Vec<Piece> = Vec::new();
            let mut sectors: Vec<&Sector> = self.erase.iter().chain(&kept).collect();
            sort_by_key(&mut sectors, |sector| sector.address);
            for part in sectors.iter().filter_map(|sector| cut(piece, &sector.range())) {
                match rest.last_mut() {
                    _ if is_kept(&part.range()) => {}
                    Some(last) if last.range().end == part.address => last.bytes.extend(part.bytes),
                    _ => rest.push(part),
                }
            }
            program.extend(rest);
        }
        self.program = program;
        self.kept = kept;
    }
}

pub(crate) fn of_image(plan: &Plan, slot: &Slot, placement: &Placement, place: &Place) -> SlotPlan {
    let start = match plan.boot.loader.value {
        Loader::Waxseal => placement.front_address..placement.front_address.saturating_add(placement.front_size),
        Loader::None => placement.payload_address..placement.payload_address.saturating_add(VECTORS),
    };
    let pieces = pieces(placement, &place.file);
    let pieces = pieces.into_iter().map(|piece| Piece { address: piece.address, bytes: piece.bytes.into_owned() });
    let (start, whole) = in_order(&slot.extent, pieces, start);
    let log = log_sectors(plan, slot, placement);
    let rank = |sector: &Sector| {
        let is_log = log.iter().any(|other| other.address == sector.address);
        (!overlap(&sector.range(), &start), !is_log, sector.address)
    };
    let own = slot.extent.sectors.iter().filter(|sector| log.iter().all(|other| other.address != sector.address));
    let mut erase: Vec<Sector> = own.chain(&log).copied().collect();
    sort_by_key(&mut erase, rank);
    SlotPlan {
        slot: place.slot.clone(),
        content: Content::Image { name: place.image.clone(), version: place.version.clone(), id: place.id },
        digest: digest(&place.file),
        erase,
        program: whole.clone(),
        start,
        kept: Vec::new(),
        whole,
    }
}

/// What it takes to bring a boot loader into its slot: all of its sectors are erased, its vector table is programmed last.
pub(crate) fn of_loader(slot: &Slot, loader: &BootLoader) -> SlotPlan {
    let extent = &slot.extent;
    let start = extent.range.start..extent.range.start.saturating_add(VECTORS);
    let (start, whole) = in_order(extent, loader.pieces.iter().cloned(), start);
    SlotPlan {
        slot: loader.slot.clone(),
        content: Content::BootLoader,
        digest: loader.digest,
        // The vector table is in the first one.
        erase: extent.sectors.clone(),
        program: whole.clone(),
        start,
        kept: Vec::new(),
        whole,
    }
}

/// The pieces in whole program units, and what starts the slot behind all others.
fn in_order(extent: &Extent, pieces: impl Iterator<Item = Piece>, start: Range<u32>) -> (Range<u32>, Vec<Piece>) {
    let erased = extent.region.erased.as_ref().map_or(0xFF, |erased| erased.value);
    let unit = extent.region.unit().unwrap_or(1).max(1);
    let (mut whole, mut last) = (Vec::new(), Vec::new());
    for piece in in_units(pieces, unit, erased) {
        last.extend(cut(&piece, &start));
        whole.extend([cut(&piece, &(0..start.start)), cut(&piece, &(start.end..u32::MAX))].into_iter().flatten());
    }
    let start = last.first().map_or(start, Piece::range);
    whole.extend(last);
    (start, whole)
}

/// Pieces by ascending address, each filled up to whole program units, of which slots are multiples: what shares one is one piece.
fn in_units(pieces: impl Iterator<Item = Piece>, unit: u32, fill: u8) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    for Piece { address, bytes } in pieces {
        let start = address - address % unit;
        let mut joint = match joined.pop() {
            Some(last) if last.range().end > start => last,
            before => {
                joined.extend(before);
                Piece { address: start, bytes: Vec::new() }
            }
        };
        // Filled up to whole units already, it may reach beyond the first of these bytes.
        joint.bytes.resize(size(address - joint.address), fill);
        joint.bytes.extend(bytes);
        joint.bytes.resize(joint.bytes.len().next_multiple_of(size(unit)), fill);
        joined.push(joint);
    }
    joined
}

/// The sectors that hold the slot's state log, wherever it lies. Without it, what is written starts as what it is: an image that
/// nobody tried yet and nobody confirmed.
fn log_sectors(plan: &Plan, slot: &Slot, placement: &Placement) -> Vec<Sector> {
    let state = placement.state_address..placement.state_address.saturating_add(placement.state_size);
    let area = placement.state_area.as_ref().and_then(|name| plan.area(name)).map(|area| &area.extent);
    let extents: Vec<&Extent> = match area {
        Some(area) => vec![area],
        None => std::iter::once(&slot.extent).chain(plan.slots.iter().map(|slot| &slot.extent)).collect(),
    };
    let holds = |extent: &&Extent| extent.access == Access::Internal && overlap(&extent.range, &state);
    let found = extents.into_iter().find(holds).into_iter().flat_map(|extent| &extent.sectors);
    found.filter(|sector| overlap(&sector.range(), &state)).copied().collect()
}

/// The part of a piece that lies in a range.
pub(crate) fn cut(piece: &Piece, range: &Range<u32>) -> Option<Piece> {
    let own = piece.range();
    let (start, end) = (own.start.max(range.start), own.end.min(range.end));
    let index = |at: u32| usize::try_from(at.checked_sub(own.start)?).ok();
    let bytes = piece.bytes.get(index(start)?..index(end)?).filter(|bytes| !bytes.is_empty())?;
    Some(Piece { address: start, bytes: bytes.to_vec() })
}

pub(crate) fn overlap(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}
