//! How many repeats all calls of a client may make together, and how many one call may make.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::StaticToken,
    connect::Credential,
    crm_gateway::Client,
    fakes::{
        Fault, Faults, RateHeader, Reply,
        connect::{self, ENTERPRISE, PHONE, USER},
        crm_gateway::{Fake, Operation},
    },
    time::TestClock,
};

use super::{
    Limits, Made, OPERATIONS, Times,
    drive::{Api, TOKEN, named},
};

/// A client with so many repeats for all its calls.
async fn with_budget(repeats: u32, faults: impl Into<Faults>) -> (Fake, Client) {
    let clock = TestClock::new();
    let builder = Fake::builder().clock(clock.clone()).wire_listener(true).accept_token(TOKEN);
    let fake = builder.faults(Operation::GetEntitlements, faults).start().await;
    let builder = Client::builder(fake.uri()).auth(StaticToken::new(TOKEN)).clock(clock);
    let client = builder.retry_budget(repeats).build().expect("a client");
    (fake, client)
}

async fn attempts_of_a_failure(client: &Client) -> u32 {
    client.list_entitlements().send().await.expect_err("an outage").attempts()
}

#[tokio::test]
async fn an_outage_uses_the_budget_up_and_then_calls_fail_at_their_first_attempt() {
    let (fake, client) = with_budget(5, Fault::status(502).always()).await;
    let mut attempts = Vec::new();
    for _ in 0..10 {
        attempts.push(attempts_of_a_failure(&client.clone()).await);
    }
    assert_eq!(attempts, [4, 3, 1, 1, 1, 1, 1, 1, 1, 1]);
    assert_eq!(fake.journal().total(), 10 + 5);
    let error = client.list_entitlements().send().await.expect_err("an outage");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    assert!(error.to_string().contains("`retry_budget`"), "{error}");
}

#[tokio::test]
async fn what_was_never_sent_takes_from_the_budget_too() {
    let builder = Client::builder("http://127.0.0.1:9").auth(StaticToken::new(TOKEN)).retry_budget(2);
    let client = builder.clock(TestClock::new()).build().expect("a client");
    for expected in [3, 1] {
        let error = client.list_entitlements().send().await.expect_err("nobody listens");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotSent, expected));
    }
}

#[tokio::test]
async fn waits_that_the_server_asked_for_cost_nothing() {
    let unavailable = || Fault::reply(Reply::new(503).with_header("retry-after", "3"));
    let asked = || Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(3)));
    for fault in [unavailable(), asked(), Fault::too_many_requests(RateHeader::Absent)] {
        let (_fake, client) = with_budget(0, fault.clone().times(3).then_normal()).await;
        let page = client.list_entitlements().send().await.expect("a page after the waits");
        assert_eq!(page.attempts(), 4, "{fault:?}");
    }
    // To come back at once is no wait.
    let at_once = Fault::too_many_requests(RateHeader::RetryAfter(Duration::ZERO));
    let (_fake, client) = with_budget(0, at_once.always()).await;
    assert_eq!(attempts_of_a_failure(&client).await, 1);
}

#[tokio::test]
async fn a_success_gives_back_only_what_was_taken_for_it() {
    let asked = Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(3)));
    let free = || asked.clone().then(Fault::none());
    let faults = Fault::status(502).times(4).then(free()).then(free()).then(free());
    let (_fake, client) = with_budget(3, faults.then(Fault::status(502).always())).await;
    assert_eq!(attempts_of_a_failure(&client).await, 4, "the budget is used up");
    for _ in 0..3 {
        assert_eq!(client.list_entitlements().send().await.expect("a page").attempts(), 2);
    }
    assert_eq!(attempts_of_a_failure(&client).await, 1, "three tenths are no repeat");
}

#[tokio::test]
async fn a_new_token_costs_nothing() {
    let clock = TestClock::new();
    let builder = Fake::builder().clock(clock.clone()).wire_listener(true);
    let fake = builder.faults(Operation::GetEntitlements, Fault::status(401).then_normal()).start().await;
    let login = entitlements::auth::Keycloak::new(fake.keycloak().token_url());
    let login = login.client_id(entitlements::fakes::keycloak::CLIENT_ID);
    let login = login.password(entitlements::fakes::keycloak::USER, entitlements::fakes::keycloak::PASSWORD);
    let client = Client::builder(fake.uri()).auth(login).clock(clock).retry_budget(0).build();
    let page = client.expect("a client").list_entitlements().send().await.expect("a page");
    assert_eq!(page.attempts(), 2);
}

#[tokio::test]
async fn successes_earn_the_budget_back() {
    let (fake, client) = with_budget(1, Fault::status(502).then_normal()).await;
    let success = async || client.list_entitlements().send().await.expect("a page").attempts();
    let outage = || fake.faults(Operation::GetEntitlements, Fault::status(502).always());
    let over = || fake.faults(Operation::GetEntitlements, Fault::none().always());
    assert_eq!(success().await, 2, "the repeat succeeds, so it is given back");
    outage();
    assert_eq!(attempts_of_a_failure(&client).await, 2);
    assert_eq!(attempts_of_a_failure(&client).await, 1);
    over();
    for _ in 0..9 {
        success().await;
    }
    outage();
    assert_eq!(attempts_of_a_failure(&client).await, 1, "nine successes earn nine tenths");
    over();
    success().await;
    outage();
    assert_eq!(attempts_of_a_failure(&client).await, 2);
}

#[tokio::test(start_paused = true)]
async fn an_app_its_users_and_their_clones_have_one_budget() {
    let fake = connect::Fake::builder().clock(TestClock::new());
    let fake = fake.faults("listGlobalPermissions", Fault::status(502).always());
    let fake = fake.faults("shieldEnterpriseByCredential", Fault::status(502).always()).start_in_process();
    let app = fake.client().expect("a client");
    let users = [app.as_user(fake.log_in(USER)), app.clone().as_user(fake.log_in(USER))];
    let mut requests = 0;
    for _ in 0..30 {
        let shield = app.clone().shield(Credential::phone(PHONE)).channel("DM").enterprise(ENTERPRISE);
        requests += shield.send().await.expect_err("an outage").attempts();
        for user in &users {
            let read = user.clone().list_global_permissions();
            requests += read.send().await.expect_err("an outage").attempts();
        }
    }
    assert_eq!(requests, 90 + 100, "90 calls, and the 100 repeats that are the default");
}

/// The token that was refused is one more: without it the limit would make a new one useless.
#[tokio::test(start_paused = true)]
async fn one_attempt_is_one_request_and_one_more_for_a_new_token() {
    let one = Limits { max_attempts: Some(1), ..Limits::default() };
    let none = Limits { max_attempts: Some(0), ..Limits::default() };
    let outcomes: [(fn() -> Fault, u64); 5] = [
        (|| Fault::status(502), 1),
        (Fault::reset, 1),
        (|| Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(7))), 1),
        (|| Fault::reply(Reply::new(503).with_header("retry-after", "7")), 1),
        (|| Fault::status(401), 2),
    ];
    for operation in OPERATIONS {
        for (fault, requests) in outcomes {
            for limits in [one, none] {
                let run = Made::Fault(fault).run(operation, limits, Times::Always).await;
                assert_eq!(run.requests, requests, "{} {run:?}", operation.name);
                assert_eq!(run.waited, Duration::ZERO, "{} {run:?}", operation.name);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn more_attempts_than_usual_wait_for_no_longer_than_the_largest_bound() {
    let limits =
        Limits { max_attempts: Some(40), deadline: Some(Duration::from_secs(100_000)), ..Limits::default() };
    for (name, api) in [("listEntitlements", Api::Symphony), ("listGlobalPermissions", Api::Connect)] {
        let run = Made::Fault(|| Fault::status(502)).run(named(name), limits, Times::Always).await;
        assert_eq!(run.requests, 40);
        let bounds = (super::backoff(api, 6), super::backoff(api, 39));
        assert!(super::is_between(run.waited, bounds), "{name}: {:?}", run.waited);
    }
}

#[tokio::test]
async fn the_attempts_and_the_longest_wait_of_a_client() {
    let clock = TestClock::new();
    let asked = || Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(90)));
    let builder = Fake::builder().clock(clock.clone()).wire_listener(true).accept_token(TOKEN);
    let fake = builder.faults(Operation::GetEntitlements, asked().always()).start().await;
    let builder = || Client::builder(fake.uri()).auth(StaticToken::new(TOKEN)).clock(clock.clone());
    let (brief, long) = (Duration::from_secs(89), Duration::from_secs(90));
    let impatient = builder().longest_wait(brief).build().expect("a client");
    let error = impatient.list_entitlements().send().await.expect_err("too long");
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(long)));
    assert!(error.to_string().contains("`longest_wait`"), "{error}");
    let patient = builder().longest_wait(long).max_attempts(2).build().expect("a client");
    let error = patient.list_entitlements().send().await.expect_err("429");
    assert_eq!((error.attempts(), clock.elapsed()), (2, long));
    assert_eq!(patient.list_entitlements().with_max_attempts(1).send().await.expect_err("429").attempts(), 1);
}
