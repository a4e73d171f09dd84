//! Logins, calls, refreshes and refused tokens that go well, at the fakes of all services.

use std::time::Duration;

use entitlements::{
    auth::ClientAuthentication,
    connect::{self, ChannelState, Environment},
    crm_gateway,
    fakes::{self, Reply, connect::LoginClient, keycloak},
    symphony::{Advisor, Client, ExternalNetwork},
    time::TestClock,
};

use super::{
    capture,
    logins::shield,
    room::{Room, Told},
    secrets::{ADVISOR, API_KEY, CLIENT, CLIENT_SECRET, PASSWORD, USER},
};

#[tokio::test]
async fn nothing_is_told_of_calls_that_go_well() {
    let mut room = Room::enter().await;
    for wire in [false, true] {
        room.row(format!("Symphony, wire {wire}"), &symphony(wire).await);
        for way in [ClientAuthentication::Basic, ClientAuthentication::Form] {
            room.row(format!("CRM Gateway, wire {wire}, {way:?}"), &crm(wire, way).await);
            room.row(format!("Connect, wire {wire}, {way:?}"), &connect(wire, way).await);
        }
    }
    // Who is silent has nothing to hide: these do speak.
    let targets = capture::targets();
    for talkative in ["entitlements::transport", "reqwest::connect", "hyper_util::client::legacy"] {
        assert!(targets.iter().any(|target| target.starts_with(talkative)), "{talkative}: {targets:?}");
    }
    room.leave(10);
}

async fn symphony(wire: bool) -> Told {
    let (mut told, clock) = (Told::default(), TestClock::new());
    let fake = fakes::symphony::Fake::builder().clock(clock.clone()).wire_listener(wire).start().await;
    fake.add_user("351775001412105", ADVISOR, "Hedyfake", "Lamarrfake");
    let signer = fake.signer().expect("a signer");
    told.debug("signer", &signer);
    let builder = Client::builder(fake.base_url()).auth(signer).clock(clock.clone());
    let builder = builder.default_header("x-api-key", API_KEY).application("secrets/1");
    told.debug("builder", &builder);
    let client = builder.build().expect("a client");
    let hedy = || Advisor::email(ADVISOR);
    let line = ExternalNetwork::Line;
    told.outcome(client.ensure_entitled(line.clone(), hedy()).send().await);
    clock.advance(Duration::from_secs(400));
    told.outcome(client.get_advisor_entitlement(line.clone(), hedy()).send().await);
    fake.reply_next(Reply::new(401));
    told.outcome(client.list_entitled_advisors(line.clone()).send().await);
    told.outcome(client.list_entitled_advisors(line).stream().try_collect::<Vec<_>>().await);
    assert_eq!((told.errors, client.auth().status().renewals), (0, 3));
    told.debug("client", &client);
    told.debug("auth", client.auth());
    told.tokens_of(&fake.received());
    told
}

async fn crm(wire: bool, way: ClientAuthentication) -> Told {
    let (mut told, clock) = (Told::default(), TestClock::new());
    let realm = keycloak::Fake::builder()
        .confidential_client(CLIENT_CONFIDENTIAL, CLIENT_SECRET)
        .user(USER, PASSWORD, [keycloak::OPERATOR_ROLE])
        .rotation(true)
        .wire_listener(wire);
    let fake = fakes::crm_gateway::Fake::builder().keycloak(realm).clock(clock.clone()).wire_listener(wire);
    let fake = fake.start().await;
    let login = entitlements::auth::Keycloak::new(fake.keycloak().token_url())
        .client_id(CLIENT_CONFIDENTIAL)
        .client_secret(CLIENT_SECRET)
        .client_authentication(way)
        .password(USER, PASSWORD);
    told.debug("login", &login);
    let builder = crm_gateway::Client::builder(fake.uri()).auth(login).clock(clock.clone());
    told.debug("builder", &builder);
    let client = builder.build().expect("a client");
    told.outcome(client.list_entitlements().send().await);
    clock.advance(Duration::from_secs(400));
    told.outcome(client.list_entitlements().send().await);
    fake.keycloak().revoke_access_tokens();
    told.outcome(client.list_entitlements().stream().try_collect::<Vec<_>>().await);
    let counts = fake.keycloak().counts();
    assert_eq!((told.errors, counts.logins, counts.refreshes), (0, 1, 2));
    told.debug("client", &client);
    told.debug("auth", client.auth());
    told.debug("status", &client.auth().status());
    told.tokens_of(&fake.received());
    told.tokens_of(&fake.keycloak().received());
    told
}

/// The realm has a public one of the name that is used elsewhere.
const CLIENT_CONFIDENTIAL: &str = "crm_confidential";

async fn connect(wire: bool, way: ClientAuthentication) -> Told {
    let (mut told, clock) = (Told::default(), TestClock::new());
    let fake = fakes::connect::Fake::builder()
        .login_client(LoginClient::new(CLIENT, CLIENT_SECRET).users(true))
        .customer("4711", &[USER])
        .user(USER, Some("4711"))
        .clock(clock.clone())
        .wire_listener(wire)
        .start()
        .await;
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let builder = connect::Client::builder(environment)
        .client_login(CLIENT, CLIENT_SECRET)
        .client_authentication(way)
        .clock(clock.clone());
    told.debug("builder", &builder);
    let app = builder.build().expect("a client");
    told.outcome(shield(&app).send().await);
    clock.advance(Duration::from_secs(13 * 60 * 60));
    told.outcome(shield(&app).send().await);
    fake.expire_access_tokens();
    told.outcome(shield(&app).send().await);
    assert_eq!((told.errors, app.auth().status().renewals), (0, 3));

    // The user logged in to the fake's own client, which then refreshes.
    let own = fake.client().expect("a client");
    let tokens = fake.log_in(USER);
    told.debug("tokens", &tokens);
    let user = own.as_user(tokens);
    told.outcome(user.list_global_permissions().send().await);
    clock.advance(Duration::from_secs(13 * 60 * 60));
    let change = user.update_enterprise_permissions("468979834").set("TM", ChannelState::Shield);
    told.debug("change", &change);
    told.outcome(change.send().await);
    fake.expire_access_tokens();
    told.outcome(user.list_global_permissions().send().await);
    assert_eq!((told.errors, user.auth().status().renewals), (0, 3));
    for (what, shown) in [("client", &app as &dyn std::fmt::Debug), ("user", &user), ("auth", user.auth())] {
        told.debug(what, shown);
    }
    told.tokens_of(&fake.received());
    told
}
