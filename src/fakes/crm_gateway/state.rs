//! What the gateway knows: entitlements, and how it was set up.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::{Value, json};

use super::{
    Refusal,
    key::Key,
    query::{Direction, Query},
};
use crate::fakes::keycloak::Issuer;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) accepted_token: Option<String>,
    pub(super) page_cap: u64,
    pub(super) refusal: Refusal,
    pub(super) tenants: BTreeSet<String>,
    pub(super) empty_is_404: bool,
    pub(super) pair_sort: bool,
    pub(super) echo_correlation_id: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accepted_token: None,
            page_cap: u64::MAX,
            refusal: Refusal::default(),
            tenants: BTreeSet::new(),
            empty_is_404: false,
            pair_sort: false,
            echo_correlation_id: false,
        }
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) issuer: Issuer,
    pub(super) list_requests: u64,
    /// By `_id`: the order of a listing that asks for none, and the last key of every other.
    entitlements: BTreeMap<String, Value>,
    invented: u64,
}

impl State {
    pub(super) fn new(settings: Settings, issuer: Issuer) -> Self {
        Self { settings, issuer, list_requests: 0, entitlements: BTreeMap::new(), invented: 0 }
    }

    pub(super) fn add(&mut self, mut entitlement: Value) -> String {
        let given =
            entitlement.get("_id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        let id = given.unwrap_or_else(|| {
            let id = self.invent_id();
            if let Some(fields) = entitlement.as_object_mut() {
                fields.insert("_id".to_owned(), json!(id));
            }
            id
        });
        self.entitlements.insert(id.clone(), entitlement);
        id
    }

    /// Ids as the service makes them: 24 hexadecimal digits that grow.
    fn invent_id(&mut self) -> String {
        self.invented += 1;
        format!("{:024x}", self.invented)
    }

    pub(super) fn remove(&mut self, id: &str) -> bool {
        self.entitlements.remove(id).is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.entitlements.len()
    }

    /// All that match, in the order asked for. The order is total, so pages do not overlap.
    pub(super) fn matching(&self, query: &Query) -> Vec<&Value> {
        let found = self.entitlements.values().filter(|entitlement| query.filter.matches(entitlement));
        if query.sort.is_empty() {
            return found.collect();
        }
        let keys = |entitlement| query.sort.iter().map(|(path, _)| Key::at(entitlement, path)).collect();
        let mut keyed: Vec<(Vec<Key<'_>>, &Value)> =
            found.map(|entitlement| (keys(entitlement), entitlement)).collect();
        keyed.sort_by(|(left, _), (right, _)| {
            let compared = left.iter().zip(right).zip(&query.sort).map(|((left, right), (_, direction))| {
                let ascending = left.compare(right);
                if *direction == Direction::Descending { ascending.reverse() } else { ascending }
            });
            compared.fold(Ordering::Equal, Ordering::then)
        });
        keyed.into_iter().map(|(_, entitlement)| entitlement).collect()
    }
}
