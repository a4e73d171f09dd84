//! The session of a user: it goes on by refresh, and where it cannot, nothing is asked in vain.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::UserTokens,
    connect::UserClient,
    fakes::{
        Fault, Faults, Reply,
        connect::{Builder, USER},
    },
};
use serde_json::{Value, json};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

/// A fake, a user who is logged in there, and their clock. Access tokens last for an hour.
async fn logged_in(builder: Builder) -> (Fake, UserClient, TestClock) {
    let clock = TestClock::new();
    let fake = builder.access_lifetime(HOUR).clock(clock.clone()).start().await;
    let user = app(&fake, &clock).as_user(fake.log_in(USER));
    (fake, user, clock)
}

fn exported(user: &UserClient) -> Value {
    serde_json::to_value(user.tokens().expect("tokens")).expect("JSON")
}

fn api_calls(fake: &Fake) -> u64 {
    fake.journal().count(Operation::ListGlobalPermissions)
}

/// "Store whatever refresh token comes back": with rotation a spent one is never shown, without
/// it the same goes on.
#[tokio::test]
async fn the_newest_tokens_are_exported_after_each_renewal() {
    for keep in [false, true] {
        let (fake, user, clock) = logged_in(Fake::builder().keep_refresh_token(keep)).await;
        let mut before = exported(&user);
        for renewals in 1..=3 {
            clock.advance(HOUR);
            user.list_global_permissions().send().await.expect("refreshed");
            assert_eq!(fake.counts().refreshes, renewals, "kept: {keep}");
            let after = exported(&user);
            assert_ne!(after["access_token"], before["access_token"], "kept: {keep}");
            assert_eq!(after["refresh_token"] == before["refresh_token"], keep);
            let seconds = |tokens: &Value| tokens["expires_at"].as_u64().expect("seconds");
            assert_eq!(seconds(&after) - seconds(&before), HOUR.as_secs());
            before = after;
        }
        let sent: Vec<_> = fake
            .journal()
            .entries_of(Operation::Token)
            .filter_map(|entry| entry.request.form("refresh_token"))
            .collect();
        let distinct: std::collections::BTreeSet<_> = sent.iter().collect();
        assert_eq!(distinct.len(), if keep { 1 } else { 3 }, "no spent one is sent again");
    }
}

/// The export is never behind a token that somebody got: while the first call with a new token is
/// still under way, its refresh token is there.
#[tokio::test]
async fn the_export_is_there_before_the_new_token_is_used() {
    let slow = Fault::delay(Duration::from_millis(400)).times(1);
    let (fake, user, clock) = logged_in(Fake::builder().faults(Operation::ListGlobalPermissions, slow)).await;
    let before = exported(&user);
    clock.advance(HOUR);
    let call = tokio::spawn(user.list_global_permissions().send());
    while api_calls(&fake) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let meanwhile = exported(&user);
    assert!(!call.is_finished(), "the call is under way");
    assert_ne!(meanwhile["refresh_token"], before["refresh_token"]);
    call.await.expect("no panic").expect("read");
    assert_eq!(exported(&user), meanwhile);
    let sent = fake.received().pop().expect("a request");
    assert_eq!(sent.bearer(), meanwhile["access_token"].as_str());
}

/// "Keep the old one if none comes back."
#[tokio::test]
async fn the_refresh_token_is_kept_where_none_comes_back() {
    let (fake, user, clock) = logged_in(Fake::builder()).await;
    let before = exported(&user);
    clock.advance(HOUR);
    for refresh_token in [Value::Null, json!(""), json!("plainly-fake-next")] {
        let answer =
            json!({ "access_token": "plainly-fake", "refresh_token": refresh_token, "expires_in": 60 });
        fake.reply_next(Reply::json(200, &answer));
        fake.reply_next(Reply::json(200, &json!({ "channels": [] })));
        user.list_global_permissions().send().await.expect("refreshed");
        let expected = refresh_token.as_str().filter(|text| !text.is_empty()).map(Value::from);
        assert_eq!(
            exported(&user)["refresh_token"],
            expected.unwrap_or_else(|| before["refresh_token"].clone())
        );
        clock.advance(HOUR);
    }
}

/// Facts 2.7, 4: an unknown refresh token gives `invalid_grant`, an expired one `invalid_token`;
/// both need a login, and after that nothing is asked for any more.
#[tokio::test]
async fn a_session_that_is_over_stays_over_without_another_request() {
    for (builder, code) in [
        (Fake::builder(), "invalid_token"),
        (Fake::builder().expired_refresh_is_invalid_grant(true), "invalid_grant"),
    ] {
        let (fake, user, clock) = logged_in(builder.refresh_lifetime(HOUR * 2)).await;
        clock.advance(HOUR * 2);
        for _ in 0..3 {
            let error = user.list_global_permissions().send().await.expect_err("over");
            assert_eq!((error.kind(), error.code()), (ErrorKind::LoginRequired, Some(code)));
            clock.advance(HOUR);
        }
        assert_eq!((token_requests(&fake), api_calls(&fake)), (1, 0));
        let kept = exported(&user);
        assert_eq!(kept.get("refresh_token"), None, "it would only be refused again");
        let restored = serde_json::from_value(kept).expect("tokens");
        let again = app(&fake, &clock).as_user(restored);
        let error = again.list_global_permissions().send().await.expect_err("over");
        assert_eq!((error.kind(), token_requests(&fake)), (ErrorKind::LoginRequired, 1));
    }
}

/// A refresh whose answer was lost is tried once more, and not a third time.
#[tokio::test]
async fn a_lost_refresh_is_tried_once_more_and_then_reported() {
    let lost = || Fault::reset().after_change();
    let cases: [(&str, bool, Faults, Option<ErrorKind>, u64); 6] = [
        ("kept", true, lost().then_normal(), None, 2),
        ("rotated", false, lost().then_normal(), Some(ErrorKind::LoginRequired), 2),
        ("not carried out", false, Fault::reset().then_normal(), None, 2),
        ("twice", true, lost().times(2).then_normal(), Some(ErrorKind::Server), 2),
        ("503 twice", true, Fault::status(503).times(2).then_normal(), Some(ErrorKind::Server), 2),
        ("refused", true, Fault::status(400).then_normal(), Some(ErrorKind::UnexpectedAnswer), 1),
    ];
    for (name, keep, faults, expected, requests) in cases {
        let builder = Fake::builder().keep_refresh_token(keep).faults(Operation::Token, faults);
        let (fake, user, clock) = logged_in(builder).await;
        clock.advance(HOUR);
        let outcome = user.list_global_permissions().send().await;
        assert_eq!(outcome.err().map(|error| error.kind()), expected, "{name}");
        assert_eq!(token_requests(&fake), requests, "{name}");
        // The session goes on unless it is over.
        clock.advance(HOUR);
        let later = user.list_global_permissions().send().await.err().map(|error| error.kind());
        let over = expected.filter(|kind| *kind == ErrorKind::LoginRequired);
        assert_eq!(later, over, "{name}");
        assert_eq!(token_requests(&fake), requests + u64::from(over.is_none()), "{name}");
    }
}

/// Facts 2.7, 1: a server that gives the same token again, and refuses it, is not asked in a loop.
#[tokio::test]
async fn the_same_token_again_does_not_loop() {
    let (fake, user, clock) = logged_in(Fake::builder()).await;
    let same = json!({ "access_token": "plainly-fake", "refresh_token": "r", "expires_in": 3600 });
    fake.faults(Operation::Token, Fault::reply(Reply::json(200, &same)).always());
    let refused = Reply::json(401, &json!({ "error": "invalid_token" }));
    fake.faults(Operation::ListGlobalPermissions, Fault::reply(refused).always());
    for calls in 1..=5 {
        let error = user.list_global_permissions().send().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::LoginFailed, "{error}");
        assert!(token_requests(&fake) <= calls && api_calls(&fake) <= 2 * calls, "after {calls} calls");
    }
    // The same token until its end, with less time left each time, down to none.
    fake.clear_faults();
    for left in [3600_u64, 60, 12, 3, 1, 0, 0] {
        let same = json!({ "access_token": "plainly-fake", "refresh_token": "r", "expires_in": left });
        fake.faults(Operation::Token, Fault::reply(Reply::json(200, &same)).always());
        fake.faults(
            Operation::ListGlobalPermissions,
            Fault::reply(Reply::json(200, &json!({ "channels": [] }))).always(),
        );
        clock.advance(HOUR);
        let before = token_requests(&fake);
        let outcome = user.list_global_permissions().send().await;
        assert!(left == 0 || outcome.is_ok(), "the token is good for {left} s");
        assert!(token_requests(&fake) <= before + 1, "{left} s left");
    }
}

/// The server family's habits together, over a day: one refresh an hour.
#[tokio::test]
async fn a_day_with_a_server_of_that_family() {
    let builder = Fake::builder().same_token_again(true).keep_refresh_token(true);
    let (fake, user, clock) = logged_in(builder).await;
    for _ in 0..24 * 4 {
        user.list_global_permissions().send().await.expect("read");
        clock.advance(HOUR / 4);
    }
    let refreshes = fake.counts().refreshes;
    assert!((23..=32).contains(&refreshes), "{refreshes} refreshes");
    assert_eq!(token_requests(&fake), refreshes, "none was refused");
}

#[tokio::test]
async fn a_session_without_a_client_login_is_never_refreshed() {
    let clock = TestClock::new();
    let fake = Fake::builder().access_lifetime(HOUR).clock(clock.clone()).start().await;
    let environment = Environment::custom(fake.api_url(), fake.login_url());
    let user = UserClient::builder(environment).tokens(fake.log_in(USER)).clock(clock.clone());
    let user = user.build().expect("a client");
    user.list_global_permissions().send().await.expect("read");
    clock.advance(HOUR);
    for _ in 0..2 {
        let error = user.list_global_permissions().send().await.expect_err("ended");
        assert_eq!(error.kind(), ErrorKind::LoginRequired);
    }
    assert_eq!((token_requests(&fake), api_calls(&fake)), (0, 1));
}

#[tokio::test]
async fn an_access_token_of_no_use_does_not_lose_the_refresh_token_beside_it() {
    let (fake, user, clock) = logged_in(Fake::builder()).await;
    clock.advance(HOUR);
    fake.reply_next(Reply::json(
        200,
        &json!({ "access_token": "two words", "refresh_token": "plainly-fake-next" }),
    ));
    user.list_global_permissions().send().await.expect_err("no bearer token");
    assert_eq!(exported(&user)["refresh_token"], "plainly-fake-next");
    assert!(user.tokens().is_some_and(|tokens: UserTokens| !format!("{tokens:?}").contains("plainly-fake")));
}
