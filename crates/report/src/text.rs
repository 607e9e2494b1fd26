//! How numbers are written for people.

use std::borrow::Cow;

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    // `encode` gathers characters one by one, which shows where a hundred thousand boards are made.
    let mut digits = vec![0; 2 * bytes.len()];
    let fits = ::hex::encode_to_slice(bytes, &mut digits).is_ok();
    debug_assert!(fits);
    String::from_utf8(digits).unwrap_or_default()
}

/// A count with its thousands apart: `916,416`.
pub fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A word of a command line that is proposed: in quotes, where a shell would part it or take it for something else. In double ones, which
/// the shells of Windows know too, unless it has what a POSIX shell takes for its own between these.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@=,+%".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.into()
    } else if text.contains(['"', '$', '`', '!']) || text.contains("\\\\") || text.ends_with('\\') {
        format!("'{}'", text.replace('\'', r"'\''")).into()
    } else {
        format!("\"{text}\"").into()
    }
}

/// `1 error`, `2 errors`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A text of at most so many characters; what is cut off is shown as `…`.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// A paragraph in lines of at most so many columns, with a newline at its end.
pub fn wrap(paragraph: &str, width: usize) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 {
            let breaks = column + 1 + length > width;
            text.push(if breaks { '\n' } else { ' ' });
            column = if breaks { 0 } else { column + 1 };
        }
        text.push_str(word);
        column += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        let counts = [0, 999, 1000, 916_416, 1_234_567].map(thousands);
        assert_eq!(counts, ["0", "999", "1,000", "916,416", "1,234,567"]);
        assert_eq!(hex(&[0x5B, 0x01]), "5b01");
        assert_eq!([counted(0, "error"), counted(1, "error")], ["0 errors", "1 error"]);
    }

    #[test]
    fn a_shell_reads_the_word_that_was_meant() {
        for (text, quoted) in [
            ("out/r3.toml", "out/r3.toml"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            (r"C:\my files\r3.toml", r#""C:\my files\r3.toml""#),
            ("it's", r#""it's""#),
            ("a;b|c&d*?(e)", r#""a;b|c&d*?(e)""#),
            ("$HOME", "'$HOME'"),
            ("`id`", "'`id`'"),
            ("say \"it's\"", r#"'say "it'\''s"'"#),
            ("wow!", "'wow!'"),
            (r"\\server", r"'\\server'"),
            (r"folder\", r"'folder\'"),
        ] {
            assert_eq!(word(text), quoted);
            #[cfg(unix)]
            {
                let shell = std::process::Command::new("sh").args(["-c", &format!("printf %s {quoted}")]).output();
                assert_eq!(shell.expect("sh runs").stdout, text.as_bytes(), "{quoted}");
            }
        }
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!([cut("abc", 3), cut("äöüß", 3)], ["abc", "äö…"]);
    }

    #[test]
    fn paragraphs_are_wrapped() {
        assert_eq!(wrap("a bc  def g", 6), "a bc\ndef g\n");
        assert_eq!(wrap("toolong", 3), "toolong\n");
    }
}
