//! The plan for one board in one stage, against what was read back from it: byte by byte, field by field, lock by lock.

use std::fmt;
use std::ops::Range;

use image_format::Memory;
use image_format::otp::OtpLayout;
use manifest::plan::otp::{Field, Otp};

use crate::contents::Contents;
use crate::unit::{Unit, Verdict, transition};

/// What was read back from a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// The whole memory, without locks.
    pub data: Vec<u8>,
    /// A lock byte for each block, where locks are bytes and were read too.
    pub locks: Option<Vec<u8>>,
}

/// A dump that cannot be of this memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBackError {
    /// Bytes that it has.
    pub has: usize,
    /// Bytes of the memory.
    pub data: u32,
    /// Lock bytes behind it.
    pub locks: u32,
}

impl fmt::Display for ReadBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { has, data, locks } = self;
        write!(f, "a dump of {has} bytes: the memory has {data}")?;
        if *locks > 0 { write!(f, ", or {} with its lock bytes", data.saturating_add(*locks)) } else { Ok(()) }
    }
}

impl std::error::Error for ReadBackError {}

impl ReadBack {
    /// A dump from the memory's first byte on: the data, or data and lock bytes where these follow.
    ///
    /// # Errors
    /// [`ReadBackError`]: another length than either.
    pub fn parse(otp: &Otp, dump: &[u8]) -> Result<Self, ReadBackError> {
        let (size, locks) = (otp.memory.size, otp.lock_bytes());
        let index = |size: u32| usize::try_from(size).unwrap_or(usize::MAX);
        let wrong = ReadBackError { has: dump.len(), data: size, locks };
        let (data, rest) = dump.split_at_checked(index(size)).ok_or(wrong)?;
        let locks = match rest.len() {
            0 => None,
            length if locks > 0 && length == index(locks) => Some(rest.to_vec()),
            _ => return Err(wrong),
        };
        Ok(Self { data: data.to_vec(), locks })
    }
}

/// What is to be done for a byte of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteStep {
    /// Its offset.
    pub offset: u32,
    /// What it holds.
    pub old: u8,
    /// What it is to hold.
    pub new: u8,
    /// What is to be done: that of its program unit.
    pub verdict: Verdict,
}

impl ByteStep {
    /// Bits that are zero and would have to become one.
    pub fn stuck(&self) -> u8 {
        !self.old & self.new
    }
}

/// What is to be done for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldStep {
    /// Its name.
    pub field: String,
    /// The worst of its bytes.
    pub verdict: Verdict,
    /// Its bytes, lowest offset first.
    pub bytes: Vec<ByteStep>,
}

/// How it is with a block that the stage locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    /// It is locked.
    Locked,
    /// Its data was read back as it should be: it can be locked.
    Ready,
    /// Its data is not there yet.
    HeldBack,
    /// The lock byte is neither 0x00 nor 0xFF: what the chip makes of it is not known.
    Damaged(u8),
    /// The dump has no lock bytes.
    Unknown,
}

/// A block that the stage locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockStep {
    /// The block.
    pub block: u32,
    /// How it is with it.
    pub state: LockState,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpPlan {
    /// The fields of the stage.
    pub fields: Vec<FieldStep>,
    /// The ranges of offsets that are to be programmed. None if something is impossible or locked.
    pub program: Vec<Range<u32>>,
    /// The blocks that it locks.
    pub locks: Vec<LockStep>,
}

impl OtpPlan {
    /// The worst of its fields.
    pub fn verdict(&self) -> Verdict {
        self.fields.iter().map(|field| field.verdict).max().unwrap_or(Verdict::Same)
    }

    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        self.verdict() == Verdict::Same && self.locks.iter().all(|lock| lock.state == LockState::Locked)
    }
}

/// What is left to do on a board in a stage.
pub fn plan(otp: &Otp, stage: &str, wanted: &Contents, found: &ReadBack) -> OtpPlan {
    let fields: Vec<FieldStep> = otp.of_stage(stage).map(|field| field_step(otp, field, wanted, found)).collect();
    let worst = fields.iter().map(|field| field.verdict).max().unwrap_or(Verdict::Same);
    let program = if worst <= Verdict::Program { pending(otp, &fields, wanted) } else { Vec::new() };
    let locks =
        wanted.locks.iter().map(|block| LockStep { block: *block, state: lock_state(otp, &fields, *block, found) });
    let locks = locks.collect();
    OtpPlan { fields, program, locks }
}

/// What is to be programmed: the segments in which something is missing. Where units are programmed once, only the units that
/// are not there yet: what an earlier run has programmed is not programmed again.
fn pending(otp: &Otp, fields: &[FieldStep], wanted: &Contents) -> Vec<Range<u32>> {
    let missing = |range: &Range<u32>| {
        let mut bytes = fields.iter().flat_map(|field| &field.bytes);
        bytes.any(|byte| byte.verdict == Verdict::Program && range.contains(&byte.offset))
    };
    let Unit::Once(size) = Unit::of(otp.unit) else {
        return wanted.segments.iter().filter(|segment| missing(segment)).cloned().collect();
    };
    let mut pending: Vec<Range<u32>> = Vec::new();
    for segment in &wanted.segments {
        let mut at = segment.start;
        while at < segment.end {
            let unit = at..at.saturating_add(size.max(1));
            at = unit.end;
            match pending.last_mut() {
                _ if !missing(&unit) => {}
                Some(last) if last.end == unit.start => last.end = unit.end,
                _ => pending.push(unit),
            }
        }
    }
    pending
}

/// Whether a block is locked already. A lock byte that is neither value counts as locked.
fn is_locked(otp: &Otp, offset: u32, found: &ReadBack) -> bool {
    let block = otp.memory.block.and_then(|block| offset.checked_div(block));
    let byte = block.and_then(|block| found.locks.as_ref()?.get(usize::try_from(block).ok()?));
    byte.is_some_and(|byte| *byte != 0xFF)
}

fn field_step(otp: &Otp, field: &Field, wanted: &Contents, found: &ReadBack) -> FieldStep {
    let unit = Unit::of(otp.unit);
    let slice = |bytes: &[u8], range: &Range<u32>| -> Vec<u8> {
        let (start, length) = (usize::try_from(range.start).unwrap_or(usize::MAX), range.end - range.start);
        bytes.iter().skip(start).take(usize::try_from(length).unwrap_or(0)).copied().collect()
    };
    let byte = |offset: u32| {
        let start = offset / unit.size() * unit.size();
        let whole = start..start.saturating_add(unit.size());
        let (old, new, mask) = (slice(&found.data, &whole), slice(&wanted.data, &whole), slice(&wanted.mask, &whole));
        let one = offset..offset + 1;
        let (old_byte, new_byte) = (slice(&found.data, &one), slice(&wanted.data, &one));
        let (old_byte, new_byte) = (old_byte.first().copied()?, new_byte.first().copied()?);
        let verdict = match transition(unit, &old, &new, &mask) {
            Verdict::Program if is_locked(otp, offset, found) => Verdict::Locked,
            verdict => verdict,
        };
        Some(ByteStep { offset, old: old_byte, new: new_byte, verdict })
    };
    let bytes: Vec<ByteStep> = field.range().filter_map(byte).collect();
    let verdict = bytes.iter().map(|byte| byte.verdict).max().unwrap_or(Verdict::Same);
    FieldStep { field: field.name.value.clone(), verdict, bytes }
}

fn lock_state(otp: &Otp, fields: &[FieldStep], block: u32, found: &ReadBack) -> LockState {
    let lock =
        found.locks.as_ref().map(|locks| usize::try_from(block).ok().and_then(|block| locks.get(block)).copied());
    match lock {
        Some(Some(0x00)) => return LockState::Locked,
        Some(Some(0xFF)) => {}
        Some(Some(other)) => return LockState::Damaged(other),
        Some(None) | None => return LockState::Unknown,
    }
    let of_block = |byte: &&ByteStep| otp.memory.block.is_some_and(|size| byte.offset / size.max(1) == block);
    let mut bytes = fields.iter().flat_map(|field| &field.bytes).filter(of_block);
    let is_there = bytes.all(|byte| byte.verdict == Verdict::Same) && is_readable(otp, block, found);
    if is_there { LockState::Ready } else { LockState::HeldBack }
}

/// Whether firmware can read every field of a block that the line programs, those of other stages too: a lock shuts in what is
/// missing.
fn is_readable(otp: &Otp, block: u32, found: &ReadBack) -> bool {
    let Ok(layout) = OtpLayout::parse(&otp.layout) else { return false };
    let of_block =
        |field: &Field| field.stage.is_some() && otp.blocks(field).is_some_and(|blocks| blocks.contains(&block));
    let mut fields = otp.fields.iter().enumerate().filter(|(_, field)| of_block(field));
    fields.all(|(index, field)| {
        let mut buffer = vec![0; usize::try_from(field.value_size()).unwrap_or(0)];
        layout.read(index, &mut Memory::file(&found.data), &mut buffer).is_ok()
    })
}
