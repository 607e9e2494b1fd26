//! Declares a table once: struct, reader, and with the feature `schema` its JSON Schema.

/// A key as it stands in the file: kebab-case, and without the `r#` that a Rust keyword needs.
pub fn spelling(field: &str) -> String {
    field.strip_prefix("r#").unwrap_or(field).replace('_', "-")
}

/// Declares a table of the manifest.
///
/// ```text
/// table! {
///     /// What it is.
///     pub struct Slot, "a slot" {       // what messages call it
///         /// What it means. Default: ...
///         required region: String,      // or optional
///     } later ["run-alias"]             // keys of a version to come
/// }
/// ```
///
/// A required key may be absent in the struct too: that has then been said, and reading goes on.
///
/// A table comes from one file. `pub struct Manifest, "a manifest" of tables` may come from several, each of which brings
/// whole tables: what it requires is said by `missing`, once all are there.
macro_rules! table {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident, $noun:literal {
            $($(#[doc = $field_doc:literal])+ $need:ident $field:ident: $type:ty,)*
        } later $later:tt
    ) => {
        $crate::table::table! { @declare
            $(#[doc = $doc])+
            pub struct $name, $noun { $($(#[doc = $field_doc])+ $need $need $field: $type,)* } later $later
        }

        impl $crate::include::Join for $name {}
    };
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident, $noun:literal of tables {
            $($(#[doc = $field_doc:literal])+ $need:ident $field:ident: $type:ty,)*
        } later $later:tt
    ) => {
        $crate::table::table! { @declare
            $(#[doc = $doc])+
            pub struct $name, $noun { $($(#[doc = $field_doc])+ $need optional $field: $type,)* } later $later
        }

        impl $crate::include::Join for $name {
            fn join(
                first: &mut $crate::source::Spanned<Self>,
                second: $crate::source::Spanned<Self>,
                path: &str,
                joining: &mut $crate::include::Joining<'_>,
            ) -> bool {
                $(
                    let key = $crate::table::spelling(stringify!($field));
                    let key = if path.is_empty() { key } else { format!("{path}.{key}") };
                    first.value.$field.join(second.value.$field, &key, joining);
                )*
                true
            }

            fn missing(&self) -> Vec<String> {
                let keys: Vec<(&str, bool, bool)> =
                    vec![$((stringify!($field), stringify!($need) == "required", self.$field.is_written)),*];
                let missing = keys.into_iter().filter(|(_, is_required, is_written)| *is_required && !is_written);
                missing.map(|(field, ..)| $crate::table::spelling(field)).collect()
            }
        }
    };
    (
        @declare
        $(#[doc = $doc:literal])+
        pub struct $name:ident, $noun:literal {
            $($(#[doc = $field_doc:literal])+ $need:ident $read:ident $field:ident: $type:ty,)*
        } later [$($later:literal),* $(,)?]
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $field_doc])+ pub $field: $crate::read::Field<$type>,)*
        }

        impl $crate::read::Value for $name {
            fn read(
                value: &toml::de::DeValue<'_>,
                at: $crate::read::At<'_>,
                reader: &mut $crate::read::Reader,
            ) -> Option<Self> {
                const DECLARED: $crate::read::Declaration = $crate::read::Declaration {
                    noun: $noun,
                    keys: &[$((stringify!($field), $crate::table::is_required!($read))),*],
                    later: &[$($later),*],
                };
                let mut keys = reader.keys(value, at, &DECLARED)?;
                Some(Self { $($field: keys.read(reader),)* })
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let keys = vec![$($crate::schema::Key {
                    name: $crate::table::spelling(stringify!($field)),
                    required: stringify!($need) == "required",
                    doc: concat!($($field_doc, "\n"),+),
                    schema: generator.subschema_for::<$type>(),
                }),*];
                $crate::schema::table(concat!($($doc, "\n"),+), keys)
            }
        }
    };
}

macro_rules! is_required {
    (required) => {
        true
    };
    (optional) => {
        false
    };
}

macro_rules! never {
    () => {
        None
    };
    ([$($never:literal),*] => $code:expr, $instead:literal) => {
        Some($crate::read::Never {
            words: &[$($never),*],
            error: |title| $crate::diagnostic::Diagnostic::error($code, title),
            instead: $instead,
        })
    };
}

/// Declares the words of a choice, each for a value; `later` ones are of a version to come, and `never` ones are refused with
/// a code of their own, and a way out.
macro_rules! choice {
    ($type:ty { $($word:literal => $value:expr,)* } later [$($later:literal),* $(,)?]
        $(never [$($never:literal),*] => $code:expr, $instead:literal)?) => {
        impl $crate::read::Value for $type {
            fn read(
                value: &toml::de::DeValue<'_>,
                at: $crate::read::At<'_>,
                reader: &mut $crate::read::Reader,
            ) -> Option<Self> {
                const DECLARED: $crate::read::Words = $crate::read::Words {
                    words: &[$($word),*],
                    later: &[$($later),*],
                    never: $crate::table::never!($([$($never),*] => $code, $instead)?),
                };
                let index = reader.word(value, at, &DECLARED)?;
                [$($value),*].get(index).copied()
            }
        }

        impl $crate::plan::Word for $type {
            fn word(self) -> &'static str {
                [$(($value, $word)),*].iter().find(|(value, _)| *value == self).map_or("", |(_, word)| *word)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "enum": [$($word),*] })
            }
        }
    };
}

pub(crate) use {choice, is_required, never, table};
