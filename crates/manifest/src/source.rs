//! The texts that a manifest is read from, and places in them.

use std::ops::{Deref, Range};

/// One text, handed in by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What the user called the file; printed, never opened.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl AsRef<[Source]> for Source {
    fn as_ref(&self) -> &[Source] {
        std::slice::from_ref(self)
    }
}

impl Source {
    /// Line and column, both from 1, of a byte offset. Columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A place in one of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Index into the sources.
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes, without the file.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether another place lies inside.
    pub fn has(self, other: Self) -> bool {
        self.file == other.file && (self.start..=self.end).contains(&other.start) && other.end <= self.end
    }

    /// From the start of this place to the end of a later one in the same file.
    pub fn to(self, later: Self) -> Self {
        Self { end: later.end, ..self }
    }
}

/// A value and where it stands. It dereferences to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where the value stands.
    pub span: Span,
    /// The whole `key = value`; for a table its header, for an element of an array the element itself.
    pub entry: Span,
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Spanned<T> {
    /// Another value for the same place.
    pub fn with<U>(&self, value: U) -> Spanned<U> {
        Spanned { value, span: self.span, entry: self.entry }
    }
}

/// A value that the file may leave to a default, and which of the two it was. It dereferences to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved<T> {
    /// The value.
    pub value: T,
    /// Who chose it.
    pub origin: Origin,
}

/// Who chose a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file: where the value stands.
    File(Span),
    /// Nobody: it is the default, for this reason.
    Default(&'static str),
}

impl<T> Deref for Resolved<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Resolved<T> {
    /// What the file says, or else a default and the reason for it.
    pub fn new(written: Option<Spanned<T>>, default: T, reason: &'static str) -> Self {
        match written {
            Some(written) => Self { value: written.value, origin: Origin::File(written.span) },
            None => Self { value: default, origin: Origin::Default(reason) },
        }
    }

    /// Where it stands, if the file says it.
    pub fn span(&self) -> Option<Span> {
        match self.origin {
            Origin::File(span) => Some(span),
            Origin::Default(_) => None,
        }
    }
}
