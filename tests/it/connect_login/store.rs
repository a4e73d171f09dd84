//! Tokens in a store of the application: written, kept for a while, and read by another process.

use std::time::{Duration, SystemTime};

use entitlements::{
    ErrorKind,
    auth::{StaticToken, UserTokens},
    connect::UserClient,
    fakes::connect::USER,
    time::Clock,
};

use super::*;

const LIFETIME: Duration = Duration::from_secs(12 * 3600);

fn api_calls(fake: &Fake) -> u64 {
    fake.journal().count(Operation::ListGlobalPermissions)
}

fn keep(user: &UserClient) -> String {
    serde_json::to_string(&user.tokens().expect("tokens")).expect("JSON")
}

fn restore(fake: &Fake, clock: &TestClock, kept: &str) -> UserClient {
    app(fake, clock).as_user(serde_json::from_str(kept).expect("tokens"))
}

#[tokio::test]
async fn a_user_stays_logged_in_over_restarts() {
    for rotates in [true, false] {
        let clock = TestClock::new();
        let fake = Fake::builder().keep_refresh_token(!rotates).clock(clock.clone()).start().await;
        let mut kept = keep(&app(&fake, &clock).as_user(fake.log_in(USER)));
        for restart in 1..=4 {
            // Within the life of the access token nothing is asked for.
            clock.advance(LIFETIME / 2);
            let user = restore(&fake, &clock, &kept);
            user.list_global_permissions().send().await.expect("still valid");
            assert_eq!(keep(&user), kept, "nothing has changed");
            assert_eq!((fake.counts().refreshes, api_calls(&fake)), (restart - 1, 2 * restart - 1));

            // Behind it the tokens are refreshed first: the expired one is not sent.
            clock.advance(LIFETIME / 2);
            let user = restore(&fake, &clock, &kept);
            let level = user.list_global_permissions().send().await.expect("refreshed");
            assert_eq!(level.attempts(), 1, "no token was refused");
            assert_eq!((fake.counts().refreshes, api_calls(&fake)), (restart, 2 * restart));
            kept = keep(&user);
        }
    }
}

#[tokio::test]
async fn expired_tokens_without_a_refresh_token_are_not_sent() {
    let clock = TestClock::new();
    let fake = Fake::builder().accept_user_token("plainly-fake", USER).clock(clock.clone()).start().await;
    let at = |ago: u64| clock.wall() - Duration::from_secs(ago);
    for tokens in [
        UserTokens::new("plainly-fake").expires_at(at(0)),
        UserTokens::new("plainly-fake").expires_at(at(3600)),
        UserTokens::new("plainly-fake").expires_at(SystemTime::UNIX_EPOCH),
        UserTokens::new("plainly-fake").expires_in(Duration::ZERO),
        serde_json::from_str(r#"{"access_token":"plainly-fake","expires_in":-5}"#).expect("tokens"),
    ] {
        let user = app(&fake, &clock).as_user(tokens);
        let error = user.list_global_permissions().send().await.expect_err("expired");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::LoginRequired, 0), "{error}");
    }
    assert_eq!(fake.journal().total(), 0, "neither the token nor a request for another one");
    let valid = UserTokens::new("plainly-fake").expires_at(clock.wall() + Duration::from_secs(1));
    app(&fake, &clock).as_user(valid).list_global_permissions().send().await.expect("a second is left");
}

/// The answer of a token endpoint, read as it is: its time counts from the client on.
#[tokio::test]
async fn a_lifetime_counts_from_the_moment_when_a_client_gets_the_tokens() {
    let clock = TestClock::new();
    let fake = Fake::builder().accept_user_token("plainly-fake", USER).clock(clock.clone()).start().await;
    let answer = r#"{"access_token":"plainly-fake","token_type":"bearer","expires_in":"60","scope":"read"}"#;
    let tokens: UserTokens = serde_json::from_str(answer).expect("tokens");
    clock.advance(Duration::from_secs(3600));
    let of_app = app(&fake, &clock).as_user(tokens.clone());
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let alone =
        UserClient::builder(environment).tokens(tokens).clock(clock.clone()).build().expect("a client");
    let end = (clock.wall() + Duration::from_secs(60)).duration_since(SystemTime::UNIX_EPOCH);
    let end = format!(r#"{{"access_token":"plainly-fake","expires_at":{}}}"#, end.expect("later").as_secs());
    for user in [&of_app, &alone] {
        assert_eq!(keep(user), end);
    }
    clock.advance(Duration::from_secs(59));
    of_app.list_global_permissions().send().await.expect("a second is left");
    clock.advance(Duration::from_secs(1));
    let error = alone.list_global_permissions().send().await.expect_err("no time is left");
    assert_eq!(error.kind(), ErrorKind::LoginRequired);
    assert_eq!(keep(&alone), end, "its first call does not count");
}

#[tokio::test]
async fn clones_share_the_tokens_and_another_credential_has_none() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let user = app(&fake, &clock).as_user(fake.log_in(USER));
    let (clone, before) = (user.clone(), keep(&user));
    clock.advance(LIFETIME);
    user.list_global_permissions().send().await.expect("refreshed");
    assert_ne!(keep(&clone), before);
    assert_eq!(keep(&clone), keep(&user));

    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let other = UserClient::builder(environment).tokens(UserTokens::new("a")).auth(StaticToken::new("b"));
    assert!(other.build().expect("a client").tokens().is_none());
}
