//! The login at Keycloak: the requirements that a client has to meet, and answers of every kind.

mod answers;
mod refreshes;
mod requirements;
mod sessions;

use entitlements::{
    Error, Result,
    auth::{Auth, Bearer, Context, Keycloak},
    fakes::keycloak::{self, Builder, CLIENT_ID, Fake, PASSWORD, USER},
    time::{Clock, TestClock},
};

use crate::support::raw::RawServer;

/// A fake without a socket, a login at it, and the time of both.
pub(crate) struct World {
    pub(crate) fake: Fake,
    pub(crate) auth: Auth,
    pub(crate) context: Context,
    pub(crate) clock: TestClock,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::of(Fake::builder())
    }

    pub(crate) fn of(builder: Builder) -> Self {
        Self::with(builder, |login| login.password(USER, PASSWORD))
    }

    pub(crate) fn with(builder: Builder, login: impl FnOnce(Keycloak) -> Keycloak) -> Self {
        let clock = TestClock::new();
        let fake = builder.clock(clock.clone()).start_in_process();
        let login = login(Keycloak::new(fake.token_url()).client_id(CLIENT_ID));
        let context = fake.context().expect("a context");
        Self { fake, auth: Auth::from(login), context, clock }
    }

    pub(crate) async fn bearer(&self) -> Result<Bearer> {
        self.auth.bearer(&self.context).await
    }

    pub(crate) async fn token(&self) -> String {
        text(&self.bearer().await.expect("a token"))
    }

    pub(crate) async fn error(&self) -> Error {
        self.bearer().await.expect_err("no token")
    }

    /// The grants that the fake was asked for, in their order.
    pub(crate) fn grants(&self) -> Vec<String> {
        self.fake.received().iter().filter_map(|sent| sent.form("grant_type")).collect()
    }

    pub(crate) fn is_accepted(&self, token: &str) -> bool {
        let token = token.strip_prefix("Bearer ").expect("a bearer token");
        self.fake.issuer().check(token, self.clock.wall()).is_ok()
    }

    /// Lets what runs in the background run.
    pub(crate) async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) fn text(bearer: &Bearer) -> String {
    bearer.header().to_str().expect("text").to_owned()
}

/// The two that a fake gives only where they are asked for.
pub(crate) fn rotating() -> keycloak::Builder {
    Fake::builder().rotation(true)
}

/// What sends over the network, at a time of the test's own.
pub(crate) async fn network(clock: &TestClock) -> Context {
    Fake::builder().clock(clock.clone()).start().await.context().expect("a context")
}

/// The grants that a server of a script saw.
pub(crate) fn grants(server: &RawServer) -> Vec<String> {
    let grant = |body: &[u8]| {
        let form = String::from_utf8_lossy(body).into_owned();
        form.strip_prefix("grant_type=")?.split('&').next().map(str::to_owned)
    };
    server.requests().iter().filter_map(|seen| grant(&seen.body)).collect()
}
