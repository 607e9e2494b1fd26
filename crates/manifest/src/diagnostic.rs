//! Diagnostics as plain data: the command renders them for a terminal, as JSON or for CI; the page in its own way.

use std::fmt;
use std::ops::{Deref, DerefMut, Range};

pub use geometry::Evidence;

use crate::codes::Code;
use crate::source::Span;

/// One thing that a person should know about their manifest or its inputs. It dereferences to what it says, which it points to:
/// what is said bit by bit is passed on at each of these, and code that passes a pointer is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic(Box<Said>);

/// What a diagnostic says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Stable code, `WX0108`; what `waxseal explain` takes.
    pub code: &'static str,
    /// Whether it stops the work.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub title: String,
    /// Where, and what about it. The first primary one is the position of the diagnostic.
    pub labels: Vec<Label>,
    /// More to know, without a place.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<Help>,
    /// Hardware facts behind the rule.
    pub facts: Vec<Fact>,
}

/// Whether a diagnostic stops the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is built.
    Error,
    /// Something is built, and somebody may regret it.
    Warning,
    /// Only to be known.
    Note,
}

/// A place and what about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Index into the sources.
    pub file: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What about it; may be empty.
    pub text: String,
    /// Whether this is what is wrong, rather than a place that explains it.
    pub primary: bool,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// What to do.
    pub text: String,
    /// How the files change if it is a matter of editing them. Empty if it is not.
    pub edits: Vec<Edit>,
}

/// A change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Index into the sources.
    pub file: usize,
    /// The bytes to replace; an empty range inserts.
    pub span: Range<usize>,
    /// What to put there.
    pub replacement: String,
}

/// A hardware fact behind a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The fact.
    pub text: String,
    /// Where it comes from.
    pub source: String,
    /// How good that evidence is.
    pub evidence: Evidence,
}

impl Label {
    /// The place.
    pub fn place(&self) -> Span {
        Span { file: self.file, start: self.span.start, end: self.span.end }
    }
}

impl Deref for Diagnostic {
    type Target = Said;

    fn deref(&self) -> &Said {
        &self.0
    }
}

impl DerefMut for Diagnostic {
    fn deref_mut(&mut self) -> &mut Said {
        &mut self.0
    }
}

impl Diagnostic {
    /// An error without details yet.
    // Inlined, as is the next one, so that a program has no texts of codes because of it: only their ids go further.
    #[inline(always)]
    pub fn error(code: Code, title: impl Into<String>) -> Self {
        Self::new(code.id, Severity::Error, title.into())
    }

    /// A warning without details yet.
    #[inline(always)]
    pub fn warning(code: Code, title: impl Into<String>) -> Self {
        Self::new(code.id, Severity::Warning, title.into())
    }

    fn new(code: &'static str, severity: Severity, title: String) -> Self {
        let (labels, notes, help, facts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self(Box::new(Said { code, severity, title, labels, notes, help, facts }))
    }

    /// With the place of what is wrong.
    pub fn at(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text, true)
    }

    /// With a place that explains it.
    pub fn see(self, span: Span, text: impl Into<String>) -> Self {
        self.label(span, text, false)
    }

    fn label(mut self, span: Span, text: impl Into<String>, primary: bool) -> Self {
        self.labels.push(Label { file: span.file, span: span.range(), text: text.into(), primary });
        self
    }

    /// With something to know.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// With something to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(Help { text: text.into(), edits: Vec::new() });
        self
    }

    /// With a text to replace another, or to insert where `span` is empty.
    pub fn edit(self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.edits(text, [(span, replacement.into())])
    }

    /// The same in several places, all of which change together.
    pub fn edits(mut self, text: impl Into<String>, edits: impl IntoIterator<Item = (Span, String)>) -> Self {
        let edit = |(span, replacement): (Span, String)| Edit { file: span.file, span: span.range(), replacement };
        self.help.push(Help { text: text.into(), edits: edits.into_iter().map(edit).collect() });
        self
    }

    /// With a fact behind the rule.
    pub fn fact(mut self, text: impl Into<String>, source: impl Into<String>, evidence: Evidence) -> Self {
        self.facts.push(Fact { text: text.into(), source: source.into(), evidence });
        self
    }

    /// The label that gives its position: the first primary one.
    pub fn position(&self) -> Option<&Label> {
        self.labels.iter().find(|label| label.primary)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}
