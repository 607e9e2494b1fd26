//! Critical records: type, length, value. A reader must know every one of them; what boot never reads lies elsewhere.

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::structure::index;
use crate::{Code, Error, MAX_FRONT, Revision, Structure as _};

structure! {
    /// Starts a record. The value follows, then zero bytes up to a multiple of 4. A record of type 0 does not exist: where
    /// one would start, the records have ended, and the rest of the area is zero.
    struct RecordHead: 4 bytes {
        /// Type; the records of an area are in strictly ascending order of types.
        0 => kind: U16,
        /// Size of the value in bytes, without the padding.
        2 => size: U16,
    }
}

/// Largest records' area in bytes: what a reader copies to RAM.
pub const MAX_RECORDS: usize = index(MAX_FRONT - crate::FrontHead::SIZE);

/// Type 1: the hardware revisions that the image is for, 4 bytes each, without repetition. Absent: all.
pub const REVISIONS: u16 = 1;

/// A critical record of a type that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The hardware revisions that the image is for.
    Revisions(&'a [Revision]),
}

/// Walks an area of records whose digest was found right. Ends at the first error.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    offset: u32,
    last: u16,
}

impl<'a> Records<'a> {
    /// The records of an area that starts at `offset` in its artefact.
    #[must_use]
    pub fn new(area: &'a [u8], offset: u32) -> Self {
        Records { rest: area, offset, last: 0 }
    }

    /// The next record, or `None` at their end.
    fn step(&mut self) -> Result<Option<Record<'a>>, Error> {
        let start = self.offset;
        let Ok((head, after)) = RecordHead::ref_from_prefix(self.rest) else {
            return zero(self.rest, start).map(|()| None);
        };
        let (kind, size) = (head.kind.get(), usize::from(head.size.get()));
        if kind == 0 {
            return zero(self.rest, start).map(|()| None);
        }
        if kind <= self.last {
            return Err(Code::RecordOrder.at(start));
        }
        let padded = size.next_multiple_of(4);
        let (Some(value), Some(padding), Some(rest)) =
            (after.get(..size), after.get(size..padded), after.get(padded..))
        else {
            return Err(Code::RecordSize.at(start));
        };
        zero(padding, start)?;
        self.last = kind;
        self.rest = rest;
        let advance = u32::try_from(padded).unwrap_or(u32::MAX).saturating_add(RecordHead::SIZE);
        self.offset = start.saturating_add(advance);
        match kind {
            REVISIONS => {
                revisions(value).map(|known| Some(Record::Revisions(known))).ok_or(Code::RecordValue.at(start))
            }
            _ => Err(Code::UnknownRecord.at(start)),
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.step().transpose();
        if !matches!(record, Some(Ok(_))) {
            self.rest = &[];
        }
        record
    }
}

fn zero(bytes: &[u8], offset: u32) -> Result<(), Error> {
    if bytes.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(Code::RecordPadding.at(offset)) }
}

fn revisions(value: &[u8]) -> Option<&[Revision]> {
    let list = <[Revision]>::ref_from_bytes(value).ok()?;
    let distinct = list.iter().enumerate().all(|(index, item)| !list.iter().take(index).any(|earlier| earlier == item));
    (!list.is_empty() && distinct && list.iter().all(is_revision)).then_some(list)
}

/// Whether these bytes are a hardware revision: 1 to 4 printable ASCII characters, then zero bytes.
#[must_use]
pub fn is_revision(revision: &Revision) -> bool {
    let used = revision.iter().take_while(|byte| byte.is_ascii_graphic()).count();
    used > 0 && revision.iter().skip(used).all(|byte| *byte == 0)
}

/// The area has no room for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AreaFull;

/// Writes records into an area. The caller hands in an area of zero bytes, of the size that the front area leaves.
#[derive(Debug)]
pub struct RecordWriter<'a> {
    rest: &'a mut [u8],
}

impl<'a> RecordWriter<'a> {
    /// Writes into this area from its start on.
    pub fn new(area: &'a mut [u8]) -> Self {
        RecordWriter { rest: area }
    }

    /// Appends a record. Records go in by ascending type.
    ///
    /// # Errors
    /// [`AreaFull`]; nothing was written then.
    pub fn push(&mut self, record: Record<'_>) -> Result<(), AreaFull> {
        let (kind, value) = match record {
            Record::Revisions(list) => (REVISIONS, list.as_bytes()),
        };
        let size = u16::try_from(value.len()).map_err(|_| AreaFull)?;
        let head = RecordHead { kind: kind.into(), size: size.into() };
        let used = index(RecordHead::SIZE).saturating_add(value.len()).next_multiple_of(4);
        let (place, rest) = core::mem::take(&mut self.rest).split_at_mut_checked(used).ok_or(AreaFull)?;
        for (to, from) in place.iter_mut().zip(head.as_bytes().iter().chain(value)) {
            *to = *from;
        }
        self.rest = rest;
        Ok(())
    }
}
