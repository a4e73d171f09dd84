//! When a session is refreshed, when a login takes its place, and what its end leaves.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{Auth, Keycloak},
    crm_gateway::Client,
    fakes::{
        Fault, Reply,
        keycloak::{Fake, Operation},
    },
    time::TestClock,
};

use super::{World, grants as grants_of, network};
use crate::support::raw::{
    RawServer,
    answer::{self, Answer},
};

fn token(lifetime: u32) -> Answer {
    answer::json(
        200,
        &format!(r#"{{"access_token":"a{lifetime}","expires_in":{lifetime},"refresh_token":"r"}}"#),
    )
}

fn refusal(status: u16, code: &str) -> Answer {
    answer::json(status, &format!(r#"{{"error":"{code}"}}"#))
}

/// The grants that these answers cost, with an hour between any two.
async fn asked_for(answers: impl IntoIterator<Item = Answer>, times: usize) -> Vec<String> {
    let server = RawServer::start(answers).await;
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
    let clock = TestClock::new();
    let (auth, context) = (Auth::from(login), network(&clock).await);
    for _ in 0..times {
        let _ = auth.bearer(&context).await;
        clock.advance(Duration::from_secs(3600));
    }
    grants_of(&server)
}

#[tokio::test]
async fn a_session_nears_its_end_when_its_tokens_last_half_as_long_and_one_early_login_is_tried() {
    let refused = || refusal(400, "invalid_grant");
    let answers = [token(300), token(200), token(140), refused(), token(120), token(100)];
    let grants = asked_for(answers, 5).await;
    let [password, refresh] = ["password", "refresh_token"];
    assert_eq!(grants, [password, refresh, refresh, password, refresh, refresh]);
}

#[tokio::test]
async fn a_refresh_token_that_was_not_looked_at_is_kept() {
    for unspent in [
        answer::json(429, ""),
        answer::with(503, &[("retry-after", "60")], ""),
        refusal(401, "invalid_client"),
        refusal(400, "unauthorized_client"),
    ] {
        let grants = asked_for([token(300), unspent, token(300)], 3).await;
        assert_eq!(grants, ["password", "refresh_token", "refresh_token"]);
    }
}

#[tokio::test]
async fn a_refresh_token_that_may_be_spent_is_not_kept_though_the_login_fails_too() {
    let head = "x".repeat(600_000);
    for spent in [
        answer::json(500, ""),
        answer::json(503, ""),
        answer::json(200, "{}"),
        answer::json(200, &format!("\"{}\"", "x".repeat(300_000))),
        answer::with(200, &[("x-long", &head)], "{}"),
        answer::bytes(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
        answer::hang_up(),
        token(300).without_last(5),
        refusal(400, "invalid_grant"),
        refusal(200, "invalid_grant"),
    ] {
        let grants = asked_for([token(300), spent, refusal(401, "invalid_grant"), token(300)], 3).await;
        assert_eq!(grants, ["password", "refresh_token", "password", "password"]);
    }
}

#[tokio::test]
async fn a_token_of_a_refresh_that_has_ended_is_followed_by_a_login() {
    let ended = || answer::json(200, r#"{"access_token":"a","expires_in":0,"refresh_token":"r"}"#);
    let endless = answer::json(200, r#"{"access_token":"a","refresh_token":"r"}"#);
    let grants = asked_for([token(300), ended(), token(300)], 2).await;
    assert_eq!(grants, ["password", "refresh_token", "password"]);
    // Also after an early login that failed, and where the first token said nothing about its end.
    let refused = refusal(400, "invalid_grant");
    let grants = asked_for([token(300), token(100), refused, ended(), token(300)], 3).await;
    assert_eq!(grants, ["password", "refresh_token", "password", "refresh_token", "password"]);
    let server = RawServer::start([endless, ended(), token(300)]).await;
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
    let (auth, context) = (Auth::from(login), network(&TestClock::new()).await);
    let first = auth.bearer(&context).await.expect("a token");
    assert!(auth.reject(&first, &context));
    auth.bearer(&context).await.expect("a token");
    assert_eq!(grants_of(&server), ["password", "refresh_token", "password"]);
}

#[tokio::test]
async fn a_refusal_with_success_is_a_refusal() {
    let grants = asked_for([refusal(200, "invalid_grant"), token(300)], 1).await;
    assert_eq!(grants, ["password"]);
    let server = RawServer::start([refusal(200, "invalid_grant")]).await;
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
    let error = Auth::from(login).bearer(&network(&TestClock::new()).await).await.expect_err("refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::LoginFailed, Some("invalid_grant")));
    assert!(error.retry_after().is_none());
}

#[tokio::test]
async fn an_offline_session_and_other_scopes_go_together() {
    let scope = async |login: fn(Keycloak) -> Keycloak| {
        let server = RawServer::start([token(300)]).await;
        let plain = Keycloak::new(format!("{}/token", server.uri())).client_id("c").password("u", "p");
        Auth::from(login(plain)).bearer(&network(&TestClock::new()).await).await.expect("a token");
        let form = String::from_utf8_lossy(&server.requests()[0].body).into_owned();
        form.split("scope=").nth(1).and_then(|rest| rest.split('&').next()).map(str::to_owned)
    };
    assert_eq!(scope(|login| login).await, None);
    let offline = Some("offline_access".to_owned());
    assert_eq!(scope(Keycloak::offline_access).await, offline);
    assert_eq!(scope(|login| login.scope("offline_access").offline_access()).await, offline);
    let both = Some("email+offline_access".to_owned());
    assert_eq!(scope(|login| login.scope("email").offline_access()).await, both);
    assert_eq!(scope(|login| login.offline_access().scope("email")).await, both);
}

#[tokio::test]
async fn a_page_is_no_answer_to_a_logout() {
    let page = answer::with(200, &[("content-type", "text/html")], "<html>");
    let server = RawServer::start([token(300), page, answer::with(204, &[], "")]).await;
    let login = Keycloak::realm(&server.uri(), "nagra").client_id("c").password("u", "p");
    let (auth, context) = (Auth::from(login), network(&TestClock::new()).await);
    auth.bearer(&context).await.expect("a token");
    let error = auth.log_out(&context).await.expect_err("a page");
    assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer);
    auth.log_out(&context).await.expect("the session was kept for it");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn the_urls_for_the_end_of_a_session_are_checked_when_the_client_is_built() {
    let built = |login: fn(Keycloak) -> Keycloak| {
        let plain = Keycloak::realm("https://login.example", "nagra").client_id("c").password("u", "p");
        Client::builder("https://operator.example").auth(login(plain)).build()
    };
    built(|login| login.logout_url("https://login.example/out")).expect("a URL");
    for (login, words) in [
        ((|login| login.logout_url("nowhere")) as fn(Keycloak) -> Keycloak, "logout URL"),
        (|login| login.revocation_url("http://login.example/x"), "revoke URL"),
        (|login| login.logout_url("http://localhost/x"), "must both be https"),
    ] {
        let error = built(login).expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_kept() {
    let busy = Fault::reply(Reply::new(429).with_header("retry-after", "2"));
    let world = World::of(Fake::builder().faults(Operation::Token, busy.always()));
    assert_eq!(world.error().await.kind(), ErrorKind::RateLimited);
    assert_eq!((world.grants().len(), world.clock.elapsed()), (3, Duration::from_secs(4)));
}

#[tokio::test]
async fn a_session_that_had_ended_before_is_logged_out() {
    let world = World::new();
    world.token().await;
    world.fake.log_out_all();
    world.auth.log_out(&world.context).await.expect("there is nothing left to end");
    world.fake.journal().assert_count(Operation::Logout, 1);
}

#[tokio::test]
async fn what_failed_at_the_end_of_a_session_can_be_repeated_and_what_went_well_leaves_nothing() {
    let once = || Fault::status(503).times(1).then_normal();
    let faults = Fake::builder().faults(Operation::Logout, once()).faults(Operation::Revoke, once());
    let world = World::of(faults);
    world.token().await;
    world.auth.log_out(&world.context).await.expect_err("not now");
    world.auth.revoke(&world.context).await.expect_err("not now");
    world.auth.revoke(&world.context).await.expect("revoked");
    world.fake.journal().assert_count(Operation::Revoke, 3);
    world.auth.log_out(&world.context).await.expect("there is nothing left to end");
    world.fake.journal().assert_count(Operation::Logout, 1);
    world.token().await;
    world.auth.log_out(&world.context).await.expect("logged out");
    world.fake.journal().assert_count(Operation::Logout, 2);
}

#[tokio::test]
async fn the_end_of_a_session_is_posted_where_it_is_said() {
    let server = RawServer::start([token(300), answer::json(204, ""), answer::json(200, "")]).await;
    let base = server.uri();
    let login = Keycloak::realm(&base, "nagra").client_id("c").password("u", "p");
    let login = login.logout_url(format!("{base}/out")).revocation_url(format!("{base}/worthless"));
    let (auth, context) = (Auth::from(login), network(&TestClock::new()).await);
    auth.bearer(&context).await.expect("a token");
    auth.revoke(&context).await.expect("revoked");
    let lines: Vec<_> = server.requests().iter().skip(1).map(|seen| seen.line.clone()).collect();
    assert_eq!(lines, ["POST /worthless HTTP/1.1"; 2]);
}

#[test]
fn a_login_without_a_grant_is_refused_when_the_client_is_built() {
    let login = Keycloak::realm("https://login.example", "nagra").client_id("c");
    let error = Client::builder("https://operator.example").auth(login).build().expect_err("no grant");
    assert!(error.to_string().contains("has no grant"), "{error}");
}
