//! What the fake knows: its tenants, and which tokens have ended.

use std::{
    collections::{BTreeMap, HashSet},
    time::{Duration, SystemTime},
};

use ring::digest::{SHA256, digest};

use super::{builder::Style, tenant::Tenant, token};
use crate::fakes::Request;

pub(super) struct State {
    pub(super) tenants: BTreeMap<String, Tenant>,
    pub(super) style: Style,
    leeway: Duration,
    /// Digests: the tokens themselves are nobody's business.
    ended: HashSet<[u8; 32]>,
}

impl State {
    pub(super) fn new(tenants: BTreeMap<String, Tenant>, style: Style, leeway: Duration) -> Self {
        Self { tenants, style, leeway, ended: HashSet::new() }
    }

    /// The key name of the tenant whose token the request carries.
    pub(super) fn caller(&self, request: &Request, now: SystemTime) -> Option<String> {
        let bearer = request.bearer()?;
        if !self.ended.is_empty() && self.ended.contains(&sum_of(bearer)) {
            return None;
        }
        let accepting = self.tenants.values().find(|tenant| tenant.accepted_tokens.contains(bearer));
        match accepting {
            Some(tenant) => Some(tenant.key_name.clone()),
            None => token::key_name(bearer, now, self.leeway).filter(|name| self.tenants.contains_key(name)),
        }
    }

    /// A tenant that is known to be there.
    pub(super) fn tenant(&mut self, key_name: &str) -> &mut Tenant {
        self.tenants.get_mut(key_name).expect("a tenant is never taken away")
    }

    pub(super) fn end(&mut self, bearer: &str) {
        self.ended.insert(sum_of(bearer));
    }
}

fn sum_of(token: &str) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    sum
}
