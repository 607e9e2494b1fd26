//! A manifest as it was read and judged.

use geometry::sort::sort_by_key;
use manifest::diagnostic::Severity;
use manifest::plan::Key;
use manifest::source::{Source, Span};
use manifest::{Allowed, Checked, Diagnostic, Plan};
use packer::PublicKey;

use crate::exit::{Exit, Failure};
use crate::findings::{Findings, Report};

/// A manifest as it was read and judged.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the user called it.
    pub name: String,
    /// Its texts: its own, and those of the fragments that it includes.
    pub sources: Vec<Source>,
    /// What it means; `None` if something is wrong with it.
    pub plan: Option<Plan>,
    /// What it means where a rule refuses it.
    draft: Option<Plan>,
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
}

impl Loaded {
    /// Texts that were judged: the manifest's, then those of the fragments that it includes, in its order.
    pub fn checked(sources: Vec<Source>, checked: Checked) -> Self {
        let Checked { plan, draft, diagnostics, allowed, is_fragment, profiles } = checked;
        let name = sources.first().map_or_else(String::new, |source| source.name.clone());
        Self { name, sources, plan, draft, diagnostics, allowed, is_fragment, profiles, profile: None }
    }

    /// The same with a profile.
    ///
    /// # Errors
    /// A profile that does not exist.
    pub fn choose(mut self, profile: &str) -> Result<Self, Failure> {
        if !self.profiles.iter().any(|own| own == profile) {
            let failure = Failure::usage(format!("--profile {profile}: {} has no such profile", self.name));
            return Err(match self.profiles.as_slice() {
                [] => failure.help("it has none: leave --profile out"),
                some => failure.help(format!("its profiles: {}", some.join(", "))),
            });
        }
        let chosen = |plan: Option<Plan>| plan.and_then(|plan| plan.choose(profile));
        (self.plan, self.draft) = (chosen(self.plan), chosen(self.draft));
        self.profile = Some(profile.to_owned());
        Ok(self)
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

    /// `r1b.toml:47:20`.
    pub fn place(&self, span: Span) -> Option<String> {
        place(&self.sources, span.file, span.start)
    }

    /// The plan for judging inputs in the same run, also of a manifest that a rule refuses.
    pub fn draft(&self) -> Option<&Plan> {
        self.plan.as_ref().or(self.draft.as_ref())
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
            None => Report::refused(Vec::new()),
        };
        Ok(self.with_findings(report))
    }

    /// A report with what was found in the manifest.
    pub fn with_findings(&self, mut report: Report) -> Report {
        let diagnostics = ordered([self.diagnostics.clone(), report.findings.diagnostics].concat());
        report.findings = Findings { sources: self.sources.clone(), diagnostics, allowed: self.allowed.clone() };
        report
    }

    /// The public keys of the plan, in its order. `read` gives the key in the file that the manifest names.
    ///
    /// # Errors
    /// A key file that is missing or is none, with the line that names it.
    pub fn public_keys(
        &self,
        plan: &Plan,
        read: impl Fn(&str) -> Result<PublicKey, Failure>,
    ) -> Result<Vec<PublicKey>, Failure> {
        let read = |named: &Key| {
            read(&named.public.value).map_err(|failure| {
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

    fn is_refused(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// `r1b.toml:48:20` of a byte in one of the sources.
pub fn place(sources: &[Source], file: usize, offset: usize) -> Option<String> {
    let source = sources.get(file)?;
    let (line, column) = source.line_column(offset);
    Some(format!("{}:{line}:{column}", source.name))
}

/// Diagnostics in the order of the files. What is wrong with a file that goes into two slots is told once.
pub fn ordered(mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    sort_by_key(&mut found, |diagnostic| diagnostic.position().map(|label| (label.file, label.span.start)));
    let mut told: Vec<Diagnostic> = Vec::new();
    for diagnostic in found {
        if !told.contains(&diagnostic) {
            told.push(diagnostic);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use manifest::source::Source;

    use super::place;

    #[test]
    fn places_are_lines_and_columns() {
        let sources = [Source { name: "r1.toml".to_owned(), text: "a = 1\n\nb = 2\n".to_owned() }];
        assert_eq!(place(&sources, 0, 11).as_deref(), Some("r1.toml:3:5"));
        assert_eq!(place(&sources, 1, 0), None);
    }
}
