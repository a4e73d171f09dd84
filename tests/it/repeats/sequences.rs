//! Calls of which each attempt has another outcome.

use std::time::Duration;

use entitlements::{
    ErrorKind::{self, LoginFailed, OutcomeUnknown, RateLimited, Server},
    fakes::{Fault, Faults, RateHeader, Reply},
    time::TestClock,
};

use super::{
    Limits,
    drive::{Ended, Fake, named},
};

/// A call that meets these outcomes one after the other, and how long it waited.
async fn call(name: &str, faults: Faults) -> (Ended, Duration) {
    let clock = TestClock::new();
    let fake = Fake::in_process(named(name), clock.clone(), faults.then_normal());
    let ended = fake.client().call(named(name), Limits::default()).await;
    fake.assert_faults_used();
    (ended, clock.elapsed())
}

fn status(status: u16) -> Fault {
    Fault::status(status)
}

fn asks(seconds: u64) -> Fault {
    Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(seconds)))
}

#[tokio::test]
async fn the_last_attempt_is_what_an_error_tells_of() {
    let cases: [(&str, Faults, ErrorKind, u16, u32); 8] = [
        (
            "listEntitlements",
            status(502).then(Fault::reset()).then(asks(3)).then(status(504)),
            Server,
            504,
            4,
        ),
        (
            "listEntitlements",
            status(502).then(status(503)).then(status(504)).then(asks(3)),
            RateLimited,
            429,
            4,
        ),
        // One new token for a call, and one 500 of Connect's, whatever comes between.
        ("listEntitlements", status(401).then(status(502)).then(status(401)), LoginFailed, 401, 3),
        ("getEntitlements", status(403).then(asks(3)).then(status(401)), LoginFailed, 401, 3),
        ("listGlobalPermissions", status(500).then(status(502)).then(status(500)), Server, 500, 3),
        ("changeEnterprisePermissions", status(500).then(status(501)), Server, 501, 2),
        // The first that may have been carried out is the last of what must not be repeated.
        ("addEntitlement", asks(3).then(status(401)).then(status(503)), OutcomeUnknown, 503, 3),
        ("raw POST", asks(3).then(status(401)).then(status(500)), OutcomeUnknown, 500, 3),
    ];
    for (name, faults, kind, status, attempts) in cases {
        let shown = format!("{name}: {faults:?}");
        let error = call(name, faults).await.0.error();
        assert_eq!((error.kind(), error.attempts()), (kind, attempts), "{shown}: {error}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(status), "{shown}: {error}");
    }
}

/// The backoff of the third wait is that of a third attempt, also after waits that were asked for.
#[tokio::test]
async fn waits_of_both_kinds_add_up() {
    let unavailable = Fault::reply(Reply::new(503).with_header("retry-after", "4"));
    let (mut longest, asked) = (Duration::ZERO, Duration::from_secs(7));
    for _ in 0..50 {
        let faults = asks(3).then(unavailable.clone()).then(status(502));
        let (ended, waited) = call("listEntitlements", faults).await;
        assert_eq!((ended.attempts(), ended.done()), (4, 200));
        assert!(super::is_between(waited, (asked, asked + Duration::from_millis(800))), "{waited:?}");
        longest = longest.max(waited);
    }
    assert!(longest > asked + Duration::from_millis(400), "{longest:?}");
}
