//! Manifests and what they name, out of the caller's hands: nothing is fetched from here.

use std::collections::BTreeMap;
use std::slice;

use manifest::Plan;
use manifest::source::{Source, Spanned};
use packer::PublicKey;
use report::exit::{Exit, Failure};
use report::loaded::{Loaded, place};
use wasm_bindgen::JsValue;

use super::key::public_key;
use crate::argument::Argument;

/// A manifest with the files that it names.
pub struct Files {
    /// The manifest, judged.
    pub loaded: Result<Loaded, Failure>,
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
        let name = name.unwrap_or_else(|| "manifest.toml".to_owned());
        let checked =
            manifest::check_with(Source { name, text }, |manifest, included| read(manifest, included, &files));
        let loaded = checked.and_then(|(sources, checked)| {
            let loaded = Loaded::checked(sources, checked);
            match profile {
                Some(profile) => loaded.choose(&profile),
                None => Ok(loaded),
            }
        });
        Ok(Self { loaded, files })
    }

    /// The manifest.
    pub fn loaded(&self) -> Result<&Loaded, Failure> {
        self.loaded.as_ref().map_err(Clone::clone)
    }

    /// The public keys of the plan, in its order.
    pub fn public_keys(&self, plan: &Plan) -> Result<Vec<PublicKey>, Failure> {
        self.loaded()?.public_keys(plan, |path| {
            let file = self.files.get(&normal(path)).ok_or_else(|| missing(path))?;
            public_key(path, file)
        })
    }
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
