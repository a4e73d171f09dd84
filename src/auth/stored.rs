//! Reading what an application kept in a store of its own.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Reads an object of a format that tells what stands there. Where it is a text, such as an object
/// that was written as JSON twice, serde's own message would quote it, secrets included.
pub(crate) fn object<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Object(PhantomData))
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(E::custom("an object was expected, not a text"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    #[test]
    fn an_object_is_read_and_nothing_else_is_quoted() {
        let read = |json: &str| {
            let mut deserializer = serde_json::Deserializer::from_str(json);
            super::object::<BTreeMap<String, String>, _>(&mut deserializer)
        };
        assert_eq!(read(r#"{"a":"b"}"#).expect("an object")["a"], "b");
        for json in [r#""{\"a\":\"plainly-fake\"}""#, r#"["plainly-fake"]"#, r#""plainly-fake""#] {
            let error = read(json).expect_err(json).to_string();
            assert!(!error.contains("plainly-fake"), "{error}");
        }
    }
}
