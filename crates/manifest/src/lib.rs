//! The waxseal manifest: from TOML text to a checked [`Plan`], with [`Diagnostic`]s as plain data.
//!
//! No I/O happens here: the caller hands in the texts. So the same rules judge a manifest on the command line and in
//! the browser. The way is text, spec (what a person
//! wrote, with a span on every value), plan (what it means); spans survive into the plan,
//! so that a rule about two slots points at both lines. One run names every independent mistake.

#![forbid(unsafe_code)]

pub mod codes;
pub mod defaults;
pub mod diagnostic;
mod group;
pub mod hardware;
mod lints;
pub mod map;
mod names;
pub mod plan;
mod read;
mod resolve;
pub mod rules;
mod scalar;
#[cfg(feature = "schema")]
mod schema;
pub mod source;
mod spec;
pub mod start;
mod syntax;
mod table;
pub mod written;

pub use diagnostic::Diagnostic;
pub use lints::Allowed;
pub use plan::Plan;
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use source::Source;

use diagnostic::Severity;
use read::{At, Reader, Value as _};
use source::Span;
use toml::de::{DeTable, DeValue};

/// What a manifest was found to be.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it means: `Some` exactly if there is no error.
    pub plan: Option<Plan>,
    /// What is wrong with it, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that the file lets pass.
    pub allowed: Vec<Allowed>,
}

/// Reads and judges a manifest.
pub fn check(source: &Source) -> Checked {
    let Judged { plan, mut diagnostics, allowed } = judged(source);
    diagnostics.sort_by_key(|diagnostic| diagnostic.position().map(|label| (label.file, label.span.start)));
    let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    Checked { plan: plan.filter(|_| !refused), diagnostics, allowed }
}

/// What a manifest means, also where a rule refuses it: good for judging its inputs in the same run, never for building.
/// `None` if something in it has no meaning.
pub fn draft(source: &Source) -> Option<Plan> {
    judged(source).plan
}

/// A plan whatever the rules say of it.
struct Judged {
    plan: Option<Plan>,
    diagnostics: Vec<Diagnostic>,
    allowed: Vec<Allowed>,
}

fn judged(source: &Source) -> Judged {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut reader = Reader { file: 0, diagnostics: Vec::new() };
    reader.diagnostics.extend(errors.iter().map(|error| syntax::diagnostic(reader.file, &source.text, error)));
    // What follows broken TOML could mean anything. A key that stands twice breaks nothing else.
    if reader.diagnostics.iter().any(|error| error.code == codes::SYNTAX.id) {
        return Judged { plan: None, diagnostics: reader.diagnostics, allowed: Vec::new() };
    }
    syntax::inline_tables(reader.file, &source.text, &mut reader.diagnostics);
    let start = Span { file: reader.file, start: 0, end: 0 };
    let at = At { key: "manifest", key_span: start, span: start, entry: start };
    let spec = spec::Manifest::read(&DeValue::Table(document.into_inner()), at, &mut reader);
    let mut diagnostics = reader.diagnostics;
    let plan = spec.as_ref().and_then(|spec| resolve::plan(&source.name, spec, &mut diagnostics));
    let allowed = spec.map(|spec| lints::apply(&spec, &mut diagnostics)).unwrap_or_default();
    Judged { plan, diagnostics, allowed }
}
