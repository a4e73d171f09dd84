//! How many calls a client may make, and the headers that say so.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::fakes::Reply;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What `X-RateLimit-Reset` holds, for the vendor's wording can be read in more than one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ResetHeader {
    /// The seconds that are left, rounded up.
    #[default]
    SecondsLeft,
    /// The point in time as Unix seconds, rounded up.
    Epoch,
    /// The point in time as Unix milliseconds, rounded up.
    EpochMillis,
    /// Nothing: the header is not sent.
    Absent,
}

/// Counts the calls of each client in two windows.
///
/// Assumption: a window starts with the first call in it and is renewed as a whole, and a
/// refused call does not count.
#[derive(Debug)]
pub(super) struct Limiter {
    pub(super) per_second: u32,
    pub(super) per_minute: u32,
    pub(super) reset_header: ResetHeader,
    clients: BTreeMap<String, [Window; 2]>,
}

#[derive(Debug)]
struct Window {
    limit: u32,
    length: Duration,
    started: SystemTime,
    used: u32,
}

/// Where a client stands after a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) is_allowed: bool,
    remaining: u32,
    renewed: SystemTime,
}

impl Limiter {
    /// With the documented limits.
    pub(super) fn new() -> Self {
        Self {
            per_second: 100,
            per_minute: 2000,
            reset_header: ResetHeader::default(),
            clients: BTreeMap::new(),
        }
    }

    /// Counts a call, unless it has to be refused.
    pub(super) fn count(&mut self, client: &str, now: SystemTime) -> Standing {
        let new = [(self.per_second, SECOND), (self.per_minute, MINUTE)];
        let [second, minute] = self
            .clients
            .entry(client.to_owned())
            .or_insert_with(|| new.map(|(limit, length)| Window { limit, length, started: now, used: 0 }));
        second.renew(now);
        minute.renew(now);
        let is_allowed = second.remaining() > 0 && minute.remaining() > 0;
        if is_allowed {
            second.used += 1;
            minute.used += 1;
        }
        // Both numbers come from the window that refuses first, so that waiting for the one
        // gives the other back.
        let order = |window: &Window| (window.remaining(), Reverse(window.renewed()));
        let tighter = if order(second) < order(minute) { second } else { minute };
        Standing { is_allowed, remaining: tighter.remaining(), renewed: tighter.renewed() }
    }

    /// Adds the headers to an answer. Assumption: errors have them as well.
    pub(super) fn with_headers(&self, reply: Reply, standing: Standing, now: SystemTime) -> Reply {
        let reply = reply.with_header("x-ratelimit-remaining", &standing.remaining.to_string());
        let since = |start| standing.renewed.duration_since(start).unwrap_or_default().as_nanos();
        let reset = match self.reset_header {
            ResetHeader::SecondsLeft => since(now).div_ceil(1_000_000_000),
            ResetHeader::Epoch => since(SystemTime::UNIX_EPOCH).div_ceil(1_000_000_000),
            ResetHeader::EpochMillis => since(SystemTime::UNIX_EPOCH).div_ceil(1_000_000),
            ResetHeader::Absent => return reply,
        };
        reply.with_header("x-ratelimit-reset", &reset.to_string())
    }
}

impl Window {
    fn renew(&mut self, now: SystemTime) {
        // An error means that the clock was set back; the window then starts anew, too.
        if now.duration_since(self.started).is_ok_and(|passed| passed < self.length) {
            return;
        }
        self.started = now;
        self.used = 0;
    }

    fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    fn renewed(&self) -> SystemTime {
        self.started + self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn limiter(per_second: u32, per_minute: u32) -> Limiter {
        Limiter { per_second, per_minute, ..Limiter::new() }
    }

    #[test]
    fn a_second_and_a_minute_are_counted_side_by_side() {
        let mut limiter = limiter(2, 3);
        let mut at = |millis| limiter.count("a", START + Duration::from_millis(millis));
        assert_eq!(
            at(0),
            Standing { is_allowed: true, remaining: 1, renewed: START + SECOND },
            "the second has less left"
        );
        assert!(at(999).is_allowed);
        assert_eq!(at(999), Standing { is_allowed: false, remaining: 0, renewed: START + SECOND });
        assert_eq!(
            at(1000),
            Standing { is_allowed: true, remaining: 0, renewed: START + MINUTE },
            "refused calls do not count"
        );
        assert!(!at(59_999).is_allowed);
        assert!(at(60_000).is_allowed);
    }

    #[test]
    fn clients_do_not_share_a_window() {
        let mut limiter = limiter(1, 1);
        assert!(limiter.count("a", START).is_allowed);
        assert!(!limiter.count("a", START).is_allowed);
        assert!(limiter.count("b", START).is_allowed);
    }

    #[test]
    fn when_both_windows_are_full_the_later_end_counts() {
        let mut limiter = limiter(1, 1);
        assert_eq!(limiter.count("a", START).renewed, START + MINUTE);
    }

    #[test]
    fn a_clock_that_is_set_back_starts_a_new_window() {
        let mut limiter = limiter(1, 1);
        assert!(limiter.count("a", START + MINUTE).is_allowed);
        assert!(limiter.count("a", START).is_allowed);
    }

    #[test]
    fn the_reset_header_has_four_forms() {
        let mut limiter = limiter(1, 1);
        let now = START + Duration::from_millis(1_700_000_000_250);
        let standing = limiter.count("a", now);
        let later = now + Duration::from_millis(1);
        for (form, expected) in [
            (ResetHeader::SecondsLeft, Some("60")),
            (ResetHeader::Epoch, Some("1700000061")),
            (ResetHeader::EpochMillis, Some("1700000060250")),
            (ResetHeader::Absent, None),
        ] {
            limiter.reset_header = form;
            let reply = limiter.with_headers(Reply::new(200), standing, later);
            let header = |name| reply.headers.get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header("x-ratelimit-reset"), expected, "{form:?}");
            assert_eq!(header("x-ratelimit-remaining"), Some("0"));
        }
    }
}
