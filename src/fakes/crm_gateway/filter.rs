//! `filter`: a subset of `MongoDB`'s query language.
//!
//! Equality is documented, and that several keys mean "and" is documented for a neighbouring
//! service. Assumption: everything else, if the gateway has it at all, is as in `MongoDB`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::key::{Key, at};

#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    None(Vec<Filter>),
    /// A path, and what has to hold there.
    Field(String, Test),
}

#[derive(Debug)]
pub(super) enum Test {
    In(Vec<Value>),
    Compare(&'static [Ordering], Value),
    Exists(bool),
    Not(Box<Test>),
    All(Vec<Test>),
}

const GREATER: &[Ordering] = &[Ordering::Greater];
const GREATER_OR_EQUAL: &[Ordering] = &[Ordering::Greater, Ordering::Equal];
const LESS: &[Ordering] = &[Ordering::Less];
const LESS_OR_EQUAL: &[Ordering] = &[Ordering::Less, Ordering::Equal];

impl Filter {
    pub(super) fn all() -> Self {
        Self::All(Vec::new())
    }

    /// None: not an object, or an operator that does not exist.
    pub(super) fn parse(filter: &Value) -> Option<Self> {
        let parts = filter.as_object()?.iter().map(|(name, value)| match name.as_str() {
            "$and" => alternatives(value).map(Self::All),
            "$or" => alternatives(value).map(Self::Any),
            "$nor" => alternatives(value).map(Self::None),
            operator if operator.starts_with('$') => None,
            path => Some(Self::Field(path.to_owned(), Test::parse(value)?)),
        });
        parts.collect::<Option<_>>().map(Self::All)
    }

    /// Whether it lets everything pass.
    pub(super) fn is_all(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_all))
    }

    /// The only `_id` that can match.
    pub(super) fn pinned_id(&self) -> Option<&str> {
        match self {
            Self::All(parts) => parts.iter().find_map(Self::pinned_id),
            Self::Field(path, test) if path == "_id" => test.only_text(),
            _ => None,
        }
    }

    pub(super) fn matches(&self, entitlement: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(entitlement)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(entitlement)),
            Self::None(parts) => !parts.iter().any(|part| part.matches(entitlement)),
            Self::Field(path, test) => test.holds(at(entitlement, path)),
        }
    }
}

/// `MongoDB` refuses an empty list here.
fn alternatives(list: &Value) -> Option<Vec<Filter>> {
    let list = list.as_array().filter(|list| !list.is_empty())?;
    list.iter().map(Filter::parse).collect()
}

impl Test {
    fn parse(value: &Value) -> Option<Self> {
        match value.as_object().filter(|object| object.keys().any(|key| key.starts_with('$'))) {
            Some(operators) => Self::operators(operators),
            None => Some(Self::equals(value)),
        }
    }

    fn operators(operators: &Map<String, Value>) -> Option<Self> {
        let tests = operators.iter().map(|(name, value)| {
            Some(match name.as_str() {
                "$eq" => Self::equals(value),
                "$ne" => Self::Not(Box::new(Self::equals(value))),
                "$in" => Self::In(value.as_array()?.clone()),
                "$nin" => Self::Not(Box::new(Self::In(value.as_array()?.clone()))),
                "$gt" => Self::Compare(GREATER, value.clone()),
                "$gte" => Self::Compare(GREATER_OR_EQUAL, value.clone()),
                "$lt" => Self::Compare(LESS, value.clone()),
                "$lte" => Self::Compare(LESS_OR_EQUAL, value.clone()),
                "$exists" => Self::Exists(is_true(value)?),
                "$not" => Self::Not(Box::new(Self::operators(value.as_object()?)?)),
                _ => return None,
            })
        });
        tests.collect::<Option<_>>().map(Self::All)
    }

    fn equals(value: &Value) -> Self {
        Self::In(vec![value.clone()])
    }

    fn only_text(&self) -> Option<&str> {
        match self {
            Self::In(values) => values.first().filter(|_| values.len() == 1)?.as_str(),
            Self::All(tests) => tests.iter().find_map(Self::only_text),
            _ => None,
        }
    }

    /// `found` is what stands in the entitlement; a property that is missing equals null.
    fn holds(&self, found: Option<&Value>) -> bool {
        match self {
            Self::In(values) => values.iter().any(|value| is_met(found, value, &[Ordering::Equal])),
            Self::Compare(orders, value) => is_met(found, value, orders),
            Self::Exists(exists) => found.is_some() == *exists,
            Self::Not(test) => !test.holds(found),
            Self::All(tests) => tests.iter().all(|test| test.holds(found)),
        }
    }
}

/// Values of different types are neither less nor greater. Of a list, one element has to do.
fn is_met(found: Option<&Value>, value: &Value, orders: &[Ordering]) -> bool {
    let wanted = Key::of(Some(value));
    let holds = |found| {
        let found = Key::of(found);
        found.is_like(&wanted) && orders.contains(&found.compare(&wanted))
    };
    holds(found)
        || found.and_then(Value::as_array).is_some_and(|list| list.iter().any(|one| holds(Some(one))))
}

fn is_true(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_f64().map(|number| number != 0.0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entitlement() -> Value {
        json!({
            "_id": "6255966d58c418624afd73cf",
            "status": "ACTIVE",
            "productType": "THIRDPARTY",
            "validFrom": "2025-09-01T13:47:59.228Z",
            "isFreemium": false,
            "reasonCode": null,
            "purchasedOffer": { "price": 5, "tags": ["a", "b"] },
        })
    }

    fn matches(filter: &Value) -> bool {
        Filter::parse(filter).expect("a filter").matches(&entitlement())
    }

    #[test]
    fn equality_is_case_sensitive_and_several_keys_mean_and() {
        assert!(matches(&json!({})));
        assert!(matches(&json!({ "productType": "THIRDPARTY", "status": "ACTIVE" })));
        assert!(!matches(&json!({ "productType": "THIRDPARTY", "status": "SUSPENDED" })));
        assert!(!matches(&json!({ "status": "active" })));
        assert!(!matches(&json!({ "unknown": "ACTIVE" })));
        assert!(matches(&json!({ "isFreemium": false })));
    }

    #[test]
    fn null_matches_what_is_missing_or_null() {
        for path in ["deviceId", "reasonCode", "purchasedOffer.discount"] {
            assert!(matches(&json!({ path: null })), "{path}");
            assert!(!matches(&json!({ path: { "$ne": null } })), "{path}");
        }
        assert!(!matches(&json!({ "status": null })));
        assert!(matches(&json!({ "deviceId": { "$in": ["d", null] } })));
        assert!(matches(&json!({ "deviceId": { "$ne": "d" } })));
    }

    #[test]
    fn operators_on_one_field() {
        for yes in [
            json!({ "$eq": "ACTIVE" }),
            json!({ "$ne": "PENDING" }),
            json!({ "$in": ["PENDING", "ACTIVE"] }),
            json!({ "$nin": ["PENDING"] }),
            json!({ "$gt": "A", "$lt": "B" }),
            json!({ "$gte": "ACTIVE", "$lte": "ACTIVE" }),
            json!({ "$exists": true }),
            json!({ "$not": { "$eq": "PENDING" } }),
        ] {
            assert!(matches(&json!({ "status": yes })), "{yes}");
            let not = json!({ "status": { "$not": yes } });
            assert!(!matches(&not), "{not}");
        }
        assert!(matches(&json!({ "deviceId": { "$exists": false } })));
        assert!(matches(&json!({ "reasonCode": { "$exists": 1 } })));
        assert!(!matches(&json!({ "status": { "$gt": 5 } })), "other types");
        assert!(!matches(&json!({ "deviceId": { "$lt": "z" } })), "missing");
    }

    #[test]
    fn a_filter_can_pin_one_id() {
        for (filter, id) in [
            (json!({ "_id": "a" }), Some("a")),
            (json!({ "_id": { "$eq": "a" } }), Some("a")),
            (json!({ "_id": { "$in": ["a"] }, "status": "ACTIVE" }), Some("a")),
            (json!({ "$and": [{ "status": "ACTIVE" }, { "_id": "a" }] }), Some("a")),
            (json!({ "_id": { "$in": ["a", "b"] } }), None),
            (json!({ "_id": { "$ne": "a" } }), None),
            (json!({ "_id": null }), None),
            (json!({ "$or": [{ "_id": "a" }] }), None),
            (json!({ "accountId": "a" }), None),
            (json!({}), None),
        ] {
            assert_eq!(Filter::parse(&filter).expect("a filter").pinned_id(), id, "{filter}");
        }
    }

    #[test]
    fn only_an_empty_filter_lets_everything_pass() {
        assert!(Filter::all().is_all());
        assert!(Filter::parse(&json!({ "$and": [{}, {}] })).is_some_and(|filter| filter.is_all()));
        assert!(!Filter::parse(&json!({ "status": "ACTIVE" })).is_some_and(|filter| filter.is_all()));
        assert!(!Filter::parse(&json!({ "$nor": [{}] })).is_some_and(|filter| filter.is_all()));
    }

    #[test]
    fn dates_are_compared_as_instants() {
        assert!(matches(&json!({ "validFrom": "2025-09-01T15:47:59.228+02:00" })));
        assert!(matches(&json!({ "validFrom": { "$gt": "2025-09-01T13:47:59Z" } })));
        assert!(matches(&json!({ "validFrom": { "$lt": "2025-09-01T13:47:59.2281Z" } })));
        assert!(matches(&json!({ "validFrom": { "$lt": "2025-09-01T12:48:00-01:00" } })));
    }

    #[test]
    fn alternatives_nest() {
        assert!(matches(&json!({ "$or": [{ "status": "PENDING" }, { "status": "ACTIVE" }] })));
        assert!(matches(&json!({ "$and": [{ "status": "ACTIVE" }, { "$nor": [{ "_id": "x" }] }] })));
        assert!(!matches(&json!({ "$nor": [{ "status": "ACTIVE" }] })));
        assert!(!matches(&json!({ "status": "ACTIVE", "$or": [{ "_id": "x" }] })));
    }

    #[test]
    fn paths_and_lists() {
        assert!(matches(&json!({ "purchasedOffer.price": 5.0 })));
        assert!(matches(&json!({ "purchasedOffer.price": { "$gte": 4 } })));
        assert!(matches(&json!({ "purchasedOffer.tags": "b" })));
        assert!(matches(&json!({ "purchasedOffer": { "tags": ["a", "b"], "price": 5 } })));
        assert!(!matches(&json!({ "purchasedOffer": {} })));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for wrong in [
            json!([]),
            json!("status"),
            json!(null),
            json!({ "$where": "1" }),
            json!({ "status": { "$regex": "A" } }),
            json!({ "status": { "$eq": "A", "b": 1 } }),
            json!({ "status": { "$in": "ACTIVE" } }),
            json!({ "status": { "$not": "ACTIVE" } }),
            json!({ "status": { "$exists": "yes" } }),
            json!({ "$or": [] }),
            json!({ "$or": {} }),
            json!({ "$and": [{ "status": { "$bad": 1 } }] }),
        ] {
            assert!(Filter::parse(&wrong).is_none(), "{wrong}");
        }
    }
}
