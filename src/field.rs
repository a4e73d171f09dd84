//! Fields that decode leniently and print discreetly: what the generated models call.

use std::{borrow::Cow, collections::HashMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A list, also where it is `null`; an item that is `null` is none and left out.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_any(List(PhantomData))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Option<T>>()? {
            items.extend(item);
        }
        Ok(items)
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
}

/// A text, also where the server sends a number or a boolean for it.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar::OrError).map(|scalar| scalar.map(Cow::into_owned))
}

/// A text as [`text`] reads it; a list or an object counts as absent. For error bodies, where an
/// odd field must not cost the others.
pub(crate) fn text_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar::OrNone).map(|scalar| scalar.map(Cow::into_owned))
}

/// An integer as [`integer`] reads it; whatever is none counts as absent.
#[cfg(any(feature = "symphony", feature = "crm-gateway"))]
pub(crate) fn integer_if_any<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(deserializer.deserialize_any(Scalar::OrNone)?.and_then(|text| whole(&text)))
}

/// Texts by name, also where the server sends another scalar for one; `null` counts as absent.
#[cfg(feature = "symphony")]
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "text")] Option<String>);
    let texts: Option<HashMap<String, Text>> = Option::deserialize(deserializer)?;
    Ok(texts.into_iter().flatten().filter_map(|(name, text)| Some((name, text.0?))).collect())
}

/// An integer, also where the server sends it as a text or with a zero fraction.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(text) = deserializer.deserialize_any(Scalar::OrError)? else { return Ok(None) };
    whole(&text).map(Some).ok_or_else(|| D::Error::custom("a whole number was expected"))
}

fn whole(text: &str) -> Option<i64> {
    text.strip_suffix(".0").unwrap_or(text).trim().parse().ok()
}

/// A boolean, also where the server sends it as a text.
#[cfg(feature = "crm-gateway")]
pub(crate) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let Some(text) = deserializer.deserialize_any(Scalar::OrError)? else { return Ok(None) };
    match text.as_ref() {
        "true" => Ok(Some(true)),
        "false" => Ok(Some(false)),
        _ => Err(D::Error::custom("true or false was expected")),
    }
}

/// The text form of any JSON scalar; `None` for `null`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scalar {
    /// A list or an object is an error.
    OrError,
    /// A list or an object is `None` too.
    OrNone,
}

impl Scalar {
    fn other<'de, E: serde::de::Error>(self, message: &str) -> Result<Option<Cow<'de, str>>, E> {
        if self == Self::OrNone { Ok(None) } else { Err(E::custom(message)) }
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a boolean or null")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        // `{:?}` keeps the `.0` by which `integer` tells a whole number.
        Ok(Some(Cow::Owned(format!("{value:?}"))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    // serde's own message would quote nothing either, but it would name our private type.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.other("a text was expected, not an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.other("a text was expected, not a list")
    }
}

/// Stands for a personal value in `Debug` output: it tells presence, not content.
pub(crate) fn redacted(value: &impl Presence) -> Verbatim {
    Verbatim(if value.is_present() { "<redacted>" } else { "None" })
}

pub(crate) struct Verbatim(&'static str);

impl fmt::Debug for Verbatim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Whether there is a value to redact.
pub(crate) trait Presence {
    fn is_present(&self) -> bool;
}

impl<T> Presence for Option<T> {
    fn is_present(&self) -> bool {
        self.is_some()
    }
}

impl Presence for String {
    fn is_present(&self) -> bool {
        true
    }
}

impl<T> Presence for Vec<T> {
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

impl<K, V, S> Presence for HashMap<K, V, S> {
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Model {
        #[serde(default, deserialize_with = "text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "integer")]
        integer: Option<i64>,
        #[serde(default, deserialize_with = "list")]
        list: Vec<i64>,
    }

    fn read(json: &str) -> Result<Model, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_text_is_read_from_every_scalar() {
        let cases = [
            (r#""a""#, Some("a")),
            (r#""\u00e6""#, Some("æ")),
            ("7", Some("7")),
            ("-7", Some("-7")),
            ("351775001412105", Some("351775001412105")),
            ("true", Some("true")),
            ("null", None),
        ];
        for (json, expected) in cases {
            let model = read(&format!(r#"{{"text":{json}}}"#)).expect(json);
            assert_eq!(model.text.as_deref(), expected, "{json}");
        }
        for json in ["{}", "[]"] {
            assert!(read(&format!(r#"{{"text":{json}}}"#)).is_err(), "{json}");
        }
        assert!(read("{}").expect("valid").text.is_none());
    }

    #[test]
    fn an_integer_is_read_from_a_text_and_from_a_zero_fraction() {
        for (json, expected) in [("7", Some(7)), (r#""7""#, Some(7)), ("7.0", Some(7)), ("null", None)] {
            let model = read(&format!(r#"{{"integer":{json}}}"#)).expect(json);
            assert_eq!(model.integer, expected, "{json}");
        }
        for json in ["7.5", r#""seven""#, r#""""#, "true"] {
            assert!(read(&format!(r#"{{"integer":{json}}}"#)).is_err(), "{json}");
        }
    }

    #[cfg(any(feature = "symphony", feature = "crm-gateway"))]
    #[test]
    fn in_an_error_body_an_odd_field_is_absent() {
        #[derive(Deserialize)]
        struct Problem {
            #[serde(default, deserialize_with = "text_if_any")]
            text: Option<String>,
            #[serde(default, deserialize_with = "integer_if_any")]
            integer: Option<i64>,
        }
        let read = |json: &str| serde_json::from_str::<Problem>(json).expect(json);
        for odd in ["{}", "[]", r#"{"a":[1]}"#, r#"[{"a":1},"b"]"#, "null"] {
            let problem = read(&format!(r#"{{"text":{odd},"integer":{odd},"more":{odd}}}"#));
            assert_eq!((problem.text, problem.integer), (None, None), "{odd}");
        }
        let problem = read(r#"{"text":7,"integer":"7"}"#);
        assert_eq!((problem.text.as_deref(), problem.integer), (Some("7"), Some(7)));
        assert_eq!(read(r#"{"integer":"seven"}"#).integer, None);
    }

    #[test]
    fn null_and_absence_are_an_empty_list() {
        for json in ["{}", r#"{"list":null}"#, r#"{"list":[]}"#, r#"{"list":[null]}"#] {
            assert!(read(json).expect(json).list.is_empty());
        }
        assert_eq!(read(r#"{"list":[1,null,2]}"#).expect("valid").list, [1, 2]);
    }

    #[test]
    fn a_message_never_quotes_the_value() {
        let error = read(r#"{"integer":"ada@acme.example"}"#).expect_err("not a number");
        assert!(!error.to_string().contains("ada"), "{error}");
    }
}
