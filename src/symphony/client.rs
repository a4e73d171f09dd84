//! The client and its builder.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Advisor, ExternalNetwork,
    ensure::{EnsureEntitled, EnsureRemoved},
    listing::ListEntitledAdvisors,
    problem,
    requests::{AddEntitlement, GetAdvisorEntitlement, ListEntitlements, RemoveEntitlement},
};
use crate::{
    Error, RawRequest, Result,
    auth::{self, Auth},
    generated::symphony as generated,
    transport::{
        Settings, Transport, Variables, client_options, environment_options, network_options, opaque_debug,
    },
};

/// The production base URL. Source: the vendor's page "Authentication", 2022 edition.
pub const PRODUCTION: &str = "https://connect.symphony.com/admin";
/// The user acceptance base URL. Source: as for [`PRODUCTION`].
pub const UAT: &str = "https://connect.uat.symphony.com/admin";

const VARIABLES: &str = "ENTITLEMENTS_SYMPHONY_";

/// A client of the Symphony Federation Entitlements API.
///
/// It is cheap to clone; clones share connections and the token. Building it does no I/O and
/// needs no runtime.
///
/// ```no_run
/// use entitlements::{auth::JwtSigner, symphony::{self, ExternalNetwork}};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let pem = std::fs::read("private-key.pem")?;
/// let client = symphony::Client::builder(symphony::PRODUCTION)
///     .auth(JwtSigner::from_pem("my-key-name", pem)?)
///     .build()?;
///
/// let mut advisors = client
///     .list_entitled_advisors(ExternalNetwork::WhatsApp)
///     .list_permissions(true)
///     .stream();
/// while let Some(advisor) = advisors.try_next().await? {
///     println!("{}", advisor.display_name.unwrap_or_default());
/// }
/// # Ok(()) }
/// ```
///
/// # Cancelling
///
/// Dropping the future of a read loses nothing. Dropping that of a write leaves its outcome
/// unknown, as a lost connection would: the `ensure_*` methods can be called again safely.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(super) struct Inner {
    pub(super) transport: Arc<Transport>,
    pub(super) requests: generated::Client,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("symphony::Client").field(&self.0.transport).finish()
    }
}

impl Client {
    /// Starts a client for a base URL such as [`PRODUCTION`]; the prefix `/admin` belongs to it.
    pub fn builder(base_url: impl Into<String>) -> ClientBuilder {
        let settings = Settings {
            attempt_timeout: Duration::from_secs(20),
            deadline: Duration::from_secs(60),
            ..Settings::default()
        };
        ClientBuilder { base_url: base_url.into(), auth: None, settings }
    }

    /// Lists the networks that this tenant may hand out: *List entitlements*.
    ///
    /// Use it to offer a choice of networks. Sends `GET /api/v2/customer/entitlements`.
    #[doc = include_str!("../docs/symphony_read_errors.md")]
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
    /// for network in &client.list_entitlements().send().await?.entitlements {
    ///     println!("{network}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn list_entitlements(&self) -> ListEntitlements {
        ListEntitlements::new(self.0.clone())
    }

    /// Entitles one advisor for one network: *Add entitlement*.
    ///
    /// Use [`ensure_entitled`](Self::ensure_entitled) unless a duplicate has to be an error: this
    /// call must not be repeated, so a lost answer is reported as
    /// [`ErrorKind::OutcomeUnknown`](crate::ErrorKind::OutcomeUnknown).
    /// Sends `POST /api/v2/customer/entitlements`.
    ///
    /// The answer can hold permissions that failed although the entitlement was added: look at
    /// [`failed_permissions`](super::model::AddedEntitlement::failed_permissions).
    #[doc = include_str!("../docs/symphony_add_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Advisor, Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let added = client
    ///     .add_entitlement(ExternalNetwork::WhatsApp, Advisor::email("ada@acme.example"))
    ///     .permissions(["create:room"])
    ///     .send()
    ///     .await?;
    /// assert_eq!(added.failed_permissions().count(), 0);
    /// # Ok(()) }
    /// ```
    pub fn add_entitlement(&self, network: impl Into<ExternalNetwork>, advisor: Advisor) -> AddEntitlement {
        AddEntitlement::new(self.0.clone(), network.into(), advisor)
    }

    /// Lists the advisors who are entitled for a network: *List entitled advisors*.
    ///
    /// [`stream`](ListEntitledAdvisors::stream) goes over all pages,
    /// [`send`](ListEntitledAdvisors::send) fetches one.
    /// Sends `GET /api/v1/customer/entitlements/externalNetwork/{externalNetwork}/advisors`.
    /// Neither the size of a page nor the order is documented.
    #[doc = include_str!("../docs/symphony_read_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let all: Vec<_> =
    ///     client.list_entitled_advisors(ExternalNetwork::Line).stream().try_collect().await?;
    /// # Ok(()) }
    /// ```
    pub fn list_entitled_advisors(&self, network: impl Into<ExternalNetwork>) -> ListEntitledAdvisors {
        ListEntitledAdvisors::new(self.0.clone(), network.into())
    }

    /// Reads one advisor's entitlement for one network: *Get an advisor's entitlement*.
    ///
    /// Sends `GET /api/v2/customer/advisor/entitlements`. An advisor who is not entitled is
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound), also where Symphony answers 200
    /// without data.
    #[doc = include_str!("../docs/symphony_read_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Advisor, Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let advisor = Advisor::id("351775001412105");
    /// match client.get_advisor_entitlement(ExternalNetwork::WhatsApp, advisor).send().await {
    ///     Ok(entitlement) => println!("{:?}", entitlement.status),
    ///     Err(error) if error.is_not_found() => println!("not entitled"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn get_advisor_entitlement(
        &self,
        network: impl Into<ExternalNetwork>,
        advisor: Advisor,
    ) -> GetAdvisorEntitlement {
        GetAdvisorEntitlement::new(self.0.clone(), network.into(), advisor)
    }

    /// Removes one advisor's entitlement for one network: *Remove entitlement*.
    ///
    /// Sends `DELETE /api/v2/customer/advisor/entitlements`. An advisor who was not entitled is
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound); use
    /// [`ensure_removed`](Self::ensure_removed) where that is as good as removed.
    #[doc = include_str!("../docs/symphony_read_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Advisor, Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// client
    ///     .remove_entitlement(ExternalNetwork::Sms, Advisor::email("ada@acme.example"))
    ///     .send()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn remove_entitlement(
        &self,
        network: impl Into<ExternalNetwork>,
        advisor: Advisor,
    ) -> RemoveEntitlement {
        RemoveEntitlement::new(self.0.clone(), network.into(), advisor)
    }

    /// Makes sure that an advisor is entitled, whether or not that was so before.
    ///
    /// It adds the entitlement; where it exists, or where the answer was lost, it reads back what
    /// is there. So a job that runs again does no harm. It says which of the requested
    /// permissions are not there, also for someone who was entitled already: permissions of an
    /// existing entitlement are reported, not changed.
    #[doc = include_str!("../docs/symphony_ensure_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Advisor, Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let ensured = client
    ///     .ensure_entitled(ExternalNetwork::SmsDirect, Advisor::email("ada@acme.example"))
    ///     .phone_number("+1 234-567-8912")
    ///     .permissions(["create:room"])
    ///     .send()
    ///     .await?;
    /// for failed in ensured.failed_permissions() {
    ///     eprintln!("not granted: {}", failed.name());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn ensure_entitled(&self, network: impl Into<ExternalNetwork>, advisor: Advisor) -> EnsureEntitled {
        EnsureEntitled::new(self.add_entitlement(network, advisor))
    }

    /// Makes sure that an advisor is not entitled, whether or not that was so before.
    #[doc = include_str!("../docs/symphony_ensure_errors.md")]
    ///
    /// ```no_run
    /// # use entitlements::symphony::{Advisor, Client, ExternalNetwork};
    /// # async fn run(client: Client) -> entitlements::Result<()> {
    /// let removed =
    ///     client.ensure_removed(ExternalNetwork::Sms, Advisor::id("351775001412105")).send().await?;
    /// println!("there was something to remove: {}", removed.was_entitled());
    /// # Ok(()) }
    /// ```
    pub fn ensure_removed(&self, network: impl Into<ExternalNetwork>, advisor: Advisor) -> EnsureRemoved {
        EnsureRemoved::new(self.remove_entitlement(network, advisor))
    }

    /// A request that no method models, through the same token, limits and repeats.
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
    /// let permissions = client.request("GET", "/api/v1/customer/permissions").send().await?;
    /// println!("{}", permissions["permissions"]);
    /// # Ok(()) }
    /// ```
    pub fn request(&self, method: &str, path: &str) -> RawRequest {
        RawRequest::new("symphony.request", self.0.transport.clone(), method, path)
    }

    /// The credential, for sharing it with another client and for health checks.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        self.0.transport.auth()
    }

    /// What the credential works with here: for [`Auth::bearer`] and the other methods of [`auth`](Self::auth).
    ///
    /// ```no_run
    /// # async fn run(client: entitlements::symphony::Client) -> entitlements::Result<()> {
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
    settings: Settings,
}

impl ClientBuilder {
    environment_options! {
        /// `ENTITLEMENTS_SYMPHONY_BASE_URL` is required; [`PRODUCTION`] and [`UAT`] are two of its
        /// values. With the same prefix, these say who is calling, unless code does with
        /// [`auth`](Self::auth):
        ///
        /// | variable | value |
        /// | --- | --- |
        /// | `KEY_NAME` | the name under which Symphony has the public key |
        /// | `PRIVATE_KEY` or `PRIVATE_KEY_FILE` | the key for [`JwtSigner::from_pem`](crate::auth::JwtSigner::from_pem), or the path of its file |
        /// | `TOKEN_LIFETIME` | a time, optional: [`JwtSigner::lifetime`](crate::auth::JwtSigner::lifetime), with its limits |
        /// | `BACKDATE` | a time, optional: [`JwtSigner::backdate`](crate::auth::JwtSigner::backdate), with its limits |
        /// | `TOKEN` or `TOKEN_FILE` | instead of all these, a [`StaticToken`](crate::auth::StaticToken) |
        ///
        /// A key or a token that cannot be used is refused here, not when the client is built.
        VARIABLES, "symphony::ClientBuilder",
        "ENTITLEMENTS_SYMPHONY_BASE_URL" = "https://connect.symphony.com/admin",
        "ENTITLEMENTS_SYMPHONY_TOKEN" = "not-a-real-token",
        "ENTITLEMENTS_SYMPHONY_DEADLINE" = "30s"
    }

    fn from_own(mut variables: Variables) -> Result<Self> {
        let mut builder = Client::builder(variables.required("BASE_URL")?);
        builder.settings.read(&mut variables)?;
        builder.auth = auth::variables::symphony(&mut variables)?;
        variables.finish()?;
        Ok(builder)
    }

    /// Sets who is calling: a [`JwtSigner`](crate::auth::JwtSigner), a
    /// [`StaticToken`](crate::auth::StaticToken), or an [`Auth`] that is shared.
    pub fn auth(mut self, auth: impl Into<Auth>) -> Self {
        self.auth = Some(auth.into());
        self
    }

    client_options!(settings; timeout "20 seconds", deadline "1 minute", backoff "200 ms and 10 seconds", rate_limit "none");
    network_options!(settings);

    /// Makes the client; no I/O.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the base URL cannot be
    /// used, the credential is missing, or TLS cannot be set up; the text names which.
    pub fn build(self) -> Result<Client> {
        let auth = self.auth.ok_or_else(|| {
            Error::configuration("no credential was given; call `auth(JwtSigner::from_pem(…)?)`")
        })?;
        let transport = Transport::new(&self.base_url, auth, self.settings, problem::read)?;
        let requests = generated::Client::new(transport.url().clone(), transport.http().clone());
        Ok(Client(Arc::new(Inner { transport: Arc::new(transport), requests })))
    }
}

opaque_debug!(ClientBuilder);
