//! A tenant of a fake that runs.

use super::{
    Fake, KEY_NAME, PLAINLY_FAKE_KEY,
    batch::Key,
    people::{Entitlement, User, check_text},
};
use crate::{
    Result,
    auth::JwtSigner,
    symphony::{Client, ExternalNetwork},
};

/// A tenant of a running [`Fake`], from [`Fake::tenant`].
#[derive(Debug, Clone, Copy)]
pub struct RunningTenant<'f> {
    fake: &'f Fake,
    key_name: &'f str,
}

impl<'f> RunningTenant<'f> {
    pub(super) fn own(fake: &'f Fake) -> Self {
        Self { fake, key_name: KEY_NAME }
    }

    #[track_caller]
    pub(super) fn new(fake: &'f Fake, key_name: &'f str) -> Self {
        let is_known = fake.served.state().tenants.contains_key(key_name);
        assert!(is_known, "the fake has no tenant `{key_name}`; add it with `Builder::tenant`");
        Self { fake, key_name }
    }

    /// A client with the tenant's key name, the fake's key and its clock.
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    pub fn client(self) -> Result<Client> {
        let clock = self.fake.served.clock().clone();
        let end = self.fake.served.in_process_end();
        Client::builder(self.fake.base_url()).auth(self.signer()?).clock(clock).in_process(end).build()
    }

    /// A signer with the tenant's key name and the fake's key.
    ///
    /// # Errors
    ///
    /// None in practice; reading a key can fail in general.
    pub fn signer(self) -> Result<JwtSigner> {
        JwtSigner::from_pem(self.key_name, PLAINLY_FAKE_KEY)
    }

    /// Adds a user of the tenant's own pod, who can then be entitled.
    ///
    /// # Panics
    ///
    /// If there is another user with the same id or e-mail address. The same one again is fine.
    #[track_caller]
    pub fn add_user(self, user: User) {
        self.fake.served.state().tenant(self.key_name).add_user(user);
    }

    /// Adds an advisor who is entitled on a network, and a user of the pod if there was none.
    ///
    /// # Panics
    ///
    /// See [`Tenant::advisor`](super::Tenant::advisor).
    #[track_caller]
    pub fn add_advisor(self, network: impl Into<ExternalNetwork>, entitlement: impl Into<Entitlement>) {
        let (network, entitlement) = (network.into(), entitlement.into());
        self.fake.served.state().tenant(self.key_name).add_advisor(&network, entitlement);
    }

    /// Ends an advisor's entitlement on a network, as somebody else may do it meanwhile.
    ///
    /// # Panics
    ///
    /// If the advisor is not entitled on it.
    #[track_caller]
    pub fn remove_advisor(self, network: impl Into<ExternalNetwork>, symphony_id: &str) {
        let network = network.into();
        let mut state = self.fake.served.state();
        let tenant = state.tenant(self.key_name);
        let Some(place) = tenant.place(&network, Key::Id(symphony_id)) else {
            panic!("{symphony_id} is not entitled for {network}; there is nothing to remove");
        };
        tenant.remove(&network, place);
    }

    /// How many advisors are entitled on a network.
    #[must_use]
    pub fn entitled(self, network: impl Into<ExternalNetwork>) -> usize {
        self.fake.served.state().tenant(self.key_name).entitled(&network.into())
    }

    /// Gives the tenant a further network; nothing changes if it has it already.
    ///
    /// # Panics
    ///
    /// If its name is empty.
    #[track_caller]
    pub fn enable_network(self, network: impl Into<ExternalNetwork>) {
        let network = network.into();
        check_text("a network's name", network.as_str());
        let mut state = self.fake.served.state();
        let networks = &mut state.tenant(self.key_name).networks;
        if !networks.contains(&network) {
            networks.push(network);
        }
    }

    /// Takes a network from the tenant: adding to it is then answered with 403. Who is entitled
    /// on it stays so.
    ///
    /// # Panics
    ///
    /// If the tenant does not have the network.
    #[track_caller]
    pub fn disable_network(self, network: impl Into<ExternalNetwork>) {
        let network = network.into();
        let mut state = self.fake.served.state();
        let tenant = state.tenant(self.key_name);
        tenant.check_network(&network);
        tenant.networks.retain(|known| *known != network);
    }

    /// Activates a number for WhatsApp Direct: who has it is `ENTITLED` from now on.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[track_caller]
    pub fn activate_number(self, number: impl Into<String>) {
        let number = number.into();
        check_text("a phone number", &number);
        self.fake.served.state().tenant(self.key_name).numbers.activated.insert(number);
    }
}
