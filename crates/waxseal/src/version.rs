//! Versions that the manifest leaves to the command line.

use std::str::FromStr;

use clap::Args;
use manifest::Plan;
use manifest::plan::Version;

use crate::exit::Failure;
use crate::load::Manifest;

/// The options that say versions.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// The version of an image that has `version-from = "command-line"`.
    #[arg(long = "image-version", value_name = "IMAGE=X.Y.Z")]
    versions: Vec<Given>,
}

/// A version that the command line says.
#[derive(Clone, Debug)]
struct Given {
    image: String,
    version: Version,
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (image, version) = text.split_once('=').ok_or("write IMAGE=X.Y.Z")?;
        Ok(Self { image: image.to_owned(), version: version.parse()? })
    }
}

impl VersionArgs {
    /// Images and the versions that are given for them.
    pub fn given(&self) -> impl Iterator<Item = (&str, Version)> {
        self.versions.iter().map(|given| (given.image.as_str(), given.version))
    }

    /// The plan with these versions.
    ///
    /// # Errors
    /// A version for an image that does not exist, or that has one already: nothing overrides anything.
    pub fn apply(&self, manifest: &Manifest, plan: &Plan) -> Result<Plan, Failure> {
        let mut plan = plan.clone();
        for Given { image, version } in &self.versions {
            if plan.set_version(image, *version).is_some() {
                continue;
            }
            let option = format!("--image-version {image}={version}");
            return Err(match plan.image(image) {
                Some(found) => Failure::usage(format!("{option}: the version of `{image}` is said already"))
                    .at(manifest.place(found.version.span))
                    .help("version-from = \"command-line\" in place of `version` leaves it to the command line, once"),
                None => Failure::usage(format!("{option}: {} has no image `{image}`", manifest.name)),
            });
        }
        Ok(plan)
    }
}
