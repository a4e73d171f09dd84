//! Logins that failed are remembered, so that a broken one is not hammered.

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use super::LoginFailure;
use crate::{Error, ErrorKind};

/// Waits after a refusal, doubled each time. Keycloak's brute-force detection, where it is on, locks
/// an account after 30 failures, which it forgets after 12 hours: these waits make 23 in that time.
const AFTER_REFUSAL: Steps = Steps { first: Duration::from_secs(5), largest: Duration::from_secs(3600) };
/// Waits after a failure that may pass, such as a server that is not there.
const AFTER_FAULT: Steps = Steps { first: Duration::from_secs(1), largest: Duration::from_secs(30) };
/// A server's wish is heard, but a mistake of it must not keep everybody out for a day.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);
const JITTER: f64 = 0.2;

struct Steps {
    first: Duration,
    largest: Duration,
}

impl Steps {
    fn wait(&self, failures: u32) -> Duration {
        let wait = self.first.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(self.largest);
        wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * fastrand::f64())
    }
}

/// The failures since the last success.
#[derive(Default)]
pub(super) struct Failures {
    /// Counted apart: after an outage the first refusal is a first refusal.
    refusals: u32,
    faults: u32,
    last: Option<Remembered>,
}

struct Remembered {
    error: Arc<Error>,
    at: Instant,
    until: Instant,
}

impl Failures {
    /// Takes a failure down, and says until when nothing is tried.
    pub(super) fn add(&mut self, error: &Arc<Error>, now: Instant, valid_until: Option<Instant>) -> Instant {
        let is_refusal = is_refusal(error);
        let (steps, failures) =
            if is_refusal { (AFTER_REFUSAL, &mut self.refusals) } else { (AFTER_FAULT, &mut self.faults) };
        *failures = failures.saturating_add(1);
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_ASKED);
        let until = now + steps.wait(*failures);
        // A fault while the old token serves must not keep the next one from being asked for.
        let until = match valid_until {
            Some(end) if end > now && !is_refusal => until.min(end),
            _ => until,
        };
        let until = until.max(now + asked);
        self.last = Some(Remembered { error: error.clone(), at: now, until });
        until
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The last failure, while its wait lasts.
    pub(super) fn present(&self, now: Instant) -> Option<Error> {
        let Remembered { error, until, .. } = self.last.as_ref()?;
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        // Only the user can help here, and no wait.
        if error.kind() == ErrorKind::LoginRequired {
            return Some(share(error));
        }
        let hint = "the login failed a moment ago and is not tried again yet; see `retry_after`";
        Some(share(error).with_hint(error.hint().or(Some(hint))).with_retry_after(left))
    }

    pub(super) fn status(&self, now: Instant, wall: SystemTime) -> Option<LoginFailure> {
        let Remembered { error, at: failed_at, until } = self.last.as_ref()?;
        let at = wall.checked_sub(now.saturating_duration_since(*failed_at)).unwrap_or(wall);
        let next_attempt = at.checked_add(until.saturating_duration_since(*failed_at)).unwrap_or(at);
        let in_a_row = self.refusals.saturating_add(self.faults);
        Some(LoginFailure { kind: error.kind(), at, next_attempt, in_a_row })
    }
}

/// A failure for one of those who waited for it, with what caused it.
pub(super) fn share(error: &Arc<Error>) -> Error {
    let copy = error.share();
    if error.source().is_some() { copy.with_source(Cause(error.clone())) } else { copy }
}

/// What caused a failure that several callers have.
struct Cause(Arc<Error>);

impl Cause {
    fn shown(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().map_or(Ok(()), |cause| fmt::Debug::fmt(cause, f))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().map_or(Ok(()), |cause| fmt::Display::fmt(cause, f))
    }
}

impl StdError for Cause {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.shown()?.source()
    }
}

/// Whether the server, or the credential itself, says that another try brings the same.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::LoginFailed | ErrorKind::LoginRequired | ErrorKind::Configuration | ErrorKind::Forbidden
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(error: ErrorKind, during: Duration) -> usize {
        let error = Arc::new(Error::new(error, "no"));
        let (start, mut failures) = (Instant::now(), Failures::default());
        let (mut now, mut tries) = (start, 0);
        while now < start + during {
            now = failures.add(&error, now, None);
            tries += 1;
        }
        tries
    }

    #[test]
    fn refusals_stay_below_what_brute_force_detection_counts() {
        for _ in 0..1_000 {
            assert!(tried(ErrorKind::LoginFailed, Duration::from_secs(60)) <= 5);
            assert!(tried(ErrorKind::LoginFailed, Duration::from_secs(12 * 3600)) < 30);
        }
        assert!(tried(ErrorKind::NotSent, Duration::from_secs(60)) <= 8);
    }

    #[test]
    fn a_server_that_asks_for_a_wait_gets_it_up_to_an_hour() {
        let now = Instant::now();
        for (asked, least, most) in [(120, 120, 120), (86_400, 3600, 3600), (0, 0, 2)] {
            let error = Error::new(ErrorKind::RateLimited, "no").with_retry_after(Duration::from_secs(asked));
            let until = Failures::default().add(&Arc::new(error), now, None) - now;
            assert!((least..=most).contains(&until.as_secs()), "{asked}: {until:?}");
        }
    }

    #[test]
    fn after_an_outage_the_first_refusal_is_a_first_refusal() {
        let (now, mut failures) = (Instant::now(), Failures::default());
        for _ in 0..20 {
            failures.add(&Arc::new(Error::new(ErrorKind::NotSent, "no")), now, None);
        }
        let until = failures.add(&Arc::new(Error::new(ErrorKind::LoginFailed, "no")), now, None);
        assert!(until - now <= Duration::from_secs(6), "{:?}", until - now);
        let status = failures.status(now, SystemTime::now()).expect("a failure");
        assert_eq!(status.in_a_row, 21);
    }

    #[test]
    fn a_wait_that_was_asked_for_is_kept_beyond_the_end_of_the_token() {
        let (now, asked) = (Instant::now(), Duration::from_secs(120));
        let busy = Arc::new(Error::new(ErrorKind::RateLimited, "no").with_retry_after(asked));
        let end = now + Duration::from_secs(20);
        assert_eq!(Failures::default().add(&busy, now, Some(end)), now + asked);
    }

    #[test]
    fn whoever_has_to_log_in_is_not_told_to_wait() {
        let (now, mut failures) = (Instant::now(), Failures::default());
        failures.add(&Arc::new(Error::new(ErrorKind::LoginRequired, "no")), now, None);
        let error = failures.present(now).expect("just failed");
        assert_eq!((error.retry_after(), error.hint()), (None, None));
    }

    #[test]
    fn a_fault_is_tried_again_when_the_token_ends_and_a_refusal_is_not() {
        let (now, end) = (Instant::now(), Duration::from_millis(10));
        let until = |kind| Failures::default().add(&Arc::new(Error::new(kind, "no")), now, Some(now + end));
        assert_eq!(until(ErrorKind::NotSent), now + end);
        assert!(until(ErrorKind::LoginFailed) > now + end);
    }

    #[test]
    fn a_remembered_failure_says_when_the_next_try_is() {
        let now = Instant::now();
        let mut failures = Failures::default();
        assert!(failures.present(now).is_none());
        let until = failures.add(&Arc::new(Error::new(ErrorKind::LoginFailed, "no")), now, None);
        let error = failures.present(now).expect("just failed");
        assert_eq!(error.retry_after(), Some(until - now));
        assert!(error.to_string().contains("retry_after"), "{error}");
        assert!(failures.present(until).is_none());
        failures.clear();
        assert!(failures.present(now).is_none());
    }

    #[test]
    fn refusals_and_faults_are_told_by_their_kind() {
        use ErrorKind::{Configuration, Forbidden, LoginFailed, LoginRequired, NotSent, Server, Timeout};
        let now = Instant::now();
        let wait = |kind| Failures::default().add(&Arc::new(Error::new(kind, "no")), now, None) - now;
        for refusal in [LoginFailed, LoginRequired, Configuration, Forbidden] {
            assert!(wait(refusal) >= Duration::from_secs(4), "{refusal:?}");
        }
        for fault in [NotSent, Server, Timeout] {
            assert!(wait(fault) < Duration::from_secs(2), "{fault:?}");
        }
    }

    #[test]
    fn the_end_of_a_token_that_has_ended_is_no_limit_and_a_hint_stays() {
        let now = Instant::now() + Duration::from_secs(1);
        let error = Error::new(ErrorKind::NotSent, "no").with_hint(Some("its own"));
        let mut failures = Failures::default();
        assert!(failures.add(&Arc::new(error), now, now.checked_sub(Duration::from_millis(1))) > now);
        assert_eq!(failures.present(now).expect("just failed").hint(), Some("its own"));
    }
}
