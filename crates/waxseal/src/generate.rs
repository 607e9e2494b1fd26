//! `waxseal gen`: files for the firmware's build, out of the manifest.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use packer::linker::memory_x;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::report::Report;

/// Generate files for the firmware's build.
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A linker script, memory.x of cortex-m-rt: where a program must lie to run from a slot.
    Linker {
        /// The manifest; `-` is standard input.
        manifest: PathBuf,
        #[command(flatten)]
        profile: ProfileArgs,
        /// The slot that the program is for; the boot loader's too.
        #[arg(long)]
        slot: String,
        /// The file to write; standard output if there is none.
        #[arg(short, long, value_name = "FILE", default_value = files::STANDARD)]
        out: PathBuf,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// A manifest that cannot be read, a slot that does not exist, a file that cannot be written.
    pub fn run(&self) -> Result<Report, Failure> {
        let What::Linker { manifest, profile, slot, out } = &self.what;
        let manifest = Manifest::read_with(manifest, profile)?;
        manifest.with_plan(|plan| {
            let script = memory_x(plan, slot, manifest.file_name())
                .map_err(|error| Failure::new(Exit::Refused, format!("{}: {error}", manifest.name)))?;
            if out.as_os_str() == files::STANDARD {
                return Ok(Report::done(script));
            }
            files::write(out, script.as_bytes())?;
            Ok(Report::done(String::new()))
        })
    }
}
