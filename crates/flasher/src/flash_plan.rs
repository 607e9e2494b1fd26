//! The plan: which sectors are erased, which bytes go where, and in what order.
//!
//! What starts an image is erased first and programmed last: header and signatures, or without a boot loader the vector table's
//! first words. So whatever ends the work early leaves nothing that starts by half.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::{Sector, address};
use manifest::Plan;
use manifest::memory::Access;
use manifest::plan::{Extent, Loader, Placement, Slot};
use packer::placed::pieces;
use thiserror::Error;

use crate::connected::Connected;
use crate::fit::{Fit, Purpose};
use crate::text::{bytes, list, numbered};
use crate::verdict::{Place, Verdict, digest};

/// Without a boot loader: bytes that start an image, from its first one on. The stack pointer and the reset vector are the
/// first eight of them.
const VECTORS: u32 = 256;

/// What is to be done to a board's flash. Made from a verdict and a device that fits, and from nothing else.
#[derive(Clone, Debug)]
pub struct FlashPlan {
    pub(crate) device: Connected,
    /// What is written, slot by slot, in this order.
    pub slots: Vec<SlotPlan>,
    /// Accepted images that are not written, and why.
    pub left_out: Vec<String>,
    /// What is to be known beside it.
    pub notes: Vec<String>,
    /// What is not touched, in words.
    pub untouched: Vec<String>,
}

/// What is to be done to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPlan {
    /// Its name.
    pub slot: String,
    /// The image that goes there.
    pub image: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its sealed file.
    pub digest: [u8; 32],
    /// The image's id.
    pub id: [u8; 32],
    /// The sectors to erase, in this order: what starts an image first.
    pub erase: Vec<Sector>,
    /// The bytes to program, in this order: what starts the image last.
    pub program: Vec<Piece>,
    /// The addresses without which nothing starts from the slot: programmed last.
    pub start: Range<u32>,
    /// Sectors that hold what they are to hold, and are left alone.
    pub kept: Vec<Sector>,
    /// All bytes of the image that are programmed, whatever is kept.
    pub(crate) whole: Vec<Piece>,
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

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlanError {
    /// The device was compared for something else.
    #[error("the device was compared for its one-time-programmable memory, not for its flash")]
    Purpose,
    /// No accepted image runs in the slot that was named.
    #[error("nothing that was accepted runs in slot `{slot}`; it fits {fits}")]
    Slot {
        /// What was named.
        slot: String,
        /// What could have been.
        fits: String,
    },
    /// The slot lies in a memory that the boot ROM does not reach.
    #[error("slot `{0}` is in external memory, which the boot ROM does not reach")]
    External(String),
    /// Sectors that are to be erased are write-protected.
    #[error("slot `{slot}`: {sectors} write-protected; over USB that gives no error, and nothing would be written")]
    WriteProtected {
        /// The slot.
        slot: String,
        /// The sectors.
        sectors: String,
    },
    /// Nothing is left to write.
    #[error("nothing to write: every accepted image belongs into external memory")]
    Nothing,
}

impl FlashPlan {
    /// What it takes to bring the accepted images into these slots; into all that they run from, where none is named. Nothing
    /// outside of them is erased or written, but for a state log that belongs to one of them and lies elsewhere.
    ///
    /// # Errors
    /// See [`PlanError`].
    pub fn new(verdict: &Verdict, fit: &Fit, slots: &[String]) -> Result<Self, PlanError> {
        if fit.purpose != Purpose::Flash {
            return Err(PlanError::Purpose);
        }
        let plan = &verdict.plan;
        let mut chosen: Vec<&Place> = Vec::new();
        let mut left_out = Vec::new();
        for slot in slots {
            let place = verdict.places.iter().find(|place| place.slot == *slot);
            chosen.push(place.ok_or_else(|| PlanError::Slot { slot: slot.clone(), fits: fits(verdict) })?);
        }
        if slots.is_empty() {
            chosen = verdict.places.iter().collect();
        } else {
            let others = verdict.places.iter().filter(|place| !slots.contains(&place.slot));
            left_out.extend(others.map(|place| format!("{} for slot {}: not asked for", place.image, place.slot)));
        }
        let mut planned = Vec::new();
        for place in chosen {
            let Some((slot, placement)) = find(plan, place) else { continue };
            if slot.extent.access == Access::Internal {
                planned.push(slot_plan(plan, slot, placement, place));
            } else if slots.is_empty() {
                let why = format!(
                    "{}: slot {} is in external memory, which the boot ROM does not reach",
                    place.image, place.slot
                );
                left_out.push(why);
            } else {
                return Err(PlanError::External(place.slot.clone()));
            }
        }
        if planned.is_empty() {
            return Err(PlanError::Nothing);
        }
        for slot in &planned {
            let hit = |sector: &&Sector| fit.write_protected.iter().any(|other| other.address == sector.address);
            let hits: Vec<u32> = slot.erase.iter().filter(hit).map(|sector| sector.number).collect();
            if !hits.is_empty() {
                return Err(PlanError::WriteProtected { slot: slot.slot.clone(), sectors: numbered("sector", &hits) });
            }
        }
        let notes = notes(plan, &planned);
        let untouched = untouched(plan, &planned);
        Ok(Self { device: fit.device.clone(), slots: planned, left_out, notes, untouched })
    }

    /// Bytes that are erased.
    pub fn to_erase(&self) -> u64 {
        self.slots.iter().flat_map(|slot| &slot.erase).map(|sector| u64::from(sector.size)).sum()
    }

    /// Bytes that are programmed.
    pub fn to_program(&self) -> u64 {
        self.slots.iter().flat_map(|slot| &slot.program).map(|piece| piece.bytes.len() as u64).sum()
    }

    /// The plan in words: what is shown before anybody is asked.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for slot in &self.slots {
            let SlotPlan { slot: name, image, version, erase, program, kept, .. } = slot;
            let _ = writeln!(text, "slot {name}: {image} {version}");
            if !kept.is_empty() {
                let _ = writeln!(text, "  keep     {}: what is there is right", sectors(kept));
            }
            let size = erase.iter().map(|sector| u64::from(sector.size)).sum();
            let _ = writeln!(text, "  erase    {}, {}", sectors(erase), bytes(size));
            for piece in program {
                let range = piece.range();
                let last =
                    if range.start == slot.start.start { ", last: without it nothing starts from here" } else { "" };
                let count = bytes(piece.bytes.len() as u64);
                let _ = writeln!(text, "  program  {count} at {}{last}", address(range.start));
            }
        }
        for line in &self.left_out {
            let _ = writeln!(text, "not written: {line}");
        }
        let _ = writeln!(text, "untouched: {}", list(&self.untouched));
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    /// The plan without what a device was read to hold already: the pieces of `read` are what was read of the plan's ranges.
    /// Of the sectors that read right, the last one before the first wrong one is written again, and so is the one that starts
    /// the image: what was cut off may read right today and wrong tomorrow.
    pub fn resumed(mut self, read: &[Piece]) -> Self {
        for slot in &mut self.slots {
            slot.resume(read);
        }
        self
    }

    /// The ranges whose content says what is there already.
    pub(crate) fn to_compare(&self) -> Vec<Range<u32>> {
        self.slots.iter().flat_map(|slot| &slot.whole).map(Piece::range).collect()
    }
}

impl SlotPlan {
    fn resume(&mut self, read: &[Piece]) {
        let all: Vec<Sector> = self.erase.iter().chain(&self.kept).copied().collect();
        let mut order: Vec<Sector> = Vec::new();
        for piece in &self.whole {
            let mut touched: Vec<Sector> =
                all.iter().filter(|sector| overlap(&sector.range(), &piece.range())).copied().collect();
            touched.sort_by_key(|sector| sector.address);
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
            sectors.sort_by_key(|sector| sector.address);
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

fn find<'a>(plan: &'a Plan, place: &Place) -> Option<(&'a Slot, &'a Placement)> {
    let placement = plan.image(&place.image)?.placements.iter().find(|one| one.slot.value == place.slot)?;
    Some((plan.slot(&place.slot)?, placement))
}

fn slot_plan(plan: &Plan, slot: &Slot, placement: &Placement, place: &Place) -> SlotPlan {
    let start = match plan.boot.loader.value {
        Loader::Waxseal => placement.front_address..placement.front_address.saturating_add(placement.front_size),
        Loader::None => placement.payload_address..placement.payload_address.saturating_add(VECTORS),
    };
    let region = &slot.extent.region;
    let erased = region.erased.as_ref().map_or(0xFF, |erased| erased.value);
    let unit = usize::try_from(region.unit().unwrap_or(1)).unwrap_or(1).max(1);
    let mut whole = Vec::new();
    let mut last = Vec::new();
    for piece in pieces(placement, &place.file) {
        let mut all = Piece { address: piece.address, bytes: piece.bytes.into_owned() };
        // What is programmed together is whole; the slot is a multiple of it.
        all.bytes.resize(all.bytes.len().next_multiple_of(unit), erased);
        last.extend(cut(&all, &start));
        whole.extend([cut(&all, &(0..start.start)), cut(&all, &(start.end..u32::MAX))].into_iter().flatten());
    }
    let start = last.first().map_or(start, Piece::range);
    whole.extend(last);
    let log = log_sectors(plan, slot, placement);
    let rank = |sector: &Sector| {
        let is_log = log.iter().any(|other| other.address == sector.address);
        (!overlap(&sector.range(), &start), !is_log, sector.address)
    };
    let own = slot.extent.sectors.iter().filter(|sector| log.iter().all(|other| other.address != sector.address));
    let mut erase: Vec<Sector> = own.chain(&log).copied().collect();
    erase.sort_by_key(rank);
    SlotPlan {
        slot: place.slot.clone(),
        image: place.image.clone(),
        version: place.version.clone(),
        digest: digest(&place.file),
        id: place.id,
        erase,
        program: whole.clone(),
        start,
        kept: Vec::new(),
        whole,
    }
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

fn fits(verdict: &Verdict) -> String {
    let names: Vec<String> = verdict.places.iter().map(|place| place.slot.clone()).collect();
    list(&names)
}

/// What nobody has to fear for.
fn untouched(plan: &Plan, slots: &[SlotPlan]) -> Vec<String> {
    let is_written = |extent: &Extent| {
        extent.access == Access::Internal
            && slots.iter().flat_map(|slot| &slot.erase).any(|sector| overlap(&sector.range(), &extent.range))
    };
    let name = |slot: &Slot| match plan.boot.is_slot(&slot.name.value) {
        true => "the boot loader".to_owned(),
        false => format!("slot {}", slot.name.value),
    };
    let others = plan.slots.iter().filter(|slot| !is_written(&slot.extent)).map(name);
    let areas =
        plan.areas.iter().filter(|area| !is_written(&area.extent)).map(|area| format!("area {}", area.name.value));
    let rest = ["option bytes", "one-time-programmable memory"].map(str::to_owned);
    others.chain(areas).chain(rest).collect()
}

fn notes(plan: &Plan, slots: &[SlotPlan]) -> Vec<String> {
    let mut notes = Vec::new();
    if plan.boot.loader.value == Loader::Waxseal {
        notes.push("a release has no boot loader in it: without one on the board nothing starts".to_owned());
    }
    for slot in slots {
        let own = plan.slot(&slot.slot).map(|slot| slot.extent.range.clone()).unwrap_or_default();
        let log: Vec<&Sector> = slot.erase.iter().filter(|sector| !overlap(&sector.range(), &own)).collect();
        if let (Some(first), Some(last)) = (log.first(), log.last()) {
            let (first, last) = (address(first.address), address(last.range().end.saturating_sub(1)));
            notes.push(format!(
                "the state log of slot {} lies outside of it, from {first} to {last}: it is erased too",
                slot.slot
            ));
        }
    }
    for image in &plan.images {
        let is_written = |placement: &&Placement| slots.iter().any(|slot| slot.slot == placement.slot.value);
        let others: Vec<String> = image
            .placements
            .iter()
            .filter(|placement| !is_written(placement))
            .map(|placement| placement.slot.value.clone())
            .collect();
        if !others.is_empty() && image.placements.iter().any(|placement| is_written(&placement)) {
            notes.push(format!(
                "slot {} keeps what it has: if that was confirmed on the device, it starts instead of what is written now",
                list(&others)
            ));
        }
        if image.counter_store.is_some() && image.placements.iter().any(|placement| is_written(&placement)) {
            notes.push(format!(
                "{}: its security counter is {}; a device that has counted higher will not start it",
                image.name.value, image.security_counter.value
            ));
        }
    }
    notes
}

fn sectors(sectors: &[Sector]) -> String {
    numbered("sector", &sectors.iter().map(|sector| sector.number).collect::<Vec<_>>())
}
