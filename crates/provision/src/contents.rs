//! What one stage programs on one board: bytes, which of them count, and locks.

use std::ops::Range;

use geometry::Lock;
use geometry::sort::sort_by;
use manifest::plan::otp::{Field, Otp, Stage};
use zeroize::Zeroizing;

use crate::board::Board;

/// What one stage programs on one board.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// The whole memory: what is to be there where the mask has ones, 0xFF elsewhere.
    pub data: Zeroizing<Vec<u8>>,
    /// Which bits count.
    pub mask: Vec<u8>,
    /// The ranges of offsets that are programmed, each one piece.
    pub segments: Vec<Range<u32>>,
    /// The blocks that are locked once the data was read back.
    pub locks: Vec<u32>,
}

impl Contents {
    /// Of a board in a stage.
    pub fn new(otp: &Otp, board: &Board, stage: &str) -> Self {
        let size = usize::try_from(otp.memory.size).unwrap_or(0);
        let mut data = Zeroizing::new(vec![0xFF; size]);
        let mut mask = vec![0; size];
        for field in otp.of_stage(stage) {
            let Some(value) = board.value(&field.name) else { continue };
            let at = usize::try_from(field.at.value).unwrap_or(size);
            let bytes = Zeroizing::new(value.placed(field));
            data.iter_mut().skip(at).zip(bytes.iter()).for_each(|(to, from)| *to = *from);
            mask.iter_mut().skip(at).take(bytes.len()).for_each(|bits| *bits = 0xFF);
        }
        Self { data, mask, segments: segments(otp, stage), locks: locks(otp, stage) }
    }

    /// Nothing that counts.
    pub fn empty(otp: &Otp) -> Self {
        let size = usize::try_from(otp.memory.size).unwrap_or(0);
        Self { data: Zeroizing::new(vec![0xFF; size]), mask: vec![0; size], segments: Vec::new(), locks: Vec::new() }
    }

    /// Which bits count in a stage, whatever the board.
    pub fn mask(otp: &Otp, stage: &str) -> Vec<u8> {
        let mut mask = Self::empty(otp).mask;
        for field in otp.of_stage(stage) {
            let range = field.range();
            let (start, size) = (usize::try_from(range.start).unwrap_or(usize::MAX), range.len());
            mask.iter_mut().skip(start).take(size).for_each(|bits| *bits = 0xFF);
        }
        mask
    }

    /// Adds what follows from the stage alone: segments and locks.
    pub fn complete(&mut self, otp: &Otp, stage: &str) {
        self.segments = segments(otp, stage);
        self.locks = locks(otp, stage);
    }

    /// The bytes of a segment.
    pub fn segment(&self, segment: &Range<u32>) -> &[u8] {
        let index = |offset: u32| usize::try_from(offset).unwrap_or(usize::MAX);
        self.data.get(index(segment.start)..index(segment.end)).unwrap_or_default()
    }

    /// The lock bytes of all blocks: 0x00 for those that this stage locks, and 0xFF, which changes nothing, for all others.
    /// `None` where locks are not bytes, or nothing is locked.
    pub fn lock_bytes(&self, otp: &Otp) -> Option<Vec<u8>> {
        let Some(Lock::Bytes(_)) = otp.memory.lock else { return None };
        if self.locks.is_empty() {
            return None;
        }
        // A single lock byte made a tool write junk to its neighbours: whole words.
        let count = otp.memory.blocks()?.checked_next_multiple_of(4)?;
        Some((0..count).map(|block| if self.locks.contains(&block) { 0x00 } else { 0xFF }).collect())
    }
}

/// The blocks that a stage locks.
fn locks(otp: &Otp, stage: &str) -> Vec<u32> {
    let locks = otp.stage(stage).is_some_and(Stage::locks);
    let mut blocks: Vec<u32> =
        otp.of_stage(stage).filter(|_| locks).filter_map(|field| otp.blocks(field)).flatten().collect();
    sort_by(&mut blocks, Ord::cmp);
    blocks.dedup();
    blocks
}

/// The offsets that a stage programs, in pieces. Where bits are cleared alone, a piece grows over neighbours in its blocks that
/// no other field has: 0xFF changes nothing there, and a tool that verifies finds what it wrote. Where units are programmed
/// once, it has exactly the units that the stage's fields touch: 0xFF would spend a unit too.
pub fn segments(otp: &Otp, stage: &str) -> Vec<Range<u32>> {
    let fields = |of_stage: bool| -> Vec<Range<u32>> {
        let is_own = |field: &&Field| field.stage.as_ref().is_some_and(|name| name.value == stage) == of_stage;
        otp.fields.iter().filter(is_own).map(Field::range).collect()
    };
    let (own, others) = (fields(true), fields(false));
    let touches = |fields: &[Range<u32>], range: &Range<u32>| {
        fields.iter().any(|field| field.start < range.end && range.start < field.end)
    };
    let grain = if otp.unit == 1 { otp.memory.block.unwrap_or(1) } else { otp.unit }.max(1);
    let mut segments: Vec<Range<u32>> = Vec::new();
    let mut at = 0;
    while at < otp.memory.size {
        let grain = at..at.saturating_add(grain);
        at = grain.end;
        if !touches(&own, &grain) {
            continue;
        }
        let pieces: Vec<Range<u32>> = match otp.unit {
            1 => grain.map(|byte| byte..byte + 1).filter(|byte| !touches(&others, byte)).collect(),
            _ => vec![grain],
        };
        for piece in pieces {
            match segments.last_mut() {
                Some(last) if last.end == piece.start => last.end = piece.end,
                _ => segments.push(piece),
            }
        }
    }
    segments.retain(|piece| touches(&own, piece));
    segments
}
