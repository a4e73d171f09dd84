//! The client of an application's own login, and the builder of both clients.

use std::{fmt, sync::Arc, time::Duration};

use secrecy::SecretString;

use super::{
    Credential, Environment, Unconfirmed, UserClient, UserLogin, UserLoginBuilder,
    environment::{Overrides, Shapes},
    limits, login, problem,
    shield::Shield,
};
use crate::{
    Error, RawRequest, Result,
    auth::{self, Auth, ClientAuthentication, ConnectClient, TokenSource, UserSession, UserTokens},
    generated::connect as generated,
    transport::{Backoff, Settings, Transport, Variables, opaque_debug},
};

/// A client of Connect's Permission/Shield API with the application's own login.
///
/// It can shield customers by a credential. What belongs to one logged-in user is on another
/// type, [`UserClient`], which [`Client::as_user`] makes. Both are cheap to clone; building does
/// no I/O and needs no runtime.
///
/// ```no_run
/// use entitlements::connect::{self, Credential, Environment};
///
/// # async fn run(id: String, secret: String) -> entitlements::Result<()> {
/// let app = connect::Client::builder(Environment::Norway).client_login(id, secret).build()?;
/// let shielded = app
///     .shield(Credential::phone("+4712345678"))
///     .channel("DM")
///     .order_type("468979834", "56235")
///     .send()
///     .await?;
/// if shielded.found_nobody() {
///     println!("no customer has this number");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) transport: Arc<Transport>,
    pub(super) requests: generated::Client,
    pub(super) shapes: Shapes,
    login: Option<ConnectClient>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("connect::Client").field(&self.0.transport).finish()
    }
}

impl Client {
    /// Starts a client for an environment.
    pub fn builder(environment: Environment) -> ClientBuilder {
        ClientBuilder { common: Common::new(environment), auth: None }
    }

    /// Shields the customers whom a credential finds: all of them, if several share it.
    ///
    /// Name the channel, then the level, then send:
    /// `shield(credential).channel("DM").enterprise("468979834").send()`. A shield can be taken
    /// back by the user only, through [`UserClient`], or in the vendor's own screens.
    ///
    /// Source: the vendor's page "Permission/Shield". Assumption: method and path of both
    /// requests; see [`ClientBuilder::path_of`].
    ///
    /// # Errors
    ///
    /// From `send()`: [`InvalidInput`](crate::ErrorKind::InvalidInput) for a credential or code
    /// that cannot be, before anything is sent; [`LoginFailed`](crate::ErrorKind::LoginFailed) if
    /// the client login fails or its token is refused; [`Forbidden`](crate::ErrorKind::Forbidden)
    /// for a token of the wrong kind; [`Rejected`](crate::ErrorKind::Rejected) for an enterprise,
    /// order type or channel that Connect does not know (400);
    /// [`NotFound`](crate::ErrorKind::NotFound) if the assumed path is wrong; and after the
    /// repeats [`RateLimited`](crate::ErrorKind::RateLimited),
    /// [`Server`](crate::ErrorKind::Server), [`Timeout`](crate::ErrorKind::Timeout) or
    /// [`NotSent`](crate::ErrorKind::NotSent), all of which are transient. Treat a shield that
    /// failed as urgent: it is an objection to marketing.
    ///
    /// [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) for an answer that cannot be read, is
    /// too large or redirects: look at [`body()`](crate::Error::body) and check the base URL.
    /// [`Configuration`](crate::ErrorKind::Configuration) if the call is awaited outside a Tokio
    /// runtime.
    pub fn shield(&self, credential: Credential) -> Shield {
        Shield::new(self.0.clone(), credential)
    }

    /// Starts the login of a user by the browser (RFC 6749 section 4.1, with PKCE by RFC 7636).
    ///
    /// `redirect_uri` is where the login server sends the browser back to: the very text that is
    /// registered there for this client, with https, with http on this machine, or with the scheme
    /// of a native app. Keep the [`UserLogin`] in the user's web session meanwhile. Needs the
    /// client login, which [`start`](UserLoginBuilder::start) checks; its errors stand there.
    ///
    /// Source: the vendor's page "OAuth 2.0". Assumption: what it leaves open is as in RFC 6749.
    ///
    /// ```no_run
    /// # use entitlements::connect::{Client, UserLogin};
    /// # async fn run(app: Client, address: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// // The user wants to log in:
    /// let login = app.user_login("https://shop.example/callback").start()?;
    /// let (redirect_to, session) = (login.url(), serde_json::to_string(&login)?);
    ///
    /// // The browser asks for the callback, perhaps in another process:
    /// let login: UserLogin = serde_json::from_str(&session)?;
    /// let tokens = app.finish_user_login(login, address).await?;
    /// let level = app.as_user(tokens).list_global_permissions().send().await?;
    /// # Ok(()) }
    /// ```
    pub fn user_login(&self, redirect_uri: impl Into<String>) -> UserLoginBuilder {
        UserLoginBuilder::new(self.0.login.clone(), redirect_uri.into())
    }

    /// Finishes the login of a user: checks what the browser came back with, and gets the tokens.
    ///
    /// `returned` is the address that the browser asked for, whole or without its beginning, or
    /// its query. Take the `login` from the web session of the same browser, and remove it there:
    /// a code can be used once. The tokens know when they end, so they can be kept.
    ///
    /// Sends `POST {login server}/oauth/token` (RFC 6749 section 4.1.3) once, and again only if no
    /// connection was made. Dropping the future before it is done loses the tokens.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput), before anything is sent, if `returned`
    /// belongs to another login, or to none: log nobody in, because somebody may want the user to
    /// act in a foreign account. [`LoginFailed`](crate::ErrorKind::LoginFailed) if the login
    /// server sent the browser back without a code, with [`code()`](crate::Error::code)
    /// `access_denied` where the user did not want to, or if it refused the client.
    /// [`LoginRequired`](crate::ErrorKind::LoginRequired) if the
    /// code was refused, or the answer to it was lost: start the login again.
    /// [`NotSent`](crate::ErrorKind::NotSent) or [`RateLimited`](crate::ErrorKind::RateLimited) if
    /// the login server cannot be reached, or is asked too often.
    /// [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) for an answer that holds something
    /// else than tokens, or is too large: check the login server's URL.
    /// [`Configuration`](crate::ErrorKind::Configuration) without a client login, or outside a
    /// Tokio runtime.
    ///
    /// ```no_run
    /// # use entitlements::{ErrorKind, connect::{Client, UserLogin}};
    /// # async fn run(app: Client, login: UserLogin, address: &str) -> entitlements::Result<()> {
    /// match app.finish_user_login(login, address).await {
    ///     Ok(tokens) => drop(app.as_user(tokens)),
    ///     Err(error) if error.code() == Some("access_denied") => println!("another time, then"),
    ///     Err(error) if error.kind() == ErrorKind::LoginRequired => println!("please log in once more"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn finish_user_login(
        &self,
        login: UserLogin,
        returned: &str,
    ) -> impl Future<Output = Result<UserTokens>> + Send + use<> {
        let code = login.code_for(self.0.login.as_ref(), returned);
        let inner = self.0.clone();
        async move { login::finish(&inner.transport, inner.login.as_ref(), login, code).await }
    }

    /// A client for a user who logged in, with the same servers and limits. The application's
    /// login refreshes the user's tokens.
    ///
    /// ```no_run
    /// # use entitlements::{auth::UserTokens, connect::{ChannelState, Client}};
    /// # async fn run(app: Client, access: String, refresh: String) -> entitlements::Result<()> {
    /// let user = app.as_user(UserTokens::new(access).refresh_token(refresh));
    /// user.update_enterprise_permissions("468979834").set("TM", ChannelState::Shield).send().await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn as_user(&self, tokens: UserTokens) -> UserClient {
        let now = self.0.transport.clock().wall();
        let session = Arc::new(UserSession::new(tokens, self.0.login.clone(), now));
        let transport = Arc::new(self.0.transport.with_auth(Auth::from(session.clone())));
        UserClient::new(transport, self.0.requests.clone(), self.0.shapes.clone(), Some(session))
    }

    /// A request that no method models, through the same token, limits and repeats.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::connect::Client) -> entitlements::Result<()> {
    /// let info = client.request("GET", "/v1/client/customer/info/4711").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: &str, path: &str) -> RawRequest {
        RawRequest::new("connect.request", self.0.transport.clone(), method, path)
    }

    /// The credential, for sharing it with another client and for health checks.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        self.0.transport.auth()
    }

    /// What the credential works with here: for [`Auth::bearer`] and the other methods of [`auth`](Self::auth).
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::connect::Client) -> entitlements::Result<()> {
    /// let bearer = client.auth().bearer(&client.login_context()).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn login_context(&self) -> crate::auth::Context {
        self.0.transport.context()
    }
}

pub(super) const VARIABLES: &str = "ENTITLEMENTS_CONNECT_";

/// What both builders of Connect collect.
pub(super) struct Common {
    environment: Environment,
    /// From the environment, so everything that code sets comes first.
    pub(super) token: Option<Auth>,
    login: Option<(String, SecretString)>,
    authentication: ClientAuthentication,
    scope: Option<String>,
    pub(super) overrides: Overrides,
    pub(super) settings: Settings,
}

impl Common {
    pub(super) fn new(environment: Environment) -> Self {
        Self {
            environment,
            token: None,
            login: None,
            authentication: ClientAuthentication::default(),
            scope: None,
            overrides: Overrides::default(),
            // Working advice for this API: a 500 is repeated at most once, and waits are seconds.
            // The deadline leaves room for a whole window of the rate limit.
            settings: Settings {
                internal_errors: 1,
                backoff: Backoff { first: Duration::from_secs(1), largest: Duration::from_secs(60) },
                attempt_timeout: Duration::from_secs(20),
                deadline: Duration::from_secs(180),
                ..Settings::default()
            },
        }
    }

    pub(super) fn from_own(mut variables: Variables) -> Result<Self> {
        let mut common = Self::new(Environment::read(&mut variables)?);
        common.settings.read(&mut variables)?;
        let found = auth::variables::connect(&mut variables)?;
        (common.token, common.login, common.scope) = (found.token, found.login, found.scope);
        common.authentication = found.authentication.unwrap_or_default();
        variables.finish()?;
        Ok(common)
    }

    /// The client that logs in, if one was given.
    pub(super) fn login(&self) -> Option<ConnectClient> {
        let (id, secret) = self.login.as_ref()?;
        let plain_http = self.settings.plain_http;
        let mut client = ConnectClient::new(self.environment.login_server(), plain_http, id, secret.clone());
        client.authenticate_by(self.authentication);
        client.set_scope(self.scope.clone());
        Some(client)
    }

    pub(super) fn transport(mut self, auth: Auth) -> Result<(Transport, generated::Client, Shapes)> {
        // A client with another credential of its own still refreshes its users' tokens there.
        self.settings.login_endpoint = self.login().and_then(|login| login.endpoint().cloned());
        let shapes = self.overrides.checked()?;
        let client_id = self.login.as_ref().map(|(id, _)| id.as_str());
        let limit = limits::limit(self.environment.api_server(), client_id, &auth, &self.settings);
        self.settings.rate_limit = Some(limit);
        let transport = Transport::new(self.environment.api_server(), auth, self.settings, problem::read)?;
        let requests = generated::Client::new(transport.url().clone(), transport.http().clone());
        Ok((transport, requests, shapes))
    }
}

/// The settings that the builders of both clients of Connect have.
macro_rules! connect_options {
    ($builder:literal) => {
        crate::transport::environment_options! {
            /// `ENTITLEMENTS_CONNECT_ENVIRONMENT` is `norway`, `sweden` or `test`. Instead of it,
            /// `ENTITLEMENTS_CONNECT_API_SERVER` and `ENTITLEMENTS_CONNECT_LOGIN_SERVER` name the
            /// servers of [`Environment::Custom`](super::Environment::Custom). With the same prefix,
            /// these say who is calling, unless code does:
            ///
            /// | variable | value |
            /// | --- | --- |
            /// | `CLIENT_ID` | the application's client id for [`client_login`](Self::client_login) |
            /// | `CLIENT_SECRET` or `CLIENT_SECRET_FILE` | its secret, or the path of its file |
            /// | `CLIENT_AUTHENTICATION` | optional, also where code names the client: `basic` or `form` |
            /// | `SCOPE` | optional, also where code names the client: scopes, separated by spaces |
            /// | `TOKEN` or `TOKEN_FILE` | instead of all these, an access token: that of the application for [`ClientBuilder`](super::ClientBuilder), that of a user for [`UserClientBuilder`](super::UserClientBuilder) |
            ///
            /// The token is a [`StaticToken`](crate::auth::StaticToken). Tokens that are to be
            /// refreshed are set in code; the client that refreshes them can come from here. Control
            /// characters in an id or a scope are refused when the client is built, everything else
            /// that cannot be is refused here.
            super::client::VARIABLES, $builder,
            "ENTITLEMENTS_CONNECT_ENVIRONMENT" = "test",
            "ENTITLEMENTS_CONNECT_CLIENT_ID" = "no.example",
            "ENTITLEMENTS_CONNECT_CLIENT_SECRET" = "not-a-real-secret",
            "ENTITLEMENTS_CONNECT_RATE_LIMIT" = "25/1s"
        }

        crate::transport::client_options!(
            common.settings;
            timeout "20 seconds",
            deadline "3 minutes",
            backoff "1 second and 1 minute",
            rate_limit "100 calls a second and 2,000 a minute. Clients of this process that have the same \
                        API server, client id and windows count together; without a client id, those \
                        that share an `Auth`"
        );
        crate::transport::network_options!(common.settings);

        /// Sets the application's client id and secret.
        pub fn client_login(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
            self.common.set_login(id.into(), secret.into());
            self
        }

        /// Sets how the secret is sent to the login server. Default: HTTP Basic. It is never sent
        /// in the query string.
        pub fn client_authentication(mut self, authentication: crate::auth::ClientAuthentication) -> Self {
            self.common.set_authentication(authentication);
            self
        }

        /// Asks for scopes, separated by spaces, in the client login and in those of users. Default:
        /// none; the vendor lists none.
        pub fn scope(mut self, scope: impl Into<String>) -> Self {
            self.common.set_scope(scope.into());
            self
        }

        /// Replaces the assumed method of an operation. `build()` checks it.
        pub fn method_of(mut self, operation: Unconfirmed, method: impl Into<String>) -> Self {
            self.common.overrides.set_method(operation, method.into());
            self
        }

        /// Replaces the assumed path of an operation, with the same placeholders, for example
        /// `/v1/customer/permission/{enterpriseCode}/{orderTypeCode}`. `build()` checks it.
        pub fn path_of(mut self, operation: Unconfirmed, template: impl Into<String>) -> Self {
            self.common.overrides.set_path(operation, template.into());
            self
        }
    };
}
pub(super) use connect_options;

impl Common {
    pub(super) fn set_login(&mut self, id: String, secret: String) {
        self.login = Some((id, SecretString::from(secret)));
    }

    pub(super) fn set_authentication(&mut self, authentication: ClientAuthentication) {
        self.authentication = authentication;
    }

    pub(super) fn set_scope(&mut self, scope: String) {
        self.scope = Some(scope);
    }
}

/// Settings of a [`Client`].
#[must_use = "a builder makes nothing until `build()` is called"]
pub struct ClientBuilder {
    common: Common,
    auth: Option<Auth>,
}

impl ClientBuilder {
    /// Sets another credential than the client login: a
    /// [`StaticToken`](crate::auth::StaticToken), or an [`Auth`] that is shared.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    fn from_own(variables: Variables) -> Result<Self> {
        Ok(Self { common: Common::from_own(variables)?, auth: None })
    }

    connect_options!("connect::ClientBuilder");

    /// Makes the client; no I/O.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if a server's URL cannot be
    /// used, the login is missing or not complete, a method or path was replaced that cannot be,
    /// or TLS cannot be set up; the text names which.
    pub fn build(mut self) -> Result<Client> {
        let login = self.common.login();
        let own = || login.clone().map(Auth::from);
        let auth = self
            .auth
            .or_else(own)
            .or_else(|| self.common.token.take())
            .ok_or_else(|| Error::configuration("no login was given; call `client_login(id, secret)`"))?;
        let (transport, requests, shapes) = self.common.transport(auth)?;
        Ok(Client(Arc::new(Inner { transport: Arc::new(transport), requests, shapes, login })))
    }
}

opaque_debug!(ClientBuilder);
