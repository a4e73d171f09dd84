//! Answers of a token endpoint that are wrong in some way, and what becomes of them.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{Auth, Keycloak},
    fakes::keycloak::{BruteForce, CLIENT_ID, Fake, PASSWORD, USER},
    time::TestClock,
};

use super::{World, grants, network};
use crate::support::raw::{RawServer, answer};

const SECRET: &str = "not-a-real-password";
const TOKEN: &str = "not-a-real-access-token";

/// How long a token serves by what its answer says, and how many requests a day with a call each
/// second costs then.
#[tokio::test]
async fn a_lifetime_is_read_safely_whatever_it_looks_like() {
    const FOREVER: u64 = 86_400;
    for (expires_in, serves) in [
        ("", FOREVER),
        (r#","expires_in":null"#, FOREVER),
        (r#","expires_in":"300""#, 300),
        (r#","expires_in":300.0"#, 300),
        (r#","expires_in":300"#, 300),
        (r#","expires_in":1"#, 1),
        (r#","expires_in":"soon""#, FOREVER),
        (r#","expires_in":[300]"#, FOREVER),
        (r#","expires_in":{}"#, FOREVER),
        (r#","expires_in":9223372036854775807"#, FOREVER),
        (r#","expires_in":1e400"#, FOREVER),
    ] {
        let body = |access: &str| answer::json(200, &format!(r#"{{"access_token":"{access}"{expires_in}}}"#));
        let server = RawServer::start([body("a"), body("b"), body("c")]).await;
        let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", SECRET);
        let clock = TestClock::new();
        let (auth, context) = (Auth::from(login), network(&clock).await);
        let first = auth.bearer(&context).await.unwrap_or_else(|error| panic!("{expires_in}: {error}"));
        clock.advance(Duration::from_secs(serves - 1).mul_f64(0.7));
        for _ in 0..100 {
            let again = auth.bearer(&context).await.expect("a token");
            assert_eq!(again.generation(), first.generation(), "{expires_in}");
        }
        clock.advance(Duration::from_secs(serves));
        let later = auth.bearer(&context).await.expect("a token");
        assert_eq!(later.generation() > 1, serves < FOREVER, "{expires_in}");
    }
}

#[tokio::test]
async fn a_token_that_has_expired_on_arrival_is_an_error_without_a_loop() {
    for expires_in in ["0", "-1", "-9223372036854775808", r#""0""#, r#""-5""#, "0.4"] {
        let body = format!(r#"{{"access_token":"{TOKEN}","expires_in":{expires_in}}}"#);
        let server = RawServer::start((0..10).map(|_| answer::json(200, &body))).await;
        let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", SECRET);
        let (auth, context) = (Auth::from(login), network(&TestClock::new()).await);
        for _ in 0..100 {
            let error = auth.bearer(&context).await.expect_err(expires_in);
            assert_eq!(error.kind(), ErrorKind::LoginFailed, "{expires_in}: {error}");
            assert!(error.to_string().contains("had expired when it arrived"), "{error}");
            assert!(!format!("{error:?}").contains(TOKEN) && error.body().is_empty());
        }
        assert_eq!(grants(&server), ["password"; 2], "once more after a second, and no loop");
    }
    // Rounded to nothing: the next second brings a new one.
    let bodies = [0, 300]
        .map(|left| answer::json(200, &format!(r#"{{"access_token":"t{left}","expires_in":{left}}}"#)));
    let server = RawServer::start(bodies).await;
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", SECRET);
    let clock = TestClock::new();
    Auth::from(login).bearer(&network(&clock).await).await.expect("the second");
    assert_eq!(clock.elapsed(), Duration::from_secs(1));
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_nobodys_secret() {
    let repeats = format!(r#"{{"error":"{SECRET}","error_description":"{SECRET} {TOKEN}"}}"#);
    let described = |code: &str| format!(r#"{{"error":"{code}","error_description":"{SECRET} of u"}}"#);
    for (status, body, kind, code) in [
        (401, described("invalid_grant"), ErrorKind::LoginFailed, Some("invalid_grant")),
        (400, described("invalid_grant"), ErrorKind::LoginFailed, Some("invalid_grant")),
        (401, described("invalid_client"), ErrorKind::LoginFailed, Some("invalid_client")),
        (400, described("unauthorized_client"), ErrorKind::LoginFailed, Some("unauthorized_client")),
        (400, described("unsupported_grant_type"), ErrorKind::LoginFailed, Some("unsupported_grant_type")),
        (403, described("access_denied"), ErrorKind::LoginFailed, Some("access_denied")),
        (404, r#"{"error":"Realm does not exist"}"#.to_owned(), ErrorKind::LoginFailed, None),
        (400, repeats.clone(), ErrorKind::LoginFailed, None),
        (429, repeats.clone(), ErrorKind::RateLimited, None),
        (500, repeats.clone(), ErrorKind::Server, None),
        (302, String::new(), ErrorKind::LoginFailed, None),
        (200, format!("<html>{SECRET}</html>"), ErrorKind::UnexpectedAnswer, None),
        (200, format!(r#"{{"token":"{TOKEN}"}}"#), ErrorKind::UnexpectedAnswer, None),
        (200, format!(r#"{{"access_token":["{TOKEN}"]}}"#), ErrorKind::UnexpectedAnswer, None),
        (200, format!(r#"{{"access_token":"{TOKEN}""#), ErrorKind::UnexpectedAnswer, None),
        (200, r#"{"access_token":"a b"}"#.to_owned(), ErrorKind::Configuration, None),
        (400, format!("<html>{SECRET}</html>"), ErrorKind::UnexpectedAnswer, None),
    ] {
        let server = RawServer::start((0..5).map(|_| answer::json(status, &body))).await;
        let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", SECRET);
        let (auth, context) = (Auth::from(login), network(&TestClock::new()).await);
        for _ in 0..20 {
            let error = auth.bearer(&context).await.expect_err("refused");
            assert_eq!((error.kind(), error.code()), (kind, code), "{status} {body}: {error}");
            let shown = format!("{error} {error:?} {error:#?} {auth:?}");
            assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
        }
        let tries = if kind == ErrorKind::Server { 3 } else { 1 };
        assert_eq!(grants(&server).len(), tries, "{status} {body}: no loop");
    }
}

#[tokio::test]
async fn a_locked_account_looks_like_a_wrong_password_and_is_left_in_peace() {
    let builder = Fake::builder().brute_force(BruteForce::default());
    let world = World::with(builder, |login| login.client_id(CLIENT_ID).password(USER, PASSWORD));
    world.fake.lock_user(USER);
    for _ in 0..600 {
        let error = world.error().await;
        assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some("invalid_grant")));
        world.clock.advance(Duration::from_secs(1));
    }
    assert!(world.grants().len() <= 9, "in ten minutes: {}", world.grants().len());
}
