//! A fake of the CRM Gateway's entitlement list, with a Keycloak in front of it.
//!
//! The vendor documents little more than the parameters, so most of what the fake does is an
//! assumption; each is labelled where it is made. Tokens are checked against the fake of
//! [`keycloak`] that comes with it.

mod call;
mod filter;
mod handle;
mod instant;
mod key;
mod query;
mod state;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use self::call::{Call, Operation};
use self::state::{Settings, State};
use super::{
    keycloak,
    serve::{Served, Setup, builder_methods, fake_methods},
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
/// let fake = Fake::builder().page_cap(50).start().await;
/// let id = fake.add(json!({ "productType": "THIRDPARTY", "accountId": "account-1", "status": "ACTIVE" }));
/// assert_eq!(fake.len(), 1);
/// assert!(fake.remove(&id));
/// # }
/// ```
#[derive(Debug)]
pub struct Fake {
    served: Served<State>,
    keycloak: keycloak::Fake,
}

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
#[derive(Debug)]
pub struct Builder {
    settings: Settings,
    keycloak: keycloak::Builder,
    setup: Setup<Operation>,
}

/// How a token is refused.
///
/// The status 403 is documented for the gateway, its body is not. Both shapes are documented for
/// other parts of the platform, the second with either status. Assumption: the gateway uses one
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Refusal {
    /// 403 with `message`, `code` and `errorCode`.
    #[default]
    ShapeA,
    /// 403 with `resultCode`, `localeMessage`, `requestId` and `result`.
    ShapeB,
    /// The body of [`ShapeB`](Self::ShapeB) with status 200.
    OkWithShapeB,
}

impl Fake {
    /// Starts an empty gateway and a Keycloak, both with the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder {
            settings: Settings::default(),
            keycloak: keycloak::Fake::builder(),
            setup: Setup::default(),
        }
    }

    fake_methods!(served);

    /// The Keycloak that issues the tokens.
    #[must_use]
    pub fn keycloak(&self) -> &keycloak::Fake {
        &self.keycloak
    }

    /// Adds an entitlement as the JSON that the gateway shows, and returns its `_id`, which is
    /// invented if there is none. One with the same `_id` is replaced.
    ///
    /// A value that is no object is listed too, for tests of clients that must live with it.
    #[expect(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn add(&self, entitlement: Value) -> String {
        self.served.state().add(entitlement)
    }

    /// Adds `count` entitlements; `entitlement` makes each of them from its number, from 0 on.
    pub fn seed(&self, count: usize, mut entitlement: impl FnMut(usize) -> Value) {
        let mut state = self.served.state();
        for number in 0..count {
            state.add(entitlement(number));
        }
    }

    /// Removes an entitlement, as the archive does with an old one; false if it was not there.
    #[expect(clippy::must_use_candidate, reason = "called for what it changes")]
    pub fn remove(&self, id: &str) -> bool {
        self.served.state().remove(id)
    }

    /// How many entitlements there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.served.state().len()
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
}

impl Fake {
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
}

impl Builder {
    /// Sets what the Keycloak is like. It has the gateway's [`clock`](Self::clock), whatever its
    /// own was.
    pub fn keycloak(mut self, keycloak: keycloak::Builder) -> Self {
        self.keycloak = keycloak;
        self
    }

    /// Accepts this bearer token beside those of the Keycloak, for clients that cannot log in.
    pub fn accept_token(mut self, token: impl Into<String>) -> Self {
        self.settings.accepted_token = Some(token.into());
        self
    }

    builder_methods!(setup);

    /// Limits how many entitlements a page holds, at least 1, whatever the client asks for; pages
    /// are then counted in that size. Assumption: a gateway may do so. Default: no limit.
    pub fn page_cap(mut self, size: u64) -> Self {
        self.settings.page_cap = size.max(1);
        self
    }

    /// Answers 404 where nothing matches. The vendor's pages contradict each other.
    /// Default: false, which is 200 with an empty list.
    pub fn empty_is_404(mut self, empty_is_404: bool) -> Self {
        self.settings.empty_is_404 = empty_is_404;
        self
    }

    /// Sets how a token is refused. Default: [`Refusal::ShapeA`].
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.settings.refusal = refusal;
        self
    }

    /// Adds a tenant that `nv-tenant-id` may name. All tenants share the entitlements.
    ///
    /// Without any, a request with that header is answered with 404.
    pub fn tenant(mut self, name: impl Into<String>) -> Self {
        self.settings.tenants.insert(name.into());
        self
    }

    /// Takes `sort` as a list of pairs as well, `[["created",-1]]`, as a neighbouring service has
    /// it. Default: false.
    pub fn pair_sort(mut self, pair_sort: bool) -> Self {
        self.settings.pair_sort = pair_sort;
        self
    }

    /// Sends `x-correlation-id` back. No page says that the gateway does. Default: false.
    pub fn echo_correlation_id(mut self, echo: bool) -> Self {
        self.settings.echo_correlation_id = echo;
        self
    }

    /// Starts both fakes, each on a free port.
    pub async fn start(self) -> Fake {
        let keycloak = self.keycloak.clock(self.setup.clock.clone()).start().await;
        let state = State::new(self.settings, keycloak.issuer());
        Fake { served: Served::start(state, self.setup).await, keycloak }
    }

    /// Starts both fakes without a socket: only their own [`client`](Fake::client) reaches them,
    /// and needs no I/O for it. Made for very many tests under a clock of theirs.
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        let keycloak = self.keycloak.clock(self.setup.clock.clone()).start_in_process();
        let state = State::new(self.settings, keycloak.issuer());
        Fake { served: Served::in_process(state, self.setup, "localhost:2"), keycloak }
    }
}
