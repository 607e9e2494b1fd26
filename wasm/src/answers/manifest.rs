//! Manifests: what is wrong with them, and what they mean.

use std::collections::BTreeMap;

use js_sys::JsString;
use manifest::diagnostic::Severity;
use report::Report;
use report::check;
use report::exit::{Exit, Failure};
use report::json;
use report::map::Map;
use wasm_bindgen::prelude::*;

use super::answer::{answer, to_js};
use super::files::Files;
use crate::argument::Argument;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("manifest.ts");

/// The files that a manifest names, by the paths under which `files` has to have them: `includes` for every question,
/// `keys` for those about signatures, `inputs` for none of this package's.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "namedFiles", unchecked_return_type = "NamedFiles")]
pub fn named_files(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let plan = files.loaded().ok().and_then(|loaded| loaded.draft());
    let keys: Vec<&String> = plan.iter().flat_map(|plan| &plan.keys).map(|key| &key.public.value).collect();
    let placements = plan.iter().flat_map(|plan| &plan.images).flat_map(|image| &image.placements);
    let mut inputs: Vec<&String> =
        placements.filter_map(|placement| placement.input.as_ref()).map(|input| &input.value).collect();
    inputs.dedup();
    let mut object = serde_json::Map::new();
    object.insert("includes".to_owned(), json!(files.includes));
    object.insert("keys".to_owned(), json!(keys));
    object.insert("inputs".to_owned(), json!(inputs));
    to_js(&object.into())
}

/// Checks a manifest: the command's `check` without the files that go into images.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "checkManifest", unchecked_return_type = "Answer<Checked>")]
pub fn check_manifest(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    answer("check", checked(&files))
}

fn checked(files: &Files) -> Result<Report, Failure> {
    let loaded = files.loaded()?;
    let inputs = |plan: &manifest::Plan| -> Vec<check::Input> {
        let places = plan.images.iter().flat_map(|image| image.placements.iter().map(move |place| (image, place)));
        let input = |(image, place): (&manifest::plan::Image, &manifest::plan::Placement)| check::Input {
            image: image.name.value.clone(),
            slot: place.slot.value.clone(),
            file: place.input.as_ref().map(|input| input.value.clone()),
            judged: false,
        };
        places.map(input).collect()
    };
    let result = loaded.draft().map(|plan| check::to_json(loaded, plan, &inputs(plan)));
    let report = loaded.with_findings(Report { result, ..Report::done(String::new()) });
    let errors = report.findings.diagnostics.iter().any(|found| found.severity == Severity::Error);
    Ok(Report { exit: if errors { Exit::Refused } else { Exit::Done }, ..report })
}

/// What lies where in a device's memories: the command's `map`.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "mapManifest", unchecked_return_type = "Answer<MemoryMap>")]
pub fn map_manifest(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let mapped = files.loaded().and_then(|loaded| {
        loaded.with_plan(|plan| {
            let map = Map::new(plan, BTreeMap::new());
            Ok(Report { result: Some(map.to_json()), ..Report::done(map.text()) })
        })
    });
    answer("map", mapped)
}

/// The memory map as a picture: an SVG document, which follows the reader's choice of a light or a dark page. `null` if the
/// manifest has an error.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "mapSvg", unchecked_return_type = "string | null")]
pub fn map_svg(#[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let plan = files.loaded().ok().and_then(|loaded| loaded.plan.as_ref());
    Ok(plan.map_or(JsValue::NULL, |plan| JsString::from(Map::new(plan, BTreeMap::new()).picture().document()).into()))
}
