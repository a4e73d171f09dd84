//! How a fake is set up.

use std::time::Duration;

use http::HeaderValue;
use serde_json::Value;

use super::{
    Fake, Operation,
    archive::Archive,
    state::{Settings, State, Tenants},
};
use crate::fakes::{
    keycloak,
    serve::{Served, Setup, builder_methods},
};

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
#[derive(Debug)]
pub struct Builder {
    pub(super) settings: Settings,
    pub(super) tenants: Tenants,
    pub(super) keycloak: keycloak::Builder,
    setup: Setup<Operation>,
}

/// How a token is refused.
///
/// The status 403 is documented for the gateway, its body is not. Both shapes are documented for
/// other parts of the platform, the second with either status. Assumption: the gateway uses one
/// of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Refusal {
    /// 403 with `message`, `code` and `errorCode`.
    #[default]
    ShapeA,
    /// 403 with `resultCode`, `localeMessage`, `requestId` and `result`.
    ShapeB,
    /// The body of [`ShapeB`](Self::ShapeB) with status 200.
    OkWithShapeB,
    /// 401 with `message` and `code`. A page of a neighbouring operation lists that status for
    /// invalid credentials.
    Unauthorized,
}

/// What is answered where nothing matches.
///
/// The vendor's pages contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Empty {
    /// 200 with an empty list. Assumption: so does the gateway.
    #[default]
    List,
    /// 404, also for a count. Neighbouring reads document it.
    NotFound,
    /// 200 with a list that holds one empty object, beside a count of 0, as one sample of the
    /// vendor's has it.
    OneEmptyObject,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            settings: Settings::default(),
            tenants: Tenants::default(),
            keycloak: keycloak::Fake::builder(),
            setup: Setup::default(),
        }
    }

    /// Sets what the Keycloak is like. It has the gateway's [`clock`](Self::clock), whatever its
    /// own was.
    pub fn keycloak(mut self, keycloak: keycloak::Builder) -> Self {
        self.keycloak = keycloak;
        self
    }

    /// Accepts this bearer token beside those of the Keycloak, for clients that cannot log in.
    /// Several calls add up.
    ///
    /// # Panics
    ///
    /// If no header can carry the token.
    #[track_caller]
    pub fn accept_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        assert!(
            is_header(&token),
            "no header can carry this token: it is empty or has spaces around or control characters in it"
        );
        self.settings.accepted_tokens.insert(token);
        self
    }

    builder_methods!(setup);

    /// Adds `count` entitlements that are made when they are shown. What a seed has to be like
    /// stands at [`Fake::seed`].
    ///
    /// # Panics
    ///
    /// As [`Fake::seed`].
    #[track_caller]
    pub fn seed(mut self, count: usize, entitlement: impl Fn(usize) -> Value + Send + 'static) -> Self {
        self.tenants.of(None).seed(count, entitlement);
        self
    }

    /// Adds a tenant that `nv-tenant-id` may name. It has entitlements of its own, at first none;
    /// see [`Fake::tenant`].
    ///
    /// Without any, every request with that header is answered with 404. Assumption: a request
    /// without the header is about a tenant too, here one without a name.
    ///
    /// # Panics
    ///
    /// If no header can carry the name.
    #[track_caller]
    pub fn tenant(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(
            is_header(&name),
            "no header can carry the tenant's name {name:?}: it is empty, or has spaces around, control or \
             non-ASCII characters in it"
        );
        self.tenants.named(&name);
        self
    }

    /// Adds a [tenant](Self::tenant) and `count` entitlements of its own that are made when they are
    /// shown. What a seed has to be like stands at [`Fake::seed`].
    ///
    /// # Panics
    ///
    /// As [`tenant`](Self::tenant) and [`Fake::seed`].
    #[track_caller]
    pub fn seed_tenant(
        self,
        name: impl Into<String>,
        count: usize,
        entitlement: impl Fn(usize) -> Value + Send + 'static,
    ) -> Self {
        let name = name.into();
        let mut builder = self.tenant(name.as_str());
        builder.tenants.named(&name).seed(count, entitlement);
        builder
    }

    /// Limits how many entitlements a page holds, whatever the client asks for; pages are then
    /// counted in that size. Assumption: a gateway may do so. Default: no limit.
    ///
    /// # Panics
    ///
    /// If the size is 0.
    #[track_caller]
    pub fn page_cap(mut self, size: u64) -> Self {
        assert!(size > 0, "pages of no entitlements never end; let a page hold at least 1");
        self.settings.page_cap = size;
        self
    }

    /// Sets what is answered where nothing matches. Default: [`Empty::List`].
    pub fn empty(mut self, empty: Empty) -> Self {
        self.settings.empty = empty;
        self
    }

    /// Answers 404 to a filter that asks for one `_id` that does not exist. The vendor's page says
    /// that 404 means a tenant or an entitlement that does not exist, and not when it looks for
    /// the second. Default: false, which is what [`empty`](Self::empty) says.
    pub fn missing_id_is_404(mut self, missing_id_is_404: bool) -> Self {
        self.settings.missing_id_is_404 = missing_id_is_404;
        self
    }

    /// Hides entitlements that were unsubscribed or have expired for so long, by the fake's clock;
    /// the vendor's default is seven days for both. Every listing then makes all that were seeded.
    /// Default: none is hidden.
    ///
    /// Assumption: the time counts from `modified` for one with the status `UNSUBSCRIBED` and from
    /// `expiryDate` for any, and one with `isArchivable` false is never hidden.
    pub fn archive_after(mut self, unsubscribing: Duration, expiry: Duration) -> Self {
        self.settings.archive = Some(Archive { after_unsubscribing: unsubscribing, after_expiry: expiry });
        self
    }

    /// Sets how a token is refused. Default: [`Refusal::ShapeA`].
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.settings.refusal = refusal;
        self
    }

    /// Takes `sort` as a list of pairs as well, `[["created",-1]]`, as a neighbouring service has
    /// it. Default: false.
    pub fn pair_sort(mut self, pair_sort: bool) -> Self {
        self.settings.pair_sort = pair_sort;
        self
    }

    /// Sends `x-correlation-id` back. No page says that the gateway does. Default: false.
    pub fn echo_correlation_id(mut self, echo: bool) -> Self {
        self.settings.echo_correlation_id = echo;
        self
    }

    /// Starts both fakes, each on a free port.
    pub async fn start(self) -> Fake {
        let keycloak = self.keycloak.clock(self.setup.clock.clone()).start().await;
        let state = State::new(self.settings, self.tenants, keycloak.issuer());
        Fake { served: Served::start(state, self.setup).await, keycloak }
    }

    /// Starts both fakes without a socket: only their own [`client`](Fake::client) reaches them,
    /// and needs no I/O for it. Made for very many tests under a clock of theirs.
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        let keycloak = self.keycloak.clock(self.setup.clock.clone()).start_in_process();
        let state = State::new(self.settings, self.tenants, keycloak.issuer());
        Fake { served: Served::in_process(state, self.setup, "localhost:2"), keycloak }
    }
}

/// Whether a client can send the text as the whole value of a header, and a server read it.
fn is_header(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && HeaderValue::from_str(text).is_ok_and(|value| value.to_str().is_ok())
}
