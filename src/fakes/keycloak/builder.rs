//! Settings and seeds of the realm.

use std::time::Duration;

use super::{
    BruteForce, Builder, Fake, Generation, Oddity, Operation,
    realms::Realms,
    state::{Limit, User},
};
use crate::fakes::serve::{Served, builder_methods};

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

    /// Adds a user. Capitals in a name make no difference.
    ///
    /// # Panics
    ///
    /// If the name or a role is empty, or if there is such a user with another password or other
    /// roles.
    #[track_caller]
    pub fn user(
        mut self,
        name: impl Into<String>,
        password: impl Into<String>,
        roles: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let name = named("user", name.into()).to_lowercase();
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        // Not in a closure, where the panic would name this file as its place.
        for role in &roles {
            named("role", role.clone());
        }
        let user = User::new(password.into(), roles);
        if let Some(other) = self.realm.users.get(&name) {
            let same = (&other.password, &other.roles) == (&user.password, &user.roles);
            assert!(same, "the realm has another user `{name}` already");
            return self;
        }
        self.realm.users.insert(name, user);
        self
    }

    /// Adds a client without a secret.
    ///
    /// # Panics
    ///
    /// If the id is empty, or if there is such a client with a secret.
    #[track_caller]
    pub fn public_client(self, id: impl Into<String>) -> Self {
        self.client(id.into(), None)
    }

    /// Adds a client that has to send a secret, in the form or as Basic credentials.
    ///
    /// It may use all three grants. Assumption: its own account, which the client credentials
    /// grant speaks for, has [`OPERATOR_ROLE`](super::OPERATOR_ROLE).
    ///
    /// # Panics
    ///
    /// If the id or the secret is empty, or if there is such a client with another secret or none.
    #[track_caller]
    pub fn confidential_client(self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.client(id.into(), Some(named("secret", secret.into())))
    }

    /// Disables a user from the start, see [`Fake::disable_user`].
    ///
    /// # Panics
    ///
    /// If no user has this name.
    #[track_caller]
    pub fn disabled_user(mut self, name: &str) -> Self {
        let user = self.realm.users.get_mut(&name.to_lowercase());
        seeded("user", name, user).enabled = false;
        self
    }

    /// Disables a client from the start, see [`Fake::disable_client`].
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn disabled_client(self, id: &str) -> Self {
        self.limit(id, Limit::Disabled)
    }

    /// Makes a client one that only checks tokens: it gets none. [`Generation::Middle`] refuses
    /// one with a secret as if the secret were wrong.
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn bearer_only(self, id: &str) -> Self {
        self.limit(id, Limit::BearerOnly)
    }

    /// Makes a client one that users have to agree to in a browser, so that the password grant is
    /// refused.
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn consent_required(self, id: &str) -> Self {
        self.limit(id, Limit::ConsentRequired)
    }

    /// Forbids the password grant for one client.
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn without_direct_grants(self, id: &str) -> Self {
        self.limit(id, Limit::NoDirectGrants)
    }

    /// Takes its own account from a client, so that the client credentials grant is refused.
    ///
    /// # Panics
    ///
    /// If no client has this id.
    #[track_caller]
    pub fn without_service_account(self, id: &str) -> Self {
        self.limit(id, Limit::NoServiceAccount)
    }

    /// Refuses plain HTTP, which is all that the fake speaks: the symptom of a proxy that does not
    /// say that it spoke HTTPS. Default: false.
    pub fn https_required(mut self, required: bool) -> Self {
        self.realm.https_required = required;
        self
    }

    /// Turns brute-force detection on. Default: off, as in Keycloak.
    ///
    /// With it two logins of one user at once are refused as well, see
    /// [`token_request_takes`](Self::token_request_takes).
    pub fn brute_force(mut self, settings: BruteForce) -> Self {
        self.realm.brute_force = Some(settings);
        self
    }

    /// Sets how long a token request counts as being carried out. The fake answers at once all the
    /// same. Default: no time.
    ///
    /// With [brute-force detection](Self::brute_force) a login is refused, with the words of a wrong
    /// password, while another one of the same user is being carried out.
    /// [`Fake::most_at_once`] tells how many requests there were together.
    pub fn token_request_takes(mut self, time: Duration) -> Self {
        self.realm.token_request_takes = time;
        self
    }

    /// Sets for how much longer than [`idle`](Self::idle) a session answers for its access tokens,
    /// at introspection and for user info. Refresh tokens have an end of their own. Default: no
    /// longer, as with the persistent sessions of version 26; without those it is about 120
    /// seconds.
    pub fn idle_grace(mut self, grace: Duration) -> Self {
        self.realm.idle_grace = grace.as_secs();
        self
    }

    /// Sets by how much tokens may come from the future, as after a clock was set back. Default:
    /// 10 seconds for [`Generation::New`], nothing for others.
    ///
    /// It is Keycloak's own tolerance; what [`Issuer::check`](super::Issuer::check) answers for a gateway does not change.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.realm.clock_skew = Some(skew.as_secs());
        self
    }

    /// Answers with tokens in another way. Several calls add up.
    pub fn oddity(mut self, oddity: Oddity) -> Self {
        self.realm.oddities.push(oddity);
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

    /// Adds a realm of its own to the same server: the settings, users and clients of `realm`,
    /// at its [`base_path`](Self::base_path). Its clock, port and faults do not count.
    ///
    /// [`Fake::realm`] finds it again.
    ///
    /// # Panics
    ///
    /// If one realm of the server lies at or below the path of another.
    #[track_caller]
    pub fn another_realm(mut self, realm: Self) -> Self {
        let added = std::iter::once(realm.realm).chain(realm.others);
        for realm in added {
            let lies_below = |one: &str, other: &str| {
                one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let base = &realm.base;
            let clash = std::iter::once(&self.realm)
                .chain(&self.others)
                .find(|known| lies_below(base, &known.base) || lies_below(&known.base, base));
            if let Some(known) = clash {
                panic!("a realm at `{base}` clashes with the one at `{}`; give it another path", known.base);
            }
            self.others.push(realm);
        }
        self
    }

    builder_methods!(setup);

    /// Starts the fake on a free port.
    pub async fn start(self) -> Fake {
        let realms = Realms::new(self.realm, self.others);
        Fake::new(Served::start(realms, self.setup).await)
    }

    /// Starts the fake without a socket, for credentials of the same process that work with its
    /// [`context`](Fake::context). A client has it by
    /// [`crm_gateway::Fake`](crate::fakes::crm_gateway::Fake).
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        let realms = Realms::new(self.realm, self.others);
        Fake::new(Served::in_process(realms, self.setup, "localhost:3"))
    }

    /// The realm without a socket.
    #[cfg(test)]
    pub(in crate::fakes) fn into_issuer(self) -> super::Issuer {
        super::Issuer::new(self.realm)
    }

    #[track_caller]
    fn client(mut self, id: String, secret: Option<String>) -> Self {
        let id = named("client", id);
        if let Some(other) = self.realm.clients.get(&id) {
            assert!(other.secret == secret, "the realm has another client `{id}` already");
            return self;
        }
        self.realm.add_client(id, secret);
        self
    }

    #[track_caller]
    fn limit(mut self, id: &str, limit: Limit) -> Self {
        seeded("client", id, self.realm.clients.get_mut(id)).limits.insert(limit);
        self
    }
}

#[track_caller]
fn named(kind: &str, name: String) -> String {
    assert!(!name.trim().is_empty(), "a {kind} must not be empty");
    name
}

#[track_caller]
fn seeded<'a, T>(kind: &str, name: &str, found: Option<&'a mut T>) -> &'a mut T {
    match found {
        Some(found) => found,
        None => panic!("the realm has no {kind} `{name}`; add it first"),
    }
}
