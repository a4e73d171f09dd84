//! How long to wait before the next attempt.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode};

/// Exponential backoff with full jitter: anything from nothing to the step's bound, so that
/// clients that failed together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The bound of the first wait; each further one is twice as large.
    pub(crate) first: Duration,
    /// The largest bound.
    pub(crate) largest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), largest: Duration::from_secs(10) }
    }
}

impl Backoff {
    /// The wait after the attempt of this number, counted from 1.
    pub(crate) fn wait(self, attempt: u32) -> Duration {
        self.bound(attempt).mul_f64(fastrand::f64())
    }

    fn bound(self, attempt: u32) -> Duration {
        self.first.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.largest)
    }
}

/// What the server asks for: `Retry-After` as seconds or as a date, or else `X-RateLimit-Reset`,
/// which comes with every answer of Connect and is a request to wait only with a 429.
pub(crate) fn asked_wait(status: StatusCode, headers: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let wall = by_the_servers_clock(text("date"), wall);
    let asked = || text("retry-after").and_then(|value| retry_after(value, wall));
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            asked().or_else(|| text("x-ratelimit-reset").and_then(|value| rate_limit_reset(value, wall)))
        }
        StatusCode::SERVICE_UNAVAILABLE => asked(),
        _ => None,
    }
}

/// A point in time that a server names is one of its own clock, which its `Date` tells. Where both
/// clocks agree but for what rounding and the way take, ours is the finer one.
fn by_the_servers_clock(date: Option<&str>, wall: SystemTime) -> SystemTime {
    const ROUNDING: Duration = Duration::from_secs(2);
    let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) else { return wall };
    let apart = date.duration_since(wall).unwrap_or_else(|behind| behind.duration());
    if apart > ROUNDING { date } else { wall }
}

fn retry_after(value: &str, wall: SystemTime) -> Option<Duration> {
    if let Some(seconds) = number(value) {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(wall).unwrap_or_default())
}

/// Connect describes the header in words that fit both seconds left and a point in time; a
/// number of seconds as large as an epoch would be thirty years.
fn rate_limit_reset(value: &str, wall: SystemTime) -> Option<Duration> {
    const SMALLEST_EPOCH: u64 = 1_000_000_000;
    const SMALLEST_EPOCH_MILLIS: u64 = 1_000_000_000_000;
    let number = number(value)?;
    let left = if number >= SMALLEST_EPOCH {
        let is_in_millis = number >= SMALLEST_EPOCH_MILLIS;
        let since = if is_in_millis { Duration::from_millis(number) } else { Duration::from_secs(number) };
        let reset = SystemTime::UNIX_EPOCH.checked_add(since);
        // A point in time that no clock knows is far away.
        reset.map_or(Duration::MAX, |reset| reset.duration_since(wall).unwrap_or_default())
    } else {
        Duration::from_secs(number)
    };
    Some(left.clamp(Duration::from_secs(1), Duration::from_secs(60)))
}

/// Digits. A number that is too large to count with is a very long wait, not none.
fn number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn wait(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        asked_wait(StatusCode::TOO_MANY_REQUESTS, &headers, now())
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    #[test]
    fn the_reset_of_a_rate_limit_is_no_request_to_wait_on_other_answers() {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-reset", HeaderValue::from_static("37"));
        for status in [StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE] {
            assert_eq!(asked_wait(status, &headers, now()), None);
        }
        headers.insert("retry-after", HeaderValue::from_static("3"));
        assert_eq!(asked_wait(StatusCode::NOT_FOUND, &headers, now()), None);
        let unavailable = asked_wait(StatusCode::SERVICE_UNAVAILABLE, &headers, now());
        assert_eq!(unavailable, Some(Duration::from_secs(3)));
    }

    #[test]
    fn retry_after_in_both_forms() {
        assert_eq!(wait("retry-after", "7"), Some(Duration::from_secs(7)));
        let date = "Tue, 14 Nov 2023 22:13:29 GMT";
        assert_eq!(wait("retry-after", date), Some(Duration::from_secs(9)));
        assert_eq!(wait("retry-after", "Tue, 14 Nov 2000 22:13:29 GMT"), Some(Duration::ZERO));
        for words in ["soon", "+", "", "-1", "1.5", "99999999999999999999t"] {
            assert_eq!(wait("retry-after", words), None, "{words}");
        }
        let longest = Some(Duration::from_secs(u64::MAX));
        assert_eq!(
            wait("retry-after", "99999999999999999999"),
            longest,
            "no number that can be counted with"
        );
    }

    #[test]
    fn a_point_in_time_is_read_by_the_clock_of_the_server() {
        let wait = |date: &str, name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("date", HeaderValue::from_str(date).expect("a header value"));
            headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
            asked_wait(StatusCode::TOO_MANY_REQUESTS, &headers, now()).map(|wait| wait.as_secs())
        };
        // Ours says 22:13:20.
        let in_five_seconds = "Tue, 14 Nov 2023 22:53:25 GMT";
        assert_eq!(wait("Tue, 14 Nov 2023 22:53:20 GMT", "retry-after", in_five_seconds), Some(5));
        assert_eq!(wait("Tue, 14 Nov 2023 22:53:20 GMT", "x-ratelimit-reset", "1700002405"), Some(5));
        assert_eq!(wait("Tue, 14 Nov 2023 20:53:20 GMT", "retry-after", "7"), Some(7));
        let rounded = "Tue, 14 Nov 2023 22:13:18 GMT";
        assert_eq!(wait(rounded, "retry-after", "Tue, 14 Nov 2023 22:13:29 GMT"), Some(9));
        assert_eq!(wait("yesterday", "retry-after", "Tue, 14 Nov 2023 22:13:29 GMT"), Some(9));
    }

    #[test]
    fn rate_limit_reset_in_every_reading() {
        assert_eq!(wait("x-ratelimit-reset", "5"), Some(Duration::from_secs(5)));
        assert_eq!(wait("x-ratelimit-reset", "0"), Some(Duration::from_secs(1)));
        assert_eq!(wait("x-ratelimit-reset", "1700000009"), Some(Duration::from_secs(9)));
        assert_eq!(wait("x-ratelimit-reset", "1700000009000"), Some(Duration::from_secs(9)));
        assert_eq!(wait("x-ratelimit-reset", "900"), Some(Duration::from_secs(60)));
        assert_eq!(wait("x-ratelimit-reset", "99999999999999999999"), Some(Duration::from_secs(60)));
        assert_eq!(wait("x-ratelimit-reset", "-1"), None);
    }

    #[test]
    fn backoff_stays_below_its_bound_and_varies() {
        let backoff = Backoff { first: Duration::from_secs(1), largest: Duration::from_secs(60) };
        let bounds: Vec<_> = (1..=8).map(|attempt| backoff.bound(attempt).as_secs()).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 60, 60]);
        let waits: Vec<_> = (0..200).map(|_| backoff.wait(3)).collect();
        assert!(waits.iter().all(|wait| *wait <= backoff.bound(3)));
        assert!(waits.iter().any(|wait| *wait < backoff.bound(2)), "the jitter is full");
        assert!(waits.iter().any(|wait| *wait > backoff.bound(2)));
        assert!([0, 64, u32::MAX].into_iter().all(|attempt| backoff.wait(attempt) <= backoff.largest));
    }
}
