//! The security counter of a device, wherever its layout keeps it.

use boot::{AreaCounter, Config, Counter, Fault, Flash, NoCounter, OtpCounter};

/// A counter in an area, in one-time-programmable memory, or none.
pub(crate) enum AnyCounter<'a> {
    None(NoCounter),
    Area(AreaCounter<'a>),
    Otp(OtpCounter),
}

impl<'a> AnyCounter<'a> {
    pub fn of(config: &Config<'a>) -> Self {
        let otp = || OtpCounter::of(config).map_or(AnyCounter::None(NoCounter), AnyCounter::Otp);
        AreaCounter::of(config).map_or_else(otp, AnyCounter::Area)
    }
}

impl<F: Flash> Counter<F> for AnyCounter<'_> {
    fn read(&mut self, flash: &mut F) -> Result<u32, Fault> {
        match self {
            AnyCounter::None(none) => none.read(flash),
            AnyCounter::Area(area) => area.read(flash),
            AnyCounter::Otp(otp) => otp.read(flash),
        }
    }

    fn raise(&mut self, flash: &mut F, value: u32) -> Result<(), Fault> {
        match self {
            AnyCounter::None(none) => none.raise(flash, value),
            AnyCounter::Area(area) => area.raise(flash, value),
            AnyCounter::Otp(otp) => otp.raise(flash, value),
        }
    }
}
