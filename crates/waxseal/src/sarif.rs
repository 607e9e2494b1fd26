//! Findings as a SARIF 2.1.0 log (OASIS, "Static Analysis Results Interchange Format"), for code scanning and editors.

use std::ops::Range;

use manifest::Allowed;
use manifest::codes::{self, Code};
use manifest::diagnostic::{Diagnostic, Edit, Label};
use manifest::source::Source;
use serde_json::{Value, json};

use crate::exit::{Exit, Failure};
use crate::report::{Findings, Report};

/// The log of a run that came to its end.
pub fn report(report: &Report) -> String {
    let Findings { sources, diagnostics, allowed } = &report.findings;
    let all = || diagnostics.iter().chain(allowed.iter().map(|allowed| &allowed.diagnostic));
    let rules: Vec<&Code> = codes::ALL.iter().filter(|code| all().any(|found| found.code == code.id)).collect();
    let mut results: Vec<Value> = all().map(|found| result(sources, &rules, found)).collect();
    // What has a suppression is shown as such, and what has none as a finding.
    for (result, Allowed { reason, .. }) in results.iter_mut().skip(diagnostics.len()).zip(allowed) {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": reason }]);
    }
    log(&rules, results, report.exit, true, Vec::new())
}

/// The log of a run that could not go on.
pub fn failure(failure: &Failure) -> String {
    let text = failure.to_string();
    log(&[], Vec::new(), failure.exit, false, vec![json!({ "level": "error", "message": { "text": text.trim_end() } })])
}

fn log(rules: &[&Code], results: Vec<Value>, exit: Exit, successful: bool, notifications: Vec<Value>) -> String {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "waxseal",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": successful,
                "exitCode": exit.number(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.id,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": code.rule },
        "help": { "text": code.fix },
    })
}

fn result(sources: &[Source], rules: &[&Code], found: &Diagnostic) -> Value {
    let position = found.position();
    let others = found.labels.iter().filter(|label| !position.is_some_and(|position| std::ptr::eq(*label, position)));
    let fixes = found.help.iter().filter(|help| !help.edits.is_empty());
    let mut result = json!({
        "ruleId": found.code,
        // The levels of SARIF go by the same words.
        "level": found.severity.to_string(),
        "message": { "text": message(found) },
        "locations": position.iter().filter_map(|label| location(sources, label)).collect::<Vec<_>>(),
        "relatedLocations": others.filter_map(|label| location(sources, label)).collect::<Vec<_>>(),
        "fixes": fixes.map(|help| fix(sources, &help.text, &help.edits)).collect::<Vec<_>>(),
    });
    if let Some(index) = rules.iter().position(|code| code.id == found.code) {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// Everything about a diagnostic that has no place.
fn message(found: &Diagnostic) -> String {
    let label = found.position().map(|label| label.text.clone()).filter(|text| !text.is_empty());
    let help = found.help.iter().map(|help| format!("help: {}", help.text));
    let facts = found.facts.iter().map(|fact| format!("fact: {} ({}) [{}]", fact.text, fact.source, fact.evidence));
    let lines = label.into_iter().chain(found.notes.iter().cloned()).chain(help).chain(facts);
    std::iter::once(found.title.clone()).chain(lines).collect::<Vec<_>>().join("\n")
}

fn location(sources: &[Source], label: &Label) -> Option<Value> {
    let source = sources.get(label.file)?;
    let physical = json!({ "artifactLocation": { "uri": uri(&source.name) }, "region": region(source, &label.span) });
    Some(match label.text.as_str() {
        "" => json!({ "physicalLocation": physical }),
        text => json!({ "physicalLocation": physical, "message": { "text": text } }),
    })
}

fn region(source: &Source, span: &Range<usize>) -> Value {
    let ((line, column), (end_line, end_column)) = (source.line_column(span.start), source.line_column(span.end));
    json!({ "startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column })
}

fn fix(sources: &[Source], text: &str, edits: &[Edit]) -> Value {
    let change = |edit: &Edit| {
        let source = sources.get(edit.file)?;
        Some(json!({
            "artifactLocation": { "uri": uri(&source.name) },
            "replacements": [{
                "deletedRegion": region(source, &edit.span),
                "insertedContent": { "text": edit.replacement },
            }],
        }))
    };
    json!({ "description": { "text": text }, "artifactChanges": edits.iter().filter_map(change).collect::<Vec<_>>() })
}

/// A file name as a relative reference (RFC 3986).
fn uri(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn names_become_references() {
        assert_eq!(uri("boards/r1b.toml"), "boards/r1b.toml");
        assert_eq!(uri("<a b>:ä"), "%3Ca%20b%3E%3A%C3%A4");
    }
}
