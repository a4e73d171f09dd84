//! One tenant's entitlements, as a test sees them.

use std::fmt;

use serde_json::Value;

use super::Fake;

/// The entitlements of one tenant of a [`Fake`]; see [`Fake::tenant`].
///
/// The methods of the same names of [`Fake`] are those of the tenant without a name; what a seed
/// has to be like stands at [`Fake::seed`].
pub struct Tenant<'a> {
    pub(super) fake: &'a Fake,
    pub(super) name: Option<String>,
}

impl fmt::Debug for Tenant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tenant<'_> {
    /// Adds an entitlement; see [`Fake::add`].
    ///
    /// # Panics
    ///
    /// As [`Fake::add`].
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn add(&self, entitlement: Value) -> String {
        self.fake.served.state().tenants.of(self.name.as_deref()).add(entitlement)
    }

    /// Lists a value that is no entitlement; see [`Fake::add_malformed`].
    ///
    /// # Panics
    ///
    /// As [`Fake::add_malformed`].
    #[track_caller]
    pub fn add_malformed(&self, place: &str, value: Value) {
        self.fake.served.state().tenants.of(self.name.as_deref()).add_malformed(place, value);
    }

    /// Replaces the entitlement with the same `_id`; see [`Fake::replace`].
    ///
    /// # Panics
    ///
    /// As [`Fake::replace`].
    #[track_caller]
    pub fn replace(&self, entitlement: Value) {
        self.fake.served.state().tenants.of(self.name.as_deref()).replace(entitlement);
    }

    /// Adds `count` entitlements that are made when they are shown; see [`Fake::seed`].
    ///
    /// # Panics
    ///
    /// As [`Fake::seed`].
    #[track_caller]
    pub fn seed(&self, count: usize, entitlement: impl Fn(usize) -> Value + Send + 'static) {
        self.fake.served.state().tenants.of(self.name.as_deref()).seed(count, entitlement);
    }

    /// Removes an entitlement, as the archive does with an old one; false if it was not there.
    #[expect(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn remove(&self, id: &str) -> bool {
        self.fake.served.state().tenants.of(self.name.as_deref()).remove(id)
    }

    /// How many entitlements the tenant has; see [`Fake::len`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.fake.served.state().tenants.of(self.name.as_deref()).len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
