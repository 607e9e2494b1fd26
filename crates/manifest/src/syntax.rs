//! What the TOML parser has to say, as diagnostics.

use toml::de::Error;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The message of toml 1.2 for a key or table that stands twice.
const DUPLICATE: &str = "duplicate key";

/// The diagnostic for an error of the parser.
pub fn diagnostic(file: usize, text: &str, error: &Error) -> Diagnostic {
    let range = error.span().unwrap_or(text.len()..text.len());
    let span = Span { file, start: range.start, end: range.end };
    if error.message() != DUPLICATE {
        return Diagnostic::error(codes::SYNTAX, "this is not TOML").at(span, error.message());
    }
    let key = text.get(range).unwrap_or_default();
    let twice = Diagnostic::error(codes::TWICE, format!("`{key}` is defined twice")).at(span, "again here");
    match earlier(file, text, span) {
        Some(first) => twice.see(first, "first here"),
        None => twice,
    }
}

/// Where what stands twice stood first. The parser's error has no such place, so this looks for the same header, or for
/// the same key between here and the table's header; a first place that is written in another way is not found.
fn earlier(file: usize, text: &str, span: Span) -> Option<Span> {
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?.trim_start();
    let is_header = line.starts_with('[');
    let wanted = if is_header { line.split_inclusive(']').next()? } else { line.split('=').next()?.trim_end() };
    let mut end = start;
    for earlier in text.get(..start)?.split_inclusive('\n').rev() {
        end -= earlier.len();
        let content = earlier.trim_start();
        let same = content.strip_prefix(wanted).is_some_and(|rest| is_header || rest.trim_start().starts_with('='));
        if same {
            let first = end + earlier.len() - content.len();
            return Some(Span { file, start: first, end: first + wanted.len() });
        }
        if !is_header && content.starts_with('[') {
            return None;
        }
    }
    None
}
