//! `waxseal otp place`: where a further field would fit. Offsets are for ever, so a person writes them.

use std::path::PathBuf;

use clap::Args;
use geometry::address;
use manifest::otp::{free, offset, place};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::load::Manifest;
use crate::otp::{otp_of, stage};
use crate::report::Report;

/// Propose an offset for a further field.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal otp place r3.toml --size 8 --stage identity")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    /// Bytes of the field, with copies and complement; of a counter its steps times the program unit.
    #[arg(long)]
    size: u32,
    /// The stage that programs it. Without it the device does: a counter.
    #[arg(long)]
    stage: Option<String>,
    /// What the offset is to be a multiple of.
    #[arg(long, default_value_t = 1)]
    align: u32,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest that cannot be read; exit code 1 if there is no room.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read(&self.manifest)?;
        manifest.with_plan(|plan| {
            let otp = otp_of(&manifest, plan)?;
            if self.size == 0 || self.align == 0 {
                return Err(Failure::usage("--size and --align are 1 at least"));
            }
            let stage = self.stage.as_deref().map(|name| stage(otp, Some(name))).transpose()?;
            let stage = stage.map(|stage| stage.name.value.as_str());
            let left: u32 = free(otp).iter().map(|range| range.end - range.start).sum();
            let Some(at) = place(otp, stage, self.size, self.align, None) else {
                let failure = Failure::new(Exit::Refused, format!("no room for {} bytes", self.size));
                return Err(failure.help(format!(
                    "{left} bytes are free, but not where {} could program them",
                    stage.unwrap_or("the device")
                )));
            };
            let text = format!("at = {}   # {}\n", offset(at), address(otp.address(at)));
            Ok(Report { result: Some(json!({ "at": at, "address": otp.address(at) })), ..Report::done(text) })
        })
    }
}
