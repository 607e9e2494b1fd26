//! What a boot loader takes from one-time-programmable memory: the key hash, the board's revision, the security counter.

use image_format::otp::{FieldKind, FieldRefusal, OtpLayout, spent_units};
use image_format::record::is_revision;
use image_format::{Digest, ReadAt, Revision};

use crate::map::{Area, Map};
use crate::session::Window;
use crate::{Config, Counter, Fault, Flash};

/// One-time-programmable memory and its layout: the layout and the numbers of fields are constants that `waxseal gen otp-rust` writes.
///
/// Every value was judged before it is handed out: its complement or copies, and every sum over it. What to do without one is the boot
/// loader's choice; [`FieldRefusal::number`] and the numbers of [`crate::Reason`] are apart, so both may be shown in one place. A board
/// whose key hash is [`FieldRefusal::Blank`] was never provisioned: a loader that starts it all the same starts it for whoever erases a
/// board's flash and embeds other keys.
#[derive(Clone, Copy, Debug)]
pub struct Otp<'a, M> {
    layout: OtpLayout<'a>,
    memory: M,
}

impl<'a, M: ReadAt> Otp<'a, M> {
    /// Judges the layout. The memory is read by offsets from its first byte on.
    ///
    /// # Errors
    /// [`FieldRefusal::LayoutForm`].
    pub fn open(layout: &'a [u8], memory: M) -> Result<Self, FieldRefusal> {
        Ok(Otp { layout: OtpLayout::parse(layout)?, memory })
    }

    /// The key hash, for [`Config::trust_digest`].
    ///
    /// # Errors
    /// [`FieldRefusal`]: that of the field; [`FieldRefusal::NoSuchField`] if it is of another type.
    pub fn key_hash(&mut self, field: usize) -> Result<Digest, FieldRefusal> {
        self.expect(field, FieldKind::KeyHash)?;
        let [hash] = self.layout.bytes(field, &mut self.memory)?;
        Ok(hash)
    }

    /// The board's hardware revision, for [`Config::revision`].
    ///
    /// # Errors
    /// As [`Self::key_hash`]; [`FieldRefusal::Form`] if it is no revision.
    pub fn revision(&mut self, field: usize) -> Result<Revision, FieldRefusal> {
        self.expect(field, FieldKind::Revision)?;
        let parse = |bytes| is_revision(&bytes).then_some(bytes);
        let [revision] = self.layout.values(field, &mut self.memory, parse)?;
        Ok(revision)
    }

    fn expect(&self, field: usize, kind: FieldKind) -> Result<(), FieldRefusal> {
        let mut found = self.layout.fields().nth(field).into_iter();
        if found.any(|found| found.field.kind == kind.number()) { Ok(()) } else { Err(FieldRefusal::NoSuchField) }
    }
}

/// The security counter of a layout that keeps it in one-time-programmable memory: code that runs on the device can raise it, and
/// never lower it. The memory is a region of the layout, which [`Flash`] reads and programs like any other; nobody erases it.
#[derive(Clone, Copy, Debug)]
pub struct OtpCounter {
    area: Area,
    unit: u32,
    steps: u32,
}

impl OtpCounter {
    /// `None`: the layout does not keep it there.
    #[must_use]
    pub fn of(config: &Config<'_>) -> Option<Self> {
        let map = Map::parse(config.layout)?;
        let area = map.counter().filter(|area| map.is_otp(area.region))?;
        let (unit, _) = map.unit(area.region)?;
        Some(OtpCounter { area, unit, steps: area.size.checked_div(unit)? })
    }

    /// How far it can count.
    #[must_use]
    pub fn steps(&self) -> u32 {
        self.steps
    }

    fn spent(&self, flash: &mut impl Flash) -> u32 {
        spent_units(&mut Window { flash, area: self.area }, 0, self.steps, self.unit)
    }

    /// Spends a unit.
    fn spend(&self, flash: &mut impl Flash, number: u32) {
        let offset = number.saturating_mul(self.unit).saturating_add(self.area.offset);
        let zeros = [0; MAX_UNIT];
        let unit = usize::try_from(self.unit).ok().and_then(|size| zeros.get(..size)).unwrap_or_default();
        // What came of it is read back.
        let _ = flash.program(self.area.region, offset, unit);
    }
}

/// Bytes of the largest program unit.
pub(crate) const MAX_UNIT: usize = 32;

impl<F: Flash> Counter<F> for OtpCounter {
    fn read(&mut self, flash: &mut F) -> Result<u32, Fault> {
        Ok(self.spent(flash))
    }

    /// Spends one unit after the other. Where bits can be cleared at any time, the last one that is spent is cleared again first: if a
    /// power cut left it weak, those behind it would not count on a day when it reads as blank. Beyond its steps it counts as far as it
    /// can, and fails.
    fn raise(&mut self, flash: &mut F, value: u32) -> Result<(), Fault> {
        let mut spent = self.spent(flash);
        if self.unit == 1
            && let Some(last) = spent.checked_sub(1).filter(|_| spent < value)
        {
            self.spend(flash, last);
        }
        while spent < value.min(self.steps) {
            self.spend(flash, spent);
            let now = self.spent(flash);
            if now <= spent {
                return Err(Fault);
            }
            spent = now;
        }
        if spent < value { Err(Fault) } else { Ok(()) }
    }
}
