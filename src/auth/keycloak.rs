//! The login in front of the CRM Gateway.

mod ending;

use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{
    ClientAuthentication, Context, Token, TokenSource,
    grant::{Granted, Stage, TokenEndpoint, one_line},
};
use crate::{Error, Result, time::BoxFuture};

/// A login at Keycloak: by password, or as a client.
///
/// It logs in when the first token is needed, refreshes the session after that, and logs in again
/// when the session is over, without the caller noticing. The newest refresh token is always the
/// one that is kept, so rotation on or off makes no difference. A refresh that may have been
/// carried out is not repeated: a spent refresh token would end the session for everybody, so a
/// new login takes its place.
///
/// What a server says, and how it is taken:
///
/// | answer | reading |
/// | --- | --- |
/// | `expires_in` absent, or no number | the token serves until it is refused |
/// | `expires_in` a number in a text | that number |
/// | `expires_in` 0 or negative | a refresh: the session is over, so a new login; a login: asked for once more after a second, then an error |
/// | `expires_in` less than half of the session's first | the session nears its end: a new login, while the old session still serves |
/// | `refresh_expires_in` 0 or absent | not known: the refresh is tried, and a login is the way back |
/// | no `refresh_token` | the one before is kept |
/// | `error` `invalid_grant`, with 400 or 401 | of a refresh: one new login; of a login: an error, remembered as [`Auth`](super::Auth) says |
/// | `invalid_client`, `unauthorized_client` | an error |
/// | 429, or 503 with `Retry-After` | an error; if it asks for at most 5 seconds, that is waited for, twice |
/// | any other 5xx, a lost connection, no answer in time | of a refresh: one new login; of a login: two more tries |
/// | something that is not OAuth, such as HTML | of a refresh: one new login; of a login: [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) |
///
/// Source: the operator's pages "Getting an access token" and "Using a refresh token", and
/// Keycloak's own documentation of the token endpoint; OAuth 2.0 is RFC 6749.
///
/// ```
/// use entitlements::auth::Keycloak;
///
/// let login = Keycloak::realm("https://operator.example:8443/keycloak/auth", "nagra")
///     .client_id("crm_client")
///     .password("crm_client_user", "not-a-real-password");
/// assert!(!format!("{login:?}").contains("not-a-real"));
/// ```
pub struct Keycloak {
    endpoint: TokenEndpoint,
    url: String,
    plain_http: bool,
    grant: Grant,
    scope: Option<String>,
    offline_access: bool,
    logout_url: Option<String>,
    revocation_url: Option<String>,
    session: Mutex<Option<Session>>,
}

const OFFLINE_ACCESS: &str = "offline_access";

enum Grant {
    Missing,
    Password { username: String, password: SecretString },
    ClientCredentials,
}

struct Session {
    refresh_token: SecretString,
    /// When the server said that the refresh token ends; it does not always say.
    ends_at: Option<Instant>,
    /// How long the first access token of the session lasted.
    usual_lifetime: Option<Duration>,
    may_log_in_early: bool,
}

impl fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keycloak").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Keycloak {
    /// A login at this token URL, for example
    /// `https://host:port/keycloak/auth/realms/nagra/protocol/openid-connect/token`.
    ///
    /// A URL that cannot be used is reported when the client is built.
    pub fn new(token_url: impl Into<String>) -> Self {
        let url = token_url.into();
        Self {
            endpoint: TokenEndpoint::new(&url, false),
            url,
            plain_http: false,
            grant: Grant::Missing,
            scope: None,
            offline_access: false,
            logout_url: None,
            revocation_url: None,
            session: Mutex::new(None),
        }
    }

    /// A login at a realm below a base URL. The base ends in `/auth` where the server has that
    /// prefix, as servers before version 17 do by default.
    ///
    /// A realm that would lead elsewhere, such as `..`, is reported when the client is built.
    #[must_use]
    pub fn realm(base_url: &str, realm: &str) -> Self {
        let base = base_url.trim_end_matches('/');
        if matches!(realm, "" | "." | "..") || realm.chars().any(char::is_control) {
            let mut login = Self::new("");
            let rule = "the realm is empty, `.`, `..` or has control characters";
            login.endpoint.url = Err(Arc::new(Error::configuration(rule)));
            return login;
        }
        let realm: String = url::form_urlencoded::byte_serialize(realm.as_bytes()).collect();
        // In a path a `+` is a plus; one in the name is `%2B` by now.
        let realm = realm.replace('+', "%20");
        Self::new(format!("{base}/realms/{realm}/protocol/openid-connect/token"))
    }

    /// Sets the client that logs in.
    #[must_use]
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.endpoint.client_id = id.into();
        self
    }

    /// Sets the secret of a confidential client. Default: none, for a public client.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<String>) -> Self {
        self.endpoint.client_secret = Some(SecretString::from(secret.into()));
        self
    }

    /// Sets how the secret is sent. Default: HTTP Basic.
    #[must_use]
    pub fn client_authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.endpoint.authentication = authentication;
        self
    }

    /// Logs in as this user (the grant that the operator's documentation describes).
    #[must_use]
    pub fn password(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.grant =
            Grant::Password { username: username.into(), password: SecretString::from(password.into()) };
        self
    }

    /// Logs in as the client itself; needs a secret and a service account.
    #[must_use]
    pub fn client_credentials(mut self) -> Self {
        self.grant = Grant::ClientCredentials;
        self
    }

    /// Asks for scopes, separated by spaces. Default: none, or that of
    /// [`offline_access`](Self::offline_access).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Asks for a session that outlives the user's login (`offline_access`).
    #[must_use]
    pub fn offline_access(mut self) -> Self {
        self.offline_access = true;
        self
    }

    /// Sets where a session is ended. Default: beside the token endpoint, where Keycloak has it.
    #[must_use]
    pub fn logout_url(mut self, url: impl Into<String>) -> Self {
        self.logout_url = Some(url.into());
        self
    }

    /// Sets where tokens are revoked. Default: beside the token endpoint, where Keycloak has it since
    /// about version 10 or 11.
    #[must_use]
    pub fn revocation_url(mut self, url: impl Into<String>) -> Self {
        self.revocation_url = Some(url.into());
        self
    }

    /// Allows plain `http` to a server that is not on this machine; meant for a test network only.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        // Without a URL there is a refusal already, which says more.
        if !self.url.is_empty() {
            self.endpoint.url = TokenEndpoint::new(&self.url, true).url;
        }
        self
    }

    async fn refresh_or_log_in(&self, context: &Context) -> Result<Token> {
        let Some(session) = self.usable_session(context) else { return self.log_in(context).await };
        let fields =
            [("grant_type", "refresh_token"), ("refresh_token", session.refresh_token.expose_secret())];
        match self.endpoint.grant_once(context, &fields).await {
            Ok(granted) if granted.has_ended() => self.log_in(context).await,
            Ok(granted) if session.is_about_to_end(&granted) => {
                self.log_in_early(session, granted, context).await
            }
            Ok(granted) => Ok(self.keep(granted, Some(session), context)),
            // Nothing was spent, so the session is as good as before.
            Err(failure) if matches!(failure.stage, Stage::NotSent | Stage::Busy | Stage::ClientRefused) => {
                self.put(Some(session));
                Err(failure.error)
            }
            Err(_) => self.log_in(context).await,
        }
    }

    fn whole_scope(&self) -> Option<Cow<'_, str>> {
        match (self.scope.as_deref(), self.offline_access) {
            (Some(scope), true) if !scope.split(' ').any(|word| word == OFFLINE_ACCESS) => {
                Some(format!("{scope} {OFFLINE_ACCESS}").into())
            }
            (None, true) => Some(OFFLINE_ACCESS.into()),
            (scope, _) => scope.map(Cow::from),
        }
    }

    fn usable_session(&self, context: &Context) -> Option<Session> {
        let session = self.take()?;
        let now = context.clock().now();
        session.ends_at.is_none_or(|end| now < end).then_some(session)
    }

    async fn log_in(&self, context: &Context) -> Result<Token> {
        let mut fields = match &self.grant {
            Grant::Missing => return Err(no_grant()),
            Grant::Password { username, password } => vec![
                ("grant_type", "password"),
                ("username", username.as_str()),
                ("password", password.expose_secret()),
            ],
            Grant::ClientCredentials => vec![("grant_type", "client_credentials")],
        };
        let scope = self.whole_scope();
        fields.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let granted = self.endpoint.grant(context, &fields).await.map_err(|failure| failure.error)?;
        Ok(self.keep(granted, None, context))
    }

    /// A new session before the old one ends. If that fails the old one still serves, and the login is
    /// not tried again during its last minutes: a refused one would count against the account.
    async fn log_in_early(&self, session: Session, granted: Granted, context: &Context) -> Result<Token> {
        let last = Session { may_log_in_early: false, ..session };
        match self.log_in(context).await {
            Err(_) => Ok(self.keep(granted, Some(last), context)),
            outcome => outcome,
        }
    }

    /// Keeps the newest refresh token, or the one before where the server sent none.
    fn keep(&self, granted: Granted, before: Option<Session>, context: &Context) -> Token {
        let asked_at = granted.asked_at.unwrap_or_else(|| context.clock().now());
        let ends_at = granted.refresh_lifetime.and_then(|lifetime| asked_at.checked_add(lifetime));
        let (usual_lifetime, may_log_in_early) = match &before {
            Some(before) => (before.usual_lifetime, before.may_log_in_early),
            None => (granted.token.lifetime(), true),
        };
        let session = match granted.refresh_token {
            Some(refresh_token) => Some(Session { refresh_token, ends_at, usual_lifetime, may_log_in_early }),
            None => before,
        };
        self.put(session);
        granted.token
    }

    fn take(&self) -> Option<Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, session: Option<Session>) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = session;
    }
}

impl Session {
    /// Near its end a session gives tokens that are shorter than usual.
    fn is_about_to_end(&self, granted: &Granted) -> bool {
        let shortened = match (granted.token.lifetime(), self.usual_lifetime) {
            (Some(now), Some(usual)) => now < usual / 2,
            _ => false,
        };
        shortened && self.may_log_in_early
    }
}

fn no_grant() -> Error {
    Error::configuration("the Keycloak login has no grant; call `password(…)` or `client_credentials()`")
}

impl TokenSource for Keycloak {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(self.refresh_or_log_in(context))
    }

    /// Posts the refresh token to the logout endpoint. Without a session there is nothing to do.
    fn log_out<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.end_session(context))
    }

    /// Posts both tokens to the revocation endpoint, RFC 7009.
    fn revoke<'a>(&'a self, token: Option<&'a Token>, context: &'a Context) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.revoke_tokens(token, context))
    }

    fn endpoint(&self) -> Option<&Url> {
        self.endpoint.url.as_ref().ok()
    }

    fn check(&self) -> Result<()> {
        if matches!(self.grant, Grant::Missing) {
            return Err(no_grant());
        }
        if let Grant::Password { username, .. } = &self.grant {
            one_line("user name", username)?;
        }
        one_line("scope", self.scope.as_deref().unwrap_or_default())?;
        self.endpoint.check()?;
        // One that is derived is asked for when it is needed.
        if self.logout_url.is_some() {
            self.neighbour(self.logout_url.as_deref(), "logout")?;
        }
        if self.revocation_url.is_some() {
            self.neighbour(self.revocation_url.as_deref(), "revoke")?;
        }
        Ok(())
    }
}
