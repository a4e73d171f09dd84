//! Sessions from their beginning to their end, asked for or not.

use std::time::Duration;

use entitlements::{
    ErrorKind, RateLimit,
    auth::{ClientAuthentication, Keycloak, StaticToken},
    crm_gateway::Client,
    fakes::{
        Fault, crm_gateway,
        keycloak::{CLIENT_ID, Fake, Operation, PASSWORD, USER},
    },
    time::TestClock,
};

use super::{World, grants, rotating};
use crate::support::raw::{RawServer, answer};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_session_that_nears_its_end_is_replaced_before_it() {
    for rotation in [false, true] {
        let world = World::of(Fake::builder().rotation(rotation));
        for _ in 0..(24 * 60) {
            let token = world.token().await;
            assert!(world.is_accepted(&token), "at {:?}", world.clock.elapsed());
            world.settle().await;
            world.clock.advance(MINUTE);
        }
        let counts = world.fake.counts();
        // A session lasts for ten hours.
        assert_eq!((counts.logins, counts.failures), (3, 0), "rotation: {rotation}");
    }
}

#[tokio::test]
async fn a_login_that_fails_near_the_end_is_not_tried_again_before_it() {
    let world = World::new();
    while world.clock.elapsed() < Duration::from_secs(36_000) {
        world.token().await;
        world.settle().await;
        world.clock.advance(MINUTE / 2);
        if world.clock.elapsed() == Duration::from_secs(34_200) {
            world.fake.require_action(USER);
        }
    }
    let logins = world.grants().iter().filter(|grant| *grant == "password").count();
    assert_eq!(logins, 2, "the first, and the early one");
    assert_eq!(world.error().await.code(), Some("invalid_grant"));
}

#[tokio::test]
async fn an_offline_session_goes_on_without_a_known_end() {
    let world = World::with(rotating(), |login| login.password(USER, PASSWORD).offline_access());
    for _ in 0..40 {
        let token = world.token().await;
        assert!(world.is_accepted(&token));
        world.clock.advance(Duration::from_secs(12 * 3600));
    }
    assert_eq!((world.fake.counts().logins, world.fake.counts().failures), (1, 0));
}

#[tokio::test]
async fn a_confidential_client_shows_its_secret_in_a_header_or_in_the_form() {
    const SECRET: &str = "not!a+real%secret(";
    for authentication in [ClientAuthentication::Basic, ClientAuthentication::Form] {
        let builder = Fake::builder().confidential_client("desk", SECRET);
        let world = World::with(builder, |login| {
            login
                .client_id("desk")
                .client_secret(SECRET)
                .client_authentication(authentication)
                .password(USER, PASSWORD)
        });
        world.token().await;
        world.clock.advance(5 * MINUTE);
        world.token().await;
        for sent in world.fake.received() {
            let is_basic = authentication == ClientAuthentication::Basic;
            assert_eq!(sent.headers.contains_key("authorization"), is_basic);
            assert_eq!(sent.form("client_secret").is_some(), !is_basic);
            assert!(sent.query.is_empty());
        }
        world.auth.log_out(&world.context).await.expect("logged out");
        world.token().await;
        world.auth.revoke(&world.context).await.expect("revoked");
        assert_eq!(world.fake.counts().failures, 0);
    }
}

#[tokio::test]
async fn a_logout_ends_the_session_and_the_next_call_begins_another() {
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start_in_process();
    let client = fake.client().expect("a client");
    client.log_out().await.expect("there is nothing to end");
    fake.keycloak().journal().assert_count(Operation::Logout, 0);
    client.list_entitlements().limit(1).send().await.expect("a page");
    client.log_out().await.expect("logged out");
    let status = client.auth().status();
    assert_eq!((status.has_token, status.generation, status.expires_at), (false, 1, None));
    let spent = fake.keycloak().received().into_iter().find_map(|sent| sent.form("refresh_token"));
    assert!(spent.is_some(), "the logout carries the refresh token");
    client.list_entitlements().limit(1).send().await.expect("a page");
    let counts = fake.keycloak().counts();
    assert_eq!((counts.logins, counts.refreshes), (2, 0), "{}", fake.keycloak().journal());
    fake.keycloak().journal().assert_count(Operation::Logout, 1);
    client.log_out().await.expect("logged out");
    client.log_out().await.expect("twice is once");
    fake.keycloak().journal().assert_count(Operation::Logout, 2);
}

#[tokio::test]
async fn revoked_tokens_are_worthless_and_the_next_call_gets_others() {
    let fake = crm_gateway::Fake::builder().clock(TestClock::new()).start_in_process();
    let client = fake.client().expect("a client");
    client.list_entitlements().limit(1).send().await.expect("a page");
    let context = fake.keycloak().context().expect("a context");
    let bearer = client.auth().bearer(&context).await.expect("a token");
    let token = bearer.header().to_str().expect("text").trim_start_matches("Bearer ").to_owned();
    client.revoke_tokens().await.expect("revoked");
    let now = std::time::SystemTime::now();
    assert!(fake.keycloak().issuer().check(&token, now).is_err());
    fake.keycloak().journal().assert_count(Operation::Revoke, 2);
    client.list_entitlements().limit(1).send().await.expect("a page");
    assert_eq!(fake.keycloak().counts().logins, 2);
}

#[tokio::test]
async fn a_logout_that_fails_leaves_everything_and_can_be_repeated() {
    let world =
        World::of(Fake::builder().faults(Operation::Logout, Fault::status(503).times(1).then_normal()));
    let token = world.token().await;
    let error = world.auth.log_out(&world.context).await.expect_err("not now");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert_eq!(world.token().await, token, "as if nothing had been asked for");
    world.auth.log_out(&world.context).await.expect("logged out");
    assert_ne!(world.token().await, token);
    assert_eq!(world.fake.counts().refreshes, 0);
}

#[tokio::test]
async fn where_no_logout_can_be_the_error_says_so() {
    let world = World::new();
    let client = Client::builder("http://127.0.0.1:9").auth(StaticToken::new("t")).build().expect("a client");
    for outcome in [client.log_out().await, client.revoke_tokens().await] {
        assert_eq!(outcome.expect_err("no session").kind(), ErrorKind::Configuration);
    }
    let login =
        entitlements::auth::Keycloak::new("http://127.0.0.1:9/elsewhere").client_id("c").password("u", "p");
    let auth = entitlements::auth::Auth::from(login);
    let error = auth.log_out(&world.context).await.expect_err("no such URL");
    assert!(error.to_string().contains("`logout_url`"), "{error}");
}

/// Some login servers hand out the same token until it ends.
#[tokio::test]
async fn the_same_token_again_is_not_sent_again_and_not_asked_for_again() {
    let token = answer::json(200, r#"{"access_token":"same","expires_in":300}"#);
    let login = RawServer::start(vec![token; 5]).await;
    let api = RawServer::start(vec![answer::json(403, r#"{"errorCode":4711}"#); 5]).await;
    let credential = Keycloak::new(format!("{}/token", login.uri())).client_id("c").password("u", "p");
    let client = Client::builder(api.uri()).auth(credential).clock(TestClock::new());
    let client = client.build().expect("a client");
    for calls in 1..4 {
        let error = client.list_entitlements().send().await.expect_err("refused");
        assert_eq!(
            (error.kind(), error.status().map(|status| status.as_u16())),
            (ErrorKind::Forbidden, Some(403))
        );
        assert_eq!((api.requests().len(), grants(&login).len()), (calls, 2));
    }
}

#[tokio::test]
async fn a_token_that_ends_while_its_call_waits_for_room_is_replaced() {
    let clock = TestClock::new();
    let fake = crm_gateway::Fake::builder().clock(clock.clone()).start().await;
    let login = Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password(USER, PASSWORD);
    let client = Client::builder(fake.uri()).auth(login).clock(clock);
    let client = client.rate_limit(RateLimit::new(1, 7 * MINUTE)).longest_wait(10 * MINUTE);
    let client = client.deadline(60 * MINUTE).build().expect("a client");
    for calls in 1..4 {
        let page = client.list_entitlements().limit(1).send().await.expect("a page");
        assert_eq!((page.attempts(), client.auth().status().renewals), (1, calls));
    }
}
