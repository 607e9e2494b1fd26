//! One-time-programmable memory: what lies where in it, what a board has, and what is left to do on it.

pub mod files;
pub mod map;
pub mod plan;
pub mod records;
pub mod sheet;
pub mod show;

use geometry::address;
use manifest::Plan;
use manifest::plan::otp::{Otp, Stage};
use provision::ReadBack;

use crate::exit::{Exit, Failure};
use crate::loaded::Loaded;

/// The manifest's OTP.
///
/// # Errors
/// It has none.
pub fn otp_of<'a>(manifest: &Loaded, plan: &'a Plan) -> Result<&'a Otp, Failure> {
    plan.otp.as_ref().ok_or_else(|| {
        let failure =
            Failure::new(Exit::Refused, format!("{} describes no one-time-programmable memory", manifest.name));
        failure.help("[otp] with version, board, stages and fields does")
    })
}

/// The stage of a name; of a manifest with one stage that one.
///
/// # Errors
/// No such stage, or no name where there are several.
pub fn stage<'a>(otp: &'a Otp, name: Option<&str>) -> Result<&'a Stage, Failure> {
    let names = || otp.stages.iter().map(|stage| stage.name.value.as_str()).collect::<Vec<_>>().join(", ");
    match (name, otp.stages.as_slice()) {
        (None, [only]) => Ok(only),
        (None, _) => Err(Failure::usage(format!("which stage? --stage NAME: {}", names()))),
        (Some(name), _) => {
            otp.stage(name).ok_or_else(|| Failure::usage(format!("--stage {name}: there is {}", names())))
        }
    }
}

/// A dump of the memory.
///
/// # Errors
/// A dump that is none of this memory.
pub fn read_back(otp: &Otp, name: &str, dump: &[u8]) -> Result<ReadBack, Failure> {
    ReadBack::parse(otp, dump).map_err(|error| {
        let failure = Failure::new(Exit::Refused, format!("{name}: {error}"));
        failure.help(format!("read it from {} on", address(otp.memory.base)))
    })
}
