//! `waxseal inspect`: what a file says of itself. Nothing of it is believed.

use std::path::PathBuf;

use ::report::inspect;
use clap::Args;
use image_format::KeyId;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::load::{Manifest, ProfileArgs};
use crate::report::{Format, Report};

/// Show what a sealed file says of itself: an image, also in HEX or DfuSe, a release, a layout, an OTP blob; or what a
/// trust set says.
///
/// Broken ones are shown as far as they go. Nothing of it is authentic: `verify` judges.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal inspect out/app.a.bin --manifest r1b.toml")]
pub struct Command {
    /// The file; `-` is standard input.
    file: PathBuf,
    /// Take the names of keys from this manifest.
    #[arg(long)]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Command {
    /// Does it. Exit code 1 if something in the file contradicts the format or itself.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn run(&self) -> Result<Report, Failure> {
        let file = files::read(&self.file)?;
        let Some(path) = &self.manifest else {
            self.profile.needs_manifest()?;
            return Ok(self.report(&file, &[]));
        };
        let manifest = Manifest::read_with(path, &self.profile)?;
        if manifest.plan.is_none() && !manifest.is_fragment {
            // A wrong manifest hides the keys' names, and nothing else of the file.
            let report = self.report(&file, &[]);
            return Ok(manifest.with_findings(Report { exit: Exit::Refused, ..report }));
        }
        manifest.with_plan(|plan| {
            let keys = manifest.public_keys(plan)?;
            let names: Vec<_> =
                plan.keys.iter().zip(keys).map(|(key, public)| (public.id(), key.name.value.clone())).collect();
            Ok(self.report(&file, &names))
        })
    }

    fn report(&self, file: &[u8], names: &[(KeyId, String)]) -> Report {
        inspect::report(&files::shown(&self.file), file, names)
    }
}
