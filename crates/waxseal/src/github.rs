//! Findings as GitHub annotations: workflow commands, one line each, which GitHub shows beside the line of the file.

use std::fmt::Write as _;

use manifest::diagnostic::{Diagnostic, Severity};
use manifest::source::Source;

use crate::exit::Failure;
use crate::report::Report;

/// The annotations of a run that came to its end; nothing if nothing was found.
pub fn report(report: &Report) -> String {
    report.findings.diagnostics.iter().map(|found| annotation(&report.findings.sources, found)).collect()
}

/// The annotation of a run that could not go on.
pub fn failure(failure: &Failure) -> String {
    let lines = std::iter::once(&failure.title).chain(&failure.place).chain(&failure.help);
    format!("::error title=waxseal::{}\n", data(&lines.map(String::as_str).collect::<Vec<_>>().join("\n")))
}

fn annotation(sources: &[Source], found: &Diagnostic) -> String {
    let command = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut text = format!("::{command} ");
    let place = found.position().and_then(|label| Some((label, sources.get(label.file)?)));
    if let Some((label, source)) = place {
        let (line, column) = source.line_column(label.span.start);
        let (end_line, end_column) = source.line_column(label.span.end);
        let _ = write!(text, "file={},line={line},endLine={end_line},col={column}", property(&source.name));
        // A last column is of the same line, and counts the last character in.
        if line == end_line && end_column > column {
            let _ = write!(text, ",endColumn={}", end_column - 1);
        }
        text.push(',');
    }
    let label = place.map(|(label, _)| label.text.clone()).filter(|text| !text.is_empty());
    let help = found.help.iter().map(|help| format!("help: {}", help.text));
    let facts = found.facts.iter().map(|fact| format!("fact: {} ({}) [{}]", fact.text, fact.source, fact.evidence));
    let lines: Vec<_> = label.into_iter().chain(found.notes.iter().cloned()).chain(help).chain(facts).collect();
    // Without a message GitHub shows no annotation.
    let message = if lines.is_empty() { found.title.clone() } else { lines.join("\n") };
    let title = property(&format!("{}: {}", found.code, found.title));
    text + &format!("title={title}::{}\n", data(&message))
}

/// A message, as the runner wants it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_and_no_command() {
        assert_eq!(data("50%\r\n::stop"), "50%25%0D%0A::stop");
        assert_eq!(property("a:b,c\n"), "a%3Ab%2Cc%0A");
    }
}
