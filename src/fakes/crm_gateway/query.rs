//! The parameters of a listing.
//!
//! The syntax of `filter` beyond equality, of `sort` and of `fields` is not documented for the
//! gateway. Assumption: it is that of `MongoDB` and of neighbouring services.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

use super::filter::Filter;
use crate::fakes::Request;

#[derive(Debug)]
pub(super) struct Query {
    pub(super) filter: Filter,
    /// Paths by priority.
    pub(super) sort: Vec<(String, Direction)>,
    pub(super) fields: Fields,
    /// 0 asks for the count alone.
    pub(super) limit: Option<u64>,
    /// From 1 on.
    pub(super) page: u64,
}

/// Which way a key of `sort` goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `1`: the smallest first.
    Ascending,
    /// `-1`: the largest first.
    Descending,
}

/// Which properties `fields` asks for; `_id` is always shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fields {
    /// All of them: the parameter is missing or empty.
    All,
    /// These alone.
    Only(Vec<String>),
    /// All but these.
    Without(Vec<String>),
}

impl Query {
    /// None: the request is wrong. Assumption: an unknown parameter is not.
    pub(super) fn read(request: &Request, pair_sort: bool) -> Option<Self> {
        let filter = match request.parameter("filter") {
            Some(text) => Filter::parse(&serde_json::from_str(&text).ok()?)?,
            None => Filter::all(),
        };
        let sort = match request.parameter("sort") {
            Some(text) => read_sort(&text, pair_sort)?,
            None => Vec::new(),
        };
        let number = |name| request.parameter(name).map(|text| text.parse::<u64>()).transpose().ok();
        let limit = number("limit")?;
        let page = number("page")?;
        if page == Some(0) || (page.is_some() && limit.is_none()) {
            return None;
        }
        let fields = Fields::read(&request.parameters("fields"))?;
        Some(Self { filter, sort, fields, limit, page: page.unwrap_or(1) })
    }

    /// The way of a listing by `_id` alone, which is also the last key of every other one. What
    /// comes behind `_id` decides nothing.
    pub(super) fn by_id(&self) -> Option<Direction> {
        match self.sort.first() {
            None => Some(Direction::Ascending),
            Some((path, direction)) => (path == "_id").then_some(*direction),
        }
    }
}

pub(super) fn read_sort(text: &str, pairs: bool) -> Option<Vec<(String, Direction)>> {
    let InOrder { entries, is_object } = serde_json::from_str(text).ok()?;
    if !is_object && !pairs {
        return None;
    }
    entries.into_iter().map(|(path, order)| Some((path, direction(&order)?))).collect()
}

fn direction(order: &Value) -> Option<Direction> {
    match order.as_f64()? {
        order if order.total_cmp(&1.0).is_eq() => Some(Direction::Ascending),
        order if order.total_cmp(&-1.0).is_eq() => Some(Direction::Descending),
        _ => None,
    }
}

/// The entries of a JSON object, or of a list of pairs, in the order in which they are written:
/// `serde_json` itself would sort the keys, and here their order is their priority.
struct InOrder {
    entries: Vec<(String, Value)>,
    is_object: bool,
}

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InOrderVisitor)
    }
}

struct InOrderVisitor;

impl<'de> Visitor<'de> for InOrderVisitor {
    type Value = InOrder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of pairs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(InOrder { entries, is_object: true })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<InOrder, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(InOrder { entries, is_object: false })
    }
}

impl Fields {
    /// Each value of the parameter is a name, several with commas, a JSON list of names, or an
    /// object that says 1 or 0 for each name. An empty one asks for everything.
    pub(super) fn read(values: &[String]) -> Option<Self> {
        let mut names = Vec::new();
        for value in values {
            let value = value.trim();
            if value.starts_with('{') {
                return Self::projection(&serde_json::from_str(value).ok()?);
            }
            if value.starts_with('[') {
                names.extend(serde_json::from_str::<Vec<String>>(value).ok()?);
            } else {
                names.extend(value.split(',').map(|name| name.trim().to_owned()));
            }
        }
        names.retain(|name| !name.is_empty());
        Some(if names.is_empty() { Self::All } else { Self::Only(names) })
    }

    /// As in `MongoDB`, a projection includes or excludes; one that does both is wrong.
    fn projection(object: &Value) -> Option<Self> {
        let (mut included, mut excluded) = (Vec::new(), Vec::new());
        for (name, choice) in object.as_object()?.iter().filter(|(name, _)| *name != "_id") {
            match choice {
                Value::Bool(true) => included.push(name.clone()),
                Value::Bool(false) => excluded.push(name.clone()),
                _ if choice.as_f64()? == 0.0 => excluded.push(name.clone()),
                _ => included.push(name.clone()),
            }
        }
        match (included.is_empty(), excluded.is_empty()) {
            (true, true) => Some(Self::All),
            (false, true) => Some(Self::Only(included)),
            (true, false) => Some(Self::Without(excluded)),
            (false, false) => None,
        }
    }

    /// The part of an entitlement that was asked for.
    pub(super) fn of(&self, entitlement: Cow<'_, Value>) -> Value {
        let shown = |name: &String| match self {
            Self::All => true,
            Self::Only(names) => name == "_id" || names.contains(name),
            Self::Without(names) => !names.contains(name),
        };
        let mut part = entitlement.into_owned();
        if let Some(properties) = part.as_object_mut() {
            properties.retain(|name, _| shown(name));
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_keys_of_a_sort_keep_their_order() {
        let parsed = read_sort(r#"{"status":1,"created":-1,"accountId":1}"#, false).expect("valid");
        let paths: Vec<_> = parsed.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["status", "created", "accountId"]);
        assert_eq!(parsed[1].1, Direction::Descending);
        assert_eq!(read_sort("{}", false), Some(Vec::new()));
    }

    #[test]
    fn pairs_are_a_sort_only_where_that_was_switched_on() {
        let pairs = r#"[["status",1],["created",-1]]"#;
        assert_eq!(read_sort(pairs, false), None);
        assert_eq!(read_sort(pairs, true), read_sort(r#"{"status":1,"created":-1}"#, true));
    }

    #[test]
    fn a_wrong_sort_is_refused() {
        for text in
            ["", "created", "{created,-1}", r#"{"a":2}"#, r#"{"a":"1"}"#, r#"{"a":0}"#, r#"["a",1]"#, "1"]
        {
            assert_eq!(read_sort(text, true), None, "{text}");
        }
    }

    #[test]
    fn fields_come_in_four_forms() {
        let only = Some(Fields::Only(vec!["accountId".to_owned(), "status".to_owned()]));
        let read =
            |values: &[&str]| Fields::read(&values.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(&["accountId", "status"]), only);
        assert_eq!(read(&["accountId, status"]), only);
        assert_eq!(read(&[r#"["accountId","status"]"#]), only);
        assert_eq!(read(&[r#"{"accountId":1,"status":true}"#]), only);
        assert_eq!(read(&[r#"{"status":0}"#]), Some(Fields::Without(vec!["status".to_owned()])));
        assert_eq!(read(&[""]), Some(Fields::All));
        assert_eq!(read(&[]), Some(Fields::All));
        for wrong in [r#"["a""#, "[1]", r#"{"a":"x"}"#, r#"{"a":1,"b":0}"#] {
            assert_eq!(read(&[wrong]), None, "{wrong}");
        }
    }

    #[test]
    fn the_id_is_always_shown_and_an_unknown_name_ignored() {
        let entitlement = json!({ "_id": "a", "status": "ACTIVE", "accountId": "x" });
        let only = Fields::Only(vec!["status".to_owned(), "unknown".to_owned()]);
        assert_eq!(only.of(Cow::Borrowed(&entitlement)), json!({ "_id": "a", "status": "ACTIVE" }));
        let without = Fields::Without(vec!["status".to_owned()]);
        assert_eq!(without.of(Cow::Borrowed(&entitlement)), json!({ "_id": "a", "accountId": "x" }));
        assert_eq!(only.of(Cow::Owned(json!("odd"))), json!("odd"));
    }
}
