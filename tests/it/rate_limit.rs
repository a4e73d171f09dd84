//! Connect's limits, counted by its fake: the application and its users together.

use std::time::{Duration, SystemTime};

use entitlements::{
    ErrorKind, RateLimit,
    auth::Auth,
    connect::{self, Credential, Environment},
    fakes::connect::{Fake, Operation, USER},
    time::{Clock, TestClock},
};
use futures_util::future::join_all;

use super::support::paused::Paused;

const MINUTE: Duration = Duration::from_secs(60);

fn status_count(fake: &Fake, status: u16) -> usize {
    let journal = fake.journal();
    journal.entries().filter(|entry| entry.status.is_some_and(|seen| seen == status)).count()
}

/// The most calls of the API in any span of time.
fn most_in_any(fake: &Fake, span: Duration) -> usize {
    let journal = fake.journal();
    let is_login = |operation: Operation| matches!(operation, Operation::Token);
    let calls = journal.entries().filter(|entry| entry.operation().is_some_and(|each| !is_login(each)));
    let seen: Vec<SystemTime> = calls.map(|entry| entry.at).collect();
    let within = |from: &SystemTime| seen.iter().filter(|at| (*from..*from + span).contains(*at)).count();
    seen.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn the_application_and_its_users_stay_below_the_limits_together() {
    let began = Paused.now();
    let fake = Fake::builder().clock(Paused).keep_requests(10_000).start_in_process();
    let app = fake.client().expect("a client");
    let users = [app.as_user(fake.log_in(USER)), app.as_user(fake.log_in(USER))];
    let shields = (0..1_000).map(|_| async {
        app.shield(Credential::phone("+4712345678"))
            .channel("DM")
            .enterprise("468979834")
            .send()
            .await
            .map(drop)
    });
    let reads = (0..2_600).map(|number| {
        let user = &users[number % 2];
        async { user.list_global_permissions().send().await.map(drop) }
    });
    let (shields, reads) = tokio::join!(join_all(shields), join_all(reads));
    assert!(shields.iter().chain(&reads).all(Result::is_ok));
    assert_eq!(status_count(&fake, 429), 0);
    assert_eq!(most_in_any(&fake, Duration::from_secs(1)), 100);
    assert_eq!(most_in_any(&fake, MINUTE), 2_000);
    assert_eq!((Paused.now() - began).as_secs(), 60 + 15, "no longer than the limits ask for");
}

#[tokio::test]
async fn a_429_pauses_everybody_of_the_client_id() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).limits(5, 1_000).start_in_process();
    let app = fake.client().expect("a client");
    let user = app.as_user(fake.log_in(USER));
    // Our limit is the documented one, so the server is the first to object.
    let reads = join_all((0..6).map(|_| user.list_global_permissions().send())).await;
    assert!(reads.iter().all(Result::is_ok));
    assert_eq!(status_count(&fake, 429), 1);
    let refused = clock.elapsed();
    assert!(refused >= Duration::from_secs(1), "{refused:?}");
    app.shield(Credential::phone("+4712345678"))
        .channel("DM")
        .enterprise("468979834")
        .send()
        .await
        .expect("after");
    assert_eq!(status_count(&fake, 429), 1, "nobody else ran into it");
}

#[tokio::test]
async fn clients_that_were_given_one_limit_count_together() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let limit = RateLimit::new(3, Duration::from_secs(10));
    let auth = Auth::from(entitlements::auth::StaticToken::new("plainly-fake"));
    let client = || {
        let servers = Environment::custom(fake.api_url(), fake.login_url());
        let builder = connect::Client::builder(servers).auth(auth.clone()).clock(clock.clone());
        builder.rate_limit(limit.clone()).build().expect("a client")
    };
    let began = clock.now();
    for _ in 0..4 {
        client().request("GET", "/v1/client/nothing").send().await.expect_err("no such path");
    }
    assert_eq!(clock.now() - began, Duration::from_secs(10));
    let deadline = Duration::from_secs(5);
    client().request("GET", "/v1/client/nothing").send().await.expect_err("no such path");
    client().request("GET", "/v1/client/nothing").send().await.expect_err("no such path");
    let error = client().request("GET", "/v1/client/nothing").with_deadline(deadline).send().await;
    let error = error.expect_err("no room");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::RateLimited, 0));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
    assert_eq!(fake.journal().total(), 6);
}

#[test]
fn a_limit_that_cannot_be_is_refused_by_build() {
    let builder = || connect::Client::builder(Environment::Test).client_login("plainly", "fake");
    for limit in [RateLimit::new(0, MINUTE), RateLimit::new(1, Duration::ZERO)] {
        let error = builder().rate_limit(limit).build().expect_err("no call would pass");
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
    let error = builder().max_concurrency(0).build().expect_err("no call would pass");
    assert!(error.to_string().contains("max_concurrency"), "{error}");
}
