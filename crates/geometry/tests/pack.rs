//! What the build says of a file of the device database that is wrong: the library only ever sees what was packed.

#![allow(clippy::unwrap_used, clippy::unreadable_literal)]

#[allow(dead_code, unused_imports, unused_macros, reason = "the build uses the rest")]
#[path = "../build/pack.rs"]
mod read;

use read::{Pack, is_word, tables, words};

tables! {
    #[allow(dead_code, reason = "only packed")]
    struct Example {
        first_number: u8,
        names: Vec<String> = default,
        more: Option<(u32, Shape)>,
    }
}

words! {
    /// A form.
    #[allow(dead_code, reason = "only packed")]
    pub enum Shape {
        /// As a ball.
        Round,
        /// As a die.
        ManySided,
    }
}

fn pack(text: &str) -> Result<Vec<u8>, String> {
    let table: toml::Table = text.parse().unwrap();
    let mut out = Vec::new();
    Example::pack(&table.into(), &mut out).map(|()| out)
}

#[test]
fn a_table_is_packed() {
    assert_eq!(pack("first-number = 3"), Ok(vec![3, 0, 0]));
    let all = r#"first_number = 3; names = ["a", ""]; more = [300, "many-sided"]"#.replace("; ", "\n");
    assert_eq!(pack(&all), Ok(vec![3, 2, 1, b'a', 0, 1, 0xAC, 0x02, 1]));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, error) in [
        ("", "first_number is missing"),
        ("first-number = 300", "first_number: 300 is not u8"),
        ("first-number = '3'", "first_number: \"3\" is not u8"),
        ("first-number = 3\nname = []", "name is no field of this table"),
        ("first-number = 3\nfirst_number = 3", "first-number is no field of this table"),
        ("first-number = 3\nnames = 1", "names: 1 is not a list"),
        ("first-number = 3\nnames = [1]", "names: 1 is not a text"),
        ("first-number = 3\nmore = [7]", "more: [7] is not 2 values"),
        ("first-number = 3\nmore = [7, 'many-side']", "more: \"many-side\" is not one of Round ManySided"),
    ] {
        assert_eq!(pack(text), Err(error.to_owned()), "{text}");
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
