//! The two operations for which it matters whether an attempt was carried out: removing and adding.

use std::time::Duration;

use entitlements::{
    Error, ErrorKind,
    fakes::{
        Fault, Faults, RateHeader, Reply,
        symphony::{self, Operation},
    },
    symphony::{Advisor, ExternalNetwork},
    time::TestClock,
};
use serde_json::json;

use super::{
    Limits, Made, Times,
    drive::{Fake, named},
    outcomes::{Break, call_refused},
};

const REMOVE: &str = "deleteCustomerEntitlement";
const ADD: &str = "addEntitlement";

/// The entitlement is not there.
fn gone() -> Fault {
    Fault::reply(Reply::json(404, &json!({ "type": "entitlement.not.found", "status": 404 })))
}

/// A request may have been carried out: these come instead of that, or after it.
fn lost() -> Vec<Fault> {
    let statuses = [408, 500, 502, 503, 504].map(Fault::status);
    statuses.into_iter().chain([Fault::reset()]).collect()
}

/// The same after the request was carried out.
fn done_and_lost() -> Vec<Fault> {
    let late = Fault::delay(Duration::from_secs(3600));
    lost().into_iter().map(Fault::after_change).chain([late]).collect()
}

/// A request was certainly not carried out.
fn not_done() -> [Fault; 4] {
    [
        Fault::too_many_requests(RateHeader::Absent),
        Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(3))),
        Fault::reply(Reply::new(503).with_header("retry-after", "3")),
        Fault::status(401),
    ]
}

/// Attempts of a second, so that an answer that is late is lost.
const BRIEF: Limits = Limits { timeout: Some(Duration::from_secs(1)), deadline: None, max_attempts: None };

async fn remove(faults: impl Into<Faults>) -> (symphony::Fake, super::Ended) {
    let fake = Fake::in_process(named(REMOVE), TestClock::new(), faults);
    let ended = fake.client().call(named(REMOVE), BRIEF).await;
    let Fake::Symphony(fake) = fake else { unreachable!("an operation of Symphony's") };
    (fake, ended)
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_was_carried_out_and_lost_is_a_success() {
    for fault in done_and_lost() {
        let (fake, ended) = remove(fault.clone().then_normal()).await;
        assert_eq!(ended.attempts(), 2, "{fault:?}: {ended:?}");
        assert_eq!(ended.done(), 404, "{fault:?}");
        assert_eq!(fake.entitled(ExternalNetwork::WhatsApp), 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_was_lost_before_it_was_carried_out_is_carried_out() {
    for fault in lost() {
        let (fake, ended) = remove(fault.clone().then_normal()).await;
        assert_eq!(ended.attempts(), 2, "{fault:?}: {ended:?}");
        assert_eq!(ended.done(), 200, "{fault:?}");
        assert_eq!(fake.entitled(ExternalNetwork::WhatsApp), 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_to_remove_is_an_error_where_no_earlier_attempt_can_have_removed_it() {
    let (_fake, ended) = remove(gone().then_normal()).await;
    let error = ended.error();
    assert_eq!((error.is_not_found(), error.attempts()), (true, 1), "{error}");
    for fault in not_done() {
        let (_fake, ended) = remove(fault.clone().then(gone()).then_normal()).await;
        let error = ended.error();
        assert_eq!((error.is_not_found(), error.attempts()), (true, 2), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn nothing_to_remove_after_a_connection_that_was_refused_is_an_error() {
    let (clock, operation) = (TestClock::new(), named(REMOVE));
    let fake = Fake::served(operation, clock.clone(), gone().then_normal()).await;
    let ended = call_refused(operation, Limits::default(), Times::Once, &clock, &fake).await;
    let error = ended.error();
    assert_eq!((error.is_not_found(), error.attempts()), (true, 2), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_removal_stays_perhaps_carried_out_over_all_that_comes_between() {
    for between in not_done() {
        let (_fake, ended) =
            remove(Fault::status(502).after_change().then(between.clone()).then_normal()).await;
        assert_eq!((ended.attempts(), ended.done()), (3, 404), "{between:?}");
    }
}

/// Another thing that is missing says nothing about the entitlement, and a raw request is none.
#[tokio::test(start_paused = true)]
async fn another_404_completes_no_removal() {
    let tenant = json!({ "type": "tenant.configuration.not.found" });
    for other in
        [Reply::json(404, &tenant), Reply::new(404), Reply::new(404).with_body("text/html", "<html>")]
    {
        let (_fake, ended) = remove(Fault::status(502).then(Fault::reply(other)).then_normal()).await;
        let error = ended.error();
        assert_eq!((error.is_not_found(), error.attempts()), (true, 2), "{error}");
    }
    let faults = Fault::status(502).then(gone()).then_normal();
    let builder = symphony::Fake::builder().clock(TestClock::new());
    let fake = builder.faults(Operation::DeleteCustomerEntitlement, faults).start_in_process();
    let client = fake.client().expect("a client");
    let raw = client.request("DELETE", "/api/v2/customer/advisor/entitlements").repeatable(true);
    let error = raw.send().await.expect_err("nobody said that it removes");
    assert_eq!((error.is_not_found(), error.attempts()), (true, 2), "{error}");
}

#[track_caller]
fn assert_unknown(error: &Error, what: &str) {
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 1), "{what}: {error}");
    assert!(!error.is_transient(), "{what}: it must not be repeated by a loop of the caller's");
    assert!(error.to_string().contains("read back"), "{what}: {error}");
}

#[tokio::test(start_paused = true)]
async fn adding_is_never_repeated_after_it_may_have_been_carried_out() {
    for fault in done_and_lost() {
        let fake = Fake::in_process(named(ADD), TestClock::new(), fault.clone().always());
        let ended = fake.client().call(named(ADD), BRIEF).await;
        assert_unknown(&ended.error(), &format!("{fault:?}"));
        let Fake::Symphony(fake) = fake else { unreachable!("an operation of Symphony's") };
        assert_eq!(fake.journal().count(Operation::AddEntitlement), 1, "{fault:?}");
        assert_eq!(fake.entitled(ExternalNetwork::Sms), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn adding_over_a_connection_that_breaks_says_what_to_do() {
    for how in [Break::HangUp, Break::Reset, Break::Truncated, Break::BodyReset] {
        let run = Made::Broken(how).run(named(ADD), Limits::default(), Times::Always).await;
        assert_unknown(&run.ended.error(), &format!("{how:?}"));
    }
    let run = Made::TooLarge.run(named(ADD), Limits::default(), Times::Always).await;
    assert_unknown(&run.ended.error(), "too large");
}

/// An attempt that was certainly not carried out leads to another, which is then the one that
/// counts.
#[tokio::test(start_paused = true)]
async fn adding_is_repeated_where_nothing_was_carried_out() {
    for fault in not_done() {
        let fake = Fake::in_process(named(ADD), TestClock::new(), fault.clone().then_normal());
        let ended = fake.client().call(named(ADD), BRIEF).await;
        assert_eq!((ended.attempts(), ended.done()), (2, 201), "{fault:?}");
        let Fake::Symphony(fake) = fake else { unreachable!("an operation of Symphony's") };
        assert_eq!(fake.entitled(ExternalNetwork::Sms), 1, "{fault:?}");
        let lost = fault.clone().then(Fault::status(502).after_change()).then_normal();
        let fake = Fake::in_process(named(ADD), TestClock::new(), lost);
        let error = fake.client().call(named(ADD), BRIEF).await.error();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::OutcomeUnknown, 2), "{fault:?}");
    }
}

/// Ensuring goes on where adding has to stop.
#[tokio::test(start_paused = true)]
async fn ensuring_reads_back_after_each_outcome_that_is_unknown() {
    for fault in lost().into_iter().chain(done_and_lost()) {
        let fake = Fake::in_process(named(ADD), TestClock::new(), fault.clone().then_normal());
        let Fake::Symphony(fake) = fake else { unreachable!("an operation of Symphony's") };
        let client = fake.client().expect("a client");
        let ensure = client.ensure_entitled(ExternalNetwork::Sms, Advisor::email("ada@acme.example"));
        let ensured = ensure.with_timeout(Duration::from_secs(1)).send().await.expect("entitled");
        assert!(!ensured.was_entitled(), "{fault:?}");
        assert_eq!(fake.entitled(ExternalNetwork::Sms), 1, "{fault:?}");
    }
}
