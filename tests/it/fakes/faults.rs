//! The fault script as a client sees it.

use std::time::{Duration, Instant};

use entitlements::{
    ErrorKind, Result,
    fakes::{
        Fault, Faults, RateHeader, Reply,
        symphony::{Fake, Operation},
    },
    symphony::Client,
    time::{Clock, TestClock},
};

/// The statuses of so many single attempts at listing the networks; `0` is a lost answer.
async fn statuses(faults: impl Into<Faults>, count: usize) -> Vec<u16> {
    let fake = Fake::builder().faults(Operation::ListEntitlements, faults).start().await;
    let client = fake.client().expect("a client");
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(match client.list_entitlements().with_max_attempts(1).send().await {
            Ok(networks) => networks.status().as_u16(),
            Err(error) => error.status().map_or(0, |status| status.as_u16()),
        });
    }
    statuses
}

/// A client with a clock that makes waiting free, and its fake.
async fn patient(faults: impl Into<Faults>) -> (Fake, Client, TestClock) {
    let clock = TestClock::new();
    let builder = Fake::builder().clock(clock.clone());
    let fake = builder.faults(Operation::ListEntitlements, faults).start().await;
    let client = fake.client().expect("a client");
    (fake, client, clock)
}

#[tokio::test]
async fn a_sequence_comes_in_its_order() {
    let faults =
        Fault::status(503).times(2).then(Fault::html(502)).then(Fault::none()).then(Fault::status(500));
    assert_eq!(statuses(faults.then_normal(), 7).await, [503, 503, 502, 200, 500, 200, 200]);
}

#[tokio::test]
async fn always_and_every_nth() {
    assert_eq!(statuses(Fault::status(503).always(), 3).await, [503, 503, 503]);
    assert_eq!(statuses(Fault::status(503).every_nth(3), 7).await, [200, 200, 503, 200, 200, 503, 200]);
    let late = Fault::status(500).then(Fault::status(503).every_nth(2));
    assert_eq!(statuses(late, 5).await, [500, 200, 503, 200, 503]);
}

#[tokio::test]
async fn chance_is_the_same_in_every_run() {
    let seeded = |seed| statuses(Fault::status(503).randomly(0.5, seed), 40);
    let first = seeded(7).await;
    assert_eq!(first, seeded(7).await);
    assert_ne!(first, seeded(8).await);
    let failed = first.iter().filter(|status| **status == 503).count();
    assert!((8..=32).contains(&failed), "{failed} of 40");
    assert_eq!(statuses(Fault::status(503).randomly(0.0, 1), 5).await, [200; 5]);
    assert_eq!(statuses(Fault::status(503).randomly(1.0, 1), 5).await, [503; 5]);
}

#[tokio::test]
async fn one_of_several_faults_by_chance() {
    let choice = || [Fault::status(503), Fault::status(500), Fault::status(500), Fault::reset()];
    let seeded = |seed| statuses(Faults::one_of(choice(), 0.5, seed), 200);
    let first = seeded(7).await;
    assert_eq!(first, seeded(7).await);
    assert_ne!(first, seeded(8).await);
    let count = |status| first.iter().filter(|one| **one == status).count();
    assert!((70..=130).contains(&count(200)), "{} went well", count(200));
    assert!((count(503) > 10) && (count(0) > 10) && (count(500) > count(503)), "{first:?}");
    assert!(panic_of(|| drop(Faults::one_of([], 0.5, 1))).starts_with("there is no fault to choose"));
    assert!(panic_of(|| drop(Faults::one_of([Fault::reset()], 2.0, 1))).starts_with("2 is no probability"));
}

#[tokio::test]
async fn a_lost_answer_after_the_change_is_one_that_was_carried_out() -> Result<()> {
    for fault in [Fault::reset().after_change(), Fault::status(502).after_change(), Fault::truncated_body(3)]
    {
        let fake = Fake::builder().faults("addEntitlement", fault.then_normal()).start().await;
        fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
        let ada = entitlements::symphony::Advisor::email("ada@acme.example");
        let error = fake.client()?.add_entitlement("SMS", ada.clone()).send().await.expect_err("lost");
        assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(fake.entitled("SMS"), 1);
        assert!(fake.client()?.ensure_entitled("SMS", ada).send().await?.was_entitled());
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_a_revoked_one_too() -> Result<()> {
    for fault in [Fault::expired_token(), Fault::revoked_token()] {
        let (fake, client, _) = patient(fault.then_normal()).await;
        assert_eq!(client.list_entitlements().send().await?.attempts(), 2);
        let statuses: Vec<_> = fake.journal().entries().filter_map(|entry| entry.status).collect();
        assert_eq!(statuses, [401, 200]);
    }
    Ok(())
}

#[tokio::test]
async fn altered_answers_reach_the_client() -> Result<()> {
    let one = |fault: Fault| async move {
        let (_fake, client, _) = patient(fault.always()).await;
        client.list_entitlements().with_max_attempts(1).send().await
    };
    let extra = one(Fault::extra_fields()).await?;
    assert!(String::from_utf8_lossy(extra.body()).contains("xPlainlyExtra"));
    assert_eq!(extra.entitlements.len(), 5);
    assert_eq!(one(Fault::null_arrays()).await?.entitlements.len(), 0);
    for fault in [Fault::malformed_json(), Fault::empty_body(), Fault::html(200)] {
        assert_eq!(one(fault).await.expect_err("no networks").kind(), ErrorKind::UnexpectedAnswer);
    }
    assert_eq!(one(Fault::html(502)).await.expect_err("502").kind(), ErrorKind::Server);
    assert_eq!(one(Fault::endless_body()).await.expect_err("endless").kind(), ErrorKind::UnexpectedAnswer);
    Ok(())
}

#[tokio::test]
async fn an_unknown_value_takes_the_place_of_each_property_of_the_name() -> Result<()> {
    let faults = Fault::unknown_value("status").always();
    let fake = Fake::builder().faults(Operation::ListEntitledAdvisors, faults).start().await;
    fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
    let client = fake.client()?;
    let ada = entitlements::symphony::Advisor::email("ada@acme.example");
    client.add_entitlement("SMS", ada).send().await?;
    let advisors: Vec<_> = client.list_entitled_advisors("SMS").stream().try_collect().await?;
    assert_eq!(format!("{:?}", advisors[0].status), "Some(Unknown(\"PLAINLY_UNKNOWN\"))");
    Ok(())
}

#[tokio::test]
async fn each_form_of_a_429_is_waited_for_without_taking_time() -> Result<()> {
    let wait = Duration::from_secs(7);
    let forms = [
        RateHeader::RetryAfter(wait),
        RateHeader::RetryAfterDate(wait),
        RateHeader::Reset(wait),
        RateHeader::ResetEpoch(wait),
        RateHeader::ResetEpochMillis(wait),
    ];
    let real = Instant::now();
    for form in forms {
        let (_fake, client, clock) = patient(Fault::too_many_requests(form).then_normal()).await;
        assert_eq!(client.list_entitlements().send().await?.attempts(), 2, "{form:?}");
        // A date has whole seconds.
        let waited = clock.elapsed();
        assert!(waited + Duration::from_secs(1) >= wait, "{form:?}: {waited:?}");
        assert!(waited <= wait + Duration::from_secs(4), "{form:?}: {waited:?}");
    }
    assert!(real.elapsed() < Duration::from_secs(5), "waiting took {:?}", real.elapsed());
    let (_fake, client, _) = patient(Fault::too_many_requests(RateHeader::Absent).then_normal()).await;
    assert_eq!(client.list_entitlements().send().await?.attempts(), 2);
    Ok(())
}

#[tokio::test]
async fn a_delay_is_real_time_also_under_a_test_clock() {
    let (_fake, client, clock) = patient(Fault::delay(Duration::from_secs(30)).then_normal()).await;
    let impatient = client.list_entitlements().with_timeout(Duration::from_millis(50)).with_max_attempts(1);
    let start = (Instant::now(), clock.now());
    assert_eq!(impatient.send().await.expect_err("late").kind(), ErrorKind::Timeout);
    assert!(start.0.elapsed() >= Duration::from_millis(50));
    assert_eq!(clock.now(), start.1, "the test's clock stands still meanwhile");
}

/// The client has a connection to wiremock then, which must not be in the way.
#[tokio::test]
async fn a_fault_of_bytes_can_be_given_to_a_fake_in_use() -> Result<()> {
    for _ in 0..20 {
        let fake = Fake::start().await;
        fake.add_user("351775001412105", "ada@acme.example", "Ada", "Byron");
        let client = fake.client()?;
        client.list_entitlements().send().await?;
        fake.faults(Operation::DeleteCustomerEntitlement, Fault::reset().then_normal());
        let ada = || entitlements::symphony::Advisor::email("ada@acme.example");
        client.add_entitlement("SMS", ada()).send().await?;
        assert_eq!(client.remove_entitlement("SMS", ada()).send().await?.attempts(), 2);
    }
    Ok(())
}

#[tokio::test]
async fn faults_that_never_came_are_told_of() -> Result<()> {
    let fake = Fake::builder().faults(Operation::ListEntitlements, Fault::status(503).times(2).then_normal());
    let fake = fake.start().await;
    let client = fake.client()?;
    client.list_entitlements().with_max_attempts(1).send().await.expect_err("the first");
    let wrapped = std::panic::AssertUnwindSafe(&fake);
    let text = panic_of(move || wrapped.assert_faults_used());
    assert!(text.starts_with("some faults never came:\nlistEntitlements, written at "), "{text}");
    assert!(text.contains("1 listEntitlements: ListEntitlements → 503"), "{text}");
    client.list_entitlements().send().await?;
    fake.assert_faults_used();
    fake.reply_next(Reply::new(500));
    let wrapped = std::panic::AssertUnwindSafe(&fake);
    assert!(panic_of(move || wrapped.assert_faults_used()).starts_with("1 queued replies"));
    Ok(())
}

#[tokio::test]
async fn a_fault_that_finds_nothing_to_change_says_so_in_the_journal() -> Result<()> {
    for fault in [Fault::truncated_body(100_000), Fault::unknown_value("no such property")] {
        let (fake, client, _) = patient(fault.then_normal()).await;
        client.list_entitlements().send().await?;
        assert!(fake.journal().to_string().ends_with(" (no effect)"), "{}", fake.journal());
    }
    let (fake, client, _) = patient(Fault::extra_fields().then_normal()).await;
    client.list_entitlements().send().await?;
    assert!(!fake.journal().to_string().contains("no effect"), "{}", fake.journal());
    Ok(())
}

#[tokio::test]
async fn a_moment_is_never_sooner_than_what_was_asked_for_and_always_one_that_can_be_written() {
    let ask = |header| async move {
        let (_fake, client, _) = patient(Fault::too_many_requests(header).always()).await;
        let error = client.list_entitlements().with_max_attempts(1).send().await.expect_err("429");
        let value = |name| error.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        value("retry-after").or_else(|| value("x-ratelimit-reset")).expect("a header")
    };
    assert_eq!(ask(RateHeader::RetryAfter(Duration::from_millis(900))).await, "1");
    assert_eq!(ask(RateHeader::RetryAfterDate(Duration::MAX)).await, "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(ask(RateHeader::ResetEpoch(Duration::MAX)).await, u64::MAX.to_string());
}

#[tokio::test]
async fn a_generator_that_panics_is_told_of_and_breaks_nothing_else() {
    let seed = entitlements::fakes::symphony::Tenant::default().advisors("SMS", 100, |number| {
        assert!(number != 50, "number 50 is wrong");
        entitlements::fakes::symphony::User::new(
            number.to_string(),
            format!("a{number}@acme.example"),
            "A",
            "B",
        )
    });
    let fake = Fake::builder().tenant(seed).start().await;
    let client = fake.client().expect("a client");
    let mut advisors = client.list_entitled_advisors("SMS").stream();
    for _ in 0..50 {
        advisors.try_next().await.expect("a good page");
    }
    let error = advisors.try_next().await.expect_err("the third page has number 50");
    assert!(String::from_utf8_lossy(error.body()).contains("does a generator of its seed panic?"));
    client.list_entitlements().send().await.expect("another operation");
    let text = panic_of(std::panic::AssertUnwindSafe(move || drop(fake)));
    assert!(text.contains("does a generator of its seed panic?"), "{text}");
}

#[tokio::test]
async fn queued_replies_come_before_the_script() -> Result<()> {
    let (fake, client, _) = patient(Fault::status(500).then_normal()).await;
    fake.reply_next(Reply::new(503));
    assert_eq!(client.list_entitlements().send().await?.attempts(), 3);
    let statuses: Vec<_> = fake.journal().entries().filter_map(|entry| entry.status).collect();
    assert_eq!(statuses, [503, 500, 200]);
    fake.faults(Operation::ListEntitlements, Fault::status(503).always());
    fake.clear_faults();
    assert_eq!(client.list_entitlements().send().await?.attempts(), 1);
    Ok(())
}

#[tokio::test]
async fn a_script_that_runs_out_says_so_at_once_and_at_the_end() {
    let faults = Fault::status(503).times(2);
    let fake = Fake::builder().faults(Operation::ListEntitlements, faults).start().await;
    let line = line!() - 1;
    let client = fake.client().expect("a client");
    let mut last = None;
    for _ in 0..3 {
        last = client.list_entitlements().with_max_attempts(1).send().await.err();
    }
    let body = last.expect("an error");
    let body = String::from_utf8_lossy(body.body()).into_owned();
    let place = format!("faults.rs:{line}");
    for part in ["the faults for listEntitlements", &place, "have run out", "then_normal()"] {
        assert!(body.contains(part), "{body}");
    }
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || drop(fake)));
    let panic = panic.expect_err("dropping says it too");
    let text = panic.downcast_ref::<String>().expect("a text");
    assert!(text.contains(&place), "{text}");
}

fn panic_of(wrong: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(wrong).expect_err("refused");
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).expect("a text")
}

#[test]
fn scripts_that_cannot_be_are_refused_where_they_are_written() {
    let unknown = panic_of(|| drop(Fake::builder().faults("addEntitlements", Fault::reset())));
    assert!(unknown.contains("`addEntitlements` is no operation of this fake"), "{unknown}");
    assert!(unknown.contains("addEntitlement, listEntitledAdvisors"), "{unknown}");
    let twice = panic_of(|| {
        let once = Fake::builder().faults(Operation::AddEntitlement, Fault::reset());
        drop(once.faults(Operation::AddEntitlement, Fault::reset()));
    });
    assert!(twice.contains("addEntitlement has faults already, written at"), "{twice}");
    let endless = panic_of(|| drop(Fault::reset().always().then(Fault::status(500))));
    assert!(endless.contains("nothing can come after"), "{endless}");
    let ended = panic_of(|| drop(Fault::reset().then_normal().then(Fault::status(500))));
    assert!(ended.contains("nothing can come after"), "{ended}");
    let status = panic_of(|| drop(Fault::status(42)));
    assert!(status.contains("42 is no final HTTP status"), "{status}");
    let token = panic_of(|| drop(Fault::expired_token().after_change()));
    assert!(token.contains("whose token has ended"), "{token}");
    assert!(panic_of(|| drop(Reply::new(101))).contains("101 is no final HTTP status"));
    assert!(
        panic_of(|| drop(Reply::new(200).with_header("a b", ""))).contains("`a b` is no name of a header")
    );
    assert!(panic_of(|| drop(Reply::new(200).with_header("a", "\n"))).contains("control characters"));
    let late = panic_of(|| drop(Fake::builder().wire_listener(true).start_in_process()));
    assert!(late.contains("no port and no listener"), "{late}");
    assert!(panic_of(|| drop(Fault::html(100))).contains("no final HTTP status"));
    assert!(panic_of(|| drop(Fault::reset().times(0))).contains("0 times"));
    assert!(panic_of(|| drop(Fault::reset().every_nth(0))).contains("no 0th"));
    assert!(panic_of(|| drop(Fault::reset().randomly(1.5, 1))).contains("1.5 is no probability"));
    assert!(panic_of(|| drop(Fault::reset().randomly(f64::NAN, 1))).contains("NaN is no probability"));
    assert!(panic_of(|| drop(Fault::slow_drip(0, Duration::ZERO))).contains("0 bytes"));
}
