//! The client of one logged-in user.

use std::{fmt, sync::Arc};

use super::{
    EnterpriseCode, Environment, OrderTypeCode, Unconfirmed,
    client::{Common, connect_options},
    environment::Shapes,
    place::{Place, argument},
    requests::{ChangePermissions, ListPermissions, ReadEffectivePermissions},
    update::{Locks, UpdatePermissions},
};
use crate::{
    Error, RawRequest, Result,
    auth::{Auth, UserSession, UserTokens},
    generated::connect as generated,
    transport::{Transport, Variables, opaque_debug},
};

/// A client of Connect's Permission/Shield API for one logged-in user.
///
/// Reads and changes the user's own permissions; the user is known from the token, so no call
/// names a customer. [`Client::as_user`](super::Client::as_user) makes one, and so does
/// [`UserClient::builder`] where there is no client login. Keep one per user and clone it: clones
/// share the tokens, and updates through them run one after the other.
#[derive(Clone)]
pub struct UserClient(Arc<Inner>);

pub(super) struct Inner {
    pub(super) transport: Arc<Transport>,
    pub(super) requests: generated::Client,
    pub(super) shapes: Shapes,
    pub(super) locks: Arc<Locks>,
    /// Where the credential is not another one.
    session: Option<Arc<UserSession>>,
}

impl fmt::Debug for UserClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("connect::UserClient").field(&self.0.transport).finish()
    }
}

impl UserClient {
    pub(super) fn new(
        transport: Arc<Transport>,
        requests: generated::Client,
        shapes: Shapes,
        session: Option<Arc<UserSession>>,
    ) -> Self {
        let locks = transport.auth().update_locks();
        Self(Arc::new(Inner { transport, requests, shapes, locks, session }))
    }

    /// Starts a client for a user's tokens. Without a client login the tokens serve until they
    /// end; with one they are refreshed.
    pub fn builder(environment: Environment) -> UserClientBuilder {
        UserClientBuilder { common: Common::new(environment), tokens: None, auth: None }
    }

    /// Reads the states that hold for all enterprises: *List global permissions*.
    ///
    /// Sends `GET /v1/customer/pbm`. This level knows shields and cannot be changed here.
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # async fn run(user: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let level = user.list_global_permissions().send().await?;
    /// println!("telemarketing: {}", level.state("TM"));
    /// # Ok(()) }
    /// ```
    pub fn list_global_permissions(&self) -> ListPermissions {
        ListPermissions::new(self.0.clone(), Place::Global)
    }

    /// Reads the states that hold for one enterprise: *List enterprise permissions*.
    ///
    /// Sends `GET /v1/customer/pbm/{enterpriseCode}`.
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # async fn run(user: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let level = user.list_enterprise_permissions("468979834").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn list_enterprise_permissions<E>(&self, enterprise: E) -> ListPermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
    {
        ListPermissions::new(self.0.clone(), Place::Enterprise(argument(enterprise)))
    }

    /// Reads the states that hold for one order type: *List order type permissions*.
    ///
    /// Sends `GET /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}`. Assumption: the path.
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # async fn run(user: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let level = user.list_order_type_permissions("468979834", "56235").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn list_order_type_permissions<E, O>(&self, enterprise: E, order_type: O) -> ListPermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
        O: TryInto<OrderTypeCode>,
        O::Error: Into<Error>,
    {
        ListPermissions::new(self.0.clone(), Place::OrderType(argument(enterprise), argument(order_type)))
    }

    /// Sends new states for channels of an enterprise: *Change enterprise permissions*.
    ///
    /// Sends `POST /v1/customer/pbm/{enterpriseCode}` with exactly the channels that were set.
    /// Assumption: the method. Whether other channels keep their state is not documented; prefer
    /// [`update_enterprise_permissions`](Self::update_enterprise_permissions).
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::connect::{ChannelState, UserClient};
    /// # async fn run(user: UserClient) -> entitlements::Result<()> {
    /// user.change_enterprise_permissions("468979834")
    ///     .set("TM", ChannelState::Shield)
    ///     .set("DM", ChannelState::Permission)
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn change_enterprise_permissions<E>(&self, enterprise: E) -> ChangePermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
    {
        ChangePermissions::new(self.0.clone(), Place::Enterprise(argument(enterprise)))
    }

    /// Sends new states for channels of an order type: *Change order type permissions*.
    ///
    /// Sends `POST /v1/customer/pbm/{enterpriseCode}/{orderTypeCode}` with exactly the channels
    /// that were set. Assumption: method and path. Prefer
    /// [`update_order_type_permissions`](Self::update_order_type_permissions).
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::connect::{ChannelState, UserClient};
    /// # async fn run(user: UserClient) -> entitlements::Result<()> {
    /// user.change_order_type_permissions("468979834", "56235")
    ///     .set("EM", ChannelState::None)
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn change_order_type_permissions<E, O>(&self, enterprise: E, order_type: O) -> ChangePermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
        O: TryInto<OrderTypeCode>,
        O::Error: Into<Error>,
    {
        ChangePermissions::new(self.0.clone(), Place::OrderType(argument(enterprise), argument(order_type)))
    }

    /// Changes some channels of an enterprise and keeps the others, whether the server merges or
    /// replaces.
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::connect::{ChannelState, UserClient};
    /// # async fn run(user: UserClient) -> entitlements::Result<()> {
    /// user.update_enterprise_permissions("468979834").set("TM", ChannelState::Shield).send().await?;
    /// # Ok(()) }
    /// ```
    pub fn update_enterprise_permissions<E>(&self, enterprise: E) -> UpdatePermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
    {
        UpdatePermissions::new(self.change_enterprise_permissions(enterprise))
    }

    /// Changes some channels of an order type and keeps the others, whether the server merges or
    /// replaces.
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::connect::{ChannelState, UserClient};
    /// # async fn run(user: UserClient) -> entitlements::Result<()> {
    /// user.update_order_type_permissions("468979834", "56235")
    ///     .set("TM", ChannelState::None)
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn update_order_type_permissions<E, O>(&self, enterprise: E, order_type: O) -> UpdatePermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
        O: TryInto<OrderTypeCode>,
        O::Error: Into<Error>,
    {
        UpdatePermissions::new(self.change_order_type_permissions(enterprise, order_type))
    }

    /// Reads the three levels that concern an order type, and says what they mean together.
    ///
    /// The result is this crate's reading, not Connect's answer: see
    /// [`EffectivePermissions`](super::EffectivePermissions).
    #[doc = include_str!("../docs/connect_user_errors.md")]
    ///
    /// ```no_run
    /// # async fn run(user: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let effective = user.effective_permissions("468979834", "56235").send().await?;
    /// if effective.allows("EM") {
    ///     println!("may be written to");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn effective_permissions<E, O>(&self, enterprise: E, order_type: O) -> ReadEffectivePermissions
    where
        E: TryInto<EnterpriseCode>,
        E::Error: Into<Error>,
        O: TryInto<OrderTypeCode>,
        O::Error: Into<Error>,
    {
        let enterprise = argument(enterprise);
        let levels = [
            Place::Global,
            Place::Enterprise(enterprise.clone()),
            Place::OrderType(enterprise, argument(order_type)),
        ];
        ReadEffectivePermissions::new(levels.map(|place| ListPermissions::new(self.0.clone(), place)))
    }

    /// A request that no method models, through the same token, limits and repeats.
    ///
    /// ```no_run
    /// # async fn run(user: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let profile = user.request("GET", "/v1/customer/profile").send().await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: &str, path: &str) -> RawRequest {
        RawRequest::new("connect.request", self.0.transport.clone(), method, path)
    }

    /// The user's newest tokens, for a store of your own; `None` if the client was built with
    /// another credential.
    ///
    /// A renewal changes them, and it can end after the call that began it. An earlier refresh token
    /// may be of no use then, so save them whenever [`auth().watch()`](crate::auth::Auth::watch) tells
    /// of a change, be it a failure: once the session is over they have no refresh token any more.
    /// They are never older than the token of any call.
    ///
    /// ```no_run
    /// # fn save(_: Vec<u8>) {}
    /// # async fn run(user: entitlements::connect::UserClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut watch = user.auth().watch();
    /// while watch.changed().await.is_some() {
    ///     let Some(tokens) = user.tokens() else { break };
    ///     save(serde_json::to_vec(&tokens)?);
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn tokens(&self) -> Option<UserTokens> {
        self.0.session.as_ref().map(|session| session.tokens())
    }

    /// The user's credential, for health checks.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        self.0.transport.auth()
    }

    /// What the credential works with here: for [`Auth::bearer`] and the other methods of [`auth`](Self::auth).
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::connect::UserClient) -> entitlements::Result<()> {
    /// let bearer = client.auth().bearer(&client.login_context()).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn login_context(&self) -> crate::auth::Context {
        self.0.transport.context()
    }
}

/// Settings of a [`UserClient`].
#[must_use = "a builder makes nothing until `build()` is called"]
pub struct UserClientBuilder {
    common: Common,
    tokens: Option<UserTokens>,
    auth: Option<Auth>,
}

impl UserClientBuilder {
    /// Sets the tokens of the user.
    pub fn tokens(mut self, tokens: UserTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Sets another credential than the user's tokens: a
    /// [`StaticToken`](crate::auth::StaticToken), or an [`Auth`] that is shared.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    fn from_own(variables: Variables) -> Result<Self> {
        Ok(Self { common: Common::from_own(variables)?, tokens: None, auth: None })
    }

    connect_options!("connect::UserClientBuilder");

    /// Makes the client; no I/O.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if a server's URL cannot be
    /// used, the tokens are missing, a method or path was replaced that cannot be, or TLS cannot
    /// be set up; the text names which.
    pub fn build(mut self) -> Result<UserClient> {
        let login = self.common.login();
        let now = self.common.settings.clock.wall();
        let tokens = self.tokens.filter(|_| self.auth.is_none());
        let session = tokens.map(|tokens| Arc::new(UserSession::new(tokens, login, now)));
        let own = || session.clone().map(Auth::from);
        let auth =
            self.auth.or_else(own).or_else(|| self.common.token.take()).ok_or_else(|| {
                Error::configuration("no user is logged in; call `tokens(UserTokens::new(…))`")
            })?;
        let (transport, requests, shapes) = self.common.transport(auth)?;
        Ok(UserClient::new(Arc::new(transport), requests, shapes, session))
    }
}

opaque_debug!(UserClientBuilder);
