//! A manifest and the files that it names.

use std::path::{Path, PathBuf};

use clap::Args;
use manifest::diagnostic::Severity;
use manifest::plan::Key;
use manifest::source::Span;
use manifest::{Allowed, Checked, Diagnostic, Plan, Source};
use packer::PublicKey;

use crate::exit::{Exit, Failure};
use crate::report::{Findings, Report};
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

/// A manifest as it was read and judged.
#[derive(Debug)]
pub struct Manifest {
    /// What the user called it.
    pub name: String,
    /// Its texts: its own, and those of the fragments that it includes.
    pub sources: Vec<Source>,
    /// What it means; `None` if something is wrong with it.
    pub plan: Option<Plan>,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that it lets pass.
    pub allowed: Vec<Allowed>,
    /// Whether it is a fragment, which only other manifests give a meaning.
    pub is_fragment: bool,
    /// The profiles that it has.
    pub profiles: Vec<String>,
    /// The profile that was chosen.
    pub profile: Option<String>,
    /// The folder that its paths start from.
    folder: PathBuf,
}

impl Manifest {
    /// Reads and judges a manifest and the fragments that it includes; `-` is standard input, and its paths then start
    /// from the working folder.
    ///
    /// # Errors
    /// A file that cannot be read, or is no text; of a fragment with the line that includes it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = if path.as_os_str() == files::STANDARD {
            files::STANDARD_INPUT.to_owned()
        } else {
            path.display().to_string()
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut sources = vec![Source { name: name.clone(), text: files::read_text(path)? }];
        for included in manifest::includes(&sources[0]) {
            let path = resolve(&folder, &included);
            let text = files::read_text(&path).map_err(|failure| {
                let place = render::place(&sources, included.span.file, included.span.start);
                match failure.exit {
                    Exit::Missing => failure.at(place).help(format!("the path is relative to {name}")),
                    _ => failure,
                }
            })?;
            sources.push(Source { name: path.display().to_string(), text });
        }
        let Checked { plan, diagnostics, allowed, is_fragment, profiles } = manifest::check(&sources);
        Ok(Self { name, sources, plan, diagnostics, allowed, is_fragment, profiles, profile: None, folder })
    }

    /// The same with the profile that the command line chooses, if it does.
    ///
    /// # Errors
    /// Those of [`Manifest::read`], and a profile that does not exist.
    pub fn read_with(path: &Path, chosen: &ProfileArgs) -> Result<Self, Failure> {
        let mut manifest = Self::read(path)?;
        let Some(profile) = &chosen.profile else { return Ok(manifest) };
        if !manifest.profiles.contains(profile) {
            let failure = Failure::usage(format!("--profile {profile}: {} has no such profile", manifest.name));
            return Err(match manifest.profiles.as_slice() {
                [] => failure.help("it has none: leave --profile out"),
                some => failure.help(format!("its profiles: {}", some.join(", "))),
            });
        }
        manifest.plan = manifest.plan.and_then(|plan| plan.choose(profile));
        manifest.profile = Some(profile.clone());
        Ok(manifest)
    }

    /// All its files, and what was judged of profiles: `e1.toml + boards/hub.toml: profiles bench, production`.
    pub fn judged(&self) -> String {
        let files = self.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>().join(" + ");
        match (&self.profile, self.profiles.as_slice()) {
            (Some(profile), _) => format!("{files}: profile {profile}"),
            (None, []) => files,
            (None, [profile]) => format!("{files}: profile {profile}"),
            (None, profiles) => format!("{files}: profiles {}", profiles.join(", ")),
        }
    }

    /// Its file name, without folders: what an artefact may say of where it comes from.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// A path of the manifest, as this process finds it.
    pub fn resolve(&self, path: &str) -> PathBuf {
        resolve(&self.folder, path)
    }

    /// A file beside the manifest; in the working folder if the manifest is standard input.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// `r1b.toml:47:20`.
    pub fn place(&self, span: Span) -> Option<String> {
        render::place(&self.sources, span.file, span.start)
    }

    /// The plan for judging inputs in the same run, also of a manifest that a rule refuses.
    pub fn draft(&self) -> Option<Plan> {
        let draft = || {
            let plan = manifest::draft(&self.sources)?;
            self.profile.as_ref().map_or(Some(plan.clone()), |profile| plan.choose(profile))
        };
        self.plan.clone().or_else(draft)
    }

    /// Does what needs the plan, and adds to its report what was found in the manifest. If something stops the work, that
    /// is the report.
    ///
    /// # Errors
    /// Those of the work.
    pub fn with_plan(&self, work: impl FnOnce(&Plan) -> Result<Report, Failure>) -> Result<Report, Failure> {
        let report = match &self.plan {
            Some(plan) => work(plan)?,
            None if self.is_fragment && !self.is_refused() => {
                return Err(Failure::new(Exit::Refused, format!("{} is a fragment", self.name))
                    .help("name a manifest that includes it: alone it only goes through `waxseal check`"));
            }
            None => refused(Vec::new()),
        };
        Ok(self.with_findings(report))
    }

    /// A report with what was found in the manifest.
    pub fn with_findings(&self, mut report: Report) -> Report {
        let found = ordered([self.diagnostics.clone(), report.findings.diagnostics].concat());
        let mut remarks = String::new();
        if !found.is_empty() {
            remarks = render::diagnostics(&self.sources, &found, output::colours_remarks());
            remarks.push_str(&render::summary(&self.judged(), &found));
        }
        report.remarks.insert_str(0, &(remarks + &render::allowed(&self.allowed)));
        report.findings = Findings { sources: self.sources.clone(), diagnostics: found, allowed: self.allowed.clone() };
        report
    }

    fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// The public keys of the plan, in its order.
    ///
    /// # Errors
    /// A key file that is missing or is none, with the line that names it.
    pub fn public_keys(&self, plan: &Plan) -> Result<Vec<PublicKey>, Failure> {
        let read = |named: &Key| {
            key::read_public(&self.resolve(&named.public.value)).map_err(|failure| {
                let failure = failure.at(self.place(named.public.span));
                match failure.exit {
                    Exit::Missing => failure.help(format!(
                        "`waxseal key new` makes a pair; put the public half of `{}` there",
                        named.name.value
                    )),
                    _ => failure,
                }
            })
        };
        plan.keys.iter().map(read).collect()
    }
}

/// The report of work on a plan that these diagnostics stop.
pub fn refused(found: Vec<Diagnostic>) -> Report {
    Report::refused(found)
}

/// Diagnostics in the order of the files. What is wrong with a file that goes into two slots is told once.
pub fn ordered(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|diagnostic| diagnostic.position().map(|label| (label.file, label.span.start)));
    let mut told: Vec<Diagnostic> = Vec::new();
    for diagnostic in found {
        if !told.contains(&diagnostic) {
            told.push(diagnostic);
        }
    }
    told
}

/// A path of a manifest in a folder, as this process finds it. A file called `-` is no standard stream.
fn resolve(folder: &Path, path: &str) -> PathBuf {
    match folder.join(path) {
        path if path.as_os_str() == files::STANDARD => Path::new(".").join(path),
        path => path,
    }
}
