//! A call ends at its deadline, whatever the time goes by with. The runtime's time is paused: it
//! goes on at once when there is nothing else to do.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use entitlements::{
    ErrorKind, Result,
    auth::{Auth, Context, Token, TokenSource},
    crm_gateway,
    fakes::{self, Fault, RateHeader},
    time::{BoxFuture, Clock, TestClock},
};
use tokio::time::Instant;

use super::{
    Limits, OPERATIONS,
    drive::{Class, Fake, Operation, named},
};

const HOUR: Duration = Duration::from_secs(3600);

/// The runtime's time for everything, so that waits, timeouts and deadlines go by together.
#[derive(Debug, Clone)]
pub(super) struct RuntimeClock {
    start: Instant,
    wall: SystemTime,
}

impl RuntimeClock {
    pub(super) fn new() -> Self {
        Self { start: Instant::now(), wall: SystemTime::now() }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn wall(&self) -> SystemTime {
        self.wall + self.elapsed()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A timer counts in milliseconds.
#[track_caller]
fn assert_about(elapsed: Duration, expected: Duration, what: &str) {
    let bounds = (expected, expected + Duration::from_millis(5));
    assert!(super::is_between(elapsed, bounds), "{what}: {elapsed:?}, expected {expected:?}");
}

/// What a call spends its time with, and how it ends when that takes too long.
struct Part {
    name: &'static str,
    fault: fn() -> Fault,
    kind: ErrorKind,
    /// Whether the time is used up; otherwise it is known before that it will not do.
    to_the_end: bool,
}

const fn part(name: &'static str, fault: fn() -> Fault, kind: ErrorKind, to_the_end: bool) -> Part {
    Part { name, fault, kind, to_the_end }
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_call_alone_ends_at_the_deadline() {
    let parts = [
        part("the answer", || Fault::delay(HOUR), ErrorKind::Timeout, true),
        part("the body", || Fault::slow_drip(1, Duration::from_secs(4)), ErrorKind::Timeout, true),
        part("an endless body", || Fault::slow_drip(1, HOUR), ErrorKind::Timeout, true),
        part("waits", || Fault::status(502), ErrorKind::Server, false),
        part(
            "waits that are asked for",
            || Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(4))),
            ErrorKind::RateLimited,
            false,
        ),
    ];
    let deadline = Duration::from_secs(10);
    let limits = Limits { timeout: Some(HOUR), deadline: Some(deadline), max_attempts: Some(1000) };
    for part in parts {
        // Every read has a body in its answer.
        for operation in OPERATIONS.into_iter().filter(|operation| operation.class == Class::Read) {
            let clock = RuntimeClock::new();
            let fake = Fake::in_process(operation, clock.clone(), (part.fault)().always());
            let error = fake.client().call(operation, limits).await.error();
            let what = format!("{} × {}: {error}", part.name, operation.name);
            assert_eq!(error.kind(), part.kind, "{what}");
            if part.to_the_end {
                assert_about(clock.elapsed(), deadline, &what);
                assert_eq!(error.attempts(), 1, "{what}");
            } else {
                assert!(clock.elapsed() < deadline, "{what}: {:?}", clock.elapsed());
                assert!(error.attempts() > 1, "{what}");
                assert!(error.to_string().contains("deadline"), "{what}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_and_waits_together_end_at_the_deadline() {
    for seconds in 1..40 {
        let clock = RuntimeClock::new();
        let operation = named("listEntitlements");
        let slow = Fault::status(503).delayed(Duration::from_millis(1700));
        let fake = Fake::in_process(operation, clock.clone(), slow.always());
        let deadline = Duration::from_secs(seconds);
        let limits = Limits { deadline: Some(deadline), max_attempts: Some(1000), ..Limits::default() };
        let error = fake.client().call(operation, limits).await.error();
        assert!(error.is_transient(), "{error}");
        let latest = deadline + Duration::from_millis(5);
        assert!(clock.elapsed() <= latest, "{seconds} s: {:?}", clock.elapsed());
    }
}

/// A write that was never repeated is not known to have failed.
#[tokio::test(start_paused = true)]
async fn the_deadline_during_a_write_that_must_not_be_repeated_leaves_its_outcome_unknown() {
    let clock = RuntimeClock::new();
    let operation = named("addEntitlement");
    let fake = Fake::in_process(operation, clock.clone(), Fault::delay(HOUR).always());
    let limits = Limits { deadline: Some(Duration::from_secs(3)), ..Limits::default() };
    let error = fake.client().call(operation, limits).await.error();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1));
    assert_about(clock.elapsed(), Duration::from_secs(3), "a write");
}

fn gateway(clock: &RuntimeClock, login: Fault, answer: Fault) -> fakes::crm_gateway::Fake {
    let keycloak = fakes::keycloak::Fake::builder().faults("token", login.always());
    let builder = fakes::crm_gateway::Fake::builder().keycloak(keycloak).clock(clock.clone());
    builder.faults("getEntitlements", answer.always()).start_in_process()
}

#[tokio::test(start_paused = true)]
async fn a_login_counts() {
    let deadline = Duration::from_secs(10);
    let slow = Fault::delay(Duration::from_secs(4));
    let cases = [
        ("a login that does not answer", Fault::delay(HOUR), Fault::none(), 0),
        ("a slow login and no answer", slow, Fault::delay(HOUR), 1),
    ];
    for (what, login, answer, attempts) in cases {
        let clock = RuntimeClock::new();
        let fake = gateway(&clock, login, answer);
        let call = fake.client().expect("a client").list_entitlements().with_deadline(deadline);
        let error = call.send().await.expect_err(what);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, attempts), "{what}");
        assert_about(clock.elapsed(), deadline, what);
    }
    // A new token is asked for in the middle of a call, and the server of logins is gone by then.
    let clock = RuntimeClock::new();
    let fake = gateway(&clock, Fault::none(), Fault::status(401).delayed(Duration::from_secs(4)));
    let client = fake.client().expect("a client");
    fake.keycloak().faults("token", Fault::none().then(Fault::delay(HOUR).always()));
    let error = client.list_entitlements().with_deadline(deadline).send().await.expect_err("late");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert_about(clock.elapsed(), deadline, "the second login");
}

/// A login that never ends.
#[derive(Debug)]
struct Stuck;

impl TokenSource for Stuck {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_of_the_client_and_one_of_the_call() {
    let clock = RuntimeClock::new();
    let auth = Auth::from(Arc::new(Stuck) as Arc<dyn TokenSource>);
    let builder = crm_gateway::Client::builder("http://127.0.0.1:9").auth(auth).clock(clock.clone());
    let client = builder.deadline(Duration::from_secs(5)).build().expect("a client");
    for (own, expected) in [(None, 5), (Some(2), 2), (Some(70), 70), (Some(0), 0)] {
        let before = Instant::now();
        let mut call = client.list_entitlements();
        if let Some(seconds) = own {
            call = call.with_deadline(Duration::from_secs(seconds));
        }
        let error = call.send().await.expect_err("late");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
        assert_about(before.elapsed(), Duration::from_secs(expected), "the login");
    }
}

#[tokio::test]
async fn a_deadline_that_has_passed_sends_nothing() {
    for operation in OPERATIONS {
        let fake = Fake::in_process(operation, TestClock::new(), Fault::none().always());
        let limits = Limits { deadline: Some(Duration::ZERO), ..Limits::default() };
        let error = fake.client().call(operation, limits).await.error();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0), "{error}");
        assert_eq!(fake.requests(operation), 0, "{error}");
    }
}

/// Waits of a minute, and of a second less, show where the deadline is: one that ends with it is
/// not begun.
#[tokio::test]
async fn the_deadline_of_each_api_where_none_is_set() {
    let cases = [
        // One minute, two and three.
        ("listEntitlements", 60, 1),
        ("listEntitlements", 59, 2),
        ("getEntitlements", 60, 2),
        ("getEntitlements", 59, 3),
        ("listGlobalPermissions", 60, 3),
        ("listGlobalPermissions", 59, 4),
    ];
    for (name, seconds, attempts) in cases {
        let asked = Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(seconds)));
        let clock = TestClock::new();
        let fake = Fake::in_process(named(name), clock.clone(), asked.always());
        let limits = Limits { max_attempts: Some(9), ..Limits::default() };
        let error = fake.client().call(named(name), limits).await.error();
        assert_eq!(error.attempts(), attempts, "{name}, {seconds} s: {error}");
        assert_eq!(clock.elapsed(), Duration::from_secs(seconds) * (attempts - 1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_one_attempt_of_each_api_where_none_is_set() {
    let one = async |operation: Operation, limits| {
        let clock = RuntimeClock::new();
        let fake = Fake::in_process(operation, clock.clone(), Fault::delay(HOUR).always());
        assert_eq!(fake.client().call(operation, limits).await.error().kind(), ErrorKind::Timeout);
        clock.elapsed()
    };
    for (name, seconds) in [("listEntitlements", 20), ("getEntitlements", 30), ("listGlobalPermissions", 20)]
    {
        let limits = Limits { max_attempts: Some(1), ..Limits::default() };
        assert_about(one(named(name), limits).await, Duration::from_secs(seconds), name);
        let own = Limits { timeout: Some(Duration::from_secs(3)), ..limits };
        assert_about(one(named(name), own).await, Duration::from_secs(3), name);
    }
}

/// The first call holds the only place until its own deadline.
#[tokio::test(start_paused = true)]
async fn waiting_for_a_place_counts() {
    let clock = RuntimeClock::new();
    let auth = Auth::from(Arc::new(Stuck) as Arc<dyn TokenSource>);
    let builder = crm_gateway::Client::builder("http://127.0.0.1:9").auth(auth).clock(clock.clone());
    let client = builder.max_concurrency(1).build().expect("a client");
    let call = |seconds| client.list_entitlements().with_deadline(Duration::from_secs(seconds)).send();
    let second = async {
        let outcome = call(5).await;
        (outcome, clock.elapsed())
    };
    let (first, (second, waited)) = tokio::join!(call(60), second);
    assert_eq!(first.expect_err("no token").kind(), ErrorKind::Timeout);
    let error = second.expect_err("no place");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert_about(waited, Duration::from_secs(5), "the queue");
}
