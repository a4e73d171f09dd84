//! A fake of Connect's Permission/Shield API, and of the `ConnectID` login in front of it.
//!
//! The API is under `/capi`, the login under both `/user`, as in production, and `/login`, as on
//! the vendor's test system. Every fake starts with the constants of this module:
//!
//! | | |
//! | --- | --- |
//! | clients | [`CLIENT_ID`] for users and for itself, [`SHIELD_CLIENT_ID`] for itself only |
//! | users | [`USER`], who is [`CUSTOMER_A`], and [`USER_WITHOUT_CUSTOMER`] |
//! | customers | [`CUSTOMER_A`] and [`CUSTOMER_B`] with the same [`PHONE`], [`CUSTOMER_C`] with an [`EMAIL`] only |
//! | codes | [`ENTERPRISE`] with [`ORDER_TYPE`], the channels `TM`, `DM` and `EM` |
//!
//! The [`Builder`] adds more of each before the start, customers by the hundred thousand among
//! them, and the [`Fake`] while it runs. A seed that contradicts itself or the vendor's documents
//! is a panic that names the line of your test; [`Fake::set_raw_state`] is the way around.
//!
//! The vendor documents little beyond addresses and samples, so most of what the fake does about
//! errors, credentials, limits and tokens is an assumption. Where the documents can be read in
//! more than one way, the [`Builder`] has a switch: run your tests with either reading.

mod api;
mod authorize;
mod builder;
mod call;
mod client;
mod codes;
mod customers;
mod limit;
mod login;
#[cfg(test)]
mod rows;
mod seed;
mod seeding;
mod state;
mod target;
#[cfg(test)]
mod testing;
mod tokens;
mod xml;

use self::{authorize::Code, seed::grant, seeding::demand, state::State, tokens::Issued};
pub use self::{
    builder::Builder,
    call::{Call, ChannelChange, Operation},
    client::LoginClient,
    customers::Customer,
    limit::ResetHeader,
    seed::{
        CLIENT_ID, CLIENT_SECRET, CUSTOMER_A, CUSTOMER_B, CUSTOMER_C, EMAIL, ENTERPRISE, ORDER_TYPE, PHONE,
        REDIRECT_URI, SHIELD_CLIENT_ID, SHIELD_CLIENT_SECRET, USER, USER_WITHOUT_CUSTOMER,
    },
};
use super::serve::{Served, Setup, fake_methods};
use crate::{
    Result,
    auth::UserTokens,
    connect::{Client, Environment, UserClient},
};

/// A running fake of Connect and `ConnectID`.
///
/// It keeps state, hands out tokens and counts calls against the rate limits. Dropping it stops
/// it.
#[derive(Debug)]
pub struct Fake {
    served: Served<State>,
}

/// The body of an error of the API; the vendor documents none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ErrorBody {
    /// A JSON object with `exceptionType` and `errorMessage`.
    #[default]
    Json,
    /// A page.
    Html,
    /// Nothing.
    Empty,
}

/// What a [`Fake`] has done so far. Requests that got a queued reply count only if they were
/// carried out as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Tokens handed out for `client_credentials`.
    pub client_logins: u64,
    /// Tokens handed out for a refresh token.
    pub refreshes: u64,
    /// Tokens handed out for an authorization code.
    pub code_exchanges: u64,
    /// Tokens handed out for a code of the External Identity API.
    pub external_exchanges: u64,
    /// Requests to the API, refused ones included.
    pub api_calls: u64,
    /// Requests to the API that were answered with 429.
    pub rate_limited: u64,
}

impl Fake {
    /// Starts a fake with the documented limits and lifetimes and the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Starts with other settings.
    pub fn builder() -> Builder {
        Builder { state: State::seeded(), setup: Setup::default() }
    }

    fake_methods!(served);

    /// The base URL of the API: the prefix `/capi` belongs to it, as at the real hosts.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}/capi", self.uri())
    }

    /// The base URL of the login server, in the form of production.
    #[must_use]
    pub fn login_url(&self) -> String {
        format!("{}/user", self.uri())
    }

    /// The client id that [`client`](Self::client) uses: [`CLIENT_ID`].
    #[must_use]
    pub fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    /// The secret of [`client_id`](Self::client_id).
    #[must_use]
    pub fn client_secret(&self) -> &'static str {
        CLIENT_SECRET
    }

    /// A code for [`client_id`](Self::client_id), as the browser brings it back after a login.
    ///
    /// It can be exchanged once within five minutes, with the same redirect address, which need
    /// not be known to the fake. It needs no PKCE verifier.
    ///
    /// # Panics
    ///
    /// If the user is not known.
    #[must_use]
    #[track_caller]
    pub fn authorization_code(&self, user: &str, redirect_uri: &str) -> String {
        let known = self.served.state().check_user(user);
        demand(known);
        let issued = self.served.clock().wall();
        let redirect_uri = redirect_uri.to_owned();
        let code = Code { grant: grant(Some(user)), redirect_uri, issued, challenge: None };
        self.served.state().new_code(code)
    }

    /// A code as the External Identity API gives it to a client, for a user who logged in
    /// elsewhere. It can be exchanged once within five minutes.
    ///
    /// # Panics
    ///
    /// If the user is not known, or the client is not known or has no
    /// [external identity](LoginClient::external_identity).
    #[must_use]
    #[track_caller]
    pub fn external_identity_code(&self, client_id: &str, user: &str) -> String {
        let client = self.served.state().check_external(client_id, user);
        let client = demand(client);
        self.served.state().new_external_code(&client, user, self.served.clock().wall())
    }

    /// Ends all access tokens that were handed out. Refresh tokens stay valid, and so do the
    /// tokens of [`Builder::accept_client_token`] and [`Builder::accept_user_token`].
    pub fn expire_access_tokens(&self) {
        self.served.state().login.tokens.expire_access_tokens();
    }

    /// What the fake has done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.served.state().counts
    }
}

/// Wired to this crate's own client.
impl Fake {
    /// A client with the fake's addresses, [`CLIENT_ID`] and clock.
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    pub fn client(&self) -> Result<Client> {
        Client::builder(Environment::custom(self.api_url(), self.login_url()))
            .client_login(self.client_id(), self.client_secret())
            .clock(self.served.clock().clone())
            .in_process(self.served.in_process_end())
            .build()
    }

    /// A client on behalf of a user, who is [logged in](Self::log_in) for it.
    ///
    /// # Errors
    ///
    /// None in practice; building a client can fail in general.
    ///
    /// # Panics
    ///
    /// If the user is not known.
    #[track_caller]
    pub fn user_client(&self, user: &str) -> Result<UserClient> {
        Ok(self.client()?.as_user(self.log_in(user)))
    }

    /// Logs a user in to [`client_id`](Self::client_id), as if the browser's part had happened.
    ///
    /// # Panics
    ///
    /// If the user is not known.
    #[must_use]
    #[track_caller]
    pub fn log_in(&self, user: &str) -> UserTokens {
        let known = self.served.state().check_user(user);
        demand(known);
        let now = self.served.clock().wall();
        let Issued { access, refresh, expires_in, .. } =
            self.served.state().login.tokens.issue(grant(Some(user)), now);
        let tokens = UserTokens::new(access).expires_in(expires_in);
        match refresh {
            Some(refresh) => tokens.refresh_token(refresh),
            None => tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;
    use crate::{
        fakes::{
            Request,
            serve::{State as _, Visit},
        },
        time::{Clock, TestClock},
    };

    #[tokio::test]
    async fn a_test_can_seed_and_look() {
        let fake = Fake::start().await;
        assert_eq!(fake.api_url(), format!("{}/capi", fake.uri()));
        fake.add_customer("2001", &["eve@customers.example"]);
        fake.add_user("eve", Some("2001"));
        fake.set_state("2001", None, None, "TM", "SHIELD");
        fake.set_state("2001", Some(ENTERPRISE), Some(ORDER_TYPE), "TM", "PERMISSION");
        assert_eq!(fake.state_of("2001", None, None, "TM"), "SHIELD");
        assert_eq!(fake.state_of("2001", Some(ENTERPRISE), None, "TM"), "NONE");
        assert_eq!(fake.state_of("2001", Some(ENTERPRISE), Some(ORDER_TYPE), "TM"), "PERMISSION");
        assert_eq!(fake.counts(), Counts::default());
    }

    #[tokio::test]
    async fn a_code_can_be_had_without_a_browser() {
        let clock = TestClock::new();
        let fake = Fake::builder().clock(clock.clone()).require_pkce(true).start().await;
        let exchange = |code: &str| {
            let body = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)])
                .extend_pairs([("grant_type", "authorization_code"), ("code", code), ("redirect_uri", "any")])
                .finish();
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            let headers = HeaderMap::from_iter([(http::header::CONTENT_TYPE, form)]);
            let request = Request::new(Method::POST, "/user/oauth/token", "", headers, body.into());
            fake.served.state().handle(&request, &Visit::new(clock.wall(), None)).status
        };
        let code = fake.authorization_code(USER, "any");
        assert_eq!([exchange(&code), exchange(&code)], [200, 400]);
        assert_eq!(fake.counts().code_exchanges, 1);
    }
}
