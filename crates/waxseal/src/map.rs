//! `waxseal map`: what lies where in the device's flash.

use std::path::PathBuf;

use ::report::map::Map;
use clap::Args;
use packer::build::check_input;

use crate::exit::Failure;
use crate::files;
use crate::inputs::{InputArgs, InputFile};
use crate::load::{Manifest, ProfileArgs};
use crate::report::{Format, Report};

/// Show what lies where in flash and in one-time-programmable memory.
///
/// Slots, areas and what is free, how full the slots are, and the option bytes that belong to it.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal map r1b.toml\n  waxseal map r1b.toml --svg map.svg")]
pub struct Command {
    /// The manifest; `-` is standard input.
    manifest: PathBuf,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    inputs: InputArgs,
    /// Draw it into a file instead, which reads well on light and on dark pages; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest or an input that exists and cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let manifest = Manifest::read_with(&self.manifest, &self.profile)?;
        manifest.with_plan(|plan| {
            let inputs = self.inputs.read(&manifest, plan)?;
            let used = |file: &InputFile<'_>| {
                let payload = check_input(plan, file.image, file.placement, &file.input()?).ok()?;
                Some((file.placement.slot.value.clone(), u32::try_from(payload.bytes.len()).ok()?))
            };
            let map = Map::new(plan, inputs.iter().filter_map(used).collect());
            let result = Some(map.to_json());
            let text = match &self.svg {
                None => map.text(),
                Some(file) if file.as_os_str() == files::STANDARD => map.picture().document(),
                Some(file) => {
                    files::write(file, map.picture().document().as_bytes())?;
                    String::new()
                }
            };
            Ok(Report { result, ..Report::done(text) })
        })
    }
}
