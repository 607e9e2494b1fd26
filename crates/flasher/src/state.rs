//! In what state a board was left, in words that somebody can act on.

use std::ops::Range;

use dfuse::{Error, Journal};
use geometry::Sector;
use report::text::thousands;

use crate::flash::Done;
use crate::flash_plan::FlashPlan;
use crate::slot_plan::{SlotPlan, overlap};
use crate::text::{list, numbered};
use crate::trouble::Trouble;

/// The state of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardState {
    /// Slot by slot, in the plan's order.
    pub slots: Vec<SlotState>,
    /// The same in sentences, with what was not touched.
    pub sentences: Vec<String>,
    /// What to do, in this order. Empty if everything is done.
    pub advice: Vec<String>,
}

/// The state of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotState {
    /// Its name.
    pub slot: String,
    /// What it comes to.
    pub holds: Holds,
    /// Numbers of the sectors that were erased.
    pub erased: Vec<u32>,
    /// Number of a sector that may be half erased or half programmed.
    pub doubtful: Option<u32>,
    /// Bytes of the plan that were programmed.
    pub programmed: u64,
    /// Bytes that the plan has.
    pub planned: u64,
}

/// What a slot comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What it held before: nothing was done to it.
    Before,
    /// Nothing that starts: what starts an image is erased, and not written yet.
    Nothing,
    /// It is not known: a sector with what starts an image may be half erased or half programmed.
    Doubtful,
    /// The image, but it was not read back, or reads differently.
    Unverified,
    /// The image, as it was read back.
    Image,
}

impl Holds {
    /// A stable name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Nothing => "nothing",
            Self::Doubtful => "doubtful",
            Self::Unverified => "unverified",
            Self::Image => "image",
        }
    }
}

pub(crate) fn board_state(plan: &FlashPlan, done: &[Done], trouble: Option<&Trouble>) -> BoardState {
    let slots: Vec<SlotState> =
        plan.slots.iter().enumerate().map(|(index, slot)| slot_state(slot, done.get(index))).collect();
    let mut sentences: Vec<String> =
        plan.slots.iter().zip(&slots).map(|(slot, state)| sentence(slot, state, trouble)).collect();
    if slots.iter().all(|slot| slot.holds == Holds::Before) {
        sentences = vec!["nothing was changed: the board is as it was".to_owned()];
    } else {
        sentences.push(format!("untouched: {}", list(&plan.untouched)));
    }
    BoardState { slots, sentences, advice: trouble.map(Trouble::advice).unwrap_or_default() }
}

fn slot_state(slot: &SlotPlan, done: Option<&Done>) -> SlotState {
    let all = |sectors: &[Sector]| sectors.iter().map(|sector| sector.number).collect::<Vec<_>>();
    let planned = slot.program.iter().map(|piece| piece.bytes.len() as u64).sum();
    let name = slot.slot.clone();
    match done {
        None => {
            SlotState { slot: name, holds: Holds::Before, erased: Vec::new(), doubtful: None, programmed: 0, planned }
        }
        Some(Done::All) => SlotState {
            slot: name,
            holds: Holds::Image,
            erased: all(&slot.erase),
            doubtful: None,
            programmed: planned,
            planned,
        },
        Some(Done::Part(Journal { erased, programmed, doubtful })) => {
            let sector = |at: u32| slot.erase.iter().find(|sector| sector.range().contains(&at));
            let number = |range: &Range<u32>| sector(range.start).map(|sector| sector.number);
            let is_doubtful = doubtful.as_ref().and_then(|range| sector(range.start));
            let count = programmed.iter().map(|range| range.len() as u64).sum();
            let holds = match is_doubtful {
                _ if erased.is_empty() && doubtful.is_none() => Holds::Before,
                _ if doubtful.as_ref().is_some_and(|range| overlap(range, &slot.start)) => Holds::Doubtful,
                _ if count >= planned => Holds::Unverified,
                _ => Holds::Nothing,
            };
            SlotState {
                slot: name,
                holds,
                erased: erased.iter().filter_map(number).collect(),
                doubtful: is_doubtful.map(|sector| sector.number),
                programmed: count,
                planned,
            }
        }
    }
}

fn sentence(plan: &SlotPlan, state: &SlotState, trouble: Option<&Trouble>) -> String {
    let SlotPlan { slot, content, .. } = plan;
    let done = || {
        let mut words = Vec::new();
        if !state.erased.is_empty() {
            words.push(format!("{} erased", numbered("sector", &state.erased)));
        }
        if let Some(sector) = state.doubtful {
            words.push(format!("sector {sector} half erased or half programmed"));
        }
        if state.programmed > 0 {
            words.push(format!("{} of {} bytes programmed", thousands(state.programmed), thousands(state.planned)));
        }
        words.join(", ")
    };
    match state.holds {
        Holds::Before => format!("slot {slot}: as it was"),
        Holds::Image => format!("slot {slot} holds {content}, read back and compared"),
        Holds::Nothing => format!("slot {slot}: {}; nothing starts from it until it is written again", done()),
        Holds::Doubtful => format!("slot {slot}: {}; do not rely on it: write it again", done()),
        Holds::Unverified => match trouble {
            Some(Trouble::Device(Error::ReadBack { .. })) => {
                format!("slot {slot}: {content} was written and reads back differently: do not rely on it")
            }
            _ => format!("slot {slot}: {content} was written and not read back: do not rely on it, write it again"),
        },
    }
}
