//! A fake of the Symphony Federation Entitlements API.

mod add;
mod batch;
mod builder;
mod call;
mod handle;
mod numbers;
mod people;
mod problem;
mod roster;
mod running;
mod seed;
mod state;
mod tenant;
#[cfg(test)]
mod tests;
mod token;

use self::state::State;
pub use self::{
    builder::{Builder, ErrorShape, UnknownCursor},
    call::{Call, Operation},
    people::{Entitlement, User},
    running::RunningTenant,
    tenant::Tenant,
};
use super::serve::{Served, fake_methods};
use crate::{
    Result,
    auth::JwtSigner,
    symphony::{Client, ExternalNetwork},
};

/// A private key for tests; it is published, so it protects nothing.
pub const PLAINLY_FAKE_KEY: &str = include_str!("../keys/plainly-fake-pkcs8.pem");
/// The name under which the fake knows the key of its own tenant, the one that is always there.
pub const KEY_NAME: &str = "plainly-fake-key";

/// A running fake of the Entitlements API, with one tenant that may hand out the five networks of
/// the vendor's example; [`Builder::tenant`] sets it up otherwise or adds more.
///
/// It verifies signatures, keeps state and pages by cursors. Dropping it stops it.
///
/// A malformed request is answered with 400 and a body without `type`, because the vendor
/// documents none. An unknown path and a wrong method are answered alike, with 404 and 405.
#[derive(Debug)]
pub struct Fake {
    served: Served<State>,
}

impl Fake {
    /// Starts a fake with no users, pages of 25 and the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder::new()
    }

    fake_methods!(served);

    /// The base URL for a client: the prefix `/admin` belongs to it, as at the real hosts.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/admin", self.uri())
    }

    /// A tenant, by the name of its key.
    ///
    /// # Panics
    ///
    /// If the fake has no such tenant.
    #[must_use]
    #[track_caller]
    pub fn tenant<'f>(&'f self, key_name: &'f str) -> RunningTenant<'f> {
        RunningTenant::new(self, key_name)
    }

    /// A client with the fake's key and clock, for the tenant of [`KEY_NAME`].
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    pub fn client(&self) -> Result<Client> {
        RunningTenant::own(self).client()
    }

    /// A signer with the key that the fake knows as [`KEY_NAME`].
    ///
    /// # Errors
    ///
    /// None in practice; reading a key can fail in general.
    pub fn signer(&self) -> Result<JwtSigner> {
        RunningTenant::own(self).signer()
    }

    /// Adds a user of the tenant's own pod, who can then be entitled.
    ///
    /// # Panics
    ///
    /// If the id or the address is empty, or there is another user with one of them. The same
    /// user again is fine.
    #[track_caller]
    pub fn add_user(&self, id: &str, email: &str, first_name: &str, last_name: &str) {
        RunningTenant::own(self).add_user(User::new(id, email, first_name, last_name));
    }

    /// Adds an advisor who is entitled on a network, and a user of the pod if there was none; a
    /// [`User`] or an [`Entitlement`].
    ///
    /// # Panics
    ///
    /// See [`Tenant::advisor`].
    #[track_caller]
    pub fn add_advisor(&self, network: impl Into<ExternalNetwork>, advisor: impl Into<Entitlement>) {
        RunningTenant::own(self).add_advisor(network, advisor);
    }

    /// Gives the tenant a further network, for example
    /// [`WhatsAppDirect`](ExternalNetwork::WhatsAppDirect), on which advisors are pre-entitled
    /// until their number is activated. Nothing changes if it has the network already.
    ///
    /// # Panics
    ///
    /// If its name is empty.
    #[track_caller]
    pub fn enable_network(&self, network: impl Into<ExternalNetwork>) {
        RunningTenant::own(self).enable_network(network);
    }

    /// Takes a network from the tenant: adding to it is then answered with 403. Who is entitled
    /// on it stays so.
    ///
    /// # Panics
    ///
    /// If the tenant does not have the network.
    #[track_caller]
    pub fn disable_network(&self, network: impl Into<ExternalNetwork>) {
        RunningTenant::own(self).disable_network(network);
    }

    /// How many advisors are entitled on a network.
    #[must_use]
    pub fn entitled(&self, network: impl Into<ExternalNetwork>) -> usize {
        RunningTenant::own(self).entitled(network)
    }
}
