//! Reading the packed files: a file is parsed into a [`Value`], and each type takes its own out of that.
//!
//! Declared by macros of ours and not by serde's derive, which compiles a parser anew for each list of each type: with that, the
//! reader of the database took 130 KB of WebAssembly more.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What can be read out of a packed file.
pub trait Read: Sized {
    /// Takes it out of a value.
    ///
    /// # Errors
    /// A value of another form, with the way to it.
    fn read(value: &Value) -> Result<Self, String>;

    /// What stands for it where a table does not have it; `None`: it has to be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// A table that is being read.
pub struct Table<'a> {
    entries: &'a Map<String, Value>,
    /// How many of them were read.
    read: usize,
}

impl<'a> Table<'a> {
    /// A value as a table.
    pub fn of(value: &'a Value) -> Result<Self, String> {
        let entries = value.as_object().ok_or_else(|| expected("a table", value))?;
        Ok(Self { entries, read: 0 })
    }

    /// Reads a field: under its name, or this with hyphens.
    pub fn take<T: Read>(&mut self, field: &str) -> Result<T, String> {
        self.optional(field, T::absent())
    }

    /// The same of one that may be left out.
    pub fn optional<T: Read>(&mut self, field: &str, absent: Option<T>) -> Result<T, String> {
        match self.find(field) {
            Some(value) => T::read(value).map_err(|error| within(field, &error)),
            None => absent.ok_or_else(|| missing(field)),
        }
    }

    fn find(&mut self, field: &str) -> Option<&'a Value> {
        let found = self.entries.get(field).or_else(|| self.entries.get(&field.replace('_', "-")))?;
        self.read += 1;
        Some(found)
    }

    /// Nothing else may be in it than these fields, which were all looked for.
    pub fn end(&self, fields: &[&str]) -> Result<(), String> {
        if self.read == self.entries.len() {
            return Ok(());
        }
        let unknown = self.entries.keys().find(|name| !fields.contains(&name.replace('-', "_").as_str()));
        Err(format!("{} is no field of this table", unknown.map_or("a second spelling", String::as_str)))
    }
}

/// An error with the way to it.
fn within(field: &str, error: &str) -> String {
    format!("{field}: {error}")
}

fn missing(field: &str) -> String {
    format!("{field} is missing")
}

/// Declares a table: a structure, and its reader, which refuses fields that it does not have. Behind `=` stands what a field is that
/// is left out.
macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_doc:meta])* $field_visibility:vis $field:ident: $type:ty $(= $absent:expr)?, )*
        }
    )*) => {$(
        $(#[$doc])*
        $visibility struct $name {
            $( $(#[$field_doc])* $field_visibility $field: $type, )*
        }

        impl $crate::read::Read for $name {
            fn read(value: &serde_json::Value) -> Result<Self, String> {
                let mut table = $crate::read::Table::of(value)?;
                let read = Self { $( $field: $crate::read::field!(table, $field $(, $absent)?), )* };
                table.end(&[$( stringify!($field), )*])?;
                Ok(read)
            }
        }
    )*};
}
pub(crate) use tables;

macro_rules! field {
    ($table:ident, $field:ident) => {
        $table.take(stringify!($field))?
    };
    ($table:ident, $field:ident, $absent:expr) => {
        $table.optional(stringify!($field), Some($absent))?
    };
}
pub(crate) use field;

/// Declares an enumeration of words: the variants' names in lower case, with hyphens.
macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $( $(#[$variant_doc:meta])* $variant:ident, )* }) => {
        $(#[$doc])*
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )*
        }

        impl $crate::read::Read for $name {
            fn read(value: &serde_json::Value) -> Result<Self, String> {
                match value {
                    $( serde_json::Value::String(word) if $crate::read::is_word(word, stringify!($variant)) => Ok(Self::$variant), )*
                    other => Err($crate::read::expected(concat!("one of ", $( stringify!($variant), " ", )*), other)),
                }
            }
        }
    };
}
pub(crate) use words;

/// Whether a word is that of a variant: `two-sources` of `TwoSources`.
pub fn is_word(word: &str, variant: &str) -> bool {
    let mut letters = word.chars();
    let same = variant.char_indices().all(|(index, letter)| {
        (index == 0 || letter.is_ascii_lowercase() || letters.next() == Some('-'))
            && letters.next() == Some(letter.to_ascii_lowercase())
    });
    same && letters.next().is_none()
}

/// What is said of a value of another form. A number or a table is not shown: what writes these has tables of 10 KB for fractions.
pub fn expected(form: &str, found: &Value) -> String {
    let found = match found {
        Value::String(text) => return format!("`{text}` is not {form}"),
        Value::Number(_) => "a number",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
        Value::Bool(_) | Value::Null => "a word",
    };
    format!("{found} is not {form}")
}

impl Read for String {
    fn read(value: &Value) -> Result<Self, String> {
        value.as_str().map(str::to_owned).ok_or_else(|| expected("a text", value))
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Read for $type {
            fn read(value: &Value) -> Result<Self, String> {
                let number = value.as_u64().and_then(|number| number.try_into().ok());
                number.ok_or_else(|| expected(stringify!($type), value))
            }
        }
    )*};
}

numbers!(u8, u32, usize);

impl<T: Read> Read for Option<T> {
    fn read(value: &Value) -> Result<Self, String> {
        T::read(value).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    #[inline(never)]
    fn read(value: &Value) -> Result<Self, String> {
        let mut read = Self::new();
        for value in list(value)? {
            read.push(T::read(value)?);
        }
        Ok(read)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(value: &Value) -> Result<Self, String> {
        let mut read = Self::new();
        for (name, value) in Table::of(value)?.entries {
            let value = T::read(value).map_err(|error| within(name, &error))?;
            read.insert(name.clone(), value);
        }
        Ok(read)
    }
}

fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| expected("a list", value))
}

/// A list of exactly so many values.
fn exactly<const N: usize>(value: &Value) -> Result<&[Value; N], String> {
    list(value)?.try_into().map_err(|_| expected(&format!("{N} values"), value))
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(value: &Value) -> Result<Self, String> {
        let [a, b] = exactly(value)?;
        Ok((A::read(a)?, B::read(b)?))
    }
}

impl<A: Read, B: Read, C: Read> Read for (A, B, C) {
    fn read(value: &Value) -> Result<Self, String> {
        let [a, b, c] = exactly(value)?;
        Ok((A::read(a)?, B::read(b)?, C::read(c)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    tables! {
        #[derive(Debug, PartialEq)]
        struct Example {
            first_number: u8,
            names: Vec<String> = Vec::new(),
            more: Option<(u32, Shape)>,
        }
    }

    words! {
        #[derive(Debug, PartialEq)]
        pub enum Shape { Round, ManySided, }
    }

    fn read(text: &str) -> Result<Example, String> {
        Example::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_table_is_read() {
        let short = Example { first_number: 3, names: Vec::new(), more: None };
        assert_eq!(read(r#"{"first-number": 3}"#), Ok(short));
        let long = Example { first_number: 3, names: vec!["a".to_owned()], more: Some((7, Shape::ManySided)) };
        assert_eq!(read(r#"{"first_number": 3, "names": ["a"], "more": [7, "many-sided"]}"#), Ok(long));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, error) in [
            ("[]", "a list is not a table"),
            ("{}", "first_number is missing"),
            (r#"{"first-number": 300}"#, "first_number: a number is not u8"),
            (r#"{"first-number": "3"}"#, "first_number: `3` is not u8"),
            (r#"{"first-number": 3, "name": []}"#, "name is no field of this table"),
            (r#"{"first-number": 3, "names": 1}"#, "names: a number is not a list"),
            (r#"{"first-number": 3, "names": [1]}"#, "names: a number is not a text"),
            (r#"{"first-number": 3, "more": [7]}"#, "more: a list is not 2 values"),
            (r#"{"first-number": 3, "more": [7, "many-side"]}"#, "more: `many-side` is not one of Round ManySided "),
        ] {
            assert_eq!(read(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn words_are_variants_with_hyphens() {
        for (word, is) in [
            ("many-sided", true),
            ("many-sidedx", false),
            ("many-side", false),
            ("manysided", false),
            ("Many-Sided", false),
            ("", false),
        ] {
            assert_eq!(is_word(word, "ManySided"), is, "{word}");
        }
    }
}
