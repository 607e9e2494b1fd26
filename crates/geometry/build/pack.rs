//! Packing files by the declarations of what they say, which are the library's own: src/read.rs has macros of the same names, and
//! reads what these write.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

/// What can be packed.
pub trait Pack {
    /// Whether a zero byte says that there is none.
    const HAS_DEFAULT: bool = true;
    /// Whether a table may leave it out, whoever has it.
    const IS_OPTIONAL: bool = false;

    /// Writes what a value says behind what is there.
    ///
    /// # Errors
    /// A value of another form, with the way to it.
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String>;

    /// The same of a field of a table.
    ///
    /// # Errors
    /// Also a field that is missing, unless it has a default.
    fn take(table: &mut Table<'_>, field: &str, has_default: bool, out: &mut Vec<u8>) -> Result<(), String> {
        match table.find(field) {
            Some(value) => Self::pack(value, out).map_err(|error| format!("{field}: {error}")),
            None if Self::IS_OPTIONAL || has_default && Self::HAS_DEFAULT => {
                out.push(0);
                Ok(())
            }
            None => Err(format!("{field} is missing")),
        }
    }
}

/// A table, and which of its entries were packed.
pub struct Table<'a> {
    entries: &'a toml::Table,
    found: BTreeSet<&'a str>,
}

impl<'a> Table<'a> {
    /// A value as a table.
    pub fn of(value: &'a Value) -> Result<Self, String> {
        let entries = value.as_table().ok_or_else(|| expected("a table", value))?;
        Ok(Self { entries, found: BTreeSet::new() })
    }

    /// A field: under its name, or this with hyphens.
    fn find(&mut self, field: &str) -> Option<&'a Value> {
        let entries = self.entries;
        let (name, value) = entries.get_key_value(field).or_else(|| entries.get_key_value(&field.replace('_', "-")))?;
        self.found.insert(name);
        Some(value)
    }

    /// Nothing else may be in it.
    pub fn end(&self) -> Result<(), String> {
        match self.entries.keys().find(|name| !self.found.contains(name.as_str())) {
            Some(name) => Err(format!("{name} is no field of this table")),
            None => Ok(()),
        }
    }
}

/// Declares a table.
macro_rules! tables {
    ($(
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_doc:meta])* $field_visibility:vis $field:ident: $type:ty $(= $default:ident)?, )*
        }
    )*) => {$(
        $(#[$doc])*
        $visibility struct $name {
            $( $(#[$field_doc])* $field_visibility $field: $type, )*
        }

        impl $crate::read::Pack for $name {
            const HAS_DEFAULT: bool = false;

            fn pack(value: &toml::Value, out: &mut Vec<u8>) -> Result<(), String> {
                let mut table = $crate::read::Table::of(value)?;
                $(
                    let has_default = $crate::read::has_default!($($default)?);
                    <$type as $crate::read::Pack>::take(&mut table, stringify!($field), has_default, out)?;
                )*
                table.end()
            }
        }
    )*};
}
pub(crate) use tables;

/// Declares fields that stand in the table of whoever has them.
macro_rules! fields {
    (
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_doc:meta])* $field_visibility:vis $field:ident: $type:ty $(= $default:ident)?, )*
        }
    ) => {
        $(#[$doc])*
        $visibility struct $name {
            $( $(#[$field_doc])* $field_visibility $field: $type, )*
        }

        impl $crate::read::Pack for $name {
            const HAS_DEFAULT: bool = false;

            fn pack(value: &toml::Value, _: &mut Vec<u8>) -> Result<(), String> {
                Err($crate::read::expected("fields of another table", value))
            }

            fn take(table: &mut $crate::read::Table<'_>, _: &str, _: bool, out: &mut Vec<u8>) -> Result<(), String> {
                $(
                    let has_default = $crate::read::has_default!($($default)?);
                    <$type as $crate::read::Pack>::take(table, stringify!($field), has_default, out)?;
                )*
                Ok(())
            }
        }
    };
}
pub(crate) use fields;

macro_rules! has_default {
    () => {
        false
    };
    (default) => {
        true
    };
}
pub(crate) use has_default;

/// Declares a structure of numbers that stands in a file as a text.
macro_rules! texts {
    (
        $(#[$doc:meta])*
        $visibility:vis struct $name:ident {
            $( $(#[$field_doc:meta])* $field_visibility:vis $field:ident: u32, )*
        }
    ) => {
        $(#[$doc])*
        $visibility struct $name {
            $( $(#[$field_doc])* $field_visibility $field: u32, )*
        }

        impl $crate::read::Pack for $name {
            const HAS_DEFAULT: bool = false;

            fn pack(value: &toml::Value, out: &mut Vec<u8>) -> Result<(), String> {
                let text = value.as_str().ok_or_else(|| $crate::read::expected("a text", value))?;
                let read = Self::try_from(text.to_owned())?;
                $( $crate::read::number(read.$field, out); )*
                Ok(())
            }
        }
    };
}
pub(crate) use texts;

/// Declares an enumeration of words: the variants' names in lower case, with hyphens.
macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $( $(#[$variant_doc:meta])* $variant:ident, )* }) => {
        $(#[$doc])*
        pub enum $name {
            $( $(#[$variant_doc])* $variant, )*
        }

        impl $crate::read::Pack for $name {
            const HAS_DEFAULT: bool = false;

            fn pack(value: &toml::Value, out: &mut Vec<u8>) -> Result<(), String> {
                let variants = [$( stringify!($variant), )*];
                let word = value.as_str().unwrap_or_default();
                let index = variants.iter().position(|variant| $crate::read::is_word(word, variant));
                let index = index.and_then(|index| u8::try_from(index).ok());
                out.push(index.ok_or_else(|| $crate::read::expected(&format!("one of {}", variants.join(" ")), value))?);
                Ok(())
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

/// What is said of a value of another form.
pub fn expected(form: &str, found: &Value) -> String {
    format!("{found} is not {form}")
}

/// Writes an integer: seven bits in each byte, lowest first, and a one above them where more follow (LEB128).
pub fn number(number: u32, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest > 0x7F {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn size(size: usize, out: &mut Vec<u8>) -> Result<(), String> {
    number(u32::try_from(size).map_err(|error| error.to_string())?, out);
    Ok(())
}

fn text(text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    size(text.len(), out)?;
    out.extend(text.bytes());
    Ok(())
}

impl Pack for String {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        text(value.as_str().ok_or_else(|| expected("a text", value))?, out)
    }
}

impl Pack for u8 {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let number = value.as_integer().and_then(|number| number.try_into().ok());
        out.push(number.ok_or_else(|| expected("u8", value))?);
        Ok(())
    }
}

impl Pack for u32 {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let found = value.as_integer().and_then(|number| number.try_into().ok());
        number(found.ok_or_else(|| expected("u32", value))?, out);
        Ok(())
    }
}

impl Pack for usize {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        u32::pack(value, out)
    }
}

impl<T: Pack> Pack for Option<T> {
    const IS_OPTIONAL: bool = true;

    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        out.push(1);
        T::pack(value, out)
    }
}

fn list(value: &Value) -> Result<&[Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| expected("a list", value))
}

impl<T: Pack> Pack for Vec<T> {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let values = list(value)?;
        size(values.len(), out)?;
        values.iter().try_for_each(|value| T::pack(value, out))
    }
}

/// What a file has under names of its own.
pub type Named<T> = BTreeMap<String, T>;

impl<T: Pack> Pack for Named<T> {
    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let entries = Table::of(value)?.entries;
        size(entries.len(), out)?;
        for (name, value) in entries {
            text(name, out)?;
            T::pack(value, out).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}

/// A list of exactly so many values.
fn exactly<const N: usize>(value: &Value) -> Result<&[Value; N], String> {
    list(value)?.try_into().map_err(|_| expected(&format!("{N} values"), value))
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    const HAS_DEFAULT: bool = false;

    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let [a, b] = exactly(value)?;
        A::pack(a, out)?;
        B::pack(b, out)
    }
}

impl<A: Pack, B: Pack, C: Pack> Pack for (A, B, C) {
    const HAS_DEFAULT: bool = false;

    fn pack(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
        let [a, b, c] = exactly(value)?;
        A::pack(a, out)?;
        B::pack(b, out)?;
        C::pack(c, out)
    }
}
