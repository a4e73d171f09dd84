//! A fake of the Keycloak realm that logs callers in to the CRM Gateway.
//!
//! It has the token endpoint with the grants `password`, `refresh_token` and
//! `client_credentials`, and the endpoints of [`Operation`]. The gateway's vendor documents no
//! errors of this endpoint, so statuses and texts are Keycloak's own; they differ by version, see
//! [`Generation`]. Of Keycloak's other grants it has only the refusals of `authorization_code`; the
//! rest are unsupported to it.
//!
//! The repository's test `keycloak` sends the same requests to real servers, 26.4.5 and 26.7.0, and
//! compares the answers; what such a server cannot be made to do follows its documentation and
//! sources.
//!
//! Tokens live in whole seconds, as Keycloak's do.

mod answer;
mod brute_force;
mod builder;
mod call;
mod endpoints;
mod form;
mod grant;
mod handle;
mod issuer;
mod oddity;
mod operation;
mod realms;
mod state;
#[cfg(test)]
mod tests;
mod token;

use std::{fmt, sync::MutexGuard};

pub use self::{
    brute_force::BruteForce,
    call::{Call, Operation},
    issuer::{Issuer, TokenRefusal},
    oddity::{Oddity, unknown_error},
};
use self::{
    realms::Realms,
    state::{Limit, Realm, User, seconds},
};
use super::{
    InProcess,
    serve::{Served, Setup, fake_methods},
};
use crate::{
    Result,
    auth::Context,
    transport::{Sender, Server, Settings},
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
    served: Served<Realms>,
    issuer: Issuer,
}

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
pub struct Builder {
    realm: Realm,
    others: Vec<Realm>,
    setup: Setup<Operation>,
}

/// Passwords and secrets are left out.
impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<_> = self.realm.users.keys().collect();
        let clients: Vec<_> = self.realm.clients.keys().collect();
        f.debug_struct("Builder").field("users", &users).field("clients", &clients).finish_non_exhaustive()
    }
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
    /// From 26.6 on: a wrong client is 401, a wrong password 400, and a token is shown at
    /// introspection only to the client that it is meant for.
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
        Builder { realm: Realm::new(), others: Vec::new(), setup: Setup::default() }
    }

    fake_methods!(served);

    fn new(served: Served<Realms>) -> Self {
        let realms = served.state().clone();
        for issuer in realms.all() {
            issuer.realm().origin = served.uri();
        }
        Self { served, issuer: realms.own }
    }

    /// Beside another fake, for a client without a socket.
    pub(in crate::fakes) fn join(&self, end: InProcess) -> InProcess {
        self.served.join(end)
    }

    /// The token endpoint, for a client's settings.
    #[must_use]
    pub fn token_url(&self) -> String {
        self.issuer.realm().token_url()
    }

    /// What a [`TokenSource`](crate::auth::TokenSource) works with, for a test of your own one or of
    /// an [`Auth`](crate::auth::Auth) against this fake: its clock, a request time of 30 seconds, and
    /// the way to it, be it without a socket.
    ///
    /// # Errors
    ///
    /// None in practice; making an HTTP client can fail in general.
    ///
    /// ```
    /// # async fn run() -> entitlements::Result<()> {
    /// use entitlements::{auth::{Auth, Keycloak}, fakes::keycloak::{self, Fake}};
    ///
    /// let fake = Fake::builder().start_in_process();
    /// let login = Keycloak::new(fake.token_url())
    ///     .client_id(keycloak::CLIENT_ID)
    ///     .password(keycloak::USER, keycloak::PASSWORD);
    /// let bearer = Auth::from(login).bearer(&fake.context()?).await?;
    /// assert_eq!(bearer.generation(), 1);
    /// # Ok(()) }
    /// ```
    pub fn context(&self) -> Result<Context> {
        let settings = Settings::default();
        let network = Server::parse(&self.uri(), false)?.http_client(&settings)?;
        let sender = Sender::new(network).with_in_process(self.served.in_process_end());
        Ok(Context::shared(sender, self.served.clock().clone(), settings.attempt_timeout))
    }

    /// How often the token endpoint was used.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.issuer.realm().counts
    }

    /// The realm that [`Builder::another_realm`] added at this path.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    #[track_caller]
    pub fn realm(&self, base_path: &str) -> Issuer {
        let realms = self.served.state().clone();
        let base = format!("/{}", base_path.trim_matches('/'));
        match realms.all().find(|issuer| issuer.realm().base == base) {
            Some(issuer) => issuer.clone(),
            None => panic!("the fake has no realm at `{base}`; add it with `Builder::another_realm`"),
        }
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
    /// expire.
    ///
    /// # Panics
    ///
    /// If no user has this name.
    #[track_caller]
    pub fn disable_user(&self, name: &str) {
        self.change_user(name, |user| user.enabled = false);
    }

    /// Makes a user do something in a browser first, such as change a password: logins are
    /// refused.
    ///
    /// # Panics
    ///
    /// If no user has this name.
    #[track_caller]
    pub fn require_action(&self, name: &str) {
        self.change_user(name, |user| user.action_required = true);
    }

    /// Locks a user for good, as [brute-force detection](Builder::brute_force) can: logins are
    /// refused with the words of a wrong password. Without that detection nothing is locked.
    ///
    /// # Panics
    ///
    /// If no user has this name.
    #[track_caller]
    pub fn lock_user(&self, name: &str) {
        self.change_user(name, |user| user.attempts.lock());
    }

    /// Disables a client: all its requests are refused.
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn disable_client(&self, id: &str) {
        let mut realm = self.issuer.realm();
        match realm.clients.get_mut(id) {
            Some(client) => {
                client.limits.insert(Limit::Disabled);
            }
            None => panic_without(realm, "client", id),
        }
    }

    /// Revokes all access tokens although their end is in the future; sessions live on.
    pub fn revoke_access_tokens(&self) {
        for issued in self.issuer.realm().tokens.values_mut() {
            issued.revoked = true;
        }
    }

    /// Lets the realm call itself by another address, as after a change of the proxy before it:
    /// refresh tokens of before are refused. The fake itself stays where it is.
    pub fn rename_host(&self, origin: &str) {
        origin.trim_end_matches('/').clone_into(&mut self.issuer.realm().origin);
    }

    /// The largest number of token requests that were being carried out at once, by
    /// [`token_request_takes`](Builder::token_request_takes).
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        self.issuer.realm().most_at_once
    }

    /// How often a refresh token was shown that was spent already, which ends the session for the
    /// client. Without [`rotation`](Builder::rotation) none is ever spent.
    #[must_use]
    pub fn replays(&self) -> u64 {
        self.issuer.realm().replays
    }

    /// Disables the realm: the token endpoint refuses everything.
    pub fn disable_realm(&self) {
        self.issuer.realm().enabled = false;
    }

    #[track_caller]
    fn change_user(&self, name: &str, change: impl FnOnce(&mut User)) {
        let mut realm = self.issuer.realm();
        match realm.users.get_mut(&name.to_lowercase()) {
            Some(user) => change(user),
            None => panic_without(realm, "user", name),
        }
    }
}

/// Panics where the test asked, and leaves the realm usable.
#[track_caller]
fn panic_without(realm: MutexGuard<'_, Realm>, kind: &str, name: &str) {
    drop(realm);
    panic!("the realm has no {kind} `{name}`");
}
