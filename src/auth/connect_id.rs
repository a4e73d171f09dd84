//! ConnectID, the login in front of Connect: as a client, or for a user who logged in.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::{
    ClientAuthentication, Context, Token, TokenSource,
    grant::{Failure, Granted, Stage, TokenEndpoint, one_line},
};
use crate::{Error, ErrorKind, Result, time::BoxFuture};

/// The tokens of a user who logged in with ConnectID.
///
/// An application gets them at the end of the browser login and hands them to
/// [`Client::as_user`](crate::connect::Client::as_user). `Debug` does not show them.
///
/// ```
/// use std::time::Duration;
/// use entitlements::auth::UserTokens;
///
/// let tokens = UserTokens::new("not-a-real-access-token")
///     .refresh_token("not-a-real-refresh-token")
///     .expires_in(Duration::from_secs(43_199));
/// assert!(!format!("{tokens:?}").contains("not-a-real"));
/// ```
#[derive(Debug, Clone)]
pub struct UserTokens {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    expires_in: Option<Duration>,
}

impl UserTokens {
    /// An access token. Without a refresh token it serves until it expires.
    pub fn new(access_token: impl Into<String>) -> Self {
        Self { access_token: SecretString::from(access_token.into()), refresh_token: None, expires_in: None }
    }

    /// Adds the refresh token, which keeps the user logged in: 30 days by default.
    #[must_use]
    pub fn refresh_token(mut self, token: impl Into<String>) -> Self {
        self.refresh_token = Some(SecretString::from(token.into()));
        self
    }

    /// Sets how long the access token lasts, counted from the client's first call. Default: until
    /// the server refuses it.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// The access token for the cache, and the refresh token.
    fn split(self) -> (Token, Option<SecretString>) {
        let token = Token::new(self.access_token.expose_secret());
        let token = match self.expires_in {
            Some(lifetime) => token.expires_in(lifetime),
            None => token,
        };
        (token, self.refresh_token)
    }
}

/// The client of an application: where it logs in, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct ConnectClient {
    endpoint: TokenEndpoint,
    scope: Option<String>,
}

impl ConnectClient {
    pub(crate) fn new(login_server: &str, plain_http: bool, id: &str, secret: SecretString) -> Self {
        let url = format!("{}/oauth/token", login_server.trim_end_matches('/'));
        let mut endpoint = TokenEndpoint::new(&url, plain_http);
        id.clone_into(&mut endpoint.client_id);
        endpoint.client_secret = Some(secret);
        Self { endpoint, scope: None }
    }

    pub(crate) fn authenticate_by(&mut self, authentication: ClientAuthentication) {
        self.endpoint.authentication = authentication;
    }

    pub(crate) fn set_scope(&mut self, scope: Option<String>) {
        self.scope = scope;
    }
}

/// Logs in as the client itself; a new token is simply asked for again.
impl TokenSource for ConnectClient {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async {
            let mut fields = vec![("grant_type", "client_credentials")];
            fields.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
            let granted = self.endpoint.grant(context, &fields).await;
            granted.map(|granted| granted.token).map_err(|failure| failure.error)
        })
    }

    fn endpoint(&self) -> Option<&Url> {
        self.endpoint.url.as_ref().ok()
    }

    fn check(&self) -> Result<()> {
        one_line("scope", self.scope.as_deref().unwrap_or_default())?;
        self.endpoint.check()
    }
}

/// A user's session: the tokens at hand, and the refresh where a client is known.
pub(crate) struct UserSession {
    client: Option<ConnectClient>,
    state: Mutex<State>,
}

struct State {
    /// The tokens as they were given, until they are handed out.
    given: Option<Token>,
    refresh_token: Option<SecretString>,
}

impl fmt::Debug for UserSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserSession").field("client", &self.client).finish_non_exhaustive()
    }
}

impl UserSession {
    pub(crate) fn new(tokens: UserTokens, client: Option<ConnectClient>) -> Self {
        let (given, refresh_token) = tokens.split();
        Self { client, state: Mutex::new(State { given: Some(given), refresh_token }) }
    }

    async fn next_token(&self, context: &Context) -> Result<Token> {
        let (given, refresh_token) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (state.given.take(), state.refresh_token.clone())
        };
        // One that has ended is not worth an attempt.
        if let Some(token) = given.filter(|token| token.lifetime() != Some(Duration::ZERO)) {
            return Ok(token);
        }
        let (Some(client), Some(refresh_token)) = (&self.client, refresh_token) else {
            return Err(login_required("the user's access token ended, and there is no way to refresh it"));
        };
        let granted = refresh(client, context, &refresh_token).await.map_err(|failure| {
            if failure.stage == Stage::GrantRefused {
                let message = "the user's session is over";
                return failure.error.with_kind(ErrorKind::LoginRequired).with_message(message);
            }
            failure.error
        })?;
        if let Some(newest) = granted.refresh_token {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).refresh_token = Some(newest);
        }
        Ok(granted.token)
    }
}

/// No password is at hand to log in again, so a refresh whose answer was lost is tried once more;
/// this server family gives the same refresh token again, so that is likely to work.
async fn refresh(
    client: &ConnectClient,
    context: &Context,
    token: &SecretString,
) -> Result<Granted, Failure> {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
    match client.endpoint.grant_once(context, &fields).await {
        Err(failure) if failure.stage == Stage::PerhapsSpent => {
            client.endpoint.grant_once(context, &fields).await
        }
        outcome => outcome,
    }
}

fn login_required(message: &'static str) -> Error {
    Error::new(ErrorKind::LoginRequired, message)
}

impl TokenSource for UserSession {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(self.next_token(context))
    }

    fn endpoint(&self) -> Option<&Url> {
        self.client.as_ref()?.endpoint.url.as_ref().ok()
    }

    fn check(&self) -> Result<()> {
        self.client.as_ref().map_or(Ok(()), TokenSource::check)
    }
}
