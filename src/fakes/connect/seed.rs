//! What every fake starts with, and the rules for what a test adds to it.

use url::Url;

use super::{
    client::LoginClient,
    codes::{Level, NONE},
    customers::Make,
    login::scope_or_default,
    state::State,
    tokens::Grant,
};

/// The client that users can log in to; it can log in as itself, too.
pub const CLIENT_ID: &str = "example.fake.app";
/// The secret of [`CLIENT_ID`], with characters that a form has to encode.
pub const CLIENT_SECRET: &str = "plainly-fake!([+*&=%])";
/// A client that can log in as itself only.
pub const SHIELD_CLIENT_ID: &str = "example.fake.shield";
/// The secret of [`SHIELD_CLIENT_ID`].
pub const SHIELD_CLIENT_SECRET: &str = "plainly-fake-too";
/// A redirect address that every client may use.
pub const REDIRECT_URI: &str = "https://app.example/callback";
/// A user with a customer number, [`CUSTOMER_A`].
pub const USER: &str = "ada";
/// A user without a customer number.
pub const USER_WITHOUT_CUSTOMER: &str = "bob";
/// The number of a customer with [`PHONE`].
pub const CUSTOMER_A: &str = "1001";
/// The number of another customer with [`PHONE`].
pub const CUSTOMER_B: &str = "1002";
/// The number of a customer with [`EMAIL`] and no phone number.
pub const CUSTOMER_C: &str = "1003";
/// The phone number that two customers share.
pub const PHONE: &str = "+4712345678";
/// The e-mail address of one customer.
pub const EMAIL: &str = "carl@customers.example";
/// The code of an enterprise.
pub const ENTERPRISE: &str = "468979834";
/// The code of an order type of [`ENTERPRISE`].
pub const ORDER_TYPE: &str = "56235";

impl State {
    pub(super) fn seeded() -> Self {
        let mut state = Self::empty();
        state.add_defaults().expect("the first seed does not contradict itself");
        state
    }

    fn add_defaults(&mut self) -> Result<(), String> {
        self.add_login_client(LoginClient::new(CLIENT_ID, CLIENT_SECRET).users(true))?;
        self.add_login_client(LoginClient::new(SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET))?;
        self.add_redirect_uri(REDIRECT_URI)?;
        self.customers.add(CUSTOMER_A, &[PHONE])?;
        self.customers.add(CUSTOMER_B, &[PHONE])?;
        self.customers.add(CUSTOMER_C, &[EMAIL])?;
        self.add_user(USER, Some(CUSTOMER_A))?;
        self.add_user(USER_WITHOUT_CUSTOMER, None)?;
        self.codes.add_enterprise(ENTERPRISE, &[ORDER_TYPE])?;
        ["TM", "DM", "EM"].into_iter().try_for_each(|channel| self.codes.add_channel(channel))
    }

    pub(super) fn add_customers(&mut self, count: usize, make: Make) -> Result<(), String> {
        let Self { customers, codes, .. } = self;
        customers.generate(count, make, |customer| codes.check_customer(customer))
    }

    pub(super) fn add_user(&mut self, name: &str, customer: Option<&str>) -> Result<(), String> {
        if name.is_empty() {
            return Err("the name of a user must not be empty".to_owned());
        }
        if let Some(number) = customer {
            self.check_number(number).map_err(|why| format!("the user `{name}` has no customer: {why}"))?;
        }
        match self.users.get(name) {
            Some(known) if known.as_deref() != customer => {
                Err(format!("the user `{name}` is known as another customer already; take another name"))
            }
            _ => {
                self.users.insert(name.to_owned(), customer.map(str::to_owned));
                Ok(())
            }
        }
    }

    pub(super) fn add_login_client(&mut self, client: LoginClient) -> Result<(), String> {
        client.check()?;
        if let Some(known) = self.login.clients.get(&client.id) {
            let what = if known.secret == client.secret { "other settings" } else { "another secret" };
            let id = &client.id;
            return if *known == client {
                Ok(())
            } else {
                Err(format!("the client `{id}` is known with {what} already; take another id"))
            };
        }
        if let Some(lifetime) = client.access_lifetime {
            self.login.tokens.access_lifetimes.insert(client.id.clone(), lifetime);
        }
        self.login.clients.insert(client.id.clone(), client);
        Ok(())
    }

    pub(super) fn add_redirect_uri(&mut self, uri: &str) -> Result<(), String> {
        let parsed = Url::parse(uri);
        let parsed =
            parsed.map_err(|why| format!("the redirect address `{uri}` is no absolute URL: {why}"))?;
        if parsed.fragment().is_some() {
            return Err(format!(
                "the redirect address `{uri}` has a fragment, which a browser would not send"
            ));
        }
        self.login.redirect_uris.insert(uri.to_owned());
        Ok(())
    }

    pub(super) fn accept(&mut self, token: String, user: Option<&str>) -> Result<(), String> {
        user.map_or(Ok(()), |user| self.check_user(user))?;
        self.login.tokens.accept(token, grant(user))
    }

    /// The code of a login that happened elsewhere.
    pub(super) fn check_external(&self, client: &str, user: &str) -> Result<LoginClient, String> {
        self.check_user(user)?;
        let known = self.login.clients.get(client);
        let known = known.ok_or_else(|| format!("the client `{client}` is not known; add it first"))?;
        if known.external_identity {
            return Ok(known.clone());
        }
        Err(format!("the client `{client}` has no external identity; add it with `external_identity(true)`"))
    }

    pub(super) fn check_user(&self, name: &str) -> Result<(), String> {
        if self.knows_user(name) {
            return Ok(());
        }
        Err(format!("the user `{name}` is not known; add the user first"))
    }

    fn check_number(&self, number: &str) -> Result<(), String> {
        if self.customers.knows(number) {
            return Ok(());
        }
        Err(format!("the customer `{number}` is not known; add the customer first"))
    }

    pub(super) fn set_state(
        &mut self,
        customer: &str,
        (enterprise, order_type): (Option<&str>, Option<&str>),
        channel: &str,
        state: &str,
    ) -> Result<(), String> {
        let level = self.codes.level(enterprise, order_type)?;
        self.codes.check_setting(&level, channel, state)?;
        self.set_raw_state(customer, level, channel, state)
    }

    pub(super) fn set_raw_state(
        &mut self,
        customer: &str,
        level: Level,
        channel: &str,
        state: &str,
    ) -> Result<(), String> {
        self.check_number(customer)?;
        self.set(customer, level, channel, state);
        Ok(())
    }

    pub(super) fn state_of(
        &self,
        customer: &str,
        (enterprise, order_type): (Option<&str>, Option<&str>),
        channel: &str,
    ) -> Result<String, String> {
        self.check_number(customer)?;
        let level = self.codes.level(enterprise, order_type)?;
        match self.found(customer, &level, channel) {
            Some(state) => Ok(state),
            None if self.codes.channels.contains(channel) => Ok(NONE.to_owned()),
            None => Err(format!("the channel `{channel}` is not known; add it first")),
        }
    }
}

/// What a token of [`CLIENT_ID`] stands for.
pub(super) fn grant(user: Option<&str>) -> Grant {
    Grant { client: CLIENT_ID.to_owned(), user: user.map(str::to_owned), scope: scope_or_default(None) }
}
