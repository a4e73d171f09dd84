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

use super::{World, grants, network};
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
    grants(&server)
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
    for unspent in
        [answer::json(429, ""), refusal(401, "invalid_client"), refusal(400, "unauthorized_client")]
    {
        let grants = asked_for([token(300), unspent, token(300)], 3).await;
        assert_eq!(grants, ["password", "refresh_token", "refresh_token"]);
    }
}

#[tokio::test]
async fn a_refresh_token_that_may_be_spent_is_not_kept_though_the_login_fails_too() {
    for spent in [answer::json(500, ""), answer::json(200, "{}"), refusal(400, "invalid_grant")] {
        let grants = asked_for([token(300), spent, refusal(401, "invalid_grant"), token(300)], 3).await;
        assert_eq!(grants, ["password", "refresh_token", "password", "password"]);
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
