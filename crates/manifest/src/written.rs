//! The values of a manifest as they were written, each with its place.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::source::{Source, Span};

/// A value that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its path: `slots.a.region`.
    pub key: String,
    /// Its text, on one line.
    pub value: String,
    /// Where it stands.
    pub span: Span,
}

/// All values of a text in its order; none of a text that is not TOML. `file` is its index in the sources.
pub fn list(file: usize, source: &Source) -> Vec<Written> {
    let mut written = Vec::new();
    if let Ok(document) = DeTable::parse(&source.text) {
        table("", document.get_ref(), &mut |key, range| {
            let text = source.text.get(range.clone()).unwrap_or_default();
            let span = Span { file, start: range.start, end: range.end };
            written.push(Written { key, value: one_line(text), span });
        });
    }
    written.sort_by_key(|written| written.span);
    written
}

/// Calls `found` with the path and the place of each value that is no table.
fn table(path: &str, of: &DeTable<'_>, found: &mut impl FnMut(String, Range<usize>)) {
    for (key, value) in of {
        value_of(join(path, key.get_ref()), value, found);
    }
}

fn value_of(key: String, value: &toml::Spanned<DeValue<'_>>, found: &mut impl FnMut(String, Range<usize>)) {
    match value.get_ref() {
        DeValue::Table(inner) => table(&key, inner, found),
        DeValue::Array(array) if array.iter().any(|element| element.get_ref().is_table()) => {
            for (index, element) in array.iter().enumerate() {
                value_of(format!("{key}[{index}]"), element, found);
            }
        }
        _ => found(key, value.span()),
    }
}

/// A path and a key, quoted where TOML demands it.
fn join(path: &str, key: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let key = if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// An array of many lines as one.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_path_text_and_place() {
        let text = "a.b = 0x1_0\n[t.\"u v\"]\nlist = [\n  1,\n  2,\n]\ninner = { x = \"y\" }\n[[r]]\nz = true\n";
        let source = Source { name: "m.toml".into(), text: text.into() };
        let rows = list(0, &source);
        let shown: Vec<_> = rows
            .iter()
            .map(|row| (row.key.as_str(), row.value.as_str(), source.line_column(row.span.start).0))
            .collect();
        let expected = [
            ("a.b", "0x1_0", 1),
            ("t.\"u v\".list", "[ 1, 2, ]", 3),
            ("t.\"u v\".inner.x", "\"y\"", 7),
            ("r[0].z", "true", 9),
        ];
        assert_eq!(shown, expected);
        assert_eq!(list(0, &Source { name: "m.toml".into(), text: "a = ".into() }), []);
    }
}
