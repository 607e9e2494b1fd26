//! Manifests and what they name, out of the caller's hands: nothing is fetched from here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::slice;

use manifest::Plan;
use manifest::source::{Source, Spanned};
use packer::PublicKey;
use report::exit::{Exit, Failure};
use report::loaded::{Loaded, place};
use wasm_bindgen::JsValue;

use super::key::public_key;
use crate::argument::Argument;

thread_local! {
    /// The manifest that was judged last. Several questions about one are the rule: an editor asks for findings, map and picture
    /// whenever somebody has typed.
    static LAST: RefCell<Option<Rc<Loaded>>> = const { RefCell::new(None) };
}

/// A manifest with the files that it names.
pub struct Files {
    /// The manifest, judged.
    loaded: Result<Rc<Loaded>, Failure>,
    /// What it includes, by the paths that it writes.
    pub includes: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Files {
    /// Reads `ManifestFiles`.
    pub fn of(argument: &Argument) -> Result<Self, JsValue> {
        let text = argument.property("text")?.string()?;
        let name = argument.optional("name")?.map(|name| name.string()).transpose()?;
        let profile = argument.optional("profile")?.map(|profile| profile.string()).transpose()?;
        let mut files = BTreeMap::new();
        if let Some(given) = argument.optional("files")? {
            for (path, file) in given.entries()? {
                files.insert(normal(&path), file.content()?);
            }
        }
        let source = Source { name: name.unwrap_or_else(|| "manifest.toml".to_owned()), text };
        let loaded = judged(&source, &files, profile.as_deref());
        let includes = match &loaded {
            Ok(loaded) => loaded.sources.iter().skip(1).map(|included| included.name.clone()).collect(),
            // One of them is not there.
            Err(_) => manifest::includes(&source).into_iter().map(|included| included.value).collect(),
        };
        Ok(Self { loaded, includes, files })
    }

    /// The manifest.
    pub fn loaded(&self) -> Result<&Loaded, Failure> {
        self.loaded.as_deref().map_err(Clone::clone)
    }

    /// The public keys of the plan, in its order.
    pub fn public_keys(&self, plan: &Plan) -> Result<Vec<PublicKey>, Failure> {
        self.loaded()?.public_keys(plan, |path| {
            let file = self.files.get(&normal(path)).ok_or_else(|| missing(path))?;
            public_key(path, file)
        })
    }
}

/// Judges a manifest, unless it is the last one.
fn judged(source: &Source, files: &BTreeMap<String, Vec<u8>>, profile: Option<&str>) -> Result<Rc<Loaded>, Failure> {
    let is_last = |last: &Rc<Loaded>| last.profile.as_deref() == profile && is_same(last, source, files);
    if let Some(last) = LAST.with_borrow(|last| last.clone().filter(is_last)) {
        return Ok(last);
    }
    let (sources, checked) =
        manifest::check_with(source.clone(), |manifest, included| read(manifest, included, files))?;
    let loaded = Loaded::checked(sources, checked);
    let loaded = Rc::new(match profile {
        Some(profile) => loaded.choose(profile)?,
        None => loaded,
    });
    LAST.set(Some(Rc::clone(&loaded)));
    Ok(loaded)
}

/// Whether it was judged by these very texts.
fn is_same(loaded: &Loaded, source: &Source, files: &BTreeMap<String, Vec<u8>>) -> bool {
    let is_same = |known: &Source| match files.get(&normal(&known.name)) {
        Some(file) => *file == known.text.as_bytes(),
        None => false,
    };
    loaded.sources.split_first().is_some_and(|(own, included)| own == source && included.iter().all(is_same))
}

/// A file that a manifest includes.
fn read(manifest: &Source, included: &Spanned<String>, files: &BTreeMap<String, Vec<u8>>) -> Result<Source, Failure> {
    let path = &included.value;
    let text = match files.get(&normal(path)) {
        Some(file) => String::from_utf8(file.clone())
            .map_err(|_| Failure::new(Exit::Missing, format!("{path}: not a text in UTF-8"))),
        None => Err(missing(path)),
    };
    let at = || place(slice::from_ref(manifest), included.span.file, included.span.start);
    Ok(Source { name: path.clone(), text: text.map_err(|failure| failure.at(at()))? })
}

fn missing(path: &str) -> Failure {
    Failure::new(Exit::Missing, format!("{path}: this file was not handed in"))
        .help("`files` has it under the path that the manifest writes")
}

/// A path as the manifest may also write it: without `./`.
fn normal(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| *part != "." && !part.is_empty()).collect();
    parts.join("/")
}
