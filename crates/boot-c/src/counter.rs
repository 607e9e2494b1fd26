//! Where the security counter is kept.

use core::ffi::c_void;

use boot::{AreaCounter, Config, Fault, OtpCounter};

use crate::flash::{Flash, done};

/// Where the security counter is kept, if not where the layout says.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Counter {
    /// Passed to each function.
    pub context: *mut c_void,
    /// Stores the lowest security counter that is accepted. Returns WAXSEAL_DONE, or anything else: then nothing boots.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, lowest: *mut u32) -> u32>,
    /// Raises it. A power cut leaves the old value or the new one. Returns WAXSEAL_DONE, or anything else if it is not certain.
    pub raise: Option<unsafe extern "C" fn(context: *mut c_void, lowest: u32) -> u32>,
}

impl Counter {
    fn read(&self) -> Result<u32, Fault> {
        let read = self.read.ok_or(Fault)?;
        let mut lowest = 0;
        // SAFETY: whoever made the structure vouches for its functions.
        done(unsafe { read(self.context, &raw mut lowest) })?;
        Ok(lowest)
    }

    fn raise(&self, value: u32) -> Result<(), Fault> {
        let raise = self.raise.ok_or(Fault)?;
        // SAFETY: as above.
        done(unsafe { raise(self.context, value) })
    }
}

/// The counter, wherever it is. One type, so that the boot decision is in the library once and not four times.
pub(crate) enum AnyCounter {
    Caller(Counter),
    Area(AreaCounter<'static>),
    Otp(OtpCounter),
    None,
}

impl AnyCounter {
    /// The caller's, or that of the layout, if there is one.
    pub(crate) fn of(counter: Option<&Counter>, config: &Config<'static>) -> Self {
        match (counter, AreaCounter::of(config), OtpCounter::of(config)) {
            (Some(counter), ..) => Self::Caller(*counter),
            (None, Some(area), _) => Self::Area(area),
            (None, None, Some(otp)) => Self::Otp(otp),
            (None, None, None) => Self::None,
        }
    }
}

impl boot::Counter<Flash> for AnyCounter {
    fn read(&mut self, flash: &mut Flash) -> Result<u32, Fault> {
        match self {
            Self::Caller(counter) => counter.read(),
            Self::Area(area) => area.read(flash),
            Self::Otp(otp) => otp.read(flash),
            Self::None => Ok(0),
        }
    }

    fn raise(&mut self, flash: &mut Flash, value: u32) -> Result<(), Fault> {
        match self {
            Self::Caller(counter) => counter.raise(value),
            Self::Area(area) => area.raise(flash, value),
            Self::Otp(otp) => otp.raise(flash, value),
            Self::None => Err(Fault),
        }
    }
}
