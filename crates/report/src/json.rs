#![doc = include_str!("../../waxseal/JSON.md")]

use manifest::Allowed;
use manifest::diagnostic::{Diagnostic, Edit, Fact, Help, Label, Said};
use manifest::source::Source;
use serde_json::{Map, Value};

use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;

/// The version of the object's shape.
const SCHEMA: u32 = 1;

/// The object of a run that came to its end.
pub fn report(command: &str, report: &Report) -> String {
    text(report_object(command, report))
}

/// The same, to be added to.
pub fn report_object(command: &str, report: &Report) -> Map<String, Value> {
    let findings = &report.findings;
    let mut object = head(command, report.exit);
    object.insert("diagnostics".to_owned(), json!(diagnostics(&findings.sources, &findings.diagnostics)));
    object.extend(report.result.iter().map(|result| ("result".to_owned(), result.clone())));
    object
}

/// The object of a run that could not go on.
pub fn failure(command: &str, failure: &Failure) -> String {
    text(failure_object(command, failure))
}

/// The same, to be added to.
pub fn failure_object(command: &str, failure: &Failure) -> Map<String, Value> {
    let mut object = head(command, failure.exit);
    object.insert("diagnostics".to_owned(), json!([]));
    let Failure { title, place, help, .. } = failure;
    object.insert("failure".to_owned(), json!({ "title": title, "place": place, "help": help }));
    object
}

fn head(command: &str, exit: Exit) -> Map<String, Value> {
    let entries = [("schema", json!(SCHEMA)), ("command", json!(command)), ("exit", json!(exit.number()))];
    object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)))
}

/// An object of these entries. Inserted one by one: to collect them would sort them first, by a sort compiled anew for each caller.
pub(crate) fn object(entries: impl Iterator<Item = (String, Value)>) -> Map<String, Value> {
    let mut object = Map::new();
    object.extend(entries);
    object
}

fn text(object: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(object))
}

/// Diagnostics with their places.
fn diagnostics(sources: &[Source], diagnostics: &[Diagnostic]) -> Vec<Value> {
    let diagnostic = |diagnostic: &Diagnostic| {
        let Said { code, severity, title, labels, notes, help, facts } = &**diagnostic;
        json!({
            "code": code,
            "severity": severity.to_string(),
            "title": title,
            "labels": labels.iter().map(|item| label(sources, item)).collect::<Vec<_>>(),
            "notes": notes,
            "help": help.iter().map(|item| instruction(sources, item)).collect::<Vec<_>>(),
            "facts": facts.iter().map(fact).collect::<Vec<_>>(),
        })
    };
    diagnostics.iter().map(diagnostic).collect()
}

/// Warnings that the manifest lets pass, with its reasons.
pub fn allowed(sources: &[Source], allowed: &[Allowed]) -> Value {
    let found: Vec<_> = allowed.iter().map(|allowed| allowed.diagnostic.clone()).collect();
    let mut values = diagnostics(sources, &found);
    for (value, Allowed { reason, .. }) in values.iter_mut().zip(allowed) {
        value["reason"] = json!(reason);
    }
    Value::Array(values)
}

fn label(sources: &[Source], label: &Label) -> Value {
    let Label { file, span, text, primary } = label;
    let source = sources.get(*file);
    let (line, column) = source.map_or((0, 0), |source| source.line_column(span.start));
    let name = source.map(|source| &source.name);
    json!({
        "file": name, "line": line, "column": column, "start": span.start, "end": span.end,
        "text": text, "primary": primary,
    })
}

fn instruction(sources: &[Source], help: &Help) -> Value {
    let edit = |edit: &Edit| {
        let name = sources.get(edit.file).map(|source| &source.name);
        json!({ "file": name, "start": edit.span.start, "end": edit.span.end, "replacement": edit.replacement })
    };
    json!({ "text": help.text, "edits": help.edits.iter().map(edit).collect::<Vec<_>>() })
}

fn fact(fact: &Fact) -> Value {
    let Fact { text, source, evidence } = fact;
    json!({ "text": text, "source": source, "evidence": evidence.to_string() })
}
