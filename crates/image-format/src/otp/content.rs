//! Reads the fields of one board's one-time-programmable memory by its layout, and judges them.

use zerocopy::FromBytes as _;
use zerocopy::little_endian::U16;

use super::field::{COMPLEMENT, FieldKind, OtpField, OtpHead};
use crate::crc::Crc32;
use crate::structure::index;
use crate::{Crypto, Digest, ReadAt, sha256};

/// Bytes that are read at a time.
const PIECE: usize = 32;

macro_rules! refusals {
    ($( $(#[doc = $doc:literal])+ $number:literal $name:ident, )+) => {
        /// Why a field is refused. The list is extend-only: a number is never reused and never changes its meaning. 0 is no
        /// refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum FieldRefusal {
            $( $(#[doc = $doc])+ $name = $number, )+
        }

        impl FieldRefusal {
            /// All of them by ascending number.
            pub const ALL: &'static [FieldRefusal] = &[$(FieldRefusal::$name),+];

            /// The number that crosses every boundary.
            #[must_use]
            pub const fn number(self) -> u16 {
                match self { $(FieldRefusal::$name => $number,)+ }
            }

            /// The name, as the specification lists it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(FieldRefusal::$name => stringify!($name),)+ }
            }

            /// The lines of its description.
            #[must_use]
            pub const fn doc(self) -> &'static [&'static str] {
                match self { $(FieldRefusal::$name => &[$($doc),+],)+ }
            }
        }
    };
}

refusals! {
    /// The bytes are not those of an OTP layout.
    801 LayoutForm,
    /// The layout has no such field, or none of the type that was asked for.
    802 NoSuchField,
    /// A byte of the field cannot be read.
    803 Unreadable,
    /// The field was never programmed: all of its bytes are 0xFF.
    804 Blank,
    /// The complement is not that of the values: the field was programmed in part, or has worn.
    805 Complement,
    /// No two of the three copies are equal.
    806 Copies,
    /// The sum is not that of the fields that it covers.
    807 Sum,
    /// The buffer has not exactly the size of the field's values.
    808 BufferSize,
    /// The bytes are no value of the field's type: no printable text, no day, no word of the list.
    809 Form,
}

impl core::fmt::Display for FieldRefusal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.name(), self.number())
    }
}

impl core::error::Error for FieldRefusal {}

/// An OTP layout out of its canonical bytes: what firmware embeds.
#[derive(Clone, Copy, Debug)]
pub struct OtpLayout<'a> {
    bytes: &'a [u8],
    head: &'a OtpHead,
    fields: &'a [u8],
}

/// A field of a layout.
#[derive(Clone, Copy, Debug)]
pub struct LayoutField<'a> {
    /// What and where it is.
    pub field: &'a OtpField,
    /// Indices of the fields that a CRC covers.
    pub covered: &'a [U16],
}

impl<'a> OtpLayout<'a> {
    /// Judges the form of a layout: fields of known types inside the memory, by ascending offset and apart.
    ///
    /// # Errors
    /// [`FieldRefusal::LayoutForm`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FieldRefusal> {
        let (head, fields) = OtpHead::ref_from_prefix(bytes).map_err(|_| FieldRefusal::LayoutForm)?;
        let layout = OtpLayout { bytes, head, fields };
        if layout.is_well_formed() { Ok(layout) } else { Err(FieldRefusal::LayoutForm) }
    }

    fn is_well_formed(&self) -> bool {
        let OtpHead { format, size, unit, field_count, reserved, .. } = *self.head;
        let (mut rest, mut end) = (self.fields, 0);
        for _ in 0..field_count.get() {
            let Some((LayoutField { field, covered }, after)) = first(rest) else { return false };
            let Some(kind) = FieldKind::from_number(field.kind) else { return false };
            let sized = kind.size().is_none_or(|size| size == field.length.get());
            let well_formed = sized
                && field.flags & !COMPLEMENT == 0
                && matches!((field.copies, field.flags), (1, _) | (3, 0))
                && field.reserved == 0
                && field.value_size() > 0
                && field.at.get() >= end
                && (kind == FieldKind::Crc32 || covered.is_empty())
                && (kind != FieldKind::Counter || field.length.get().is_multiple_of(unit.get().into()))
                && covered.iter().all(|index| index.get() < field_count.get());
            let Some(next) = field.at.get().checked_add(field.size()).filter(|_| well_formed) else { return false };
            (rest, end) = (after, next);
        }
        format.get() == 1 && reserved == [0; 2] && unit.get() > 0 && end <= size.get() && rest.is_empty()
    }

    /// The memory.
    #[must_use]
    pub fn head(&self) -> &'a OtpHead {
        self.head
    }

    /// The fields, by ascending offset.
    pub fn fields(&self) -> impl Iterator<Item = LayoutField<'a>> + use<'a> {
        let mut rest = self.fields;
        core::iter::from_fn(move || {
            let (found, after) = first(rest)?;
            rest = after;
            Some(found)
        })
    }

    /// What blobs for this layout carry.
    pub fn fingerprint(&self, crypto: &mut impl Crypto) -> Digest {
        sha256(crypto, self.bytes)
    }

    fn field(&self, field: usize) -> Result<LayoutField<'a>, FieldRefusal> {
        self.fields().nth(field).ok_or(FieldRefusal::NoSuchField)
    }

    /// Reads the values of a field: of three copies one that has an equal, with a complement only if that is right. The memory
    /// is read by offsets from its start.
    ///
    /// # Errors
    /// [`FieldRefusal`]; the buffer's content is then not used.
    pub fn read(&self, field: usize, memory: &mut impl ReadAt, buffer: &mut [u8]) -> Result<(), FieldRefusal> {
        let LayoutField { field, .. } = self.field(field)?;
        if u32::try_from(buffer.len()) != Ok(field.value_size()) {
            return Err(FieldRefusal::BufferSize);
        }
        let good = judge(field, memory)?;
        memory.read_at(good, buffer).map_err(|_| FieldRefusal::Unreadable)
    }

    /// Compares a sum with the fields that it covers.
    ///
    /// # Errors
    /// [`FieldRefusal`], also that of a covered field.
    pub fn check_sum(&self, field: usize, memory: &mut impl ReadAt) -> Result<(), FieldRefusal> {
        let LayoutField { field, covered } = self.field(field)?;
        if field.kind != FieldKind::Crc32.number() {
            return Err(FieldRefusal::NoSuchField);
        }
        let mut crc = Crc32::new();
        for covered in covered {
            let LayoutField { field, .. } = self.field(covered.get().into())?;
            let good = judge(field, memory)?;
            pieces(good, field.value_size(), |at, piece| {
                memory.read_at(at, piece).map_err(|_| FieldRefusal::Unreadable)?;
                crc.update(piece);
                Ok(())
            })?;
        }
        let mut written = [0; 4];
        let good = judge(field, memory)?;
        memory.read_at(good, &mut written).map_err(|_| FieldRefusal::Unreadable)?;
        if u32::from_le_bytes(written) == crc.finish() { Ok(()) } else { Err(FieldRefusal::Sum) }
    }

    /// Reads a counter: its spent units, from the first on to the first that is not spent. A unit is spent if more than
    /// half of its bits are zero, or if it cannot be read: it was torn by a power cut while it was being spent, and can
    /// never be programmed again. (A memory that faults on blank units must be read through something that gives 0xFF
    /// for them.)
    ///
    /// # Errors
    /// [`FieldRefusal::NoSuchField`].
    pub fn counter(&self, field: usize, memory: &mut impl ReadAt) -> Result<u32, FieldRefusal> {
        let LayoutField { field, .. } = self.field(field)?;
        if field.kind != FieldKind::Counter.number() {
            return Err(FieldRefusal::NoSuchField);
        }
        let unit = u32::from(self.head.unit.get());
        let units = field.length.get().checked_div(unit).unwrap_or(0);
        Ok(spent_units(memory, field.at.get(), units, unit))
    }
}

/// The spent ones of so many units from an offset on, as [`OtpLayout::counter`] counts them.
pub fn spent_units(memory: &mut impl ReadAt, at: u32, units: u32, unit: u32) -> u32 {
    for number in 0..units {
        let start = number.saturating_mul(unit).saturating_add(at);
        let mut zeros = 0_u32;
        let read = pieces(start, unit, |at, piece| {
            memory.read_at(at, piece).map_err(|_| FieldRefusal::Unreadable)?;
            zeros = piece.iter().fold(zeros, |zeros, byte| zeros.saturating_add(byte.count_zeros()));
            Ok(())
        });
        if read.is_ok() && zeros <= unit.saturating_mul(4) {
            return number;
        }
    }
    units
}

/// The first field of these bytes, and what follows it.
fn first(bytes: &[u8]) -> Option<(LayoutField<'_>, &[u8])> {
    let (field, rest) = OtpField::ref_from_prefix(bytes).ok()?;
    let (covered, rest) = <[U16]>::ref_from_prefix_with_elems(rest, field.covered_count.get().into()).ok()?;
    Some((LayoutField { field, covered }, rest))
}

/// The offset of values that are right.
fn judge(field: &OtpField, memory: &mut impl ReadAt) -> Result<u32, FieldRefusal> {
    let (start, size) = (field.at.get(), field.value_size());
    let mut is_blank = true;
    pieces(start, field.size(), |at, piece| {
        memory.read_at(at, piece).map_err(|_| FieldRefusal::Unreadable)?;
        is_blank &= piece.iter().all(|byte| *byte == 0xFF);
        Ok(())
    })?;
    if is_blank {
        return Err(FieldRefusal::Blank);
    }
    let second = start.saturating_add(size);
    if field.flags & COMPLEMENT != 0 && !equal(memory, start, second, size, 0xFF)? {
        return Err(FieldRefusal::Complement);
    }
    if field.copies == 3 {
        let third = second.saturating_add(size);
        // If the first has an equal it is right, and else the other two must agree.
        let first_has_equal = equal(memory, start, second, size, 0)? || equal(memory, start, third, size, 0)?;
        return match first_has_equal {
            true => Ok(start),
            false if equal(memory, second, third, size, 0)? => Ok(second),
            false => Err(FieldRefusal::Copies),
        };
    }
    Ok(start)
}

/// Whether the bytes at two offsets differ in exactly these bits of each byte.
fn equal(memory: &mut impl ReadAt, a: u32, b: u32, size: u32, difference: u8) -> Result<bool, FieldRefusal> {
    let mut equal = true;
    pieces(0, size, |at, piece| {
        let mut other = [0; PIECE];
        let other = other.get_mut(..piece.len()).ok_or(FieldRefusal::BufferSize)?;
        memory.read_at(a.saturating_add(at), piece).map_err(|_| FieldRefusal::Unreadable)?;
        memory.read_at(b.saturating_add(at), other).map_err(|_| FieldRefusal::Unreadable)?;
        equal &= piece.iter().zip(other).all(|(one, other)| *one ^ *other == difference);
        Ok(())
    })?;
    Ok(equal)
}

/// Calls `each` with the offset of every piece of a range, and a buffer of the piece's size.
fn pieces(
    start: u32,
    size: u32,
    mut each: impl FnMut(u32, &mut [u8]) -> Result<(), FieldRefusal>,
) -> Result<(), FieldRefusal> {
    let (mut at, mut left) = (start, size);
    while left > 0 {
        let mut buffer = [0; PIECE];
        let length = left.min(PIECE_SIZE);
        each(at, buffer.get_mut(..index(length)).ok_or(FieldRefusal::BufferSize)?)?;
        at = at.saturating_add(length);
        left = left.saturating_sub(length);
    }
    Ok(())
}

/// [`PIECE`] as a size of the format.
const PIECE_SIZE: u32 = crate::structure::narrow(PIECE);
