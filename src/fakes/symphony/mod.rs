//! A fake of the Symphony Federation Entitlements API.

mod call;
mod handle;
mod state;
mod token;

pub use self::call::{Call, Operation};
use self::state::{State, User};
use super::serve::{Served, Setup, builder_methods, fake_methods};
use crate::{
    Result,
    auth::JwtSigner,
    symphony::{Client, ExternalNetwork},
};

/// A private key for tests; it is published, so it protects nothing.
pub const PLAINLY_FAKE_KEY: &str = include_str!("../keys/plainly-fake-pkcs8.pem");
/// The name under which the fake knows the key.
pub const KEY_NAME: &str = "plainly-fake-key";

/// A running fake of the Entitlements API, with one tenant that may hand out the five networks of
/// the vendor's example.
///
/// It verifies signatures, keeps state and pages by cursors. Dropping it stops it.
#[derive(Debug)]
pub struct Fake {
    served: Served<State>,
}

/// Settings of a [`Fake`].
#[must_use = "a builder starts nothing until `start()` is awaited"]
#[derive(Debug)]
pub struct Builder {
    state: State,
    setup: Setup<Operation>,
}

impl Fake {
    /// Starts a fake with no users, pages of 25 and the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder { state: State::new(), setup: Setup::default() }
    }

    fake_methods!(served);

    /// The base URL for a client: the prefix `/admin` belongs to it, as at the real hosts.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/admin", self.uri())
    }

    /// A client with the fake's key and clock.
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    pub fn client(&self) -> Result<Client> {
        let clock = self.served.clock().clone();
        let end = self.served.in_process_end();
        Client::builder(self.base_url()).auth(self.signer()?).clock(clock).in_process(end).build()
    }

    /// A signer with the key that the fake knows.
    ///
    /// # Errors
    ///
    /// None in practice; reading a key can fail in general.
    pub fn signer(&self) -> Result<JwtSigner> {
        JwtSigner::from_pem(KEY_NAME, PLAINLY_FAKE_KEY)
    }

    /// Adds a user of the tenant's own pod, who can then be entitled.
    pub fn add_user(&self, id: &str, email: &str, first_name: &str, last_name: &str) {
        self.served.state().add_user(User::new(id, email, first_name, last_name));
    }

    /// Gives the tenant a further network, for example
    /// [`WhatsAppDirect`](ExternalNetwork::WhatsAppDirect), on which advisors are pre-entitled.
    pub fn enable_network(&self, network: impl Into<ExternalNetwork>) {
        let network = network.into();
        let mut state = self.served.state();
        if !state.networks.contains(&network) {
            state.networks.push(network);
        }
    }

    /// Takes a network from the tenant: adding to it is then answered with 403.
    pub fn disable_network(&self, network: impl Into<ExternalNetwork>) {
        let network = network.into();
        self.served.state().networks.retain(|known| *known != network);
    }

    /// How many advisors are entitled for a network.
    #[must_use]
    pub fn entitled(&self, network: impl Into<ExternalNetwork>) -> usize {
        self.served.state().entitled(&network.into()).count()
    }
}

impl Builder {
    /// Sets how many advisors a page holds, at least 1. Default: 25, the documented limit of a
    /// neighbouring listing.
    pub fn page_size(mut self, size: usize) -> Self {
        self.state.page_size = size.max(1);
        self
    }

    /// Accepts this bearer token beside signed ones, for clients that cannot sign.
    pub fn accept_token(mut self, token: impl Into<String>) -> Self {
        self.state.accepted_token = Some(token.into());
        self
    }

    builder_methods!(setup);

    /// Starts the fake on a free port.
    pub async fn start(self) -> Fake {
        Fake { served: Served::start(self.state, self.setup).await }
    }

    /// Starts the fake without a socket: only its own [`client`](Fake::client) reaches it, and
    /// needs no I/O for it. Made for very many tests under a clock of theirs.
    #[must_use]
    pub fn start_in_process(self) -> Fake {
        Fake { served: Served::in_process(self.state, self.setup, "localhost:1") }
    }
}
