//! JSON values, made in little code: `serde_json::json!` compiles a serializer and a check for each value of an object. Without them
//! `waxseal/manifest` is 4 KB smaller with gzip.

use serde_json::Map;
pub use serde_json::Value;

/// An object, a list, or a single value, as `serde_json::json!` has it. An object inside another one is a `json!` of its own.
#[macro_export]
macro_rules! json {
    ({ $($name:literal: $value:expr),* $(,)? }) => {
        $crate::value::object(vec![$(($name, $crate::value::Json::json(&$value))),*])
    };
    ([ $($value:expr),* $(,)? ]) => {
        $crate::value::Json::json(&[$($crate::value::Json::json(&$value)),*] as &[$crate::value::Value])
    };
    ($value:expr) => {
        $crate::value::Json::json(&$value)
    };
}

/// What has a JSON value.
pub trait Json {
    /// The value.
    fn json(&self) -> Value;
}

/// An object of these entries; of equal names the last one counts.
pub fn object(entries: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in entries {
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl Json for $type {
            fn json(&self) -> Value {
                self.clone().into()
            }
        }
    )*};
}

plain!(bool, u8, u16, u32, u64, usize, String, Value, Map<String, Value>);

impl Json for str {
    fn json(&self) -> Value {
        self.into()
    }
}

impl<T: Json + ?Sized> Json for &T {
    fn json(&self) -> Value {
        (*self).json()
    }
}

/// `null` without a value.
impl<T: Json> Json for Option<T> {
    fn json(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::json)
    }
}

impl<T: Json> Json for [T] {
    fn json(&self) -> Value {
        let mut values = Vec::new();
        for value in self {
            values.push(value.json());
        }
        Value::Array(values)
    }
}

impl<T: Json> Json for Vec<T> {
    fn json(&self) -> Value {
        self.as_slice().json()
    }
}

impl<T: Json, const N: usize> Json for [T; N] {
    fn json(&self) -> Value {
        self.as_slice().json()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn values_are_those_of_serde_json() {
        let (name, none) = ("a".to_owned(), None::<u32>);
        let ours = json!({
            "text": name, "part": &name[..1], "number": 7_u32, "large": u64::MAX, "is": true, "none": none, "some": Some(3_u8),
            "list": vec![Some("b"), None], "mixed": json!([1_u32, "c"]), "value": Value::Null, "empty": json!({}),
        });
        let theirs = serde_json::json!({
            "text": name, "part": &name[..1], "number": 7_u32, "large": u64::MAX, "is": true, "none": none, "some": Some(3_u8),
            "list": vec![Some("b"), None], "mixed": [1_u32, "c"], "value": null, "empty": {},
        });
        assert_eq!(ours, theirs);
    }
}
