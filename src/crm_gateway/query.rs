//! What a listing asks for: filter, sort and fields, which all are texts on the wire.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// Which entitlements to list: equalities that all have to hold.
///
/// Only equality is documented; [`Filter::raw`] sends anything else that the server may know.
///
/// Source: the operator's page "Getting third-party product entitlements" for one key, a sister
/// service for two keys at once.
///
/// ```
/// use entitlements::crm_gateway::{Filter, ProductType};
///
/// let filter = Filter::eq("productType", ProductType::ThirdParty).and("accountId", "acc-1");
/// assert_eq!(filter.to_string(), r#"{"productType":"THIRDPARTY","accountId":"acc-1"}"#);
/// ```
#[derive(Clone, PartialEq)]
pub struct Filter(Form);

#[derive(Debug, Clone, PartialEq)]
enum Form {
    Keys(Vec<(String, Value)>),
    /// The caller's text, and what was added to it.
    Raw(String, Vec<(String, Value)>),
}

/// The values can name people and accounts, so only the fields are shown; `Display` has it all.
impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Form::Keys(keys) | Form::Raw(_, keys)) = &self.0;
        let fields: Vec<_> = keys.iter().map(|(field, _)| field).collect();
        let mut shown = f.debug_struct("Filter");
        shown.field("fields", &fields).field("raw", &matches!(self.0, Form::Raw(..))).finish_non_exhaustive()
    }
}

impl Filter {
    /// The field has this value. Dates are ISO 8601 texts.
    pub fn eq(field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(Form::Keys(vec![(field.into(), value.into())]))
    }

    /// And this field has this value. Naming a field twice is refused when the request is sent;
    /// only the same value once more changes nothing.
    ///
    /// Added to a raw filter, it joins the raw object's keys, none of which it may repeat.
    #[must_use]
    pub fn and(self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        Self(self.0.with(field.into(), value.into()))
    }

    /// A filter as the text of a JSON object, for operators that are not documented here.
    /// A text that is no JSON object is refused when the request is sent.
    pub fn raw(json: impl Into<String>) -> Self {
        Self(Form::Raw(json.into(), Vec::new()))
    }

    /// The entitlements for products of third parties: `{"productType":"THIRDPARTY"}`.
    #[must_use]
    pub fn third_party() -> Self {
        Self::eq("productType", super::ProductType::ThirdParty)
    }

    pub(super) fn checked(&self) -> Result<String> {
        self.0.checked(
            "filter",
            |text| serde_json::from_str::<Map<String, Value>>(text).is_ok(),
            "a JSON object",
        )
    }
}

impl std::fmt::Display for Filter {
    /// The JSON text that is sent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.text())
    }
}

/// In which order to list, the most important key first.
///
/// Assumption: a JSON object of `1` and `-1`, in the order of the keys, as MongoDB has it. The
/// vendor's page shows a form that is not JSON; a sibling service uses this one.
///
/// ```
/// use entitlements::crm_gateway::Sort;
///
/// let sort = Sort::desc("created").then_asc("status");
/// assert_eq!(sort.to_string(), r#"{"created":-1,"status":1}"#);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    form: Form,
    is_total: bool,
}

impl Sort {
    /// Smallest first.
    pub fn asc(field: impl Into<String>) -> Self {
        Self::of(Form::Keys(vec![(field.into(), 1.into())]))
    }

    /// Largest first.
    pub fn desc(field: impl Into<String>) -> Self {
        Self::of(Form::Keys(vec![(field.into(), (-1).into())]))
    }

    /// Then by this field, smallest first.
    #[must_use]
    pub fn then_asc(self, field: impl Into<String>) -> Self {
        Self { form: self.form.with(field.into(), 1.into()), ..self }
    }

    /// Then by this field, largest first.
    #[must_use]
    pub fn then_desc(self, field: impl Into<String>) -> Self {
        Self { form: self.form.with(field.into(), (-1).into()), ..self }
    }

    /// An order as JSON text, for another form than the assumed one. A text that is no JSON is
    /// refused when the request is sent, and so is one that is no JSON object where
    /// [`then_asc`](Self::then_asc) or [`then_desc`](Self::then_desc) adds a field to it.
    ///
    /// A stream adds `_id` to an object, and to a list of pairs such as `[["created",-1]]`; any
    /// other form it refuses, unless it is [declared to be total](Self::declared_total).
    pub fn raw(json: impl Into<String>) -> Self {
        Self::of(Form::Raw(json.into(), Vec::new()))
    }

    /// Says that no two entitlements are equal in this order, so that a stream need not add `_id`
    /// as the last key. If it is not so, pages can overlap or leave gaps.
    ///
    /// ```
    /// use entitlements::crm_gateway::Sort;
    ///
    /// let sort = Sort::asc("accountId").then_asc("productId").declared_total();
    /// assert_eq!(sort.to_string(), r#"{"accountId":1,"productId":1}"#);
    /// ```
    #[must_use]
    pub fn declared_total(self) -> Self {
        Self { is_total: true, ..self }
    }

    /// The same order, made total by the id, so that no entitlement can change its page.
    pub(super) fn made_total(self) -> Result<Self> {
        if self.is_total {
            return Ok(self);
        }
        // What is not valid is refused by the request.
        match self.checked().map(|text| serde_json::from_str(&text)) {
            Ok(Ok(Value::Object(keys))) if keys.contains_key("_id") => Ok(self),
            Ok(Ok(Value::Array(pairs))) if pairs.iter().all(Value::is_array) => {
                if pairs.iter().any(|pair| pair[0] == "_id") {
                    return Ok(self);
                }
                let pairs: Vec<_> =
                    pairs.into_iter().chain([Value::from(vec!["_id".into(), Value::from(1)])]).collect();
                Ok(Self::raw(Value::from(pairs).to_string()))
            }
            Ok(Ok(Value::Object(_))) => Ok(self.then_asc("_id")),
            Ok(_) => {
                let rule = "must be an object or a list of pairs, so that `_id` can be added for a stream; see \
                            `Sort::declared_total` and `keep_sort_as_given`";
                Err(Error::invalid_input("sort", rule))
            }
            Err(_) => Ok(self),
        }
    }

    fn of(form: Form) -> Self {
        Self { form, is_total: false }
    }

    pub(super) fn checked(&self) -> Result<String> {
        self.form.checked("sort", |text| serde_json::from_str::<Value>(text).is_ok(), "JSON")
    }
}

impl std::fmt::Display for Sort {
    /// The JSON text that is sent.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.form.text())
    }
}

impl Form {
    fn with(mut self, field: String, value: Value) -> Self {
        let (Self::Keys(keys) | Self::Raw(_, keys)) = &mut self;
        let added = (field, value);
        // The same once more says nothing new.
        if !keys.contains(&added) {
            keys.push(added);
        }
        self
    }

    fn text(&self) -> String {
        let object = |keys| serde_json::to_string(&InOrder(keys)).unwrap_or_default();
        match self {
            Self::Keys(keys) => object(keys),
            Self::Raw(text, added) => match text.trim().strip_suffix('}').map(str::trim_end) {
                Some(own) if !added.is_empty() => {
                    let comma = if own.ends_with('{') { "" } else { "," };
                    format!("{own}{comma}{}", &object(added)[1..])
                }
                _ => text.trim().to_owned(),
            },
        }
    }

    fn checked(&self, argument: &str, fits: impl Fn(&str) -> bool, expected: &str) -> Result<String> {
        let refuse = |rule: &str| Err(Error::invalid_input(argument, rule));
        let (keys, own) = match self {
            Self::Keys(keys) => (keys, Map::new()),
            Self::Raw(text, _) if !fits(text) => return refuse(&format!("must be {expected}")),
            Self::Raw(_, added) if added.is_empty() => (added, Map::new()),
            Self::Raw(text, added) => match serde_json::from_str(text) {
                Ok(own) => (added, own),
                Err(_) => return refuse("must be a JSON object where a field is added to it"),
            },
        };
        for (index, (field, _)) in keys.iter().enumerate() {
            if field.is_empty() {
                return refuse("must not name an empty field");
            }
            if own.contains_key(field) || keys[..index].iter().any(|(earlier, _)| earlier == field) {
                return refuse("must not name a field twice");
            }
        }
        Ok(self.text())
    }
}

/// The order of the keys is the priority of a sort, so no map type will do.
struct InOrder<'a>(&'a [(String, Value)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// How the names of `fields` are written into the request.
///
/// The vendor documents the parameter without its syntax; its sibling services use these forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FieldsEncoding {
    /// `fields=a&fields=b`, the working assumption.
    #[default]
    Repeated,
    /// `fields=a,b`
    Comma,
    /// `fields=["a","b"]`
    JsonArray,
    /// `fields={"a":1,"b":1}`
    Projection,
}

impl FieldsEncoding {
    pub(super) fn write(self, names: &[String]) -> Result<Vec<String>> {
        if names.iter().any(|name| name.is_empty() || name.chars().any(char::is_control)) {
            return Err(Error::invalid_input("fields", "must not hold an empty name or control characters"));
        }
        if self == Self::Comma && names.iter().any(|name| name.contains(',')) {
            return Err(Error::invalid_input("fields", "must not hold a comma in this encoding"));
        }
        Ok(match self {
            _ if names.is_empty() => Vec::new(),
            Self::Repeated => names.to_vec(),
            Self::Comma => vec![names.join(",")],
            Self::JsonArray => vec![Value::from(names).to_string()],
            Self::Projection => {
                let keys: Vec<_> = names.iter().map(|name| (name.clone(), 1.into())).collect();
                vec![Form::Keys(keys).text()]
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm_gateway::ProductType;

    fn made_total(sort: Sort) -> String {
        sort.made_total().expect("takes an id").to_string()
    }

    #[test]
    fn the_order_of_keys_is_kept() {
        let sort = Sort::asc("z").then_desc("a").then_asc("m");
        assert_eq!(sort.checked().expect("valid"), r#"{"z":1,"a":-1,"m":1}"#);
        assert_eq!(made_total(sort), r#"{"z":1,"a":-1,"m":1,"_id":1}"#);
        assert_eq!(made_total(Sort::desc("_id")), r#"{"_id":-1}"#);
        assert_eq!(made_total(Sort::raw(r#"[["a",1]]"#)), r#"[["a",1],["_id",1]]"#);
        assert_eq!(made_total(Sort::raw(r#"[["_id",-1]]"#)), r#"[["_id",-1]]"#);
        assert_eq!(made_total(Sort::raw(r#"{"a":1}"#)), r#"{"a":1,"_id":1}"#);
        assert_eq!(made_total(Sort::raw(r#"{"_id":1}"#)), r#"{"_id":1}"#);
        assert_eq!(made_total(Sort::raw("7").declared_total()), "7");
        for other in ["7", "[1]", r#""created""#] {
            assert!(
                refusal(Sort::raw(other).made_total().map(|sort| sort.to_string()))
                    .contains("declared_total")
            );
        }
    }

    #[test]
    fn values_keep_their_types() {
        let filter = Filter::eq("isFreemium", true).and("n", 3).and("deviceId", Value::Null);
        assert_eq!(filter.to_string(), r#"{"isFreemium":true,"n":3,"deviceId":null}"#);
    }

    #[test]
    fn debug_shows_fields_and_no_values() {
        let filter = Filter::eq("accountId", "ada@acme.example");
        assert_eq!(format!("{filter:?}"), r#"Filter { fields: ["accountId"], raw: false, .. }"#);
        let raw = Filter::raw(r#"{"accountId":"ada@acme.example"}"#).and("n", 3);
        assert_eq!(format!("{raw:?}"), r#"Filter { fields: ["n"], raw: true, .. }"#);
    }

    #[test]
    fn raw_filters_are_sent_as_they_are_and_can_be_narrowed() {
        let raw = Filter::raw(r#" {"a":{"$gt":1}} "#);
        assert_eq!(raw.checked().expect("valid"), r#"{"a":{"$gt":1}}"#);
        assert_eq!(raw.and("b", "}").checked().expect("valid"), r#"{"a":{"$gt":1},"b":"}"}"#);
        assert_eq!(Filter::raw("{}").and("b", 1).checked().expect("valid"), r#"{"b":1}"#);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in ["", "[]", "{", "1", "{a:1}"] {
            assert!(Filter::raw(bad).checked().is_err(), "{bad}");
            assert!(Filter::raw(bad).and("b", 1).checked().is_err(), "{bad} and more");
        }
        assert!(Filter::eq("a", 1).and("a", 2).checked().is_err());
        assert!(Filter::eq("", 1).checked().is_err());
        assert!(Sort::raw("{created, -1}").checked().is_err());
    }

    fn refusal(checked: Result<String>) -> String {
        checked.expect_err("refused").to_string()
    }

    #[test]
    fn a_field_can_only_be_added_to_an_order_that_is_an_object() {
        let list = Sort::raw(r#"[["a",1]]"#);
        assert_eq!(list.checked().expect("valid"), r#"[["a",1]]"#);
        for sort in [list.clone().then_asc("b"), list.then_desc("b"), Sort::raw("1").then_asc("b")] {
            assert!(refusal(sort.checked()).contains("`sort` must be a JSON object"));
        }
        let object = Sort::raw(r#"{"a":1}"#).then_desc("b").then_asc("c");
        assert_eq!(object.checked().expect("valid"), r#"{"a":1,"b":-1,"c":1}"#);
    }

    #[test]
    fn a_field_of_a_raw_object_cannot_be_named_again() {
        let raw = Filter::raw(r#"{"a":{"$gt":1},"b\u0062":2}"#);
        for field in ["a", "bb"] {
            let twice = raw.clone().and("c", 1).and(field, 1);
            assert!(refusal(twice.checked()).contains("must not name a field twice"), "{field}");
        }
        assert!(refusal(raw.clone().and("c", 1).and("c", 2).checked()).contains("twice"));
        assert!(refusal(raw.clone().and("", 1).checked()).contains("empty field"));
        assert!(raw.and("$gt", 1).checked().is_ok(), "a key further in is another one");
        assert!(refusal(Sort::raw(r#"{"a":1}"#).then_asc("a").checked()).contains("twice"));
    }

    #[test]
    fn the_same_equality_once_more_changes_nothing() {
        let filter = Filter::third_party().and("a", 1).and("productType", ProductType::ThirdParty);
        assert_eq!(filter.checked().expect("valid"), r#"{"productType":"THIRDPARTY","a":1}"#);
        let raw = Filter::raw("{}").and("a", 1).and("a", 1);
        assert_eq!(raw.checked().expect("valid"), r#"{"a":1}"#);
    }

    #[test]
    fn fields_in_every_encoding() {
        let names = ["status".to_owned(), "_id".to_owned()];
        let write = |encoding: FieldsEncoding| encoding.write(&names).expect("valid");
        assert_eq!(write(FieldsEncoding::Repeated), ["status", "_id"]);
        assert_eq!(write(FieldsEncoding::Comma), ["status,_id"]);
        assert_eq!(write(FieldsEncoding::JsonArray), [r#"["status","_id"]"#]);
        assert_eq!(write(FieldsEncoding::Projection), [r#"{"status":1,"_id":1}"#]);
        assert!(FieldsEncoding::Comma.write(&["a,b".to_owned()]).is_err());
        assert!(FieldsEncoding::Projection.write(&[]).expect("valid").is_empty());
    }
}
