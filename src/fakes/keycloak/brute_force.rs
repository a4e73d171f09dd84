//! Brute-force detection: who may not log in for a while.

use std::time::Duration;

/// How Keycloak protects users against guessing, see [`Builder::brute_force`](super::Builder::brute_force).
///
/// `BruteForce::default()` has Keycloak's defaults. A login while a user is locked is refused with
/// the same words as a wrong password, even with the right one, and does not count.
#[must_use = "settings protect nobody until a builder takes them"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BruteForce {
    max_failures: u32,
    wait_increment: Duration,
    max_wait: Duration,
    failure_reset: Duration,
    quick_check: Duration,
    quick_wait: Duration,
}

/// What is known of the logins of one user.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempts {
    failures: u32,
    last_failure: Option<Duration>,
    locked_until: Duration,
    locked_for_good: bool,
    /// Until when a login of this user is being carried out.
    busy_until: Duration,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self {
            max_failures: 30,
            wait_increment: Duration::from_secs(60),
            max_wait: Duration::from_secs(900),
            failure_reset: Duration::from_secs(43_200),
            quick_check: Duration::from_secs(1),
            quick_wait: Duration::from_secs(60),
        }
    }
}

impl BruteForce {
    /// Sets how many wrong passwords lock a user, from the first wait on. Default: 30.
    pub fn max_failures(mut self, failures: u32) -> Self {
        self.max_failures = failures.max(1);
        self
    }

    /// Sets how long the first lock lasts; each further `max_failures` add as much. Default: 60
    /// seconds.
    pub fn wait_increment(mut self, wait: Duration) -> Self {
        self.wait_increment = wait;
        self
    }

    /// Sets how long a lock lasts at most. Default: 900 seconds.
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.max_wait = wait;
        self
    }

    /// Sets after how long without a failure the earlier ones are forgotten. Default: 12 hours.
    pub fn failure_reset(mut self, reset: Duration) -> Self {
        self.failure_reset = reset;
        self
    }

    /// Sets how close together two wrong passwords must be to lock a user at once, and for how
    /// long. Default: less than 1 second, and 60 seconds. A `within` of zero turns it off.
    pub fn quick_login(mut self, within: Duration, wait: Duration) -> Self {
        (self.quick_check, self.quick_wait) = (within, wait);
        self
    }
}

impl Attempts {
    pub(super) fn is_locked(&self, at: Duration) -> bool {
        self.locked_for_good || at < self.locked_until
    }

    pub(super) fn lock(&mut self) {
        self.locked_for_good = true;
    }

    /// Starts a login, unless another one of the same user has not ended yet.
    pub(super) fn begin(&mut self, at: Duration, takes: Duration) -> bool {
        let free = at >= self.busy_until;
        if free {
            self.busy_until = at.saturating_add(takes);
        }
        free
    }

    pub(super) fn failed(&mut self, settings: &BruteForce, at: Duration) {
        let since_last = self.last_failure.map(|last| at.saturating_sub(last));
        if since_last.is_some_and(|passed| passed > settings.failure_reset) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(at);
        let mut wait = settings.wait_increment.saturating_mul(self.failures / settings.max_failures);
        if wait.is_zero() && since_last.is_some_and(|passed| passed < settings.quick_check) {
            wait = settings.quick_wait;
        }
        if !wait.is_zero() {
            self.locked_until = at.saturating_add(wait.min(settings.max_wait));
        }
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.last_failure = None;
    }
}
