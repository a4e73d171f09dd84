//! What a test author says about a tenant, and which of it contradicts itself.

use std::collections::HashSet;

use super::{
    KEY_NAME,
    batch::{Batch, Key},
    numbers::Pool,
    people::{Entitlement, User, check_text},
    roster::Roster,
    tenant::{Tenant, is_direct},
};
use crate::symphony::ExternalNetwork;

impl Default for Tenant {
    /// The tenant of [`KEY_NAME`], whose client is [`Fake::client`](super::Fake::client).
    fn default() -> Self {
        Self::empty(KEY_NAME.to_owned())
    }
}

impl Tenant {
    /// A tenant whose key is registered under this name: tokens name it in `sub`, after
    /// `ces:customer:`. All tenants have the key [`PLAINLY_FAKE_KEY`](super::PLAINLY_FAKE_KEY).
    ///
    /// # Panics
    ///
    /// If the name is empty or has a control character.
    #[track_caller]
    pub fn new(key_name: impl Into<String>) -> Self {
        let key_name = key_name.into();
        check_text("a tenant's key name", &key_name);
        Self::empty(key_name)
    }

    /// Sets the networks that the tenant may hand out, in the order of the answer. Default: the
    /// five of the vendor's example.
    ///
    /// # Panics
    ///
    /// If a network is named twice, or advisors were seeded for one that is not named.
    #[track_caller]
    pub fn networks<N: Into<ExternalNetwork>>(mut self, networks: impl IntoIterator<Item = N>) -> Self {
        self.networks.clear();
        for network in networks {
            self = self.network(network);
        }
        if let Some(lost) = self.rosters.keys().find(|network| !self.networks.contains(network)) {
            panic!("advisors were seeded for {lost}, which is not among the networks; add it");
        }
        self
    }

    /// Adds a network that the tenant may hand out, for example
    /// [`WhatsAppDirect`](ExternalNetwork::WhatsAppDirect).
    ///
    /// # Panics
    ///
    /// If the tenant has it already, or its name is empty.
    #[track_caller]
    pub fn network(mut self, network: impl Into<ExternalNetwork>) -> Self {
        let network = network.into();
        check_text("a network's name", network.as_str());
        assert!(!self.networks.contains(&network), "the tenant has {network} already; name it once");
        self.networks.push(network);
        self
    }

    /// Sets the permissions of a network: pairs of a name and of whether every entitlement on the
    /// network comes with it (`isDefault`). Default: the nine known ones, of which
    /// `create:room`, `create:contact`, `edit:contact`, `delete:contact` and `on-behalf:onboard`
    /// come with every entitlement, as documented in 2022.
    ///
    /// # Panics
    ///
    /// If a name is empty or given twice, the tenant does not have the network, or advisors were
    /// seeded for it already.
    #[track_caller]
    pub fn permissions<P: Into<String>>(
        mut self,
        network: impl Into<ExternalNetwork>,
        permissions: impl IntoIterator<Item = (P, bool)>,
    ) -> Self {
        let network = network.into();
        self.check_network(&network);
        assert!(
            !self.rosters.contains_key(&network),
            "advisors were seeded for {network} already; set its permissions before them"
        );
        let catalogue = self.catalogues.entry(network).or_default();
        catalogue.clear();
        for (name, is_default) in permissions {
            let name = name.into();
            check_text("a permission's name", &name);
            assert!(!catalogue.contains_key(&name), "the permission `{name}` is given twice; name it once");
            catalogue.insert(name, is_default);
        }
        self
    }

    /// Adds a user of the pod, who can then be entitled.
    ///
    /// # Panics
    ///
    /// If there is another user with the same id or e-mail address. The same one again is fine.
    #[track_caller]
    pub fn user(mut self, user: User) -> Self {
        self.add_user(user);
        self
    }

    /// Adds `count` users of the pod, who can then be entitled; `user` makes each of them from
    /// its number, from 0 on, whenever one is needed.
    ///
    /// What is said of the generator at [`advisors`](Self::advisors) holds here.
    ///
    /// # Panics
    ///
    /// See [`advisors`](Self::advisors).
    #[track_caller]
    pub fn users(mut self, count: usize, user: impl Fn(usize) -> User + Send + 'static) -> Self {
        self.generated_users.push(Batch::new(count, move |number| user(number).into()));
        self
    }

    /// Adds an advisor who is entitled on a network, and a user of the pod if there was none.
    ///
    /// # Panics
    ///
    /// If the tenant does not have the network, there is another user with the same id or e-mail
    /// address, the user is entitled already, another advisor holds the number, the network takes
    /// no number or knows no activation, or a permission is not one of the network's.
    #[track_caller]
    pub fn advisor(
        mut self,
        network: impl Into<ExternalNetwork>,
        entitlement: impl Into<Entitlement>,
    ) -> Self {
        self.add_advisor(&network.into(), entitlement.into());
        self
    }

    /// Adds `count` advisors who are entitled on a network; `advisor` makes each of them from its
    /// number, from 0 on, whenever one is needed: a [`User`] or an [`Entitlement`].
    ///
    /// Nothing is kept of an advisor that nobody removed, so hundreds of thousands cost no
    /// memory, and a page costs the same wherever it is. Listings have them in the order of their
    /// numbers. The first look-up by id calls the generator once for every number and keeps eight
    /// bytes for each; each later one calls it once or twice. So do the first look-ups by e-mail
    /// address and by phone number.
    ///
    /// The generator must make the same advisor of the same number each time, and advisors with
    /// different ids, e-mail addresses and phone numbers of different numbers. The first and the
    /// last number are checked at once, the others are not: of two generated advisors with the
    /// same id, a look-up finds the one with the lower number.
    ///
    /// # Panics
    ///
    /// If the tenant does not have the network, the generator breaks its promise for the first or
    /// the last number, or [`advisor`](Self::advisor) would refuse one of these two. A panic of
    /// the generator at another number makes the fake panic when it is dropped.
    #[track_caller]
    pub fn advisors<E: Into<Entitlement>>(
        mut self,
        network: impl Into<ExternalNetwork>,
        count: usize,
        advisor: impl Fn(usize) -> E + Send + 'static,
    ) -> Self {
        let network = network.into();
        self.check_network(&network);
        let batch = Batch::new(count, move |number| advisor(number).into());
        let samples = [batch.get(0), count.checked_sub(1).and_then(|last| batch.get(last))];
        for entitlement in samples.into_iter().flatten() {
            self.check_single_users(&entitlement.user);
            self.check_entitlement(&network, &entitlement);
            let id = &entitlement.user.id;
            let is_known = self.place(&network, Key::Id(id)).is_some();
            assert!(!is_known, "{id} is entitled for {network} already, and generated once more");
        }
        let twice = self.rosters.get(&network).into_iter().flat_map(Roster::singles);
        if let Some(twice) = twice.into_iter().find(|single| batch.find(Key::Id(&single.user.id)).is_some()) {
            panic!("{} is entitled for {network} already, and generated once more", twice.user.id);
        }
        if batch.len() > 0 {
            self.rosters.entry(network).or_default().push_batch(batch);
        }
        self
    }

    /// Accepts this bearer token as one of the tenant beside signed ones, for clients that cannot
    /// sign. It does not expire.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[track_caller]
    pub fn accept_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        check_text("a token", &token);
        self.accepted_tokens.insert(token);
        self
    }

    /// Leaves the tenant without a configuration: adding is answered with 404
    /// `tenant.configuration.not.found`. The other operations document no such answer, so they
    /// work as usual.
    pub fn unconfigured(mut self) -> Self {
        self.is_configured = false;
        self
    }

    /// Refuses the tenant although its tokens are good: every operation is answered with 403
    /// `Forbidden`, but adding, which documents no such code, with `forbidden.entitlement.type`.
    pub fn not_allowed(mut self) -> Self {
        self.is_allowed = false;
        self
    }

    /// Makes SMS Direct give each advisor a second number out of this pool, in its order, unless
    /// the request brings a number. With none left, adding is answered with 500
    /// `no.available.number`. Default: in-network, where the request must bring a number.
    ///
    /// Assumption: the number of a removed entitlement goes back to the pool.
    ///
    /// # Panics
    ///
    /// If a number is empty or in the pool twice.
    #[track_caller]
    pub fn second_numbers<N: Into<String>>(mut self, pool: impl IntoIterator<Item = N>) -> Self {
        let pool: Vec<String> = pool.into_iter().map(Into::into).collect();
        let mut seen = HashSet::new();
        for number in &pool {
            check_text("a phone number", number);
            assert!(seen.insert(number), "the number {number} is in the pool twice; name it once");
        }
        self.numbers.second = Some(Pool::new(pool));
        self
    }

    /// Allocates a number to a user in advance: adding that user on a direct network with another
    /// number is answered with 409 `pre.entitlement.phone.number.mismatch`.
    ///
    /// Assumption: where a request may leave out the number, it gets the allocated one, and for
    /// everybody else the number is not available (409 `number.not.available`).
    ///
    /// # Panics
    ///
    /// If the pod has no user with this id, the user has another allocated number, or the number
    /// is empty, allocated to another user or held by another advisor.
    #[track_caller]
    pub fn pre_allocated_number(mut self, symphony_id: &str, number: impl Into<String>) -> Self {
        let number = number.into();
        check_text("a phone number", &number);
        assert!(
            self.person(Key::Id(symphony_id)).is_some(),
            "the pod has no user {symphony_id} to allocate a number to; add the user before"
        );
        let allocated = &mut self.numbers.pre_allocated;
        let other = allocated.iter().find(|(id, taken)| (*id == symphony_id) != (**taken == number));
        if let Some((id, taken)) = other {
            panic!("{taken} is allocated to {id} already; allocate each number to one user");
        }
        allocated.insert(symphony_id.to_owned(), number.clone());
        self.check_holder(&number, symphony_id);
        self
    }

    /// Activates a number for WhatsApp Direct: who has it is `ENTITLED`, at once.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[track_caller]
    pub fn activated_number(mut self, number: impl Into<String>) -> Self {
        self.numbers.activated.insert(checked_number(number.into()));
        self
    }

    /// Makes a number impossible to have: adding with it is answered with 409
    /// `number.not.available`.
    ///
    /// # Panics
    ///
    /// If it is empty or has a control character.
    #[track_caller]
    pub fn unavailable_number(mut self, number: impl Into<String>) -> Self {
        self.numbers.unavailable.insert(checked_number(number.into()));
        self
    }

    /// Makes a number impossible to register: adding with it is answered with 409
    /// `number.registration.not.possible` and this `detailMessage`.
    ///
    /// # Panics
    ///
    /// If the number is empty or has a control character.
    #[track_caller]
    pub fn unregistrable_number(
        mut self,
        number: impl Into<String>,
        detail_message: impl Into<String>,
    ) -> Self {
        self.numbers.unregistrable.insert(checked_number(number.into()), detail_message.into());
        self
    }

    #[track_caller]
    pub(super) fn add_user(&mut self, user: User) {
        self.check_user(&user);
        self.ids_by_email.insert(user.email.clone(), user.id.clone());
        self.users.insert(user.id.clone(), user);
    }

    #[track_caller]
    pub(super) fn add_advisor(&mut self, network: &ExternalNetwork, entitlement: Entitlement) {
        self.check_network(network);
        self.check_user(&entitlement.user);
        self.check_entitlement(network, &entitlement);
        let id = &entitlement.user.id;
        assert!(
            self.place(network, Key::Id(id)).is_none(),
            "{id} is entitled for {network} already; seed each advisor once for each network"
        );
        self.add_user(entitlement.user.clone());
        self.entitle(network, entitlement);
    }

    #[track_caller]
    pub(super) fn check_network(&self, network: &ExternalNetwork) {
        assert!(
            self.networks.contains(network),
            "the tenant `{}` does not have {network}; add it with `network()` or `enable_network()` before",
            self.key_name
        );
    }

    #[track_caller]
    fn check_user(&self, user: &User) {
        refuse_other(
            user,
            self.person(Key::Id(&user.id)).as_deref(),
            self.person(Key::Email(&user.email)).as_deref(),
        );
    }

    /// Leaves the generators alone.
    #[track_caller]
    fn check_single_users(&self, user: &User) {
        let same_email = self.ids_by_email.get(&user.email).and_then(|id| self.users.get(id));
        refuse_other(user, self.users.get(&user.id), same_email);
    }

    #[track_caller]
    fn check_entitlement(&self, network: &ExternalNetwork, entitlement: &Entitlement) {
        if let Some(number) = &entitlement.number {
            assert!(is_direct(network), "{network} takes no phone number; leave it out");
            self.check_holder(number, &entitlement.user.id);
        }
        assert!(
            !entitlement.activated || *network == ExternalNetwork::WhatsAppDirect,
            "{network} knows no activation; leave out `activated()`"
        );
        let catalogue = self.catalogue(network);
        if let Some(name) =
            entitlement.permissions.iter().flatten().find(|name| !catalogue.contains_key(*name))
        {
            panic!("{network} has no permission `{name}`; add it with `permissions()` before");
        }
    }

    #[track_caller]
    fn check_holder(&self, number: &str, id: &str) {
        assert!(
            !self.is_held_by_other(number, Some(id)),
            "another advisor holds the number {number}; give each advisor one of their own"
        );
        let allocated = self.numbers.pre_allocated.iter();
        if let Some((other, _)) =
            allocated.into_iter().find(|(other, taken)| *taken == number && *other != id)
        {
            panic!("the number {number} is allocated to {other}; give each advisor one of their own");
        }
    }
}

#[track_caller]
fn checked_number(number: String) -> String {
    check_text("a phone number", &number);
    number
}

#[track_caller]
fn refuse_other(user: &User, same_id: Option<&User>, same_email: Option<&User>) {
    assert!(
        same_id.is_none_or(|other| other == user),
        "there is another user with the id {}; give each user one id and each id one user",
        user.id
    );
    assert!(
        same_email.is_none_or(|other| other.id == user.id),
        "there is another user with the e-mail address {}; give each user one of their own",
        user.email
    );
}
