//! What the fake was asked to do.

use std::fmt;

use serde_json::Value;

use super::query::{Direction, Fields, read_sort};
use crate::fakes::{self, Request, call::operations};

pub(super) const LIST: &str = "/crm-gateway/v1/rmg/v1/entitlements";

/// Properties whose values are words of the interface.
const WORDS: [&str; 3] = ["productType", "status", "validityType"];

operations! {
    /// The operations of the fake, for a script of faults and for its journal.
    pub enum Operation {
        /// `GET /crm-gateway/v1/rmg/v1/entitlements`
        GetEntitlements = "getEntitlements",
    }
}

/// A request to the fake. A part that was missing or malformed is `None`, empty, or
/// [`Fields::All`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Call {
    /// A page of the entitlements.
    GetEntitlements {
        /// `filter` of the query.
        filter: Option<SentFilter>,
        /// `sort` of the query, the most important key first, as an object or as a list of pairs.
        sort: Vec<(String, Direction)>,
        /// `fields` of the query, in any of its forms.
        fields: Fields,
        /// `limit` of the query.
        limit: Option<u64>,
        /// `page` of the query.
        page: Option<u64>,
        /// The header `nv-tenant-id`.
        tenant: Option<String>,
        /// The header `x-correlation-id`.
        correlation_id: Option<String>,
    },
}

/// A filter as it was sent: any JSON object, compared as JSON.
///
/// `Debug` shows its properties, but a value only if it is a product type, a status or a validity
/// type: an account or a device can stand for a person.
#[derive(Clone, PartialEq, Eq)]
pub struct SentFilter(Value);

impl SentFilter {
    /// The filter itself.
    #[must_use]
    pub fn as_json(&self) -> &Value {
        &self.0
    }

    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(Value::is_object).map(Self)
    }
}

/// For comparing a whole call.
impl From<Value> for SentFilter {
    fn from(filter: Value) -> Self {
        Self(filter)
    }
}

impl PartialEq<Value> for SentFilter {
    fn eq(&self, other: &Value) -> bool {
        self.0 == *other
    }
}

impl fmt::Debug for SentFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", discreet("", &self.0))
    }
}

/// `property` is the one that the value is compared with.
fn discreet(property: &str, value: &Value) -> Value {
    match value {
        Value::Object(parts) => Value::Object(
            parts
                .iter()
                .map(|(name, value)| {
                    let property = if name.starts_with('$') { property } else { name };
                    (name.clone(), discreet(property, value))
                })
                .collect(),
        ),
        Value::Array(values) => values.iter().map(|value| discreet(property, value)).collect(),
        _ if WORDS.contains(&property) => value.clone(),
        _ => "[hidden]".into(),
    }
}

impl fakes::Call for Call {
    type Operation = Operation;

    fn read(request: &Request) -> Option<Self> {
        if request.method != "GET" || request.path != LIST {
            return None;
        }
        let number = |name| request.parameter(name).and_then(|text| text.parse().ok());
        let header = |name| request.header(name).map(str::to_owned);
        Some(Self::GetEntitlements {
            filter: request.parameter("filter").and_then(|text| SentFilter::read(&text)),
            sort: request.parameter("sort").and_then(|text| read_sort(&text, true)).unwrap_or_default(),
            fields: Fields::read(&request.parameters("fields")).unwrap_or(Fields::All),
            limit: number("limit"),
            page: number("page"),
            tenant: header("nv-tenant-id"),
            correlation_id: header("x-correlation-id"),
        })
    }

    fn operation(&self) -> Operation {
        match self {
            Self::GetEntitlements { .. } => Operation::GetEntitlements,
        }
    }
}
