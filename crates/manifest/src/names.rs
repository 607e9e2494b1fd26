//! Names that people type: what they may look like, and which one they probably meant.

/// What the hardware's own regions are called: no slot or area may be.
const RESERVED: [&str; 4] = ["flash", "bank1", "bank2", "otp"];

/// Whether a name is a region's of the hardware.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Why a name of a slot, area, image or key cannot be used; `None` if it can.
pub fn objection(name: &str) -> Option<&'static str> {
    if is_reserved(name) {
        return Some("the name of a region of the hardware");
    }
    let first = name.bytes().next().is_some_and(|letter| letter.is_ascii_lowercase());
    let rest = name.bytes().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-');
    (!first || !rest).then_some("a small letter first, then small letters, digits and dashes")
}

/// Whether a text can be the name of a file on every system, and says nothing to a shell.
pub fn is_file_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|letter| letter.is_ascii_alphanumeric());
    first && text.len() <= 64 && text.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"._-".contains(&letter))
}

/// The candidate that a misspelt word most probably stands for, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &'a str| (strsim::damerau_levenshtein(word, candidate), candidate);
    let (distance, candidate) = candidates.into_iter().map(near).min()?;
    // In a word of one letter everything is one letter away.
    (distance <= (word.len() / 3).max(1) && distance < word.len()).then_some(candidate)
}

/// Names as a sentence lists them: `` `a`, `b` or `c` ``.
pub fn list<'a>(names: impl IntoIterator<Item = &'a str>, conjunction: &str) -> String {
    let mut quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.pop() {
        None => "none".into(),
        Some(only) if quoted.is_empty() => only,
        Some(last) => format!("{} {conjunction} {last}", quoted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_become_identifiers() {
        for good in ["a", "boot", "slot-a2"] {
            assert_eq!(objection(good), None, "{good}");
        }
        for bad in ["", "A", "2a", "-a", "a_b", "ä", "a.b", "flash", "bank1"] {
            assert!(objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn names_of_files() {
        for good in ["sensor-hub-4.2.0", "A_1", "7"] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in ["", ".hidden", "-rf", "a/b", "a\\b", "../x", "a b", "a:b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }

    #[test]
    fn near_is_near() {
        assert_eq!(nearest("inptu", ["input", "inputs", "version"]), Some("input"));
        assert_eq!(nearest("nDBNK", ["nDBANK", "nDBOOT"]), Some("nDBANK"));
        assert_eq!(nearest("colour", ["input", "version"]), None);
        assert_eq!(nearest("b", ["a"]), None);
    }

    #[test]
    fn lists() {
        assert_eq!(list(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(list(["a"], "and"), "`a`");
        assert_eq!(list([], "and"), "none");
    }
}
