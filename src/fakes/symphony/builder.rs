//! The settings of a fake.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::{Fake, Operation, state::State, tenant::Tenant};
use crate::{
    fakes::serve::{Served, Setup, builder_methods},
    symphony::ExternalNetwork,
};

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
pub struct Builder {
    own: Option<Tenant>,
    own_tokens: Vec<String>,
    others: BTreeMap<String, Tenant>,
    style: Style,
    leeway: Duration,
    setup: Setup<Operation>,
}

/// How the fake answers where the vendor's documents leave it open.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(super) struct Style {
    pub(super) page_size: usize,
    pub(super) added: u16,
    pub(super) removed: u16,
    pub(super) has_names: bool,
    pub(super) has_null_links: bool,
    pub(super) knows_every_network: bool,
    pub(super) has_underscores: bool,
    pub(super) errors: ErrorShape,
    pub(super) unknown_cursor: UnknownCursor,
}

/// The body of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ErrorShape {
    /// `type`, `title` and `status`, as `application/json`.
    #[default]
    Problem,
    /// The same as `application/problem+json`, as the libraries that the vendor's documents hint
    /// at do it. The answer is then not what the specification says.
    ProblemJson,
    /// `timestamp`, `status`, `error`, `message` and `path`, as Spring Boot's own. Seen in public
    /// client code, which reads such bodies. Assumption: the timestamp is in milliseconds.
    Spring,
}

/// How a listing is answered whose cursor the fake did not make. No document says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UnknownCursor {
    /// 400 `invalid.page.cursor`, which the vendor defines for other listings.
    #[default]
    Refused,
    /// 200 with an empty page, the last one.
    EmptyPage,
    /// 200 with the first page.
    FirstPage,
}

impl Style {
    pub(super) fn spelling<'n>(&self, network: &'n ExternalNetwork) -> &'n str {
        match network {
            ExternalNetwork::WhatsAppDirect if self.has_underscores => "WHATSAPP_DIRECT",
            _ => network.as_str(),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("style", &self.style).finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        let style = Style {
            page_size: 25,
            added: 201,
            removed: 200,
            has_names: true,
            has_null_links: true,
            knows_every_network: true,
            has_underscores: false,
            errors: ErrorShape::default(),
            unknown_cursor: UnknownCursor::default(),
        };
        Self {
            own: None,
            own_tokens: Vec::new(),
            others: BTreeMap::new(),
            style,
            leeway: Duration::ZERO,
            setup: Setup::default(),
        }
    }

    /// Adds a tenant. Default: only the one of [`KEY_NAME`](super::KEY_NAME), which is always
    /// there; [`Tenant::default`] sets that one up.
    ///
    /// # Panics
    ///
    /// If the same key name was added before, or another tenant accepts the same token.
    #[track_caller]
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        let others = self.own.iter().chain(self.others.values());
        let tokens: Vec<&String> =
            others.flat_map(|other| &other.accepted_tokens).chain(&self.own_tokens).collect();
        assert!(
            !tenant.accepted_tokens.iter().any(|token| tokens.contains(&token)),
            "two tenants accept the same token; give each one of its own"
        );
        let earlier = if tenant.key_name == super::KEY_NAME {
            self.own.replace(tenant).map(|earlier| earlier.key_name)
        } else {
            self.others.insert(tenant.key_name.clone(), tenant).map(|earlier| earlier.key_name)
        };
        if let Some(name) = earlier {
            panic!("two tenants have the key name `{name}`; a token could not tell them apart");
        }
        self
    }

    /// Sets how many advisors a page holds. Default: 25, the documented limit of a neighbouring
    /// listing.
    ///
    /// # Panics
    ///
    /// If it is 0.
    #[track_caller]
    pub fn page_size(mut self, size: usize) -> Self {
        assert!(size > 0, "a page of 0 advisors never ends a listing; let it hold at least 1");
        self.style.page_size = size;
        self
    }

    /// Accepts this bearer token as one of the tenant of [`KEY_NAME`](super::KEY_NAME) beside
    /// signed ones, for clients that cannot sign. It does not expire.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character, or another tenant accepts it.
    #[track_caller]
    pub fn accept_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        super::people::check_text("a token", &token);
        assert!(
            !self.others.values().any(|other| other.accepted_tokens.contains(&token)),
            "another tenant accepts the same token; give each one of its own"
        );
        self.own_tokens.push(token);
        self
    }

    /// Sets by how much the clocks may differ when a token's times are checked. Default: not at
    /// all; the vendor documents nothing.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets whether a removal is answered with 204, as documented in April 2022. Default: 200
    /// with an empty body, as documented since.
    pub fn remove_with_204(mut self, yes: bool) -> Self {
        self.style.removed = if yes { 204 } else { 200 };
        self
    }

    /// Sets whether adding is answered with 200, as documented in April 2022. Default: 201, as
    /// documented since. The answer is then not what the specification says.
    pub fn add_with_200(mut self, yes: bool) -> Self {
        self.style.added = if yes { 200 } else { 201 };
        self
    }

    /// Sets whether `firstName` and `lastName` are missing, as public clients expect it.
    /// Default: they are there.
    pub fn without_names(mut self, yes: bool) -> Self {
        self.style.has_names = !yes;
        self
    }

    /// Sets whether `next`, `previous` and cursors are left out where there is no such page.
    /// Default: they are `null`, as public clients have seen it.
    pub fn absent_links(mut self, yes: bool) -> Self {
        self.style.has_null_links = !yes;
        self
    }

    /// Sets whether reading and removing answer 400 `external.network.not.found` for a network
    /// that neither the vendor's documents nor the tenant name. Default: an empty listing and 404
    /// `entitlement.not.found`, because that 400 is documented for other operations only.
    pub fn refuse_unknown_networks(mut self, yes: bool) -> Self {
        self.style.knows_every_network = !yes;
        self
    }

    /// Sets whether answers spell WhatsApp Direct `WHATSAPP_DIRECT`, as in one example of the
    /// vendor's specification. Default: `WHATSAPP-DIRECT`, as in its prose. Requests may have
    /// either.
    pub fn underscored_networks(mut self, yes: bool) -> Self {
        self.style.has_underscores = yes;
        self
    }

    /// Sets the body of errors. Default: [`ErrorShape::Problem`].
    pub fn error_shape(mut self, shape: ErrorShape) -> Self {
        self.style.errors = shape;
        self
    }

    /// Sets the answer to a cursor that the fake did not make. Default:
    /// [`UnknownCursor::Refused`].
    pub fn unknown_cursor(mut self, answer: UnknownCursor) -> Self {
        self.style.unknown_cursor = answer;
        self
    }

    builder_methods!(setup);

    /// Starts the fake on a free port.
    pub async fn start(self) -> Fake {
        let (state, setup) = self.into_state();
        Fake { served: Served::start(state, setup).await }
    }

    /// Starts the fake without a socket: only its own [`client`](Fake::client) reaches it, and
    /// needs no I/O for it. Made for very many tests under a clock of theirs.
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        let (state, setup) = self.into_state();
        Fake { served: Served::in_process(state, setup, "localhost:1") }
    }

    pub(super) fn into_state(self) -> (State, Setup<Operation>) {
        let mut own = self.own.unwrap_or_default();
        own.accepted_tokens.extend(self.own_tokens);
        let mut tenants = self.others;
        tenants.insert(own.key_name.clone(), own);
        (State::new(tenants, self.style, self.leeway), self.setup)
    }
}
