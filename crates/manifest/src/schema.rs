//! The manifest's JSON Schema, for editors. It comes from the same declarations as the reader.

use std::borrow::Cow;

use image_format::otp::FieldKind;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::plan::{Date, Version, VersionRange};
use crate::read::{List, Named};
use crate::scalar::{Address, Bytes, FieldType, FilePath, Offset, Sectors, Setting};
use crate::spec::Manifest;

/// A key of a table.
pub(crate) struct Key {
    /// As it stands in the file.
    pub name: String,
    /// Whether the table needs it.
    pub required: bool,
    /// Its documentation, one line per line.
    pub doc: &'static str,
    /// Of its value.
    pub schema: Schema,
}

/// The JSON Schema of the manifest, draft 2020-12, indented and with a newline at its end.
pub fn json_schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Manifest>();
    // Of several files each has some of the tables, and one about OTP alone needs few: only a file that is neither must
    // have them all.
    if let Some(required) = schema.remove("required") {
        schema.insert(
            "if".into(),
            json!({ "anyOf": [{ "required": ["include"] }, { "required": ["fragment"] }, { "required": ["otp"] }] }),
        );
        schema.insert("else".into(), json!({ "required": required }));
    }
    format!("{:#}\n", schema.to_value())
}

/// The schema of a table.
pub(crate) fn table(doc: &str, keys: Vec<Key>) -> Schema {
    let required: Vec<String> = keys.iter().filter(|key| key.required).map(|key| key.name.clone()).collect();
    let property = |mut key: Key| {
        key.schema.insert("description".into(), prose(key.doc).into());
        (key.name, key.schema.to_value())
    };
    let properties: Map<String, Value> = keys.into_iter().map(property).collect();
    json_schema!({
        "description": prose(doc),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// Documentation lines as one paragraph.
fn prose(doc: &str) -> String {
    doc.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_owned()
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>() })
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}ByName", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}

/// The words that [`Offset`] reads only to refuse are none to complete.
impl JsonSchema for Offset {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Offset".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Bytes>()
    }
}

impl JsonSchema for FieldType {
    fn schema_name() -> Cow<'static, str> {
        "FieldType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = FieldKind::ALL.iter().map(|kind| kind.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// Declares the schema of a scalar.
macro_rules! scalar {
    ($($type:ty => $schema:tt)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

scalar! {
    Bytes => { "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 },
        { "type": "string", "pattern": "^[0-9]+[KM]$" },
    ] }
    Sectors => { "type": "string", "pattern": "^[0-9]+(-[0-9]+)?$" }
    Address => { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 }
    Version => { "type": "string", "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$" }
    FilePath => { "type": "string", "minLength": 1 }
    VersionRange => { "type": "string", "pattern": "^(<|<=|=|>=|>) ?[0-9]+[.][0-9]+[.][0-9]+( ?, ?(<|<=|=|>=|>) ?[0-9]+[.][0-9]+[.][0-9]+)*$" }
    Date => { "type": "string", "format": "date" }
    Setting => { "anyOf": [
        { "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32 },
        { "type": "string" },
    ] }
}
