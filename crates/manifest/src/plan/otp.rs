//! One-time-programmable memory: what a manifest says of it, with addresses and blocks.

use std::ops::Range;

use geometry::{Lock, Otp as Memory};
use image_format::otp::{COMPLEMENT, FieldKind, OtpField};

use crate::source::{Span, Spanned};

/// One-time-programmable memory and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Otp {
    /// The memory, from the device database.
    pub memory: Memory,
    /// Bytes that are programmed together; 1 where any bit can be cleared later.
    pub unit: u32,
    /// Version of the field list; the entry is the table's header.
    pub version: Spanned<u16>,
    /// The field that names a board.
    pub board: Spanned<String>,
    /// Who programs, in this order.
    pub stages: Vec<Stage>,
    /// The fields, lowest offset first.
    pub fields: Vec<Field>,
    /// What fields are allocated from, in the file's order.
    pub ranges: Vec<Allocation>,
    /// The layout's canonical bytes: what firmware reads the fields by.
    pub layout: Vec<u8>,
    /// Their SHA-256: what a board's blob says it is for.
    pub fingerprint: [u8; 32],
}

/// A station of the production line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: Spanned<String>,
    /// What becomes of its blocks. `None`: the part has no locks.
    pub lock: Option<Spanned<StageLock>>,
}

impl Stage {
    /// Whether its blocks are locked for ever.
    pub fn locks(&self) -> bool {
        self.lock.is_some_and(|lock| lock.value == StageLock::Permanent)
    }
}

/// What becomes of the blocks that a stage fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageLock {
    /// They are locked for ever, after they were read back.
    Permanent,
    /// They stay open.
    Never,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// Offset of its first byte.
    pub at: Spanned<u32>,
    /// What it holds.
    pub kind: Spanned<FieldKind>,
    /// Bytes of one value; of a counter all of its units.
    pub length: u32,
    /// Number of values.
    pub count: u16,
    /// How often the values stand there, 1 or 3.
    pub copies: u8,
    /// Whether the complement stands behind them.
    pub has_complement: bool,
    /// Who programs it. `None`: the device; it is a counter.
    pub stage: Option<Spanned<String>>,
    /// Where its content comes from.
    pub source: Source,
    /// The words of an enum and the numbers that stand for them.
    pub words: Vec<(String, u8)>,
    /// The value that says how large it is: of `steps` or `len`, or else the type.
    pub size_span: Span,
}

/// Where a field's content comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The records' column with this title.
    Column(Spanned<String>),
    /// Allocated from this range.
    Range(Spanned<String>),
    /// The same for every board.
    Value(Spanned<String>),
    /// The hash of this role's keys and threshold.
    Role(Spanned<String>),
    /// The sum over these fields.
    Over(Vec<Spanned<String>>),
    /// A file of this name in the board's folder of secrets.
    Secret(Spanned<String>),
    /// The manifest's `otp.version`.
    Version,
    /// Nobody: the device counts.
    Device,
}

/// Values that are allocated, both ends inclusive, as numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Its name; the entry is its table's header.
    pub name: Spanned<String>,
    /// The first one.
    pub first: Spanned<u64>,
    /// The last one.
    pub last: Spanned<u64>,
    /// How they are written: as numbers (u64), or as addresses (eui48, eui64).
    pub form: FieldKind,
}

impl Otp {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.value == name)
    }

    /// The stage of this name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name.value == name)
    }

    /// The range of this name.
    pub fn allocation(&self, name: &str) -> Option<&Allocation> {
        self.ranges.iter().find(|range| range.name.value == name)
    }

    /// The fields that a stage programs.
    pub fn of_stage(&self, stage: &str) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.stage.as_ref().is_some_and(|own| own.value == stage))
    }

    /// The address of an offset.
    pub fn address(&self, offset: u32) -> u32 {
        self.memory.base.saturating_add(offset)
    }

    /// The numbers of the blocks that a field touches. `None`: this memory has no blocks.
    pub fn blocks(&self, field: &Field) -> Option<Range<u32>> {
        let block = self.memory.block.filter(|block| *block > 0)?;
        let range = field.range();
        Some(range.start / block..range.end.div_ceil(block))
    }

    /// The stage that locks a block; with several the last, which is when it can be locked.
    pub fn locked_by(&self, block: u32) -> Option<&Stage> {
        let fills = |stage: &Stage| {
            self.of_stage(&stage.name).any(|field| self.blocks(field).is_some_and(|blocks| blocks.contains(&block)))
        };
        self.stages.iter().rev().filter(|stage| stage.locks()).find(|stage| fills(stage))
    }

    /// Address of the lock byte of a block, where locks are bytes.
    pub fn lock_byte(&self, block: u32) -> Option<u32> {
        match self.memory.lock {
            Some(Lock::Bytes(base)) => base.checked_add(block),
            _ => None,
        }
    }

    /// How many lock bytes follow the memory's last byte, where a read-back may have them. 0: locks are no bytes, or lie elsewhere.
    pub fn lock_bytes(&self) -> u32 {
        let follows = self.memory.lock == Some(Lock::Bytes(self.memory.range().end));
        self.memory.blocks().filter(|_| follows).unwrap_or(0)
    }

    /// Bytes that fields take.
    pub fn used(&self) -> u32 {
        self.fields.iter().map(|field| field.encode().size()).sum()
    }
}

impl Field {
    /// As the layout's canonical bytes have it, but for the fields that a CRC covers.
    pub fn encode(&self) -> OtpField {
        OtpField {
            kind: self.kind.value.number(),
            flags: if self.has_complement { COMPLEMENT } else { 0 },
            copies: self.copies,
            reserved: 0,
            at: self.at.value.into(),
            length: self.length.into(),
            count: self.count.into(),
            covered_count: 0.into(),
        }
    }

    /// Bytes of its values, without copies and complement.
    pub fn value_size(&self) -> u32 {
        self.encode().value_size()
    }

    /// How often a counter can be raised, in a memory of such units.
    pub fn steps(&self, unit: u32) -> u32 {
        self.length.checked_div(unit).unwrap_or(0)
    }

    /// The offsets that it takes.
    pub fn range(&self) -> Range<u32> {
        self.at.value..self.at.value.saturating_add(self.encode().size())
    }
}
