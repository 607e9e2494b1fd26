//! Reading TOML values into typed ones, without stopping at the first mistake.

use std::ops::{Deref, Range};

use geometry::sort::sort_by_key;
use toml::de::{DeTable, DeValue};

use crate::codes::{self, Code};
use crate::diagnostic::Diagnostic;
use crate::include::{Join, Joining};
use crate::names;
use crate::source::{Span, Spanned};

/// Collects what is wrong while values are read.
pub struct Reader {
    /// Index of the text that is read.
    pub file: usize,
    /// The folder that paths of this text start from, seen from the manifest's: empty, or it ends with a slash.
    pub folder: String,
    /// What was wrong so far.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub struct At<'a> {
    /// Its key, for messages.
    pub key: &'a str,
    /// The key itself; of an element of an array the element.
    pub key_span: Span,
    /// The value itself; of a table its header.
    pub span: Span,
    /// The whole `key = value`.
    pub entry: Span,
}

/// What can be read from a TOML value.
pub trait Value: Sized {
    /// The value, or `None` after a diagnostic.
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self>;
}

/// A key of a table: absent, wrong (which has been said), or with a value. It dereferences to the value, if there is one.
#[derive(Clone, Debug)]
pub struct Field<T> {
    /// Whether the key stands there, be its value right or wrong, or the key misspelt.
    pub is_written: bool,
    value: Option<Spanned<T>>,
}

impl<T> Deref for Field<T> {
    type Target = Option<Spanned<T>>;

    fn deref(&self) -> &Option<Spanned<T>> {
        &self.value
    }
}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self { is_written: false, value: None }
    }
}

impl<T: Join> Field<T> {
    /// Takes in what another file has under the same key.
    pub fn join(&mut self, other: Self, path: &str, joining: &mut Joining<'_>) {
        if !self.is_written {
            *self = other;
        } else if other.is_written {
            // Where one of them is wrong, that has been said.
            self.value = self.value.take().zip(other.value).and_then(|(a, b)| T::join(a, b, path, joining));
        }
    }
}

/// Keys of a table whose declaration is known.
pub struct Keys<'a> {
    noun: &'static str,
    header: Span,
    table: &'a DeTable<'a>,
    /// Keys that are probably there, misspelt: that has been said, and they are not missing too.
    misspelt: Vec<String>,
}

impl Reader {
    /// The place of a TOML entry.
    fn at<'a>(&self, key: &'a toml::Spanned<toml::de::DeString<'_>>, value: &toml::Spanned<DeValue<'_>>) -> At<'a> {
        let (key_span, span) = (self.span(key.span()), self.span(value.span()));
        // A table's span is its header, which has the key inside it.
        let entry = if span.start < key_span.start { span } else { key_span.to(span) };
        At { key: key.get_ref(), key_span, span, entry }
    }

    /// A range of bytes in the text that is read.
    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, start: range.start, end: range.end }
    }

    /// Says that a value is not what its key takes.
    pub fn wrong<T>(&mut self, at: At<'_>, expected: &str, found: impl Into<String>) -> Option<T> {
        let title = format!("`{}` must be {expected}", at.key);
        self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, title).at(at.span, found));
        None
    }

    /// Says that a word is one that is refused, and what to use instead.
    pub fn refused<T>(&mut self, at: At<'_>, code: Code, word: &str, instead: &str) -> Option<T> {
        let error = Diagnostic::error(code, format!("`{word}` is not offered")).at(at.span, "refused by design");
        self.diagnostics.push(error.help(instead));
        None
    }

    /// Says that a value is of the wrong type.
    pub fn wrong_type<T>(&mut self, value: &DeValue<'_>, at: At<'_>, expected: &str) -> Option<T> {
        let article = if matches!(value.type_str(), "integer" | "array") { "an" } else { "a" };
        self.wrong(at, expected, format!("this is {article} {}", value.type_str()))
    }

    /// The entries of a table that anything may be called in, in the file's order.
    fn entries<'a>(&self, table: &'a DeTable<'a>) -> Vec<(At<'a>, &'a DeValue<'a>)> {
        let mut entries: Vec<_> = table.iter().map(|(key, value)| (self.at(key, value), value.get_ref())).collect();
        sort_by_key(&mut entries, |(at, _)| at.span);
        entries
    }

    /// The keys of a table with a declaration; says which of them it does not know.
    pub fn keys<'a>(
        &mut self,
        value: &'a DeValue<'a>,
        at: At<'_>,
        noun: &'static str,
        known: &[String],
        later: &[&str],
    ) -> Option<Keys<'a>> {
        let DeValue::Table(table) = value else { return self.wrong_type(value, at, "a table") };
        let mut misspelt = Vec::new();
        for (entry, _) in self.entries(table) {
            if known.iter().any(|name| name == entry.key) {
                continue;
            }
            let error = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown key `{}` in {noun}", entry.key));
            let known = || known.iter().map(String::as_str);
            let error = match names::nearest(entry.key, known()) {
                _ if later.contains(&entry.key) => error.at(entry.key_span, "not supported yet"),
                Some(near) => {
                    misspelt.push(near.to_owned());
                    error.at(entry.key_span, format!("did you mean `{near}`?"))
                }
                None => error.at(entry.key_span, format!("{noun} has {}", names::list(known(), "and"))),
            };
            self.diagnostics.push(error);
        }
        Some(Keys { noun, header: at.entry, table, misspelt })
    }
}

impl Keys<'_> {
    /// The value of a key that may be left out.
    pub fn optional<T: Value>(&self, name: &str, reader: &mut Reader) -> Field<T> {
        let Some((key, value)) = self.table.get_key_value(name) else {
            let is_misspelt = self.misspelt.iter().any(|misspelt| misspelt == name);
            return Field { is_written: is_misspelt, value: None };
        };
        let at = reader.at(key, value);
        let value = T::read(value.get_ref(), at, reader);
        Field { is_written: true, value: value.map(|value| Spanned { value, span: at.span, entry: at.entry }) }
    }

    /// The value of a key that may not be left out.
    pub fn required<T: Value>(&self, name: &str, reader: &mut Reader) -> Field<T> {
        let field = self.optional(name, reader);
        if !field.is_written {
            let title = format!("`{name}` is required in {}", self.noun);
            let error = Diagnostic::error(codes::MISSING_KEY, title).at(self.header, format!("no `{name}` here"));
            reader.diagnostics.push(error);
        }
        field
    }
}

/// Values of one type, in the file's order.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<Spanned<T>>);

impl<T: Value> Value for List<T> {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Array(array) = value else { return reader.wrong_type(value, at, "an array") };
        let mut values = Vec::new();
        for element in array.iter() {
            let span = reader.span(element.span());
            let value = T::read(element.get_ref(), At { key: at.key, key_span: span, span, entry: span }, reader);
            values.extend(value.map(|value| Spanned { value, span, entry: span }));
        }
        Some(Self(values))
    }
}

/// Values of one type under names of the user's choice, in the file's order.
#[derive(Clone, Debug)]
pub struct Named<T>(Vec<(Spanned<String>, Option<Spanned<T>>)>);

impl<T> Named<T> {
    /// All names, also those whose value is wrong.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The names with a value, and the values.
    pub fn iter(&self) -> impl Iterator<Item = (&Spanned<String>, &Spanned<T>)> {
        self.0.iter().filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }
}

impl<T> Join for Named<T> {
    fn join(
        mut first: Spanned<Self>,
        second: Spanned<Self>,
        path: &str,
        joining: &mut Joining<'_>,
    ) -> Option<Spanned<Self>> {
        for (name, value) in second.value.0 {
            match first.value.0.iter_mut().find(|(known, _)| known.value == name.value) {
                Some((known, of_first)) => {
                    joining.twice(&format!("{path}.{}", name.value), known.entry, name.entry);
                    *of_first = None;
                }
                None => first.value.0.push((name, value)),
            }
        }
        Some(first)
    }
}

impl<T: Value> Value for Named<T> {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Table(table) = value else { return reader.wrong_type(value, at, "a table") };
        let mut values = Vec::new();
        for (at, value) in reader.entries(table) {
            let name = Spanned { value: at.key.to_owned(), span: at.key_span, entry: at.entry };
            let value = T::read(value, at, reader).map(|value| Spanned { value, span: at.span, entry: at.entry });
            values.push((name, value));
        }
        Some(Self(values))
    }
}

impl Value for String {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        match value.as_str() {
            Some("") => reader.wrong(at, "a string that says something", "empty"),
            Some(text) => Some(text.to_owned()),
            None => reader.wrong_type(value, at, "a string"),
        }
    }
}

impl Value for bool {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        value.as_bool().or_else(|| reader.wrong_type(value, at, "true or false"))
    }
}

impl Value for u32 {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Integer(integer) = value else { return reader.wrong_type(value, at, "an integer") };
        let number = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        number.or_else(|| reader.wrong(at, "an integer from 0 to 4,294,967,295", "out of range"))
    }
}
