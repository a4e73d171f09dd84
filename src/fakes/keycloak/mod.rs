//! A fake of the Keycloak realm that logs callers in to the CRM Gateway.
//!
//! It has the token endpoint with the grants `password`, `refresh_token` and
//! `client_credentials`, the logout and revocation endpoints, and the discovery document. The
//! gateway's vendor documents no errors of this endpoint, so statuses and texts are Keycloak's
//! own; they differ by version, see [`Generation`].
//!
//! Time counts in whole seconds, as in Keycloak's tokens.

mod call;
mod form;
mod grant;
mod handle;
mod issuer;
mod state;
#[cfg(test)]
mod tests;
mod token;

use std::time::Duration;

use self::state::{Realm, User, seconds};
pub use self::{
    call::{Call, Operation},
    issuer::{Issuer, TokenRefusal},
};
use super::{
    InProcess,
    serve::{Served, Setup, builder_methods, fake_methods},
};

/// The public client of the realm; the vendor's sample value.
pub const CLIENT_ID: &str = "crm_client";
/// The user of the realm; the vendor's sample value.
pub const USER: &str = "crm_client_user";
/// The user's password; the vendor's sample value.
pub const PASSWORD: &str = "1234";
/// The role that the CRM Gateway asks for.
pub const OPERATOR_ROLE: &str = "operatorRole";

/// A running fake of one Keycloak realm.
///
/// It starts with the client [`CLIENT_ID`] and with [`USER`], who has [`PASSWORD`] and
/// [`OPERATOR_ROLE`]. Dropping it stops it.
///
/// The tokens look like signed JWTs and carry Keycloak's claims, but the signature is plainly
/// fake: only the fake itself can tell them from others, see [`issuer`](Self::issuer).
///
/// ```
/// use std::time::Duration;
/// use entitlements::fakes::keycloak::Fake;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let fake = Fake::builder().access_lifetime(Duration::from_secs(60)).rotation(true).start().await;
/// assert!(fake.token_url().ends_with("/keycloak/auth/realms/nagra/protocol/openid-connect/token"));
/// assert_eq!(fake.counts().logins, 0);
/// # }
/// ```
#[derive(Debug)]
pub struct Fake {
    served: Served<Issuer>,
    issuer: Issuer,
}

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
#[derive(Debug)]
pub struct Builder {
    realm: Realm,
    setup: Setup<Operation>,
}

/// Which versions of Keycloak the fake behaves like.
///
/// Which version an operator runs is not documented, so a client has to cope with all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Generation {
    /// Up to about 18: a wrong client is 400, a wrong password 401, and the type is `bearer`.
    Old,
    /// From 20 to 26.5: a wrong client and a wrong password are 401.
    #[default]
    Middle,
    /// From 26.6 on: a wrong client is 401, a wrong password 400.
    New,
}

/// How often the token endpoint was used so far.
///
/// Requests that were answered by [`Fake::reply_next`] are in none of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Password grants that gave tokens.
    pub logins: u64,
    /// Refresh grants that gave tokens.
    pub refreshes: u64,
    /// Client credentials grants that gave a token.
    pub client_credentials: u64,
    /// Token requests of any grant that were refused.
    pub failures: u64,
}

impl Fake {
    /// Starts a realm with Keycloak's default lifetimes and the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder { realm: Realm::new(), setup: Setup::default() }
    }

    fake_methods!(served);

    /// Beside another fake, for a client without a socket.
    pub(in crate::fakes) fn join(&self, end: InProcess) -> InProcess {
        self.served.join(end)
    }

    /// The token endpoint, for a client's settings.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.issuer.realm().token_url()
    }

    /// How often the token endpoint was used.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.issuer.realm().counts
    }

    /// What tells whether an access token is one of this realm's; clones stay connected.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        self.issuer.clone()
    }

    /// Ends all sessions, as a restart of an older server does: no refresh token works any more.
    ///
    /// Access tokens stay good until they expire. Assumption: the gateway checks them by
    /// themselves, without asking Keycloak whether the session still exists.
    pub fn log_out_all(&self) {
        self.issuer.realm().sessions.clear();
    }

    /// Pushes a new not-before time: no token that exists now works any more.
    ///
    /// Keycloak compares whole seconds; the fake also refuses a token of the very second of the
    /// push, so that a test need not wait for the next one.
    pub fn push_not_before(&self) {
        let now = seconds(self.served.clock().wall());
        self.issuer.realm().push_not_before(now);
    }

    /// Disables a user: logins and refreshes are refused. Access tokens stay good until they
    /// expire. A name that nobody has changes nothing.
    pub fn disable_user(&self, name: &str) {
        if let Some(user) = self.issuer.realm().users.get_mut(name) {
            user.enabled = false;
        }
    }

    /// Makes a user do something in a browser first, such as change a password: logins are
    /// refused. A name that nobody has changes nothing.
    pub fn require_action(&self, name: &str) {
        if let Some(user) = self.issuer.realm().users.get_mut(name) {
            user.action_required = true;
        }
    }

    /// Disables a client: all its requests are refused. An id that does not exist changes nothing.
    pub fn disable_client(&self, id: &str) {
        if let Some(client) = self.issuer.realm().clients.get_mut(id) {
            client.enabled = false;
        }
    }

    /// Disables the realm: the token endpoint refuses everything.
    pub fn disable_realm(&self) {
        self.issuer.realm().enabled = false;
    }
}

impl Builder {
    /// Sets how long an access token lasts. Default: 300 seconds.
    pub fn access_lifetime(mut self, lifetime: Duration) -> Self {
        self.realm.access = lifetime.as_secs();
        self
    }

    /// Sets how long a session lasts without a refresh; it is the lifetime of a refresh token.
    /// Default: 1,800 seconds.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.realm.idle = idle.as_secs();
        self
    }

    /// Sets how long a session lasts at most; lifetimes of tokens shrink towards its end.
    /// Default: 36,000 seconds.
    pub fn session_max(mut self, longest: Duration) -> Self {
        self.realm.session_max = longest.as_secs();
        self
    }

    /// Lets a refresh token be used once only. One that is used again kills its session for the
    /// client: the token that was given out for it dies as well. Default: false.
    pub fn rotation(mut self, rotation: bool) -> Self {
        self.realm.rotation = rotation;
        self
    }

    /// Sets how often a refresh token may be used again under rotation. Default: 0.
    pub fn max_reuse(mut self, times: u32) -> Self {
        self.realm.max_reuse = times;
        self
    }

    /// Sets which versions of Keycloak to behave like. Default: [`Generation::Middle`].
    pub fn generation(mut self, generation: Generation) -> Self {
        self.realm.generation = generation;
        self
    }

    /// Adds a user, or replaces the one of that name.
    pub fn user(
        mut self,
        name: impl Into<String>,
        password: impl Into<String>,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let user = User::new(password.into(), roles.into_iter().map(Into::into).collect());
        self.realm.users.insert(name.into(), user);
        self
    }

    /// Adds a client that has to send a secret, in the form or as Basic credentials.
    ///
    /// It may use all three grants. Assumption: its own account, which the client credentials
    /// grant speaks for, has [`OPERATOR_ROLE`].
    pub fn confidential_client(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.realm.add_client(id.into(), Some(secret.into()));
        self
    }

    /// Allows or forbids the password grant for all clients. Default: true.
    pub fn direct_grants(mut self, allowed: bool) -> Self {
        self.realm.direct_grants = allowed;
        self
    }

    /// Sets the path of the realm; its last segment is the realm's name. Default:
    /// `/keycloak/auth/realms/nagra`.
    pub fn base_path(mut self, path: &str) -> Self {
        self.realm.base = format!("/{}", path.trim_matches('/'));
        self
    }

    builder_methods!(setup);

    /// Starts the fake on a free port.
    pub async fn start(self) -> Fake {
        let issuer = Issuer::new(self.realm);
        let served = Served::start(issuer.clone(), self.setup).await;
        issuer.realm().origin = served.uri();
        Fake { served, issuer }
    }

    /// Starts the fake without a socket, for a client of the same process that
    /// [`crm_gateway::Fake`](crate::fakes::crm_gateway::Fake) makes.
    pub(in crate::fakes) fn start_in_process(self) -> Fake {
        let issuer = Issuer::new(self.realm);
        let served = Served::in_process(issuer.clone(), self.setup, "localhost:3");
        issuer.realm().origin = served.uri();
        Fake { served, issuer }
    }

    /// The realm without a socket.
    #[cfg(test)]
    pub(in crate::fakes) fn into_issuer(self) -> Issuer {
        Issuer::new(self.realm)
    }
}
