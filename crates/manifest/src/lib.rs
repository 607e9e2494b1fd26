//! The waxseal manifest: from TOML text to a checked [`Plan`], with [`Diagnostic`]s as plain data.
//!
//! No I/O happens here: the caller hands in the texts. So the same rules judge a manifest on the command line and in
//! the browser. The way is text, spec (what a person
//! wrote, with a span on every value), plan (what it means); spans survive into the plan,
//! so that a rule about two slots points at both lines. One run names every independent mistake.
//!
//! # Decisions
//!
#![doc = include_str!("../decisions.md")]
#![forbid(unsafe_code)]

pub mod codes;
pub mod defaults;
pub mod diagnostic;
mod group;
pub mod hardware;
pub mod include;
mod lints;
pub mod map;
pub mod memory;
pub mod mpu;
mod names;
pub mod notes;
pub mod otp;
pub mod plan;
pub mod preflight;
pub mod programmer;
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
pub use include::includes;
pub use lints::Allowed;
pub use plan::Plan;
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use source::Source;

use diagnostic::Severity;
use geometry::sort::sort_by_key;
use include::{Join as _, Joining};
use read::{At, Reader, Value as _};
use source::{Span, Spanned};
use toml::de::{DeTable, DeValue};

/// What a manifest was found to be.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it means: `Some` exactly if there is no error, and it is no fragment.
    pub plan: Option<Plan>,
    /// What it means where a rule refuses it, and there is no plan: good for judging its inputs in the same run, never for building.
    /// `None` too if something in it has no meaning.
    pub draft: Option<Plan>,
    /// What is wrong with it, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Warnings that the file lets pass.
    pub allowed: Vec<Allowed>,
    /// Whether it is a fragment. Then there is no plan, and only what no other file changes was judged.
    pub is_fragment: bool,
    /// Names of its profiles, in its order. All of them were judged.
    pub profiles: Vec<String>,
}

/// Reads and judges a manifest: its text, and behind it those of the fragments that it includes, in the order of
/// [`includes`]. A fragment is judged alone where it is the first text.
pub fn check(sources: &(impl AsRef<[Source]> + ?Sized)) -> Checked {
    checked(judged(sources.as_ref()))
}

/// The same for a caller that reads fragments when it is asked for them, with the path that the manifest gives: no text is parsed
/// twice. All the texts come back too.
///
/// # Errors
/// The first of the caller's.
pub fn check_with<E>(
    manifest: Source,
    mut read: impl FnMut(&Source, &Spanned<String>) -> Result<Source, E>,
) -> Result<(Vec<Source>, Checked), E> {
    let text = read_text(0, String::new(), &manifest);
    let included = include::of(text.spec.as_ref(), &manifest.name);
    let fragments = included.iter().map(|path| read(&manifest, path)).collect::<Result<Vec<_>, _>>()?;
    let checked = checked(judged_text(text, &manifest, &fragments));
    Ok(([vec![manifest], fragments].concat(), checked))
}

fn checked(judged: Judged) -> Checked {
    let Judged { plan, mut diagnostics, allowed, is_fragment, profiles } = judged;
    sort_by_key(&mut diagnostics, |diagnostic| diagnostic.position().map(|label| (label.file, label.span.start)));
    let refused = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    let (plan, draft) = if refused { (None, plan) } else { (plan, None) };
    Checked { plan, draft, diagnostics, allowed, is_fragment, profiles }
}

/// A plan whatever the rules say of it.
#[derive(Default)]
struct Judged {
    plan: Option<Plan>,
    diagnostics: Vec<Diagnostic>,
    allowed: Vec<Allowed>,
    is_fragment: bool,
    profiles: Vec<String>,
}

/// One text as a person wrote it.
struct Text {
    /// `None` if the text is not TOML: what follows a broken line could mean anything.
    spec: Option<spec::Manifest>,
    diagnostics: Vec<Diagnostic>,
}

/// Reads a text. `folder` is the way from the manifest's folder to its own.
fn read_text(file: usize, folder: String, source: &Source) -> Text {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let (diagnostics, has_meaning) = syntax::diagnostics(file, &source.text, &errors);
    if !has_meaning {
        return Text { spec: None, diagnostics };
    }
    let mut reader = Reader { file, folder, diagnostics };
    syntax::inline_tables(file, &source.text, &mut reader.diagnostics);
    let start = Span { file, start: 0, end: 0 };
    let at = At { key: "manifest", key_span: start, span: start, entry: start };
    let spec = spec::Manifest::read(&DeValue::Table(document.into_inner()), at, &mut reader);
    Text { spec, diagnostics: reader.diagnostics }
}

fn judged(sources: &[Source]) -> Judged {
    let [main, fragments @ ..] = sources else { return Judged::default() };
    judged_text(read_text(0, String::new(), main), main, fragments)
}

fn judged_text(text: Text, main: &Source, fragments: &[Source]) -> Judged {
    let Text { spec, mut diagnostics } = text;
    let Some(spec) = spec else { return Judged { diagnostics, ..Judged::default() } };
    if spec.is_fragment() {
        diagnostics.extend(spec.include.as_ref().map(|include| include::nested(include.entry)));
        resolve::fragment(&spec, &mut diagnostics);
        let allowed = lints::apply(&spec, &mut diagnostics);
        return Judged { diagnostics, allowed, is_fragment: true, ..Judged::default() };
    }
    let Some(spec) = join(spec, main, fragments, &mut diagnostics) else {
        return Judged { diagnostics, ..Judged::default() };
    };
    let plan = resolve::plan(&main.name, &spec, &mut diagnostics);
    let allowed = lints::apply(&spec, &mut diagnostics);
    let profiles = spec.profiles.iter().flat_map(|profiles| profiles.value.names()).map(|name| name.value.clone());
    Judged { plan, diagnostics, allowed, is_fragment: false, profiles: profiles.collect() }
}

/// The tables of a manifest and of its fragments. `None` if one of the files is not known: a table could be there.
fn join(
    spec: spec::Manifest,
    main: &Source,
    fragments: &[Source],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<spec::Manifest> {
    let included = include::paths(&spec, &main.name, diagnostics);
    let is_wrong = |place: Span| diagnostics.iter().any(|told| told.position().is_some_and(|at| place.has(at.place())));
    let mut whole = match spec.include.as_ref() {
        Some(include) => !is_wrong(include.span),
        None => !spec.include.is_written,
    };
    let start = Span::default();
    let mut joined = Spanned { value: spec, span: start, entry: start };
    for (index, path) in included.iter().enumerate() {
        let Some(source) = fragments.get(index) else {
            diagnostics.push(include::unread(path));
            whole = false;
            continue;
        };
        let text = read_text(index + 1, include::folder(path), source);
        diagnostics.extend(text.diagnostics);
        let fragment = text.spec.filter(|fragment| include::check_fragment(fragment, path, diagnostics));
        let Some(mut fragment) = fragment else {
            whole = false;
            continue;
        };
        // Every file says this for itself.
        fragment.fragment = Default::default();
        let second = Spanned { value: fragment, span: start, entry: start };
        spec::Manifest::join(&mut joined, second, "", &mut Joining { included: &included, report: diagnostics });
    }
    let spec = Some(joined.value).filter(|_| whole)?;
    let lacks = spec.lacks();
    // Half of the tables: nobody forgot one of them.
    let mut begin = (lacks.len() > 2).then_some("`waxseal new --part PART` writes a manifest to begin with");
    for key in lacks {
        let error = Diagnostic::error(codes::MISSING_KEY, format!("`{key}` is required in a manifest"));
        let nowhere = if included.is_empty() { "" } else { ", nor in what is included" };
        let error = error.at(start, format!("no `{key}` here{nowhere}"));
        diagnostics.push(begin.take().into_iter().fold(error, Diagnostic::help));
    }
    Some(spec)
}
