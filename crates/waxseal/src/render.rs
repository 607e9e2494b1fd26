//! Diagnostics for a terminal, in the shape that rustc made familiar.

use annotate_snippets::{
    AnnotationKind, Element, Group, Level, Message, Patch, Renderer, Snippet, Title, normalize_untrusted_str,
};
use manifest::Allowed;
use manifest::diagnostic::{Diagnostic, Edit, Fact, Label, Severity};
use manifest::source::Source;

use crate::text::counted;

/// All of them, one after the other, each followed by an empty line.
pub fn diagnostics(sources: &[Source], diagnostics: &[Diagnostic], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let render = |diagnostic| renderer.render(&report(sources, diagnostic)) + "\n\n";
    diagnostics.iter().map(render).collect()
}

/// `r1b.toml: 2 errors, 0 warnings`.
pub fn summary(name: &str, diagnostics: &[Diagnostic]) -> String {
    let count = |severity| diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    format!("{name}: {}, {}\n", counted(errors, "error"), counted(warnings, "warning"))
}

/// What the manifest lets pass, a line for each, with the author's reason.
pub fn allowed(allowed: &[Allowed]) -> String {
    let line = |Allowed { diagnostic, reason }: &Allowed| {
        format!("allowed {} ({}): \"{reason}\"\n", diagnostic.code, diagnostic.title)
    };
    allowed.iter().map(line).collect()
}

/// What is wrong with its places, what to know and to do; then each change of a file as a group of its own.
fn report<'a>(sources: &'a [Source], diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let snippets = snippets(sources, &diagnostic.labels);
    let (edits, texts): (Vec<_>, Vec<_>) = diagnostic.help.iter().partition(|help| !help.edits.is_empty());
    let notes = diagnostic.notes.iter().map(|note| message(Level::NOTE, note));
    let texts = texts.into_iter().map(|help| message(Level::HELP, &help.text));
    let facts = diagnostic.facts.iter().map(fact);
    let first = title(diagnostic).elements(snippets).elements(notes.chain(texts).chain(facts));
    let changes = edits.into_iter().map(|help| {
        let title = Level::HELP.secondary_title(normalize_untrusted_str(&help.text));
        Group::with_title(title).elements(patches(sources, &help.edits))
    });
    std::iter::once(first).chain(changes).collect()
}

fn title(diagnostic: &Diagnostic) -> Title<'_> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    level.primary_title(&diagnostic.title).id(diagnostic.code)
}

fn message<'a>(level: Level<'a>, text: &str) -> Message<'a> {
    level.message(normalize_untrusted_str(text))
}

fn fact(fact: &Fact) -> Message<'_> {
    let Fact { text, source, evidence } = fact;
    message(Level::NOTE.with_name("fact"), &format!("{text} ({source}) [{evidence}]"))
}

/// One snippet for each file, the file of the first primary label first.
fn snippets<'a>(sources: &'a [Source], labels: &'a [Label]) -> Vec<Element<'a>> {
    let mut files: Vec<usize> = Vec::new();
    let (primary, context): (Vec<_>, Vec<_>) = labels.iter().partition(|label| label.primary);
    for label in primary.iter().chain(&context) {
        if !files.contains(&label.file) {
            files.push(label.file);
        }
    }
    let snippet = |file: usize| {
        let source = sources.get(file)?;
        let annotations = labels.iter().filter(|label| label.file == file).map(|label| {
            let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!label.text.is_empty()).then_some(label.text.as_str());
            kind.span(label.span.clone()).label(text)
        });
        Some(Snippet::source(&source.text).path(&source.name).annotations(annotations).into())
    };
    files.into_iter().filter_map(snippet).collect()
}

/// One snippet of changed lines for each file that the edits touch.
fn patches<'a>(sources: &'a [Source], edits: &'a [Edit]) -> Vec<Element<'a>> {
    let snippet = |(file, source): (usize, &'a Source)| {
        let patches: Vec<_> = edits
            .iter()
            .filter(|edit| edit.file == file)
            .map(|edit| Patch::new(edit.span.clone(), &edit.replacement))
            .collect();
        (!patches.is_empty()).then(|| Snippet::source(&source.text).path(&source.name).patches(patches).into())
    };
    sources.iter().enumerate().filter_map(snippet).collect()
}

#[cfg(test)]
mod tests {
    use manifest::codes;
    use manifest::diagnostic::Evidence;
    use manifest::source::Span;

    use super::*;

    const TEXT: &str = "nDBOOT = 0\n\n[slots.b]\n\naddress = 0x080000000\n";

    const RENDERED: &str = "\
error[WX0101]: an address with nine hex digits
 --> r1.toml:5:11
  |
1 | nDBOOT = 0
  | ------ the banks are exchanged
...
5 | address = 0x080000000
  |           ^^^^^^^^^^^ nine digits
  |
  = note: a note
  = help: a help
  = fact: a fact (its source) [two sources]
help: correct it
  |
5 - address = 0x080000000
5 + address = 0x0810_0000
  |

r1.toml: 1 error, 0 warnings
";

    fn span(text: &str) -> Span {
        let start = TEXT.find(text).expect("in the text");
        Span { file: 0, start, end: start + text.len() }
    }

    #[test]
    fn places_notes_help_facts_and_edits() {
        let found = [Diagnostic::error(codes::ADDRESS, "an address with nine hex digits")
            .see(span("nDBOOT"), "the banks are exchanged")
            .at(span("0x080000000"), "nine digits")
            .note("a note")
            .fact("a fact", "its source", Evidence::TwoSources)
            .edit("correct it", span("0x080000000"), "0x0810_0000")
            .help("a help")];
        let sources = [Source { name: "r1.toml".to_owned(), text: TEXT.to_owned() }];
        assert_eq!(diagnostics(&sources, &found, false) + &summary("r1.toml", &found), RENDERED);
        assert!(diagnostics(&sources, &found, true).contains('\u{1b}'));
    }
}
