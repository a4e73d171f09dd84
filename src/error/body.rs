//! Error bodies of the services: an object that has something of the vendor's.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

/// An error body whose fields are all optional.
pub(crate) trait ErrorBody: Sized {
    /// Reads the fields that are there.
    fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Whether they are enough for the vendor's error body. Any other object has none of them.
    fn is_one(&self) -> bool;
}

/// Reads an error body, and nothing else: serde would take a list for an object as well.
pub(crate) fn read<'de, B: ErrorBody, D: Deserializer<'de>>(deserializer: D) -> Result<B, D::Error> {
    deserializer.deserialize_map(Object(PhantomData))
}

struct Object<B>(PhantomData<B>);

impl<'de, B: ErrorBody> Visitor<'de> for Object<B> {
    type Value = B;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<B, A::Error> {
        let body = B::fields(MapAccessDeserializer::new(map))?;
        if body.is_one() { Ok(body) } else { Err(A::Error::custom("no error body of this vendor")) }
    }
}

/// `Deserialize` for an error body that derives its fields with `#[serde(remote = "Self")]`.
macro_rules! error_body {
    ($name:ident: $($field:ident)||+) => {
        impl $crate::error::body::ErrorBody for $name {
            fn fields<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // The derived function, not the one of the trait.
                Self::deserialize(deserializer)
            }

            fn is_one(&self) -> bool {
                $(self.$field.is_some())||+
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::error::body::read(deserializer)
            }
        }
    };
}
pub(crate) use error_body;
