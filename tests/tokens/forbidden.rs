//! Tokens that the gateway refuses before their end, and accounts that it refuses for good.

use std::{collections::BTreeMap, time::Duration};

use entitlements::{
    ErrorKind,
    auth::Keycloak,
    crm_gateway::Client,
    fakes::{
        Fault,
        crm_gateway::{Fake, Operation, Refusal},
        keycloak::{self, CLIENT_ID},
    },
    time::TestClock,
};
use futures_util::future::join_all;

const CALLERS: usize = 200;
const REFUSALS: [Refusal; 4] =
    [Refusal::ShapeA, Refusal::ShapeB, Refusal::OkWithShapeB, Refusal::Unauthorized];

fn start(refusal: Refusal) -> (Fake, Client) {
    let realm = keycloak::Fake::builder().rotation(true);
    let fake = Fake::builder().clock(TestClock::new()).keycloak(realm).refusal(refusal).start_in_process();
    let client = fake.client().expect("a client");
    (fake, client)
}

/// How many requests each call sent, by its correlation id, without the first `before` requests.
fn attempts(fake: &Fake, before: u64) -> BTreeMap<String, u64> {
    let mut attempts = BTreeMap::new();
    for entry in fake.journal().entries_of(Operation::GetEntitlements).filter(|each| each.number > before) {
        let id = entry.request.header("x-correlation-id").expect("each call has one").to_owned();
        *attempts.entry(id).or_default() += 1;
    }
    attempts
}

/// Row: "A refused token (403 with a still-future expiry): one refresh for all concurrent callers,
/// each replayed once".
#[tokio::test]
async fn a_refused_token_costs_one_refresh_for_all_and_each_call_is_replayed_once() {
    for refusal in REFUSALS {
        let (fake, client) = start(refusal);
        client.list_entitlements().count().await.expect("logs in");
        fake.keycloak().revoke_access_tokens();
        let calls = join_all((0..CALLERS).map(|_| client.list_entitlements().count())).await;
        assert!(calls.iter().all(Result::is_ok), "{refusal:?}");
        let counts = fake.keycloak().counts();
        assert_eq!((counts.logins, counts.refreshes, counts.failures), (1, 1, 0), "{refusal:?}");
        assert_eq!(fake.keycloak().journal().token_requests(), 2);
        let attempts = attempts(&fake, 1);
        assert_eq!(attempts.len(), CALLERS);
        assert!(attempts.values().all(|count| *count == 2), "{refusal:?}: each is replayed exactly once");
    }
}

/// The same after a push of a not-before time, which makes the refresh token worthless as well.
#[tokio::test]
async fn a_not_before_push_costs_one_login_for_all() {
    let (fake, client) = start(Refusal::ShapeA);
    client.list_entitlements().count().await.expect("logs in");
    fake.keycloak().push_not_before();
    let calls = join_all((0..CALLERS).map(|_| client.list_entitlements().count())).await;
    assert!(calls.iter().all(Result::is_ok));
    let counts = fake.keycloak().counts();
    assert_eq!((counts.logins, counts.refreshes, counts.failures), (2, 0, 1), "a refresh, then a login");
    assert!(attempts(&fake, 1).values().all(|count| *count == 2));
}

/// On several threads some callers come when the new token is there; the others are replayed once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_several_threads_a_refused_token_costs_one_refresh_as_well() {
    let (fake, client) = start(Refusal::ShapeA);
    client.list_entitlements().count().await.expect("logs in");
    fake.keycloak().revoke_access_tokens();
    let spawned = (0..CALLERS).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.list_entitlements().count().await })
    });
    for call in spawned.collect::<Vec<_>>() {
        call.await.expect("no panic").expect("an answer");
    }
    let counts = fake.keycloak().counts();
    assert_eq!((counts.logins, counts.refreshes, counts.failures), (1, 1, 0));
    let attempts = attempts(&fake, 1);
    assert_eq!(attempts.len(), CALLERS);
    assert!(attempts.values().all(|count| (1..=2).contains(count)));
    let refused = fake.journal();
    let refused = refused.entries().filter(|entry| entry.status.is_some_and(|status| status == 403)).count();
    let sent: u64 = attempts.values().sum();
    assert_eq!(u64::try_from(CALLERS + refused).ok(), Some(sent), "one request more for each refusal");
}

/// A token that was asked for before the refusal says nothing about the account: its refusal must
/// not keep the next one from being asked for.
#[tokio::test(start_paused = true)]
async fn tokens_that_end_while_a_renewal_is_under_way_cost_no_minute() {
    let clock = TestClock::new();
    let realm = keycloak::Fake::builder().rotation(true);
    let fake = Fake::builder().clock(clock.clone()).keycloak(realm).start_in_process();
    let client = fake.client().expect("a client");
    client.list_entitlements().count().await.expect("logs in");
    clock.advance(Duration::from_secs(256));
    let slow = Fault::delay(Duration::from_secs(1)).then_normal();
    fake.keycloak().faults(keycloak::Operation::Token, slow);
    client.list_entitlements().count().await.expect("the token is good, and due");
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(fake.keycloak().counts().refreshes, 1, "its answer is under way");
    clock.advance(Duration::from_millis(1));
    fake.keycloak().revoke_access_tokens();
    // One call may be spent on the token that was under way.
    let _ = client.list_entitlements().count().await;
    for _ in 0..10 {
        client.list_entitlements().count().await.expect("the next token is good");
    }
}

/// What was sent since the last look: to the gateway, and to the token endpoint.
struct Meter<'a> {
    fake: &'a Fake,
    before: (u64, u64),
}

impl Meter<'_> {
    fn read(&mut self) -> (u64, u64) {
        let now = (self.fake.list_requests(), self.fake.keycloak().journal().token_requests());
        let before = std::mem::replace(&mut self.before, now);
        (now.0 - before.0, now.1 - before.1)
    }
}

/// An account that lacks the role costs one call, not three.
#[tokio::test]
async fn a_forbidden_account_costs_one_refresh_a_minute_and_else_one_request_a_call() {
    let clock = TestClock::new();
    let roles = Vec::<String>::new();
    let realm = keycloak::Fake::builder().rotation(true).user("reader", "plainly-fake", roles);
    let fake = Fake::builder().clock(clock.clone()).keycloak(realm).start().await;
    let login =
        Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password("reader", "plainly-fake");
    let client = Client::builder(fake.uri()).auth(login).clock(clock.clone()).build().expect("a client");
    let mut meter = Meter { fake: &fake, before: (0, 0) };
    let forbidden = || async {
        let error = client.list_entitlements().count().await.expect_err("the role is missing");
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    };
    for minute in 0..3 {
        forbidden().await;
        let token_requests = if minute == 0 { 2 } else { 1 };
        assert_eq!(meter.read(), (2, token_requests), "minute {minute}: one refresh");
        for second in 0..59 {
            forbidden().await;
            assert_eq!(meter.read(), (1, 0), "minute {minute}, second {second}");
            clock.advance(Duration::from_secs(1));
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(fake.keycloak().counts().logins, 1);
    // Many at once are no different.
    join_all((0..100).map(|_| forbidden())).await;
    let (requests, token_requests) = meter.read();
    assert_eq!(token_requests, 1, "{requests} requests");
    assert!((100..=200).contains(&requests), "{requests}");
}
