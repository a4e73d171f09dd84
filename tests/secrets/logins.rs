//! The logins, each with all its secrets, up to the request that a server then answers.

use std::time::Duration;

use entitlements::{
    auth::{Auth, ClientAuthentication, Keycloak, UserTokens},
    connect::{self, Credential, Environment},
    crm_gateway,
    time::TestClock,
};
use serde_json::json;

use super::{
    room::Told,
    secrets::{ACCESS, CLIENT, CLIENT_SECRET, PASSWORD, REFRESH, USER, USER_ACCESS, USER_REFRESH},
    server::{Request, Server},
};

/// What asks a token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Login {
    Password(ClientAuthentication),
    Service,
    Refresh,
    App(ClientAuthentication),
    UserRefresh,
}

pub(crate) const ALL: [Login; 7] = [
    Login::Password(ClientAuthentication::Basic),
    Login::Password(ClientAuthentication::Form),
    Login::Service,
    Login::Refresh,
    Login::App(ClientAuthentication::Basic),
    Login::App(ClientAuthentication::Form),
    Login::UserRefresh,
];

/// More than an answer takes on this machine.
pub(crate) const USUAL: Duration = Duration::from_secs(20);

/// A whole answer.
pub(crate) fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let lines: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    let length = body.len();
    format!("HTTP/1.1 {status} Answer\r\n{lines}connection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(crate) fn json(status: u16, body: &serde_json::Value) -> Vec<u8> {
    http(status, &[("content-type", "application/json")], &body.to_string())
}

pub(crate) fn tokens() -> serde_json::Value {
    json!({
        "access_token": ACCESS,
        "refresh_token": REFRESH,
        "token_type": "Bearer",
        "expires_in": 300,
        "refresh_expires_in": 1800,
    })
}

/// What any of the services takes for an answer without content.
pub(crate) fn nothing() -> serde_json::Value {
    json!({ "totalRecords": 0, "resourceSet": [], "entitlements": [], "channels": [], "count": 0 })
}

/// A server as it should be.
#[allow(clippy::unnecessary_wraps, reason = "an answer of a server can be none")]
pub(crate) fn well(request: &Request) -> Option<Vec<u8>> {
    Some(json(200, &if request.is_login() { tokens() } else { nothing() }))
}

pub(crate) fn keycloak(base: &str) -> Keycloak {
    Keycloak::realm(base, "nagra").client_id(CLIENT).client_secret(CLIENT_SECRET)
}

pub(crate) fn crm(base: &str, login: Keycloak, clock: &TestClock) -> crm_gateway::ClientBuilder {
    crm_gateway::Client::builder(base).auth(login).clock(clock.clone())
}

pub(crate) fn app(base: &str, clock: &TestClock) -> connect::ClientBuilder {
    connect::Client::builder(Environment::custom(format!("{base}/capi"), format!("{base}/user")))
        .client_login(CLIENT, CLIENT_SECRET)
        .clock(clock.clone())
}

pub(crate) fn user_tokens() -> UserTokens {
    UserTokens::new(USER_ACCESS).refresh_token(USER_REFRESH).expires_in(Duration::from_secs(300))
}

pub(crate) fn shield(app: &connect::Client) -> connect::ShieldEnterprise {
    app.shield(Credential::email(USER)).channel("DM").enterprise("468979834")
}

/// What a credential shows of itself.
pub(crate) fn tell_auth(told: &mut Told, auth: &Auth) {
    told.debug("auth", auth);
    told.debug("status", &auth.status());
    told.debug("watch", &auth.watch());
}

impl Login {
    /// Calls an API with this login; `answer` is what the server says from the request on that
    /// matters, which is the refresh where the login is one.
    pub(crate) async fn drive(
        self,
        server: &Server,
        timeout: Duration,
        answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static,
        told: &mut Told,
    ) {
        let (base, clock) = (server.uri(), TestClock::new());
        match self {
            Self::Password(_) | Self::Service | Self::Refresh => {
                let login = keycloak(&base);
                let login = match self {
                    Self::Service => login.client_credentials(),
                    Self::Password(way) => login.password(USER, PASSWORD).client_authentication(way),
                    _ => login.password(USER, PASSWORD),
                };
                told.debug("login", &login);
                let client = crm(&base, login, &clock).timeout(timeout).build().expect("a client");
                if self == Self::Refresh {
                    server.set(well);
                    client.list_entitlements().send().await.expect("a good start");
                    // The token has ended, its session has not.
                    clock.advance(Duration::from_secs(600));
                }
                server.set(answer);
                // The second time the failure is remembered.
                for _ in 0..2 {
                    told.outcome(client.list_entitlements().send().await);
                }
                told.debug("client", &client);
                tell_auth(told, client.auth());
            }
            Self::App(way) => {
                let app = app(&base, &clock).client_authentication(way).timeout(timeout);
                told.debug("builder", &app);
                let app = app.build().expect("a client");
                server.set(answer);
                for _ in 0..2 {
                    told.outcome(shield(&app).send().await);
                }
                told.debug("client", &app);
                tell_auth(told, app.auth());
            }
            Self::UserRefresh => {
                let app = app(&base, &clock).timeout(timeout).build().expect("a client");
                let user = app.as_user(user_tokens());
                server.set(well);
                user.list_global_permissions().send().await.expect("a good start");
                clock.advance(Duration::from_secs(3_600));
                server.set(answer);
                for _ in 0..2 {
                    told.outcome(user.list_global_permissions().send().await);
                }
                told.debug("client", &user);
                tell_auth(told, user.auth());
            }
        }
        told.tokens_at(server);
    }
}
