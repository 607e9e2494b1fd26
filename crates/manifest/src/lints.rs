//! What a manifest makes of warnings.

use crate::codes;
use crate::diagnostic::{Diagnostic, Severity};
use crate::names;
use crate::plan::Level;
use crate::source::Spanned;
use crate::spec::{Lint, Manifest};

/// A warning that the manifest lets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The warning.
    pub diagnostic: Diagnostic,
    /// Why, in the author's words.
    pub reason: String,
}

/// Gives warnings the level that the file wants, and takes out those that it lets pass. A code that does not exist, that is
/// an error or that nobody says is told.
pub fn apply(spec: &Manifest, report: &mut Vec<Diagnostic>) -> Vec<Allowed> {
    let mut allowed = Vec::new();
    for (code, lint) in spec.lints.iter().flat_map(|lints| lints.value.iter()) {
        if !codes::IDS.contains(&code.value.as_str()) {
            report.push(unknown(code));
            continue;
        }
        let (Some(level), Some(reason)) = (*lint.level, lint.reason.as_ref()) else { continue };
        match level.value {
            Level::Allow => {
                let (found, others): (Vec<_>, _) =
                    report.drain(..).partition(|found: &Diagnostic| found.code == code.value);
                *report = others;
                // Behind an error a rule may not have been asked, and of a fragment not all are.
                let all_asked = !spec.is_fragment() && report.iter().all(|found| found.severity != Severity::Error);
                if found.is_empty() && all_asked {
                    let warning = Diagnostic::warning(codes::LINT, format!("nothing here is told {}", code.value));
                    report.push(warning.at(code.span, "lets pass what nobody says"));
                }
                allow(code, lint, &reason.value, found, &mut allowed, report);
            }
            Level::Deny => {
                let warnings = report.iter_mut().filter(|found| found.code == code.value);
                for warning in warnings.filter(|found| found.severity == Severity::Warning) {
                    warning.severity = Severity::Error;
                    warning.notes.push(format!("an error by lints.{}: {}", code.value, reason.value));
                }
            }
            Level::Warn => {}
        }
    }
    allowed
}

/// Lets what a code found pass, unless it is an error.
fn allow(
    code: &Spanned<String>,
    lint: &Spanned<Lint>,
    reason: &str,
    found: Vec<Diagnostic>,
    allowed: &mut Vec<Allowed>,
    report: &mut Vec<Diagnostic>,
) {
    let place = lint.level.as_ref().map_or(code.span, |level| level.span);
    for diagnostic in found {
        if diagnostic.severity != Severity::Error {
            allowed.push(Allowed { diagnostic, reason: reason.to_owned() });
            continue;
        }
        let error = Diagnostic::error(codes::LINT, format!("{} is an error: it cannot be let pass", code.value));
        let error = error.at(place, "only warnings can");
        report.push(match diagnostic.position() {
            Some(label) => error.see(label.place(), diagnostic.title.clone()),
            None => error,
        });
        report.push(diagnostic);
    }
}

fn unknown(code: &Spanned<String>) -> Diagnostic {
    let error = Diagnostic::error(codes::NOTHING, format!("there is no code `{}`", code.value));
    match names::nearest(code, codes::IDS.iter().copied()) {
        Some(near) => error.at(code.span, format!("did you mean `{near}`?")),
        None => error.at(code.span, "codes look like `WX0114`"),
    }
}
