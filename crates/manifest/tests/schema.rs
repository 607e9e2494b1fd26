//! The JSON Schema knows what the reader knows.

#![cfg(feature = "schema")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::{fs, iter};

use manifest::json_schema;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_str(&json_schema()).unwrap()
}

/// Whether the schema takes the keys and types of a value. Of JSON Schema this knows what the manifest's schema uses.
fn takes(root: &Value, schema: &Value, value: &toml::Value) -> bool {
    if let Some(reference) = schema["$ref"].as_str() {
        return takes(root, root.pointer(reference.trim_start_matches('#')).unwrap(), value);
    }
    // The manifest requires tables of a file that stands alone.
    if let Some(alone) = schema["else"].as_object() {
        let condition = schema["if"]["anyOf"].as_array().unwrap();
        let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
        let holds = condition.iter().any(|condition| condition["required"].as_array().unwrap().iter().all(has));
        if !holds && !alone["required"].as_array().unwrap().iter().all(has) {
            return false;
        }
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        return choices.iter().any(|choice| takes(root, choice, value));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().any(|word| word.as_str() == value.as_str());
    }
    match value {
        toml::Value::Table(table) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let complete = required.into_iter().all(|key| table.contains_key(key.as_str().unwrap()));
            let known = table.iter().all(|(key, value)| match &schema["properties"][key] {
                Value::Null if schema["additionalProperties"] == false => false,
                Value::Null => takes(root, &schema["additionalProperties"], value),
                property => takes(root, property, value),
            });
            schema["type"] == "object" && complete && known
        }
        toml::Value::Array(array) => {
            schema["type"] == "array" && array.iter().all(|element| takes(root, &schema["items"], element))
        }
        toml::Value::String(_) => schema["type"] == "string",
        toml::Value::Datetime(_) => schema["format"] == "date",
        toml::Value::Integer(_) => schema["type"] == "integer",
        toml::Value::Boolean(_) => schema["type"] == "boolean",
        toml::Value::Float(_) => false,
    }
}

fn manifests() -> impl Iterator<Item = (String, toml::Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = |name: &str| fs::read_dir(root.join(name)).unwrap().map(|entry| entry.unwrap().path());
    let corpus = folder("tests/manifests").chain(folder("tests/manifests/boards"));
    let files = corpus.chain(iter::once(root.join("examples/r1b/r1b.toml")));
    files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).filter_map(|path| {
        let table = fs::read_to_string(&path).unwrap().parse::<toml::Table>().ok()?;
        Some((path.file_stem().unwrap().to_str().unwrap().to_owned(), toml::Value::Table(table)))
    })
}

#[test]
fn good_manifests_are_taken_and_malformed_ones_are_not() {
    let root = schema();
    let malformed = [
        "err_unknown_key",
        "err_unknown_table",
        "err_wrong_type",
        "err_missing_keys",
        "err_unknown_strategy",
        "err_wrong",
    ];
    let mut seen = 0;
    for (name, manifest) in manifests() {
        let expected = !malformed.contains(&name.as_str());
        let fragments = ["f767", "keys"];
        if name == "r1b" || name.starts_with("good_") || fragments.contains(&name.as_str()) || !expected {
            assert_eq!(takes(&root, &root, &manifest), expected, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= malformed.len() + 6, "only {seen} manifests");
}

#[test]
fn draft_and_descriptions() {
    let text = json_schema();
    assert!(text.ends_with("}\n"));
    let root = schema();
    assert_eq!(root["$schema"], "https://json-schema.org/draft/2020-12/schema");
    for (key, property) in root["$defs"]["Slot"]["properties"].as_object().unwrap() {
        assert!(property["description"].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
    assert_eq!(root["$defs"]["Slot"]["additionalProperties"], false);
}
