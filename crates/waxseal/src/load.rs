//! A manifest and the files that it names.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use ::report::loaded::{Loaded, place};
use clap::Args;
use manifest::{Diagnostic, Plan, Source};
use packer::PublicKey;

pub use ::report::loaded::ordered;

use crate::exit::{Exit, Failure};
use crate::report::Report;
use crate::{files, key, output, render};

/// The option that chooses a profile.
#[derive(Clone, Debug, Args)]
pub struct ProfileArgs {
    /// The profile of the manifest that decides what it leaves open.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

impl ProfileArgs {
    /// The option again, behind a blank, for a command line that is proposed; nothing if it was not given.
    pub fn words(&self) -> String {
        self.profile.as_ref().map_or(String::new(), |profile| format!(" --profile {profile}"))
    }

    /// Refuses a choice where there is no manifest to choose from.
    ///
    /// # Errors
    /// Exit code 2.
    pub fn needs_manifest(&self) -> Result<(), Failure> {
        match &self.profile {
            Some(profile) => Err(Failure::usage(format!("--profile {profile}: of which manifest?"))
                .help("--manifest MANIFEST names the one that has the profile")),
            None => Ok(()),
        }
    }
}

/// A manifest and the folder that its paths start from.
#[derive(Debug)]
pub struct Manifest {
    /// What was read and judged.
    loaded: Loaded,
    folder: PathBuf,
}

impl Deref for Manifest {
    type Target = Loaded;

    fn deref(&self) -> &Loaded {
        &self.loaded
    }
}

impl Manifest {
    /// Reads and judges a manifest and the fragments that it includes; `-` is standard input, and its paths then start
    /// from the working folder.
    ///
    /// # Errors
    /// A file that cannot be read, or is no text; of a fragment with the line that includes it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = files::shown(path);
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let manifest = Source { name: name.clone(), text: files::read_text(path)? };
        let (sources, checked) = manifest::check_with(manifest, |manifest, included| {
            let path = resolve(&folder, included);
            let text = files::read_text(&path).map_err(|failure| {
                let place = place(std::slice::from_ref(manifest), included.span.file, included.span.start);
                match failure.exit {
                    Exit::Missing => failure.at(place).help(format!("the path is relative to {name}")),
                    _ => failure,
                }
            })?;
            Ok::<_, Failure>(Source { name: path.display().to_string(), text })
        })?;
        Ok(Self { loaded: Loaded::checked(sources, checked), folder })
    }

    /// The same with the profile that the command line chooses, if it does.
    ///
    /// # Errors
    /// Those of [`Manifest::read`], and a profile that does not exist.
    pub fn read_with(path: &Path, chosen: &ProfileArgs) -> Result<Self, Failure> {
        let Self { loaded, folder } = Self::read(path)?;
        let loaded = match &chosen.profile {
            Some(profile) => loaded.choose(profile)?,
            None => loaded,
        };
        Ok(Self { loaded, folder })
    }

    /// A path of the manifest, as this process finds it.
    pub fn resolve(&self, path: &str) -> PathBuf {
        resolve(&self.folder, path)
    }

    /// A file beside the manifest; in the working folder if the manifest is standard input.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Does what needs the plan, and adds to its report what was found in the manifest. If something stops the work, that
    /// is the report.
    ///
    /// # Errors
    /// Those of the work.
    pub fn with_plan(&self, work: impl FnOnce(&Plan) -> Result<Report, Failure>) -> Result<Report, Failure> {
        self.loaded.with_plan(work).map(|report| self.with_remarks(report))
    }

    /// A report with what was found in the manifest.
    pub fn with_findings(&self, report: Report) -> Report {
        self.with_remarks(self.loaded.with_findings(report))
    }

    /// The same findings, for people too.
    fn with_remarks(&self, mut report: Report) -> Report {
        let found = &report.findings.diagnostics;
        let mut remarks = String::new();
        if !found.is_empty() {
            remarks = render::diagnostics(&self.sources, found, output::colours_remarks());
            remarks.push_str(&render::summary(&self.judged(), found));
        }
        report.remarks.insert_str(0, &(remarks + &render::allowed(&self.allowed)));
        report
    }

    /// The public keys of the plan, in its order.
    ///
    /// # Errors
    /// A key file that is missing or is none, with the line that names it.
    pub fn public_keys(&self, plan: &Plan) -> Result<Vec<PublicKey>, Failure> {
        self.loaded.public_keys(plan, |path| key::read_public(&self.resolve(path)))
    }
}

/// The report of work on a plan that these diagnostics stop.
pub fn refused(found: Vec<Diagnostic>) -> Report {
    Report::refused(found)
}

/// A path of a manifest in a folder, as this process finds it. A file called `-` is no standard stream.
fn resolve(folder: &Path, path: &str) -> PathBuf {
    match folder.join(path) {
        path if path.as_os_str() == files::STANDARD => Path::new(".").join(path),
        path => path,
    }
}
