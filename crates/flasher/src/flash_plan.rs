//! The plan: which slots are written, and what is to be known of it before anybody says yes.

use std::fmt::Write as _;
use std::ops::Range;

use geometry::{Sector, address};
use manifest::Plan;
use manifest::memory::Access;
use manifest::plan::{Extent, Loader, Placement, Slot};
use report::text::hex;
use thiserror::Error;

use crate::connected::Connected;
use crate::counter::CounterCheck;
use crate::fit::{Fit, Purpose};
use crate::slot_plan::{Content, Piece, SlotPlan, of_image, of_loader, overlap};
use crate::text::{bytes, list, numbered};
use crate::verdict::{Place, Verdict};

/// Fewest digits of a SHA-256 that say which boot loader is meant.
const DIGITS: usize = 8;

/// What is to be done to a board's flash. Made from a verdict and a device that fits, and from nothing else.
#[derive(Clone, Debug)]
pub struct FlashPlan {
    pub(crate) device: Connected,
    /// What is compared with the board's security counter before anything is erased.
    pub(crate) counters: Vec<CounterCheck>,
    /// What is written, slot by slot, in this order.
    pub slots: Vec<SlotPlan>,
    /// Accepted images that are not written, and why.
    pub left_out: Vec<String>,
    /// What is to be known beside it.
    pub notes: Vec<String>,
    /// What is not touched, in words.
    pub untouched: Vec<String>,
    /// Where the device starts: the boot loader, or without one the first slot that is written.
    pub(crate) start: u32,
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
    /// Nobody said that the boot loader is the one that is meant.
    #[error(
        "the boot loader is not signed: at least {DIGITS} digits of its SHA-256 have to say which one is meant, from the first on"
    )]
    NotNamed,
    /// Another boot loader is meant.
    #[error("the boot loader is not the one that is meant: its SHA-256 is {0}")]
    OtherLoader(String),
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
        let loader_slot = verdict.loader.as_ref().map(|loader| loader.slot.as_str());
        for slot in slots.iter().filter(|slot| Some(slot.as_str()) != loader_slot) {
            let place = verdict.places.iter().find(|place| place.slot == *slot);
            chosen.push(place.ok_or_else(|| PlanError::Slot { slot: slot.clone(), fits: fits(verdict) })?);
        }
        if slots.is_empty() {
            chosen = verdict.places.iter().collect();
        } else {
            let others = verdict.places.iter().filter(|place| !slots.contains(&place.slot));
            left_out.extend(others.map(|place| format!("{} for slot {}: not asked for", place.image, place.slot)));
        }
        let (mut planned, mut counters, mut counter_notes) = (Vec::new(), Vec::new(), Vec::new());
        for place in chosen {
            let Some((slot, placement)) = find(plan, place) else { continue };
            if slot.extent.access == Access::Internal {
                planned.push(of_image(plan, slot, placement, place));
                let Some(image) = plan.image(&place.image).filter(|image| image.counter_store.is_some()) else {
                    continue;
                };
                let check = CounterCheck::of(plan, image, place.counter, &fit.device).filter(|_| verdict.counts);
                counter_notes.push(counter_note(place, check.is_some()));
                counters.extend(check);
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
        if let Some(loader) = &verdict.loader {
            match plan.slot(&loader.slot) {
                // Behind the images: until all of them are there, nothing starts on a blank board.
                Some(slot) if slots.is_empty() || slots.contains(&loader.slot) => planned.push(of_loader(slot, loader)),
                _ => left_out.push(format!("the boot loader for slot {}: not asked for", loader.slot)),
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
        let mut notes = notes(plan, &planned);
        counter_notes.dedup();
        notes.extend(counter_notes);
        let untouched = untouched(plan, &planned);
        let loader = plan.boot.slot.as_ref().and_then(|slot| plan.slot(&slot.value));
        let first = planned.first().map_or(0, |slot| slot.start.start);
        let start = loader.map_or(first, |slot| slot.extent.range.start);
        Ok(Self { device: fit.device.clone(), counters, slots: planned, left_out, notes, untouched, start })
    }

    /// SHA-256 of the boot loader that is written, in hexadecimal digits: nobody signed it, and [`FlashPlan::flash`] wants it said.
    pub fn boot_loader(&self) -> Option<String> {
        self.slots.iter().find(|slot| slot.content == Content::BootLoader).map(|slot| hex(&slot.digest))
    }

    /// Whether somebody said which boot loader is meant, if one is written.
    pub(crate) fn check_loader(&self, said: &str) -> Result<(), PlanError> {
        let Some(digest) = self.boot_loader() else { return Ok(()) };
        let said = said.trim().to_ascii_lowercase();
        if said.len() < DIGITS {
            Err(PlanError::NotNamed)
        } else if digest.starts_with(&said) {
            Ok(())
        } else {
            Err(PlanError::OtherLoader(digest))
        }
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
            let SlotPlan { slot: name, content, erase, program, kept, .. } = slot;
            let _ = writeln!(text, "slot {name}: {content}");
            if *content == Content::BootLoader {
                let _ = writeln!(text, "  not signed: written as given, sha256 {}", hex(&slot.digest));
            }
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

fn find<'a>(plan: &'a Plan, place: &Place) -> Option<(&'a Slot, &'a Placement)> {
    let placement = plan.image(&place.image)?.placements.iter().find(|one| one.slot.value == place.slot)?;
    Some((plan.slot(&place.slot)?, placement))
}

fn fits(verdict: &Verdict) -> String {
    let names: Vec<String> = verdict.slots().map(|(slot, ..)| slot.to_owned()).collect();
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
    let has_loader = slots.iter().any(|slot| slot.content == Content::BootLoader);
    if plan.boot.loader.value == Loader::Waxseal && !has_loader {
        notes.push("no boot loader is written: without one on the board nothing starts".to_owned());
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
    }
    notes
}

fn counter_note(place: &Place, is_compared: bool) -> String {
    let Place { image, counter, .. } = place;
    match is_compared {
        true => format!(
            "{image}: its security counter is {counter}; the board's is read first, and if it is higher nothing is written"
        ),
        false => format!(
            "{image}: its security counter is {counter}, and the board's is not read: a board that has counted higher will not start it"
        ),
    }
}

fn sectors(sectors: &[Sector]) -> String {
    numbered("sector", &sectors.iter().map(|sector| sector.number).collect::<Vec<_>>())
}
