//! What a test adds to a fake, before it starts or while it runs.

use super::{
    Builder, Fake,
    client::LoginClient,
    customers::{Customer, Make},
};

/// Panics where the test author wrote the seed.
#[track_caller]
pub(super) fn demand<T>(seeded: Result<T, String>) -> T {
    match seeded {
        Ok(done) => done,
        Err(why) => panic!("this seed of the Connect fake contradicts what the fake knows: {why}"),
    }
}

/// Seeding before the start. What belongs together is added in this order: enterprises and
/// channels, customers, users, states.
impl Builder {
    /// Adds a customer who is found by these phone numbers and e-mail addresses, or gives a known
    /// one more of them. A phone number has to name its country, as in `+4712345678`. Several
    /// customers may share one.
    ///
    /// # Panics
    ///
    /// If the number is empty, or a credential is neither a phone number nor an e-mail address.
    #[track_caller]
    pub fn customer(mut self, number: &str, credentials: &[&str]) -> Self {
        demand(self.state.customers.add(number, credentials));
        self
    }

    /// Adds many customers, who are made when a request is about them: `make` gives the customer
    /// with an index below `count`.
    ///
    /// `make` has to give the same customer for the same index each time, and every customer
    /// another number; a credential may come several times. It is called once for each index
    /// here, to look for contradictions, and each customer is dropped again: what stays are eight
    /// bytes for each number and each credential. A later request makes only the customers it is
    /// about, and what it changes is kept beside them. So 200,000 customers with two credentials
    /// each take a second or two to look at in a build without optimization, and 5 MB.
    ///
    /// `make` runs while the fake is locked, so it must not ask the fake anything.
    ///
    /// # Panics
    ///
    /// If there are more than a million, or one of them has an empty number, a number that is
    /// taken, a credential that is neither a phone number nor an e-mail address, or a state that
    /// [`Fake::set_state`] would refuse, or two for one channel on one level.
    #[track_caller]
    pub fn customers(mut self, count: usize, make: impl Fn(usize) -> Customer + Send + 'static) -> Self {
        demand(self.state.add_customers(count, Box::new(make)));
        self
    }

    /// Adds a user who can log in, with a customer number or without one.
    ///
    /// # Panics
    ///
    /// If the name is empty, the customer is not known, or the user is known as another customer.
    #[track_caller]
    pub fn user(mut self, name: &str, customer: Option<&str>) -> Self {
        demand(self.state.add_user(name, customer));
        self
    }

    /// Adds an enterprise, or gives a known one more order types.
    ///
    /// # Panics
    ///
    /// If a code is empty, or that of the enterprise has more than 12 characters.
    #[track_caller]
    pub fn enterprise(mut self, code: &str, order_types: &[&str]) -> Self {
        demand(self.state.codes.add_enterprise(code, order_types));
        self
    }

    /// Adds a channel beside `TM`, `DM` and `EM`.
    ///
    /// # Panics
    ///
    /// If the code is empty.
    #[track_caller]
    pub fn channel(mut self, code: &str) -> Self {
        demand(self.state.codes.add_channel(code));
        self
    }

    /// Sets the state of a customer's channel, as [`Fake::set_state`] does.
    ///
    /// # Panics
    ///
    /// As [`Fake::set_state`].
    #[track_caller]
    pub fn state(
        mut self,
        customer: &str,
        enterprise: Option<&str>,
        order_type: Option<&str>,
        channel: &str,
        state: &str,
    ) -> Self {
        demand(self.state.set_state(customer, (enterprise, order_type), channel, state));
        self
    }

    /// Adds a client of the login server beside [`CLIENT_ID`](super::CLIENT_ID) and
    /// [`SHIELD_CLIENT_ID`](super::SHIELD_CLIENT_ID).
    ///
    /// # Panics
    ///
    /// If the id or the secret is empty, the client is known with another secret or other
    /// settings, or its list of scopes is empty or has a scope with a blank.
    #[track_caller]
    pub fn login_client(mut self, client: LoginClient) -> Self {
        demand(self.state.add_login_client(client));
        self
    }

    /// Lets clients use another redirect address beside [`REDIRECT_URI`](super::REDIRECT_URI).
    ///
    /// # Panics
    ///
    /// If it is not an absolute URL, or has a fragment.
    #[track_caller]
    pub fn redirect_uri(mut self, uri: &str) -> Self {
        demand(self.state.add_redirect_uri(uri));
        self
    }
}

/// Seeding while the fake runs.
impl Fake {
    /// Adds a customer, or gives a known one more credentials, as [`Builder::customer`] does.
    ///
    /// # Panics
    ///
    /// As [`Builder::customer`].
    #[track_caller]
    pub fn add_customer(&self, number: &str, credentials: &[&str]) {
        let done = self.served.state().customers.add(number, credentials);
        demand(done);
    }

    /// Adds many customers, who are made when a request is about them, as
    /// [`Builder::customers`] does.
    ///
    /// # Panics
    ///
    /// As [`Builder::customers`].
    #[track_caller]
    pub fn add_customers(&self, count: usize, make: impl Fn(usize) -> Customer + Send + 'static) {
        let make: Make = Box::new(make);
        let done = self.served.state().add_customers(count, make);
        demand(done);
    }

    /// Adds a user who can log in, with a customer number or without one.
    ///
    /// # Panics
    ///
    /// As [`Builder::user`].
    #[track_caller]
    pub fn add_user(&self, name: &str, customer: Option<&str>) {
        let done = self.served.state().add_user(name, customer);
        demand(done);
    }

    /// Adds an enterprise, or gives a known one more order types.
    ///
    /// # Panics
    ///
    /// As [`Builder::enterprise`].
    #[track_caller]
    pub fn add_enterprise(&self, code: &str, order_types: &[&str]) {
        let done = self.served.state().codes.add_enterprise(code, order_types);
        demand(done);
    }

    /// Adds a channel beside `TM`, `DM` and `EM`.
    ///
    /// # Panics
    ///
    /// If the code is empty.
    #[track_caller]
    pub fn add_channel(&self, code: &str) {
        let done = self.served.state().codes.add_channel(code);
        demand(done);
    }

    /// Adds a client of the login server.
    ///
    /// # Panics
    ///
    /// As [`Builder::login_client`].
    #[track_caller]
    pub fn add_login_client(&self, client: LoginClient) {
        let done = self.served.state().add_login_client(client);
        demand(done);
    }

    /// Lets clients use another redirect address beside [`REDIRECT_URI`](super::REDIRECT_URI).
    ///
    /// # Panics
    ///
    /// As [`Builder::redirect_uri`].
    #[track_caller]
    pub fn add_redirect_uri(&self, uri: &str) {
        let done = self.served.state().add_redirect_uri(uri);
        demand(done);
    }

    /// The state of a customer's channel: on the global level, on that of an enterprise, or on
    /// that of an order type of it. It is `NONE` where nothing was set.
    ///
    /// # Panics
    ///
    /// If the customer, the enterprise, the order type or the channel is not known, or an order
    /// type is given without its enterprise.
    #[must_use]
    #[track_caller]
    pub fn state_of(
        &self,
        customer: &str,
        enterprise: Option<&str>,
        order_type: Option<&str>,
        channel: &str,
    ) -> String {
        let found = self.served.state().state_of(customer, (enterprise, order_type), channel);
        demand(found)
    }

    /// Sets the state of a customer's channel, on a level as in [`state_of`](Self::state_of):
    /// `SHIELD`, `PERMISSION` or `NONE`.
    ///
    /// # Panics
    ///
    /// As [`state_of`](Self::state_of), and if the state is none of the three, or is `PERMISSION`
    /// on the global level. [`set_raw_state`](Self::set_raw_state) takes any channel and state.
    #[track_caller]
    pub fn set_state(
        &self,
        customer: &str,
        enterprise: Option<&str>,
        order_type: Option<&str>,
        channel: &str,
        state: &str,
    ) {
        let done = self.served.state().set_state(customer, (enterprise, order_type), channel, state);
        demand(done);
    }

    /// Sets a state that the vendor's documents do not have: an unknown channel, an unknown state
    /// or a `PERMISSION` on the global level. Use it to see what your code makes of them.
    ///
    /// # Panics
    ///
    /// If the customer, the enterprise or the order type is not known, or an order type is given
    /// without its enterprise: nobody could read such a state.
    #[track_caller]
    pub fn set_raw_state(
        &self,
        customer: &str,
        enterprise: Option<&str>,
        order_type: Option<&str>,
        channel: &str,
        state: &str,
    ) {
        let level = self.served.state().codes.level(enterprise, order_type);
        let level = demand(level);
        let done = self.served.state().set_raw_state(customer, level, channel, state);
        demand(done);
    }
}
