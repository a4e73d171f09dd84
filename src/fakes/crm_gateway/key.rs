//! Values in `MongoDB`'s order, which goes by type first.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::Value;

use super::instant::instant;

/// A value as it is compared and sorted.
///
/// Assumption: every text that is a whole date and time counts as a date, since the service keeps
/// dates as such and shows them as text.
#[derive(Debug)]
pub(super) enum Key<'a> {
    /// Also for what is missing.
    Null,
    Number(f64),
    Text(Cow<'a, str>),
    /// As JSON text.
    Object(String),
    /// As JSON text.
    List(String),
    Truth(bool),
    /// Nanoseconds since 1970.
    Date(i128),
}

/// What stands at a path of names with dots.
pub(super) fn at<'a>(entitlement: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(entitlement, |value, name| value.get(name))
}

impl<'a> Key<'a> {
    pub(super) fn at(entitlement: &'a Value, path: &str) -> Self {
        Self::of(at(entitlement, path))
    }

    pub(super) fn of(value: Option<&'a Value>) -> Self {
        match value {
            None | Some(Value::Null) => Self::Null,
            // Adding 0 makes one zero of two.
            Some(Value::Number(number)) => Self::Number(number.as_f64().unwrap_or_default() + 0.0),
            Some(Value::String(text)) => instant(text).map_or(Self::Text(Cow::Borrowed(text)), Self::Date),
            Some(object @ Value::Object(_)) => Self::Object(object.to_string()),
            Some(list @ Value::Array(_)) => Self::List(list.to_string()),
            Some(Value::Bool(truth)) => Self::Truth(*truth),
        }
    }

    /// For a value that is made for the comparison only.
    pub(super) fn into_owned(self) -> Key<'static> {
        match self {
            Self::Null => Key::Null,
            Self::Number(number) => Key::Number(number),
            Self::Text(text) => Key::Text(Cow::Owned(text.into_owned())),
            Self::Object(text) => Key::Object(text),
            Self::List(text) => Key::List(text),
            Self::Truth(truth) => Key::Truth(truth),
            Self::Date(instant) => Key::Date(instant),
        }
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.total_cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Object(left), Self::Object(right)) | (Self::List(left), Self::List(right)) => {
                left.cmp(right)
            }
            (Self::Truth(left), Self::Truth(right)) => left.cmp(right),
            (Self::Date(left), Self::Date(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Object(_) => 3,
            Self::List(_) => 4,
            Self::Truth(_) => 5,
            Self::Date(_) => 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_come_in_mongodbs_order_and_missing_values_first() {
        let values = [
            json!(null),
            json!(-1),
            json!(2.5),
            json!("10"),
            json!("9"),
            json!({}),
            json!([]),
            json!(false),
            json!(true),
            json!("2016-10-27T06:10:43Z"),
            json!("2016-10-27T06:10:43.001Z"),
        ];
        for (number, left) in values.iter().enumerate() {
            for (other, right) in values.iter().enumerate() {
                let compared = Key::of(Some(left)).compare(&Key::of(Some(right)));
                assert_eq!(compared, number.cmp(&other), "{left} {right}");
            }
        }
        assert!(Key::of(None).compare(&Key::Null).is_eq());
        assert!(Key::of(Some(&json!(-0.0))).compare(&Key::of(Some(&json!(0)))).is_eq());
    }
}
