//! The client and its builder.

use std::{fmt, sync::Arc, time::Duration};

use http::HeaderName;

use super::{problem, requests::ListEntitlements};
use crate::{
    Error, ErrorKind, RawRequest, Result,
    auth::{self, Auth},
    generated::crm_gateway as generated,
    transport::{
        Settings, Transport, Variables, client_options, environment_options, identifying_header,
        network_options, opaque_debug,
    },
};

const VARIABLES: &str = "ENTITLEMENTS_CRM_GATEWAY_";

/// A client of the entitlements of a NAGRA OpenTV CRM Gateway.
///
/// It is cheap to clone; clones share connections, login and token. Building it does no I/O and
/// needs no runtime. Dropping the future of a call loses nothing: there are only reads.
///
/// ```no_run
/// use entitlements::{auth::Keycloak, crm_gateway::{self, Filter, Sort}};
///
/// # async fn run(password: String) -> entitlements::Result<()> {
/// let client = crm_gateway::Client::builder("https://operator.example:8443")
///     .auth(
///         Keycloak::realm("https://operator.example:8443/keycloak/auth", "nagra")
///             .client_id("crm_client")
///             .password("crm_client_user", password),
///     )
///     .build()?;
///
/// let mut entitlements = client
///     .list_entitlements()
///     .filter(Filter::eq("accountId", "acc-1"))
///     .third_party()
///     .sort(Sort::desc("created"))
///     .stream();
/// while let Some(entitlement) = entitlements.try_next().await? {
///     println!("{:?} {:?}", entitlement.product_id, entitlement.status);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) transport: Arc<Transport>,
    pub(super) requests: generated::Client,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("crm_gateway::Client").field(&self.0.transport).finish()
    }
}

impl Client {
    /// Starts a client for the operator's own host and port, for example
    /// `https://operator.example:8443`; the path `/crm-gateway/…` is added.
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        let settings = Settings {
            correlated: true,
            attempt_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            ..Settings::default()
        };
        ClientBuilder { base_url: base_url.into(), auth: None, tenant: None, settings }
    }

    /// Lists the entitlements of accounts: *GET entitlements*.
    ///
    /// [`stream`](ListEntitlements::stream) goes over all pages,
    /// [`send`](ListEntitlements::send) fetches one, [`count`](ListEntitlements::count) none.
    /// Sends `GET /crm-gateway/v1/rmg/v1/entitlements`.
    ///
    /// Source: the operator's page "Getting third-party product entitlements", release 25.12.
    /// The form of the answer is that of the service behind the gateway, and an assumption.
    ///
    /// # Errors
    ///
    /// From `send()` and `stream()`: [`InvalidInput`](crate::ErrorKind::InvalidInput) for a
    /// filter, sort or page that cannot be, before anything is sent;
    /// [`LoginFailed`](crate::ErrorKind::LoginFailed) if the login is refused, or the gateway
    /// refuses the token with 401 also after a renewal;
    /// [`Forbidden`](crate::ErrorKind::Forbidden) if it does so with 403: the account lacks the
    /// role; [`NotFound`](crate::ErrorKind::NotFound) for a wrong tenant, or for an empty listing
    /// (see [`not_found_is_empty`](ListEntitlements::not_found_is_empty));
    /// [`Rejected`](crate::ErrorKind::Rejected) (400); and after the repeats
    /// [`RateLimited`](crate::ErrorKind::RateLimited), [`Server`](crate::ErrorKind::Server),
    /// [`Timeout`](crate::ErrorKind::Timeout) or [`NotSent`](crate::ErrorKind::NotSent), all of
    /// which are transient.
    ///
    /// [`UnexpectedAnswer`](crate::ErrorKind::UnexpectedAnswer) for an answer that cannot be read, is
    /// too large or redirects: look at [`body()`](crate::Error::body) and check the base URL.
    /// [`Configuration`](crate::ErrorKind::Configuration) if the call is awaited outside a Tokio
    /// runtime. From `stream()` also [`Pagination`](crate::ErrorKind::Pagination) if the
    /// pages do not fit together.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// let how_many = client.list_entitlements().third_party().count().await?;
    /// # Ok(()) }
    /// ```
    pub fn list_entitlements(&self) -> ListEntitlements {
        ListEntitlements::new(self.0.clone())
    }

    /// A request that no method models, through the same token, limits and repeats.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// let path = "/crm-gateway/v1/rmg/v1/entitlements/acc-1";
    /// let updated = client
    ///     .request("PUT", path)
    ///     .json(&serde_json::json!({ "status": "UNSUBSCRIBED" }))
    ///     .repeatable(true)
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: &str, path: &str) -> RawRequest {
        RawRequest::new("crm_gateway.request", self.0.transport.clone(), method, path)
    }

    /// Ends the login's session at Keycloak and forgets the token, for example when the application
    /// stops; the next call logs in again.
    ///
    /// Calls that begin meanwhile wait for it. Dropping the future does not stop it. Where no session
    /// is known there is nothing to do: none was begun, or the answer to a refresh was lost, and such
    /// a session ends by itself. Every client with the same [`Auth`] is logged out.
    ///
    /// Source: Keycloak's logout endpoint as its own sources describe it, with the refresh token in a
    /// form. An access token that the gateway checks by itself serves there until it expires; see
    /// [`revoke_tokens`](Self::revoke_tokens).
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::ErrorKind::Configuration) if the credential has no session, such as a
    /// [`StaticToken`](crate::auth::StaticToken), or its logout URL is not known;
    /// [`LoginFailed`](crate::ErrorKind::LoginFailed) if the server refuses the client; and
    /// [`NotSent`](crate::ErrorKind::NotSent), [`Timeout`](crate::ErrorKind::Timeout) or
    /// [`Server`](crate::ErrorKind::Server), after which the session may go on: call it again.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// client.log_out().await?;
    /// # Ok(()) }
    /// ```
    pub async fn log_out(&self) -> Result<()> {
        self.auth().log_out(&self.0.transport.context()).await
    }

    /// Makes the login's access and refresh token worthless at Keycloak and forgets them, for example
    /// when one may have leaked; the next call logs in again.
    ///
    /// Source: RFC 7009, and Keycloak's revocation endpoint, which it has since about version 10 or 11.
    /// Assumption: whether the gateway asks Keycloak about access tokens that were revoked is not
    /// documented.
    ///
    /// # Errors
    ///
    /// As for [`log_out`](Self::log_out).
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// client.revoke_tokens().await?;
    /// # Ok(()) }
    /// ```
    pub async fn revoke_tokens(&self) -> Result<()> {
        self.auth().revoke(&self.0.transport.context()).await
    }

    /// The credential, for sharing it with another client and for health checks.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        self.0.transport.auth()
    }

    /// What the credential works with here: for [`Auth::bearer`] and the other methods of [`auth`](Self::auth).
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::crm_gateway::Client) -> entitlements::Result<()> {
    /// let bearer = client.auth().bearer(&client.login_context()).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn login_context(&self) -> crate::auth::Context {
        self.0.transport.context()
    }
}

/// Settings of a [`Client`].
#[must_use = "a builder makes nothing until `build()` is called"]
pub struct ClientBuilder {
    base_url: String,
    auth: Option<Auth>,
    tenant: Option<String>,
    settings: Settings,
}

/// The header that names the tenant.
pub(super) const TENANT: HeaderName = HeaderName::from_static("nv-tenant-id");

impl ClientBuilder {
    environment_options! {
        /// `ENTITLEMENTS_CRM_GATEWAY_BASE_URL` is required, for example
        /// `https://operator.example:8443`; `ENTITLEMENTS_CRM_GATEWAY_TENANT` is what
        /// [`tenant`](Self::tenant) sets. With the same prefix, these say who is calling, unless
        /// code does with [`auth`](Self::auth):
        ///
        /// | variable | value |
        /// | --- | --- |
        /// | `TOKEN_URL` | the whole token URL, see [`Keycloak::new`](crate::auth::Keycloak::new) |
        /// | `KEYCLOAK_URL` and `REALM` | instead of it, the two parts of [`Keycloak::realm`](crate::auth::Keycloak::realm), with `/auth` where the server has it |
        /// | `CLIENT_ID` | the client that logs in |
        /// | `USERNAME` | the user whom it logs in |
        /// | `PASSWORD` or `PASSWORD_FILE` | the user's password, or the path of its file |
        /// | `GRANT` | `password`, which is the default, or `client_credentials`: then there is no user, and the client needs a secret |
        /// | `CLIENT_SECRET` or `CLIENT_SECRET_FILE` | optional for a user's login: the secret of a confidential client |
        /// | `CLIENT_AUTHENTICATION` | optional: `basic` or `form`, see [`ClientAuthentication`](crate::auth::ClientAuthentication) |
        /// | `SCOPE` | optional: scopes, separated by spaces, for example `offline_access` |
        /// | `TOKEN` or `TOKEN_FILE` | instead of all these, a [`StaticToken`](crate::auth::StaticToken) |
        ///
        /// A token URL or realm that cannot be, and control characters in an id, a user name or a
        /// scope, are refused when the client is built; everything else is refused here.
        /// `ALLOW_PLAIN_HTTP` holds for the token URL as well; called in code,
        /// [`allow_plain_http`](Self::allow_plain_http) does not.
        VARIABLES, "crm_gateway::ClientBuilder",
        "ENTITLEMENTS_CRM_GATEWAY_BASE_URL" = "https://operator.example:8443",
        "ENTITLEMENTS_CRM_GATEWAY_KEYCLOAK_URL" = "https://operator.example:8443/keycloak/auth",
        "ENTITLEMENTS_CRM_GATEWAY_REALM" = "nagra",
        "ENTITLEMENTS_CRM_GATEWAY_CLIENT_ID" = "crm_client",
        "ENTITLEMENTS_CRM_GATEWAY_USERNAME" = "crm_client_user",
        "ENTITLEMENTS_CRM_GATEWAY_PASSWORD" = "not-a-real-password",
        "ENTITLEMENTS_CRM_GATEWAY_MAX_CONCURRENCY" = "8"
    }

    fn from_own(mut variables: Variables) -> Result<Self> {
        let mut builder = Client::builder(variables.required("BASE_URL")?);
        builder.settings.read(&mut variables)?;
        builder.auth = auth::variables::crm_gateway(&mut variables, builder.settings.plain_http)?;
        if let Some(tenant) = variables.text("TENANT") {
            builder = builder.tenant(tenant);
        }
        variables.finish()?;
        Ok(builder)
    }

    /// Sets who is calling: a [`Keycloak`](crate::auth::Keycloak) login, a
    /// [`StaticToken`](crate::auth::StaticToken), or an [`Auth`] that is shared.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    /// Sets the tenant of every call (`nv-tenant-id`). Default: none. The vendor documents the
    /// header for neighbouring operations.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    client_options!(settings; timeout "30 seconds", deadline "2 minutes", backoff "200 ms and 10 seconds", rate_limit "none");
    network_options!(settings);

    /// Makes the client; no I/O.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the base or token URL
    /// cannot be used, the credential is missing or not complete, the tenant or a header cannot be
    /// sent, or TLS cannot be set up; the text names which.
    pub fn build(mut self) -> Result<Client> {
        if let Some(tenant) = self.tenant {
            identifying_header("tenant", &tenant)
                .map_err(|error| error.with_kind(ErrorKind::Configuration))?;
            self.settings.default_headers.push((TENANT.as_str().to_owned(), tenant));
        }
        let auth = self
            .auth
            .ok_or_else(|| Error::configuration("no credential was given; call `auth(Keycloak::new(…))`"))?;
        let transport = Transport::new(&self.base_url, auth, self.settings, problem::read)?;
        let requests = generated::Client::new(transport.url().clone(), transport.http().clone());
        Ok(Client(Arc::new(Inner { transport: Arc::new(transport), requests })))
    }
}

opaque_debug!(ClientBuilder);
