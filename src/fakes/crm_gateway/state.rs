//! What the gateway knows: the tenants' entitlements, and how it was set up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::{Empty, Refusal, archive::Archive, entitlements::Entitlements};
use crate::fakes::{Request, keycloak::Issuer};

pub(super) struct Settings {
    pub(super) accepted_tokens: BTreeSet<String>,
    pub(super) page_cap: u64,
    pub(super) refusal: Refusal,
    pub(super) empty: Empty,
    pub(super) missing_id_is_404: bool,
    pub(super) archive: Option<Archive>,
    pub(super) pair_sort: bool,
    pub(super) echo_correlation_id: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            accepted_tokens: BTreeSet::new(),
            page_cap: u64::MAX,
            refusal: Refusal::default(),
            empty: Empty::default(),
            missing_id_is_404: false,
            archive: None,
            pair_sort: false,
            echo_correlation_id: false,
        }
    }
}

/// Tokens are left out.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("page_cap", &self.page_cap)
            .field("refusal", &self.refusal)
            .field("empty", &self.empty)
            .field("missing_id_is_404", &self.missing_id_is_404)
            .field("archive", &self.archive)
            .field("pair_sort", &self.pair_sort)
            .field("echo_correlation_id", &self.echo_correlation_id)
            .finish_non_exhaustive()
    }
}

/// The entitlements of every tenant.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    /// Of requests that name no tenant.
    unnamed: Entitlements,
    named: BTreeMap<String, Entitlements>,
}

impl Tenants {
    /// Makes the tenant known, without entitlements at first.
    pub(super) fn named(&mut self, name: &str) -> &mut Entitlements {
        self.named.entry(name.to_owned()).or_default()
    }

    pub(super) fn of(&mut self, name: Option<&str>) -> &mut Entitlements {
        match name {
            Some(name) => self.named(name),
            None => &mut self.unnamed,
        }
    }

    /// None: the request names a tenant that does not exist.
    pub(super) fn asked(&self, request: &Request) -> Option<&Entitlements> {
        match request.headers.get("nv-tenant-id") {
            Some(name) => self.named.get(name.to_str().ok()?),
            None => Some(&self.unnamed),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.named.keys().cloned().collect()
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) issuer: Issuer,
    pub(super) tenants: Tenants,
    pub(super) list_requests: u64,
}

impl State {
    pub(super) fn new(settings: Settings, tenants: Tenants, issuer: Issuer) -> Self {
        Self { settings, issuer, tenants, list_requests: 0 }
    }
}
