//! Critical records: type, length, value. A reader must know every one of them; what boot never reads lies elsewhere.

use zerocopy::little_endian::U16;
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::structure::index;
use crate::{Code, Digest, Error, MAX_FRONT, Revision, Structure as _};

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
pub const MAX_RECORDS: usize = index(MAX_FRONT - crate::FRONT_HEAD_SIZE);

/// Type 1: the hardware revisions that the image is for, 4 bytes each, without repetition. Absent: all.
pub const REVISIONS: u16 = 1;

/// Type 2: ids of the images that must be there with this one, 32 bytes each, without repetition.
pub const COMPANIONS: u16 = 2;

/// Most companions of an image.
pub const MAX_COMPANIONS: usize = 8;

/// A critical record of a type that this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The hardware revisions that the image is for.
    Revisions(&'a [Revision]),
    /// The images that must be there with it.
    Companions(&'a [Digest]),
}

/// A copy of a record of companions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Companions {
    ids: [Digest; MAX_COMPANIONS],
    count: usize,
}

impl Companions {
    /// No companions.
    pub(crate) const NONE: Companions = Companions { ids: [[0; 32]; MAX_COMPANIONS], count: 0 };

    /// A copy of a list that was found to be of right form.
    pub(crate) fn of(list: &[Digest]) -> Self {
        let mut companions = Companions { count: list.len().min(MAX_COMPANIONS), ..Companions::NONE };
        for (to, from) in companions.ids.iter_mut().zip(list) {
            *to = *from;
        }
        companions
    }

    /// The ids.
    pub(crate) fn ids(&self) -> &[Digest] {
        self.ids.get(..self.count).unwrap_or_default()
    }
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
        let record = match kind {
            REVISIONS => revisions(value).map(Record::Revisions),
            COMPANIONS => companions(value).map(Record::Companions),
            _ => return Err(Code::UnknownRecord.at(start)),
        };
        record.map(Some).ok_or(Code::RecordValue.at(start))
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
    (is_set(list) && list.iter().all(is_revision)).then_some(list)
}

fn companions(value: &[u8]) -> Option<&[Digest]> {
    let list = <[Digest]>::ref_from_bytes(value).ok()?;
    (is_set(list) && list.len() <= MAX_COMPANIONS).then_some(list)
}

/// At least one element, none twice.
fn is_set<T: PartialEq>(list: &[T]) -> bool {
    let first = |(index, item)| !list.iter().take(index).any(|earlier| earlier == item);
    !list.is_empty() && list.iter().enumerate().all(first)
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
            Record::Companions(list) => (COMPANIONS, list.as_bytes()),
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
