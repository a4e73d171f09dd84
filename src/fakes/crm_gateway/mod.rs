//! A fake of the CRM Gateway's entitlement list, with a Keycloak in front of it.
//!
//! The vendor documents little more than the parameters, so most of what the fake does is an
//! assumption; each is labelled where it is made. Tokens are checked against the fake of
//! [`keycloak`] that comes with it.
//!
//! Without `sort`, and behind the keys of every sort, the order is that of the `_id`s as texts.

mod archive;
mod builder;
mod call;
mod entitlements;
mod filter;
mod handle;
mod instant;
mod key;
mod listing;
mod query;
mod seed;
mod shape;
mod state;
mod tenant;
#[cfg(test)]
mod tests;

use serde_json::Value;

use self::state::State;
pub use self::{
    builder::{Builder, Empty, Refusal},
    call::{Call, Operation, SentFilter},
    query::{Direction, Fields},
    tenant::Tenant,
};
use super::{
    keycloak,
    serve::{Served, fake_methods},
};
use crate::{Result, auth::Keycloak, crm_gateway::Client};

/// A running fake of the gateway and of the Keycloak that it trusts.
///
/// It starts without entitlements and knows no tenant by name. Dropping it stops both.
///
/// ```
/// use entitlements::fakes::crm_gateway::Fake;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let fake = Fake::builder()
///     .page_cap(50)
///     .seed(200_000, |number| {
///         json!({ "productType": "THIRDPARTY", "accountId": format!("account-{}", number / 4) })
///     })
///     .start()
///     .await;
/// let id = fake.add(json!({ "productType": "FREE", "accountId": "account-1", "status": "SUBSCRIBED" }));
/// assert_eq!(fake.len(), 200_001);
/// assert!(fake.remove(&id));
/// # }
/// ```
#[derive(Debug)]
pub struct Fake {
    served: Served<State>,
    keycloak: keycloak::Fake,
}

impl Fake {
    /// Starts an empty gateway and a Keycloak, both with the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    fake_methods!(served);

    /// The Keycloak that issues the tokens.
    #[must_use]
    pub fn keycloak(&self) -> &keycloak::Fake {
        &self.keycloak
    }

    /// The entitlements of a tenant that [`Builder::tenant`] made known.
    ///
    /// # Panics
    ///
    /// If it does not exist.
    #[track_caller]
    #[must_use]
    pub fn tenant(&self, name: &str) -> Tenant<'_> {
        let known = self.served.state().tenants.names();
        assert!(
            known.iter().any(|one| one == name),
            "there is no tenant `{name}`, only {known:?}; make it known with `Builder::tenant`"
        );
        Tenant { fake: self, name: Some(name.to_owned()) }
    }

    /// Adds an entitlement as the JSON that the gateway shows, and returns its `_id`, which is
    /// invented if there is none: 24 hexadecimal digits, greater than all that were invented
    /// before. The very same once more changes nothing.
    ///
    /// # Panics
    ///
    /// If it is no JSON object, if a property is not of the type that the specification gives it, if
    /// its `_id` is empty, or if there is another entitlement with that `_id`.
    #[track_caller]
    pub fn add(&self, entitlement: Value) -> String {
        self.unnamed().add(entitlement)
    }

    /// Lists any value, for tests of clients that must live with one bad item, where an
    /// entitlement with the `_id` `place` would stand. [`remove`](Self::remove) takes it away.
    /// The answer is then not what the specification says.
    ///
    /// # Panics
    ///
    /// If `place` is empty or there is an entitlement with that `_id`.
    #[track_caller]
    pub fn add_malformed(&self, place: &str, value: Value) {
        self.unnamed().add_malformed(place, value);
    }

    /// Replaces the entitlement with the same `_id`.
    ///
    /// # Panics
    ///
    /// If there is none, or if what replaces it could not be [added](Self::add).
    #[track_caller]
    pub fn replace(&self, entitlement: Value) {
        self.unnamed().replace(entitlement);
    }

    /// Adds `count` entitlements that `entitlement` makes from their numbers, from 0 on, each time
    /// they are shown: hundreds of thousands cost no memory. They can be
    /// [replaced](Self::replace) and [removed](Self::remove) like all others.
    ///
    /// The generator makes the same from the same number every time. It gives either all of them
    /// an `_id`, in ascending order of these texts, or none, and then they are invented as for
    /// [`add`](Self::add). The `_id`s of several seeds follow each other without overlapping. It
    /// must not call the fake, which waits for it.
    ///
    /// A page of a listing without a filter, in the order of the `_id`s or in its reverse, makes
    /// its own entitlements and no others. A listing with a filter or another order makes all, one
    /// after the other; another order also keeps the sort keys of those that match until it is
    /// answered. A filter that asks for one `_id` makes about as many as the number of `count` has
    /// binary digits.
    ///
    /// # Panics
    ///
    /// If the generator breaks one of these promises or makes something that could not be
    /// [added](Self::add), which is tried with up to about 2,000 of the numbers, if it makes another
    /// entitlement with an `_id` that was added before, or if there would be more than four billion.
    #[track_caller]
    pub fn seed(&self, count: usize, entitlement: impl Fn(usize) -> Value + Send + 'static) {
        self.unnamed().seed(count, entitlement);
    }

    /// Removes an entitlement, as the archive does with an old one; false if it was not there.
    pub fn remove(&self, id: &str) -> bool {
        self.unnamed().remove(id)
    }

    /// How many entitlements there are, with those that
    /// [`archive_after`](Builder::archive_after) hides.
    #[must_use]
    pub fn len(&self) -> usize {
        self.unnamed().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests for the list were carried out or refused so far. Those that were
    /// answered by [`reply_next`](Self::reply_next) do not count.
    #[must_use]
    pub fn list_requests(&self) -> u64 {
        self.served.state().list_requests
    }

    /// A client that logs in at the fake's Keycloak as its standard user and has its clock.
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    pub fn client(&self) -> Result<Client> {
        let login = Keycloak::new(self.keycloak.token_url())
            .client_id(keycloak::CLIENT_ID)
            .password(keycloak::USER, keycloak::PASSWORD);
        let end = self.served.in_process_end().map(|end| self.keycloak.join(end));
        Client::builder(self.uri()).auth(login).clock(self.served.clock().clone()).in_process(end).build()
    }

    /// The tenant of requests that name none.
    fn unnamed(&self) -> Tenant<'_> {
        Tenant { fake: self, name: None }
    }
}
