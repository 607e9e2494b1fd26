//! Whose signatures count, where that is not the manifest's word.

use std::path::PathBuf;

use clap::Args;
use manifest::Plan;
use report::verify::Authority;

use crate::exit::Failure;
use crate::files;
use crate::key::read_public;
use crate::load::Manifest;

/// A trust set, or keys.
#[derive(Debug, Args)]
pub struct SignerArgs {
    /// A trust set as `waxseal gen trust` writes it, in place of the manifest's keys.
    #[arg(long = "trust", value_name = "SET", conflicts_with = "keys")]
    trust_set: Option<PathBuf>,
    /// A public key, once for each, in place of the manifest's keys.
    #[arg(long = "key", value_name = "PUB")]
    keys: Vec<PathBuf>,
    /// How many of the keys must have signed. One of one needs no number.
    #[arg(long, value_name = "N", requires = "keys", value_parser = clap::value_parser!(u8).range(1..))]
    threshold: Option<u8>,
}

impl SignerArgs {
    /// Whether either was given.
    pub fn is_given(&self) -> bool {
        self.trust_set.is_some() || !self.keys.is_empty()
    }

    /// They alone: nothing else is known of the device. `None`: neither was given.
    ///
    /// # Errors
    /// Files that cannot be read, or are neither.
    pub fn authority(&self) -> Result<Option<Authority<'static>>, Failure> {
        if let Some(path) = &self.trust_set {
            return Authority::of_set(path.display().to_string(), files::read(path)?).map(Some);
        }
        if !self.is_given() {
            return Ok(None);
        }
        let read = |path: &PathBuf| read_public(path).map(|key| (path.display().to_string(), key));
        Authority::of_keys(self.keys.iter().map(read).collect::<Result<_, _>>()?, self.threshold).map(Some)
    }

    /// The manifest, and they in place of its keys if they were given.
    ///
    /// # Errors
    /// As of [`Self::authority`]; without them, the manifest's keys cannot be read.
    pub fn with<'a>(&self, manifest: &'a Manifest, plan: &'a Plan) -> Result<Authority<'a>, Failure> {
        let name = &manifest.name;
        Ok(match self.authority()? {
            Some(signers) => Authority::Both { name, plan, signers: Box::new(signers) },
            None => Authority::Manifest { name, plan, public: manifest.public_keys(plan)? },
        })
    }
}
