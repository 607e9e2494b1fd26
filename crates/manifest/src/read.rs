//! Reading TOML values into typed ones, without stopping at the first mistake.

use std::ops::{Deref, Range};
use std::vec;

use geometry::sort::sort_by_key;
use toml::de::{DeTable, DeValue};

use crate::codes;
use crate::diagnostic::{Diagnostic, Edit, Help};
use crate::include::{Join, Joining};
use crate::names;
use crate::source::{Span, Spanned};
use crate::table::spelling;

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
            let joined = match (&mut self.value, other.value) {
                (Some(first), Some(second)) => T::join(first, second, path, joining),
                // Where one of them is wrong, that has been said.
                _ => false,
            };
            if !joined {
                self.value = None;
            }
        }
    }
}

/// What a declaration says of a table.
pub struct Declaration {
    /// What messages call it.
    pub noun: &'static str,
    /// Its keys as they are declared, and whether they are required.
    pub keys: &'static [(&'static str, bool)],
    /// Keys of a version to come.
    pub later: &'static [&'static str],
}

/// The declared keys of a table, in the order of the declaration.
pub struct Keys<'a>(vec::IntoIter<Key<'a>>);

#[derive(Clone, Copy)]
enum Key<'a> {
    Absent,
    /// Probably there: that has been said, and it is not missing too.
    Misspelt,
    Found(At<'a>, &'a DeValue<'a>),
}

/// What a declaration says of a choice.
pub struct Words {
    /// The words that may be chosen.
    pub words: &'static [&'static str],
    /// Words of a version to come.
    pub later: &'static [&'static str],
    /// Words that are refused by design.
    pub never: Option<Never>,
}

/// Words that are refused by design.
pub struct Never {
    /// The words.
    pub words: &'static [&'static str],
    /// Makes the error out of its title.
    pub error: fn(String) -> Diagnostic,
    /// A way out.
    pub instead: &'static str,
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

    /// Which of the declared words a value is.
    pub fn word(&mut self, value: &DeValue<'_>, at: At<'_>, declared: &Words) -> Option<usize> {
        let Words { words, later, never } = declared;
        let expected = names::list(words.iter().copied(), "or");
        let Some(word) = value.as_str() else { return self.wrong_type(value, at, &expected) };
        if let Some(index) = words.iter().position(|known| *known == word) {
            return Some(index);
        }
        if let Some(never) = never.as_ref().filter(|never| never.words.contains(&word)) {
            let error = (never.error)(format!("`{word}` is not offered")).at(at.span, "refused by design");
            self.diagnostics.push(error.help(never.instead));
            return None;
        }
        let near = names::nearest(word, words.iter().copied());
        let found = match near {
            _ if later.contains(&word) => format!("`{word}` is not supported yet"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "unknown".to_owned(),
        };
        self.wrong(at, &expected, found)
    }

    /// Says that a value is of the wrong type.
    pub fn wrong_type<T>(&mut self, value: &DeValue<'_>, at: At<'_>, expected: &str) -> Option<T> {
        let article = if matches!(value.type_str(), "integer" | "array") { "an" } else { "a" };
        self.wrong(at, expected, format!("this is {article} {}", value.type_str()))
    }

    /// With how the value that was just refused is written right, if that can be told.
    pub fn instead(&mut self, at: At<'_>, how: &str, meant: Option<String>) {
        if let (Some(said), Some(replacement)) = (self.diagnostics.last_mut(), meant) {
            let edit = Edit { file: at.span.file, span: at.span.range(), replacement };
            said.help.push(Help { text: how.to_owned(), edits: vec![edit] });
        }
    }

    /// The entries of a table that anything may be called in, in the file's order.
    fn entries<'a>(&self, table: &'a DeTable<'a>) -> Vec<(At<'a>, &'a DeValue<'a>)> {
        let mut entries: Vec<_> = table.iter().map(|(key, value)| (self.at(key, value), value.get_ref())).collect();
        sort_by_key(&mut entries, |(at, _)| at.span);
        entries
    }

    /// The keys of a table with a declaration; says which of them it does not know, and which are missing.
    pub fn keys<'a>(&mut self, value: &'a DeValue<'a>, at: At<'_>, declared: &Declaration) -> Option<Keys<'a>> {
        let DeValue::Table(table) = value else { return self.wrong_type(value, at, "a table") };
        let noun = declared.noun;
        let names: Vec<String> = declared.keys.iter().map(|(field, _)| spelling(field)).collect();
        let known = || names.iter().map(String::as_str);
        let mut keys = vec![Key::Absent; names.len()];
        for (entry, value) in self.entries(table) {
            let place = |name: &str| known().position(|known| known == name);
            if let Some(key) = place(entry.key).and_then(|place| keys.get_mut(place)) {
                *key = Key::Found(entry, value);
                continue;
            }
            let error = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown key `{}` in {noun}", entry.key));
            let error = match names::nearest(entry.key, known()) {
                _ if declared.later.contains(&entry.key) => error.at(entry.key_span, "not supported yet"),
                Some(near) => {
                    if let Some(key @ Key::Absent) = place(near).and_then(|place| keys.get_mut(place)) {
                        *key = Key::Misspelt;
                    }
                    error.at(entry.key_span, format!("did you mean `{near}`?"))
                }
                None => error.at(entry.key_span, format!("{noun} has {}", names::list(known(), "and"))),
            };
            self.diagnostics.push(error);
        }
        for ((name, key), (_, is_required)) in names.iter().zip(&keys).zip(declared.keys) {
            if *is_required && matches!(key, Key::Absent) {
                let title = format!("`{name}` is required in {noun}");
                let error = Diagnostic::error(codes::MISSING_KEY, title).at(at.entry, format!("no `{name}` here"));
                self.diagnostics.push(error);
            }
        }
        Some(Keys(keys.into_iter()))
    }
}

impl Keys<'_> {
    /// The next key of the declaration, and its value.
    // Never inlined: a table would have it once for each of its keys.
    #[inline(never)]
    pub fn read<T: Value>(&mut self, reader: &mut Reader) -> Field<T> {
        let (at, value) = match self.0.next() {
            Some(Key::Found(at, value)) => (at, value),
            key => return Field { is_written: matches!(key, Some(Key::Misspelt)), value: None },
        };
        let value = T::read(value, at, reader);
        Field { is_written: true, value: value.map(|value| Spanned { value, span: at.span, entry: at.entry }) }
    }
}

/// Values of one type, in the file's order.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<Spanned<T>>);

impl<T: Value> Value for List<T> {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Array(array) = value else {
            let none = reader.wrong_type(value, at, "an array");
            reader.instead(at, "a list of one", value.as_str().filter(is_plain).map(|one| format!("[\"{one}\"]")));
            return none;
        };
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
    fn join(first: &mut Spanned<Self>, second: Spanned<Self>, path: &str, joining: &mut Joining<'_>) -> bool {
        for (name, value) in second.value.0 {
            match first.value.0.iter_mut().find(|(known, _)| known.value == name.value) {
                Some((known, of_first)) => {
                    joining.twice(&format!("{path}.{}", name.value), known.entry, name.entry);
                    *of_first = None;
                }
                None => first.value.0.push((name, value)),
            }
        }
        true
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
            Some(text) if text.trim().is_empty() => reader.wrong(at, "a string that says something", "empty"),
            Some(text) => Some(text.to_owned()),
            None => {
                let none = reader.wrong_type(value, at, "a string");
                reader.instead(at, "with quotes", quoted(value));
                none
            }
        }
    }
}

/// An integer as a string: what somebody meant who left the quotes out.
pub fn quoted(value: &DeValue<'_>) -> Option<String> {
    let DeValue::Integer(integer) = value else { return None };
    (integer.radix() == 10).then(|| format!("\"{}\"", integer.as_str()))
}

/// Whether a text needs no escapes.
fn is_plain(text: &&str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

impl Value for bool {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        value.as_bool().or_else(|| {
            let none = reader.wrong_type(value, at, "true or false");
            let word = value.as_str().filter(|word| ["true", "false"].contains(word));
            reader.instead(at, "without quotes", word.map(ToOwned::to_owned));
            none
        })
    }
}

impl Value for u32 {
    fn read(value: &DeValue<'_>, at: At<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Integer(integer) = value else {
            let none = reader.wrong_type(value, at, "an integer");
            let number = value.as_str().and_then(|text| text.parse::<Self>().ok());
            reader.instead(at, "without quotes", number.map(|number| number.to_string()));
            return none;
        };
        let number = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        number.or_else(|| reader.wrong(at, "an integer from 0 to 4,294,967,295", "out of range"))
    }
}
