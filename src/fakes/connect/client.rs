//! The programs that may log in.

use std::{collections::BTreeSet, fmt, time::Duration};

/// A program that is to be known to the login server, for
/// [`Builder::login_client`](super::Builder::login_client).
///
/// It can log in as itself. `Debug` does not show the secret.
///
/// ```
/// # use entitlements::fakes::connect::LoginClient;
/// let web = LoginClient::new("example.publisher.web", "plainly-fake").users(true).scopes(["read"]);
/// # let _ = web;
/// ```
#[must_use = "a client is known to a fake once it is given to one"]
#[derive(Clone, PartialEq, Eq)]
pub struct LoginClient {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) users: bool,
    pub(super) external_identity: bool,
    pub(super) scopes: Option<BTreeSet<String>>,
    pub(super) access_lifetime: Option<Duration>,
}

impl LoginClient {
    /// A client with an id and a secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            users: false,
            external_identity: false,
            scopes: None,
            access_lifetime: None,
        }
    }

    /// Sets whether users can log in to it, by browser and then by refresh token. Default: no.
    pub fn users(mut self, users: bool) -> Self {
        self.users = users;
        self
    }

    /// Sets whether it may exchange the codes of the External Identity API, which then log in a
    /// user; [`Fake::external_identity_code`](super::Fake::external_identity_code) makes one.
    /// Default: no.
    pub fn external_identity(mut self, external_identity: bool) -> Self {
        self.external_identity = external_identity;
        self
    }

    /// Limits the scopes that it may ask for; another one is `invalid_scope`. Without asking it
    /// gets all of them. Default: any scope is given, and `read` to those who do not ask.
    ///
    /// Assumption: the vendor documents no scope.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how long its access tokens live; as documented, a client can have a lifetime of its
    /// own. Default: that of [`Builder::access_lifetime`](super::Builder::access_lifetime).
    pub fn access_lifetime(mut self, lifetime: Duration) -> Self {
        self.access_lifetime = Some(lifetime);
        self
    }

    /// The scope that it gets for the one it asked for; nothing if that is refused.
    pub(super) fn granted(&self, asked: Option<String>) -> Option<String> {
        let asked = asked.filter(|scope| !scope.trim().is_empty());
        match (&self.scopes, asked) {
            (None, asked) => Some(super::login::scope_or_default(asked)),
            (Some(scopes), None) => Some(scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ")),
            (Some(scopes), Some(asked)) => {
                asked.split_whitespace().all(|scope| scopes.contains(scope)).then_some(asked)
            }
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let empty = |what: &str| Err(format!("the {what} of a client must not be empty"));
        if self.id.is_empty() {
            return empty("id");
        }
        if self.secret.is_empty() {
            return empty("secret");
        }
        match &self.scopes {
            Some(scopes) if scopes.is_empty() => Err(format!(
                "the client `{}` has an empty list of scopes and could get no token; leave `scopes` out to \
                 allow any",
                self.id
            )),
            Some(scopes) if scopes.iter().any(|scope| scope.is_empty() || scope.contains(' ')) => {
                Err(format!(
                    "the client `{}` has a scope that is empty or holds a blank; give each scope on its own",
                    self.id
                ))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for LoginClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginClient")
            .field("id", &self.id)
            .field("users", &self.users)
            .field("external_identity", &self.external_identity)
            .finish_non_exhaustive()
    }
}
