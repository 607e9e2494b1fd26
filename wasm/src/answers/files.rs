//! Manifests and what they name, out of the caller's hands: nothing is fetched from here.

use std::collections::BTreeMap;

use manifest::{Plan, Source};
use packer::PublicKey;
use report::exit::{Exit, Failure};
use report::loaded::Loaded;
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
        let loaded = load(Source { name, text }, &files).and_then(|loaded| match profile {
            Some(profile) => loaded.choose(&profile),
            None => Ok(loaded),
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

/// The texts of a manifest and of what it includes.
fn load(source: Source, files: &BTreeMap<String, Vec<u8>>) -> Result<Loaded, Failure> {
    let mut sources = vec![source.clone()];
    for included in manifest::includes(&source) {
        let (line, column) = source.line_column(included.span.start);
        let place = Some(format!("{}:{line}:{column}", source.name));
        let file = files.get(&normal(&included)).ok_or_else(|| missing(&included).at(place.clone()))?;
        let text = String::from_utf8(file.clone())
            .map_err(|_| Failure::new(Exit::Missing, format!("{}: not a text in UTF-8", included.value)).at(place))?;
        sources.push(Source { name: included.value, text });
    }
    Ok(Loaded::of(sources))
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
