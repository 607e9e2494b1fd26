//! A manifest of several files: which ones it includes, and how their tables come together.
//!
//! Nothing overrides anything: each file brings whole tables, and one that stands in two files is refused. Fragments
//! include nothing themselves, so that whoever reads the manifest sees all files of it.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::scalar::is_of_one_machine;
use crate::source::{Source, Span, Spanned};
use crate::spec::Manifest;
use crate::{Text, read_text};

/// The paths of the fragments that a manifest includes, relative to its folder and in its order: what a caller reads and
/// hands to [`check`](crate::check) behind the manifest. Paths that `check` refuses are not among them.
pub fn includes(manifest: &Source) -> Vec<Spanned<String>> {
    let Text { spec, .. } = read_text(0, String::new(), manifest);
    of(spec.as_ref(), &manifest.name)
}

/// The same of what was read already.
pub(crate) fn of(spec: Option<&Manifest>, manifest: &str) -> Vec<Spanned<String>> {
    let spec = spec.filter(|spec| !spec.is_fragment());
    spec.map_or_else(Vec::new, |spec| paths(spec, manifest, &mut Vec::new()))
}

/// The same; says which paths are refused.
pub(crate) fn paths(spec: &Manifest, manifest: &str, report: &mut Vec<Diagnostic>) -> Vec<Spanned<String>> {
    let mut paths: Vec<Spanned<String>> = Vec::new();
    let own = normal(manifest.rsplit('/').next().unwrap_or(manifest));
    for path in spec.include.iter().flat_map(|include| &include.value.0) {
        if is_of_one_machine(path) {
            let error = Diagnostic::error(codes::ABSOLUTE_PATH, format!("`{}` is a path of one machine", path.value));
            report.push(error.at(path.span, "relative to this file, with forward slashes"));
        } else if normal(path) == own {
            let error = Diagnostic::error(codes::INCLUDE, "a manifest includes itself");
            report.push(error.at(path.span, "this is the file that it stands in").help("take it out of `include`"));
        } else if let Some(first) = paths.iter().find(|first| normal(first) == normal(path)) {
            let error = Diagnostic::error(codes::TWICE, format!("`{}` is included twice", path.value));
            report.push(error.at(path.span, "again here").see(first.span, "first here"));
        } else {
            paths.push(path.clone());
        }
    }
    paths
}

/// The folder of a path with a slash behind it; nothing for a file without one.
pub(crate) fn folder(path: &str) -> String {
    path.rfind('/').map_or("", |slash| &path[..=slash]).to_owned()
}

/// A path without `.` and without folders that are left again.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether what a manifest includes is a fragment that includes nothing itself.
pub(crate) fn check_fragment(spec: &Manifest, included: &Spanned<String>, report: &mut Vec<Diagnostic>) -> bool {
    if !spec.is_fragment() {
        let error = Diagnostic::error(codes::INCLUDE, format!("`{}` is no fragment", included.value));
        let error = error.help("fragment = true at its top says that it is to be included");
        let error = error.at(included.span, "includes a file that does not say it");
        report.push(match spec.fragment.as_ref() {
            Some(written) => error.see(written.entry, "it says this"),
            None => error,
        });
    }
    if let Some(include) = spec.include.as_ref() {
        report.push(nested(include.entry).see(included.span, "which brings in this fragment"));
    }
    spec.is_fragment() && !spec.include.is_written
}

/// An include where none may be.
pub(crate) fn nested(include: Span) -> Diagnostic {
    let error = Diagnostic::error(codes::INCLUDE, "a fragment includes something");
    let error = error.at(include, "only the manifest includes files");
    error.help("name the file in the `include` of each manifest that needs it")
}

/// A fragment whose text the caller has not handed in.
pub(crate) fn unread(included: &Spanned<String>) -> Diagnostic {
    let error = Diagnostic::error(codes::NOTHING, format!("`{}` was not read", included.value));
    error.at(included.span, "its tables are not known")
}

/// Tables of several files that become one set of tables.
pub trait Join: Sized {
    /// Takes in what another file has at the same path; `false`: it cannot. A table is not made of two: that is said, and which of
    /// them counts is not guessed.
    fn join(first: &mut Spanned<Self>, second: Spanned<Self>, path: &str, joining: &mut Joining<'_>) -> bool {
        joining.twice(path, first.entry, second.entry);
        false
    }

    /// The required keys that no file has. Of a table that one file brings it was said when that was read.
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Join for bool {}
impl<T> Join for crate::read::List<T> {}

/// Files that become one manifest.
pub struct Joining<'a> {
    /// Where each fragment is included, in the order of the files behind the manifest.
    pub included: &'a [Spanned<String>],
    /// What is wrong.
    pub report: &'a mut Vec<Diagnostic>,
}

impl Joining<'_> {
    /// Says that something stands in two files.
    pub fn twice(&mut self, path: &str, first: Span, second: Span) {
        // The manifest comes after what it includes, as in the file.
        let (first, second) = if first.file == 0 { (second, first) } else { (first, second) };
        let error = Diagnostic::error(codes::TWICE, format!("`{path}` is defined in two files"));
        let mut error = error.at(second, "second definition").see(first, "first definition");
        let names = [(first, "which brings in the first"), (second, "which brings in the second")];
        let mut fragment = "";
        for (place, text) in names {
            let Some(included) = place.file.checked_sub(1).and_then(|index| self.included.get(index)) else { continue };
            error = error.see(included.span, text);
            if fragment.is_empty() {
                fragment = &included.value;
            }
        }
        self.report.push(error.note(format!(
            "nothing overrides anything: a value stands in one place. Change it in {fragment}, for all that include it, or \
             move it out of there"
        )));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_normal_path() {
        for (path, expected) in
            [("a/./b", "a/b"), ("a/../b", "b"), ("../a", "../a"), ("../../a", "../../a"), ("./m", "m")]
        {
            assert_eq!(normal(path), expected);
        }
        assert_eq!((folder("boards/x.toml").as_str(), folder("x.toml").as_str()), ("boards/", ""));
    }
}
