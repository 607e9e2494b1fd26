//! Values of fields as firmware wants them, and the judgement whether bytes are values of their type.

use super::{FieldRefusal, OtpLayout};
use crate::ReadAt;
use crate::structure::index;

/// The characters of bytes that are a text: one printable character (0x20 to 0x7E) at least, then zeros.
#[must_use]
pub fn text(bytes: &[u8]) -> Option<&str> {
    let (used, rest) = bytes.split_at_checked(printable(bytes))?;
    let is_text = !used.is_empty() && rest.iter().all(|byte| *byte == 0);
    core::str::from_utf8(used).ok().filter(|_| is_text)
}

/// Printable ASCII in room for `N` characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<const N: usize>([u8; N]);

impl<const N: usize> Text<N> {
    /// `None`: the bytes are none, see [`text`].
    #[must_use]
    pub fn new(bytes: [u8; N]) -> Option<Self> {
        text(&bytes)?;
        Some(Text(bytes))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0).unwrap_or_default()
    }
}

fn printable(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, 0x20..=0x7E)).count()
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// The year.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl Date {
    /// `None`: the month is not 1 to 12, or the day not 1 to 31. How many days that month has is not judged.
    #[must_use]
    pub fn new([low, high, month, day]: [u8; 4]) -> Option<Self> {
        let is_day = (1..=12).contains(&month) && (1..=31).contains(&day);
        is_day.then_some(Date { year: u16::from_le_bytes([low, high]), month, day })
    }
}

impl OtpLayout<'_> {
    /// Reads the values of a field as [`Self::read`] does, and then judges every sum that covers the field.
    ///
    /// # Errors
    /// [`FieldRefusal`]: the field's own, or that of [`Self::check_sum`]. The buffer's content is then not used.
    pub fn read_checked(&self, field: usize, memory: &mut impl ReadAt, buffer: &mut [u8]) -> Result<(), FieldRefusal> {
        self.read(field, memory, buffer)?;
        let sums = self.fields().enumerate();
        for (sum, _) in sums.filter(|(_, sum)| sum.covered.iter().any(|covered| index(covered.get().into()) == field)) {
            self.check_sum(sum, memory)?;
        }
        Ok(())
    }

    /// The bytes of `N` values of `L` bytes, judged as [`Self::read_checked`] does.
    ///
    /// # Errors
    /// [`FieldRefusal`].
    pub fn bytes<const L: usize, const N: usize>(
        &self,
        field: usize,
        memory: &mut impl ReadAt,
    ) -> Result<[[u8; L]; N], FieldRefusal> {
        let mut bytes = [[0; L]; N];
        self.read_checked(field, memory, bytes.as_flattened_mut())?;
        Ok(bytes)
    }

    /// `N` values, one at least, of a type that not all bytes are a value of.
    ///
    /// # Errors
    /// [`FieldRefusal`]; [`FieldRefusal::Form`] if `parse` gives none.
    pub fn values<const L: usize, const N: usize, T: Copy>(
        &self,
        field: usize,
        memory: &mut impl ReadAt,
        parse: impl Fn([u8; L]) -> Option<T>,
    ) -> Result<[T; N], FieldRefusal> {
        let parsed = self.bytes::<L, N>(field, memory)?.map(parse);
        let first = parsed.first().copied().flatten().ok_or(FieldRefusal::Form)?;
        if parsed.iter().any(Option::is_none) {
            return Err(FieldRefusal::Form);
        }
        Ok(parsed.map(|value| value.unwrap_or(first)))
    }
}
