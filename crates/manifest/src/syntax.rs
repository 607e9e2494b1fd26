//! What the TOML parser has to say, as diagnostics.

use toml::de::Error;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The message of toml 1.2 for a key or table that stands twice.
const DUPLICATE: &str = "duplicate key";

/// Errors of the parser that are told of one text: what is no TOML at all, a HEX file or a table of records, has one in every line.
const TOLD: usize = 10;

/// What the parser found wrong, and whether that leaves the meaning of the rest: a key that stands twice breaks nothing else.
pub fn diagnostics(file: usize, text: &str, errors: &[Error]) -> (Vec<Diagnostic>, bool) {
    let mut found: Vec<_> = errors.iter().take(TOLD).map(|error| diagnostic(file, text, error)).collect();
    let more = errors.len() - found.len();
    if let Some(last) = found.last_mut().filter(|_| more > 0) {
        last.notes.push(format!("and {more} more: is this the file that goes here?"));
    }
    (found, errors.iter().all(|error| error.message() == DUPLICATE))
}

/// The diagnostic for an error of the parser.
fn diagnostic(file: usize, text: &str, error: &Error) -> Diagnostic {
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

/// WX0006: inline tables of more than one line or with a comma at their end, which TOML 1.0 does not have and
/// toml 1.2 takes. The text is known to be TOML.
pub fn inline_tables(file: usize, text: &str, report: &mut Vec<Diagnostic>) {
    let bytes = text.as_bytes();
    // Brackets that are open: the byte, its place, and whether its table was told.
    let mut open: Vec<(u8, usize, bool)> = Vec::new();
    let (mut at, mut last) = (0, b'\n');
    while let Some(&byte) = bytes.get(at) {
        let next = match byte {
            b'#' => end_of(text, at, "\n", false),
            b'"' | b'\'' => string_end(text, at),
            _ => at + 1,
        };
        let late = match (byte, open.last()) {
            (b'\n', Some((b'{', ..))) => Some("goes on in the next line"),
            (b'}', _) if last == b',' => Some("has a comma behind its last value"),
            _ => None,
        };
        if let (Some(why), Some((_, start, told @ false))) = (late, open.last_mut()) {
            *told = true;
            let span = Span { file, start: *start, end: *start + 1 };
            let warning = Diagnostic::warning(codes::INLINE_TABLE, "an inline table as only TOML 1.1 has it");
            report.push(warning.at(span, why).help("one line, or a table of its own: [NAME]"));
        }
        match byte {
            b'{' | b'[' => open.push((byte, at, false)),
            b'}' | b']' => drop(open.pop()),
            _ => {}
        }
        if !byte.is_ascii_whitespace() && byte != b'#' {
            last = byte;
        }
        at = next;
    }
}

/// One past the end of the string that starts here.
fn string_end(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let basic = rest.starts_with('"');
    let quotes = if basic { "\"\"\"" } else { "\'\'\'" };
    if !rest.starts_with(quotes) {
        return end_of(text, start + 1, quotes.get(..1).unwrap_or_default(), basic) + 1;
    }
    let end = end_of(text, start + 3, quotes, basic) + 3;
    // Up to two more quotes belong to the string.
    end + text.get(end..).unwrap_or_default().bytes().take(2).take_while(|byte| quotes.as_bytes()[0] == *byte).count()
}

/// Where a mark stands from here on, one that is not escaped; the end of the text if it does not.
fn end_of(text: &str, from: usize, mark: &str, escapes: bool) -> usize {
    let mut at = from;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(mark) {
            return at;
        }
        let mut characters = rest.char_indices();
        let escaped = escapes && rest.starts_with('\\');
        at += characters.nth(if escaped { 2 } else { 1 }).map_or(rest.len(), |(index, _)| index);
    }
    text.len()
}
