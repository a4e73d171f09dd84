//! What the callers of one client have in common: the pause after a 429, and how many requests
//! are on their way.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{StaticToken, UserTokens},
    connect, crm_gateway,
    fakes::{
        self, Fault, RateHeader,
        connect::{ENTERPRISE, PHONE, USER},
    },
    time::{Clock, TestClock},
};
use futures_util::future::join_all;

use super::{
    Limits,
    deadlines::RuntimeClock,
    drive::{Client, Fake, TOKEN, USER_TOKEN, named},
};

const TEN: Duration = Duration::from_secs(10);

fn asks(seconds: u64) -> Fault {
    Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(seconds)))
}

/// Who is told to wait, and who waits too: a clone, and for Connect the app and its user both ways.
const TOLD_AND_OTHER: [(&str, &str); 4] = [
    ("listEntitlements", "listEntitledAdvisors"),
    ("getEntitlements", "getEntitlements"),
    ("shieldEnterpriseByCredential", "listGlobalPermissions"),
    ("changeOrderTypePermissions", "shieldOrderTypeByCredential"),
];

/// A client of whom one caller was just told to come back after so many seconds.
async fn told(name: &str, seconds: u64) -> (Fake, Client, TestClock) {
    let clock = TestClock::new();
    let fake = Fake::in_process(named(name), clock.clone(), asks(seconds).then_normal());
    let client = fake.client();
    let once = Limits { max_attempts: Some(1), ..Limits::default() };
    let error = client.call(named(name), once).await.error();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 1));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    (fake, client.clone(), clock)
}

#[tokio::test]
async fn a_429_makes_all_callers_wait() {
    for (name, other) in TOLD_AND_OTHER {
        let (_fake, client, clock) = told(name, 10).await;
        client.call(named(other), Limits::default()).await.done();
        assert_eq!(clock.elapsed(), TEN, "{name}, then {other}");
        client.call(named(name), Limits::default()).await.done();
        assert_eq!(clock.elapsed(), TEN, "nobody waits twice");
    }
}

#[tokio::test]
async fn whoever_cannot_wait_so_long_is_told_at_once_and_nothing_is_sent() {
    for (name, other) in TOLD_AND_OTHER {
        let (fake, client, clock) = told(name, 10).await;
        let sent = fake.requests(named(other));
        let limits = Limits { deadline: Some(Duration::from_secs(9)), ..Limits::default() };
        let error = client.call(named(other), limits).await.error();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0), "{error}");
        assert_eq!(error.retry_after(), Some(TEN), "{error}");
        assert!(error.to_string().contains("the server asked all callers for a pause"), "{error}");
        assert_eq!((fake.requests(named(other)), clock.elapsed()), (sent, Duration::ZERO), "{error}");
    }
}

#[tokio::test]
async fn a_pause_that_is_longer_than_longest_wait_fails_all_callers_until_it_is_over() {
    for (name, other) in TOLD_AND_OTHER {
        let (_fake, client, clock) = told(name, 61).await;
        clock.advance(Duration::from_millis(500));
        let error = client.call(named(other), Limits::default()).await.error();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0), "{error}");
        assert_eq!(error.retry_after(), Some(Duration::from_millis(60_500)), "{error}");
        clock.advance(Duration::from_millis(60_500));
        client.call(named(other), Limits::default()).await.done();
        assert_eq!(clock.elapsed(), Duration::from_secs(61), "{name}, then {other}");
    }
}

#[tokio::test]
async fn a_503_with_a_wait_is_about_one_call() {
    let clock = TestClock::new();
    let unavailable = fakes::Reply::new(503).with_header("retry-after", "10");
    let operation = named("listGlobalPermissions");
    let fake = Fake::in_process(operation, clock.clone(), Fault::reply(unavailable).then_normal());
    let client = fake.client();
    let once = Limits { max_attempts: Some(1), ..Limits::default() };
    assert_eq!(client.call(operation, once).await.error().kind(), ErrorKind::Server);
    client.call(operation, Limits::default()).await.done();
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

/// One caller is told to wait while others are on their way and begin.
#[tokio::test(start_paused = true)]
async fn callers_who_come_during_a_pause_are_sent_when_it_is_over() {
    let clock = RuntimeClock::new();
    let start = clock.wall();
    let builder = fakes::connect::Fake::builder().clock(clock.clone());
    let fake = builder.faults("listGlobalPermissions", asks(10).then_normal()).start_in_process();
    let app = fake.client().expect("a client");
    let user = app.as_user(fake.log_in(USER));
    let shields = (1..4).map(async |seconds| {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let credential = connect::Credential::phone(PHONE);
        app.shield(credential).channel("DM").enterprise(ENTERPRISE).send().await.expect("shielded");
    });
    let (read, _) = tokio::join!(user.list_global_permissions().send(), join_all(shields));
    assert_eq!(read.expect("read after the wait").attempts(), 2);
    let journal = fake.journal();
    let calls = journal.entries().filter(|entry| entry.request.path.starts_with("/capi"));
    let moments: Vec<_> =
        calls.map(|entry| entry.at.duration_since(start).expect("later").as_secs()).collect();
    assert_eq!(moments, [0, 10, 10, 10, 10], "{journal}");
}

#[tokio::test]
async fn no_more_requests_are_on_their_way_than_max_concurrency_allows() {
    let slow = || Fault::delay(Duration::from_millis(20)).always();
    let builder = fakes::crm_gateway::Fake::builder().wire_listener(true).accept_token(TOKEN);
    let fake = builder.faults("getEntitlements", slow()).start().await;
    let builder = crm_gateway::Client::builder(fake.uri()).auth(StaticToken::new(TOKEN));
    let client = builder.max_concurrency(3).build().expect("a client");
    let calls = (0..20).map(|_| client.clone().list_entitlements().send());
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(fake.journal().max_concurrency(), Some(3));
}

#[tokio::test]
async fn an_app_and_its_users_have_the_same_places() {
    let slow = || Fault::delay(Duration::from_millis(20)).always();
    let builder = fakes::connect::Fake::builder().wire_listener(true).accept_client_token(TOKEN);
    let builder = builder.accept_user_token(USER_TOKEN, USER).faults("listGlobalPermissions", slow());
    let fake = builder.faults("shieldEnterpriseByCredential", slow()).start().await;
    let there = connect::Environment::custom(fake.api_url(), fake.login_url());
    let app = connect::Client::builder(there).auth(StaticToken::new(TOKEN)).max_concurrency(2).build();
    let app = app.expect("a client");
    let users = [app.as_user(UserTokens::new(USER_TOKEN)), app.as_user(UserTokens::new(USER_TOKEN))];
    let reads = join_all((0..8).map(|number| users[number % 2].list_global_permissions().send()));
    let shield = || app.shield(connect::Credential::phone(PHONE)).channel("DM").enterprise(ENTERPRISE);
    let (reads, shields) = tokio::join!(reads, join_all((0..8).map(|_| shield().send())));
    assert!(reads.iter().all(Result::is_ok) && shields.iter().all(Result::is_ok));
    assert_eq!(fake.journal().max_concurrency(), Some(2));
}
