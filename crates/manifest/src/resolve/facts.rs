//! What the device database has no evidence for, as the manifest's author measured it.

use geometry::{EraseSelector, Part};

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Facts, Measured};
use crate::spec;

/// The facts that a manifest may state.
const KNOWN: [&str; 1] = ["erase-after-swap"];

/// The facts of the table. The database's own are not contradicted: they have sources too.
pub fn resolve(table: &spec::Device, part: &Part, report: &mut Report) -> Facts {
    let mut facts = Facts::default();
    for (name, fact) in table.facts.iter().flat_map(|facts| facts.value.iter()) {
        if name.value != KNOWN[0] {
            let error = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown fact `{}`", name.value));
            report.push(match names::nearest(name, KNOWN) {
                Some(near) => error.at(name.span, format!("did you mean `{near}`?")),
                None => error.at(name.span, format!("known: {}", names::list(KNOWN, "and"))),
            });
            continue;
        }
        if let Some(known) = &part.erase_selector {
            let title = format!("`{}` of {} is known", name.value, part.name);
            let error = Diagnostic::error(codes::TWICE, title).at(name.entry, known.value.to_string());
            report.push(error.fact(known.value.to_string(), &known.citation.source, known.citation.evidence));
            continue;
        }
        let fact = &fact.value;
        let (Some(value), Some(source)) = (&*fact.value, &*fact.source) else { continue };
        let selector = match value.value.as_str() {
            "mapped" => EraseSelector::Mapped,
            "physical" => EraseSelector::Physical,
            _ => {
                let error =
                    Diagnostic::error(codes::WRONG_VALUE, format!("`{}` is `mapped` or `physical`", name.value));
                report.push(error.at(value.span, "neither"));
                continue;
            }
        };
        facts.erase_after_swap = Some(Measured { value: value.with(selector), source: source.value.clone() });
    }
    facts
}
