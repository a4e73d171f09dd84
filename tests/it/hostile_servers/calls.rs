//! A read and a write of each service, and each way to a token.

use std::time::Duration;

use entitlements::{
    Result,
    auth::{Keycloak, StaticToken, UserTokens},
    connect::{self, ChannelState, Credential, Environment},
    crm_gateway,
    symphony::{self, Advisor, ExternalNetwork},
    time::{Clock, SystemClock, TestClock},
};

/// An answer that every call here can live with.
pub(crate) const GOOD: &str = r#"{"status":"ENTITLED","externalNetwork":"SMS","entitlements":[],"totalRecords":0,"resourceSet":[],"channels":[],"count":1,"access_token":"not-a-real-token","expires_in":300,"refresh_token":"not-a-real-refresh-token"}"#;

/// What is called, and with that what becomes of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    SymphonyRead,
    SymphonyAdd,
    SymphonyRemove,
    GatewayRead,
    GatewayWrite,
    ConnectRead,
    ConnectChange,
    ConnectShield,
    KeycloakPassword,
    KeycloakClient,
    KeycloakRefresh,
    ConnectClientLogin,
    ConnectUserRefresh,
}

impl Call {
    pub(crate) const ALL: [Self; 13] = [
        Self::SymphonyRead,
        Self::SymphonyAdd,
        Self::SymphonyRemove,
        Self::GatewayRead,
        Self::GatewayWrite,
        Self::ConnectRead,
        Self::ConnectChange,
        Self::ConnectShield,
        Self::KeycloakPassword,
        Self::KeycloakClient,
        Self::KeycloakRefresh,
        Self::ConnectClientLogin,
        Self::ConnectUserRefresh,
    ];

    pub(crate) fn is_login(self) -> bool {
        matches!(
            self,
            Self::KeycloakPassword
                | Self::KeycloakClient
                | Self::KeycloakRefresh
                | Self::ConnectClientLogin
                | Self::ConnectUserRefresh
        )
    }

    /// How many requests the server under test has to answer well first.
    pub(crate) fn answered_before(self) -> usize {
        usize::from(self == Self::KeycloakRefresh)
    }
}

/// The limits of a client under test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) max_body: usize,
    /// Whether backoff takes no time.
    pub(crate) virtual_time: bool,
}

/// The settings that all builders have by the same names.
macro_rules! limited {
    ($builder:expr, $limits:expr, $clock:expr) => {
        $builder
            .timeout($limits.timeout)
            .deadline($limits.deadline)
            .max_body($limits.max_body)
            .max_attempts(2)
            .clock($clock)
            .build()
            .expect("a client")
    };
}

impl Call {
    /// Calls `server`, or logs in there for a call to `api`.
    pub(crate) async fn make(self, server: &str, api: &str, limits: Limits) -> Result<()> {
        if limits.virtual_time {
            let clock = TestClock::new();
            let ahead = clock.clone();
            self.with_clock(server, api, limits, clock, move |duration| ahead.advance(duration)).await
        } else {
            self.with_clock(server, api, limits, SystemClock, |_| ()).await
        }
    }

    async fn with_clock<C: Clock + Clone>(
        self,
        server: &str,
        api: &str,
        limits: Limits,
        clock: C,
        advance: impl Fn(Duration),
    ) -> Result<()> {
        let token = || StaticToken::new("not-a-real-token");
        let ada = || Advisor::email("ada@acme.example");
        let symphony = || limited!(symphony::Client::builder(server).auth(token()), limits, clock.clone());
        let gateway = || limited!(crm_gateway::Client::builder(server).auth(token()), limits, clock.clone());
        let environment = || Environment::custom(server, server);
        let app = || limited!(connect::Client::builder(environment()).auth(token()), limits, clock.clone());
        let user =
            || limited!(connect::UserClient::builder(environment()).auth(token()), limits, clock.clone());
        let login =
            |keycloak| limited!(crm_gateway::Client::builder(api).auth(keycloak), limits, clock.clone());
        let realm = || Keycloak::realm(server, "nagra").client_id("crm_client");
        let elsewhere = || {
            let builder = connect::Client::builder(Environment::custom(api, server));
            limited!(builder.client_login("id", "not-a-real-secret"), limits, clock.clone())
        };
        match self {
            Self::SymphonyRead => {
                symphony().get_advisor_entitlement(ExternalNetwork::Sms, ada()).send().await.map(drop)
            }
            Self::SymphonyAdd => {
                symphony().add_entitlement(ExternalNetwork::Sms, ada()).send().await.map(drop)
            }
            Self::SymphonyRemove => {
                symphony().remove_entitlement(ExternalNetwork::Sms, ada()).send().await.map(drop)
            }
            Self::GatewayRead => gateway().list_entitlements().send().await.map(drop),
            Self::GatewayWrite => {
                gateway().request("PUT", "/x").json(&serde_json::json!({})).send().await.map(drop)
            }
            Self::ConnectRead => user().list_enterprise_permissions("468979834").send().await.map(drop),
            Self::ConnectChange => {
                let change = user().change_enterprise_permissions("468979834");
                change.set("TM", ChannelState::Shield).send().await.map(drop)
            }
            Self::ConnectShield => {
                let shield = app().shield(Credential::phone("+4712345678")).channel("DM");
                shield.enterprise("468979834").send().await.map(drop)
            }
            Self::KeycloakPassword => {
                let client = login(realm().password("u", "not-a-real-password"));
                client.list_entitlements().send().await.map(drop)
            }
            Self::KeycloakClient => {
                let client = login(realm().client_secret("not-a-real-secret").client_credentials());
                client.list_entitlements().send().await.map(drop)
            }
            Self::KeycloakRefresh => {
                let client = login(realm().password("u", "not-a-real-password"));
                client.list_entitlements().send().await.expect("a page after the first login");
                advance(Duration::from_secs(301));
                client.list_entitlements().send().await.map(drop)
            }
            Self::ConnectClientLogin => {
                let shield = elsewhere().shield(Credential::phone("+4712345678")).channel("DM");
                shield.enterprise("468979834").send().await.map(drop)
            }
            Self::ConnectUserRefresh => {
                let tokens = UserTokens::new("not-a-real-token").refresh_token("not-a-real-refresh-token");
                let user = elsewhere().as_user(tokens.expires_in(Duration::ZERO));
                user.list_global_permissions().send().await.map(drop)
            }
        }
    }
}
