//! Where tokens come from.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::HeaderValue;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Error, Result,
    time::{BoxFuture, Clock},
    transport::Sender,
};

/// Gets a new access token when the cache asks for one.
///
/// Implement it for a login of your own. The cache calls [`acquire`](Self::acquire) only when it
/// needs a new token, in a task of its own and never twice at the same time, so an implementation
/// can keep state such as a refresh token behind a plain mutex.
///
/// ```
/// use std::time::Duration;
/// use entitlements::{Result, auth::{Context, Token, TokenSource}, time::BoxFuture};
///
/// #[derive(Debug)]
/// struct FromVault;
///
/// impl TokenSource for FromVault {
///     fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
///         Box::pin(async { Ok(Token::new("secret-from-vault").expires_in(Duration::from_secs(300))) })
///     }
/// }
/// ```
pub trait TokenSource: fmt::Debug + Send + Sync + 'static {
    /// A new token. The future runs to its end even if the caller who needed it went away, but no
    /// longer than four requests may take ([`Context::timeout`]) and 10 seconds.
    ///
    /// # Errors
    ///
    /// Whatever the login says; every caller who waited gets the same error. It is remembered, and
    /// nothing is asked for again for a while: see [`Auth`](super::Auth). By
    /// [`with_retry_after`](Error::with_retry_after) it can say for how long at least.
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>>;

    /// Ends the session at the login server, because the application asked for it. Runs alone, as
    /// [`acquire`](Self::acquire) does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) by default: not every
    /// credential has a session.
    fn log_out<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Err(no_session())))
    }

    /// Makes the tokens worthless at the login server, because the application asked for it:
    /// `token`, the newest one if there is one, and what the source keeps to renew it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) by default: not every login
    /// server can do that.
    fn revoke<'a>(&'a self, _token: Option<&'a Token>, _: &'a Context) -> BoxFuture<'a, Result<()>> {
        Box::pin(std::future::ready(Err(no_session())))
    }

    /// Whether asking again can give another token. A refused token is replaced once if so, and
    /// reported at once if not.
    fn is_renewable(&self) -> bool {
        true
    }

    /// The token endpoint, if there is one: [`Context::http`] connects for it.
    ///
    /// Without one, that is the API's client: https only where the base URL is, and through a
    /// proxy if the API is. So name an endpoint on this machine, such as a sidecar.
    fn endpoint(&self) -> Option<&Url> {
        None
    }

    /// Whether the credential is complete; asked once, when a client is built.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), naming what is missing.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

fn no_session() -> Error {
    Error::configuration("this credential has no session that could be ended, and no token to revoke")
}

impl<S: TokenSource + ?Sized> TokenSource for Arc<S> {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        (**self).acquire(context)
    }

    fn log_out<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<()>> {
        (**self).log_out(context)
    }

    fn revoke<'a>(&'a self, token: Option<&'a Token>, context: &'a Context) -> BoxFuture<'a, Result<()>> {
        (**self).revoke(token, context)
    }

    fn is_renewable(&self) -> bool {
        (**self).is_renewable()
    }

    fn endpoint(&self) -> Option<&Url> {
        (**self).endpoint()
    }

    fn check(&self) -> Result<()> {
        (**self).check()
    }
}

/// What a [`TokenSource`] works with: the client's HTTP connection pool, time and limits.
#[derive(Debug, Clone)]
pub struct Context {
    http: Sender,
    clock: Arc<dyn Clock>,
    timeout: Duration,
}

impl Context {
    /// A context for a test of your own [`TokenSource`], or for an [`Auth`](super::Auth) without a
    /// client.
    ///
    /// With the feature `rustls` reqwest's own `Client::builder()` needs a `rustls` provider that the
    /// process has installed; the clients of this crate do not.
    pub fn new(http: reqwest::Client, clock: impl Clock, timeout: Duration) -> Self {
        Self { http: Sender::new(http), clock: Arc::new(clock), timeout }
    }

    pub(crate) fn shared(http: Sender, clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self { http, clock, timeout }
    }

    /// An HTTP client that follows no redirects and repeats nothing, with the connections that
    /// [`TokenSource::endpoint`] needs.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        self.http.network()
    }

    #[cfg(any_grant)]
    pub(crate) fn sender(&self) -> &Sender {
        &self.http
    }

    /// The clock of the client.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The time that one request may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// An access token and how long it lasts. `Debug` does not show it.
#[derive(Debug, Clone)]
pub struct Token {
    value: SecretString,
    lifetime: Option<Duration>,
    counted_from: Option<Instant>,
}

impl Token {
    /// A bearer token that lasts until the server refuses it.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: SecretString::from(value.into()), lifetime: None, counted_from: None }
    }

    /// Sets how long the token lasts, counted from when [`TokenSource::acquire`] was called. A token
    /// that does not last at all is an error there.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// The token itself, for a [`TokenSource`] of your own that revokes it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.value.expose_secret()
    }

    /// Counts the life of the token from just before the request for it, where that was later.
    #[cfg(any(any_grant, test))]
    pub(crate) fn counted_from_then(mut self, asked_at: Instant) -> Self {
        self.counted_from = Some(asked_at);
        self
    }

    pub(crate) fn counted_from(&self) -> Option<Instant> {
        self.counted_from
    }

    pub(crate) fn lifetime(&self) -> Option<Duration> {
        self.lifetime
    }

    /// The whole header value, made once per token and marked sensitive.
    pub(crate) fn header(&self) -> Result<HeaderValue> {
        let token = self.value.expose_secret();
        if token.is_empty() {
            return Err(Error::configuration("the access token is empty"));
        }
        let refused = || {
            Error::configuration(
                "the access token has characters that no bearer token may hold; does it end with a line break?",
            )
        };
        // RFC 6750 section 2.1: visible ASCII without spaces. A space would make two words of it.
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused());
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| refused())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// A token that somebody else obtained, sent as it is.
///
/// Use it in tests, against mock servers, or where a sidecar hands out tokens. It is never
/// renewed: a refused token is reported at once.
///
/// ```
/// use entitlements::auth::StaticToken;
/// let token = StaticToken::new("not-a-real-token");
/// assert!(!format!("{token:?}").contains("not-a-real-token"));
/// ```
#[derive(Debug, Clone)]
pub struct StaticToken(Token);

impl StaticToken {
    /// A fixed bearer token, without the word `Bearer`.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Token::new(token))
    }
}

impl TokenSource for StaticToken {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }

    fn is_renewable(&self) -> bool {
        false
    }
}
