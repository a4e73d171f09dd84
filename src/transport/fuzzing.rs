//! What has to hold when an answer is judged.

use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, StatusCode};
use reqwest::Url;

use super::{
    CallOptions, Login, OperationInfo, RateLimit, Read, Reading, Repeat, Settings,
    attempt::Outcome,
    budget::Budget,
    gate::Gate,
    judge::{Flow, Shared, Verdict},
    retry::asked_wait,
};
use crate::{
    Error,
    fuzzing::checks::{answer, assert_one_line},
    response::Raw,
    time::{BoxFuture, Clock},
};

const READ: &OperationInfo = &OperationInfo {
    id: "read",
    name: "any.read",
    method: "GET",
    template: "/",
    repeat: Repeat::Read,
    login: Login::Jwt,
    answers_with_body: true,
};

/// A clock that stands at one point of the calendar.
#[derive(Debug)]
struct At(SystemTime);

impl Clock for At {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        self.0
    }

    fn pause(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// The error of a call whose only attempt had this answer; `None` if that is a success.
pub(crate) fn judged(info: &OperationInfo, raw: Raw, read: Read) -> Option<Error> {
    let mut options = CallOptions::default();
    options.max_attempts = Some(1);
    let settings = Settings::default();
    let shared = shared(&settings);
    let mut flow = Flow::new(info, &options, &settings, &shared);
    flow.attempts = 1;
    match flow.judge(Outcome::Answer(raw), read, &base(), &At(SystemTime::UNIX_EPOCH)) {
        Verdict::Done(_) => None,
        Verdict::TokenRefused(error) | Verdict::Fail(error) => Some(error),
        Verdict::Wait(_) => panic!("the only attempt is followed by another"),
    }
}

fn base() -> Url {
    Url::parse("https://any.example").expect("a URL")
}

fn shared(settings: &Settings) -> Shared {
    let gate = Gate::new(1, RateLimit::none(), settings.clock.clone(), settings.longest_wait);
    Shared { gate: gate.expect("a gate"), budget: Budget::new(settings.retry_budget) }
}

/// Reads how long an answer asks to wait, and judges it by that.
pub(crate) fn wait(data: &[u8]) {
    let raw = answer(data);
    let Some(wall) = clock(&raw.headers) else { return };
    let asked = asked_wait(raw.status, &raw.headers, wall);
    let ours = wall;
    let wall = servers(&raw.headers, wall);
    let expected = match raw.status {
        StatusCode::TOO_MANY_REQUESTS => match retry_after(&raw.headers, wall) {
            Expected::Nothing => reset(&raw.headers),
            wait => wait,
        },
        StatusCode::SERVICE_UNAVAILABLE => retry_after(&raw.headers, wall),
        _ => Expected::Nothing,
    };
    match expected {
        Expected::Nothing => assert_eq!(asked, None),
        Expected::Exactly(wait) => assert_eq!(asked, Some(wait)),
        Expected::ASecondToAMinute => {
            let wait = asked.expect("the limit is reset at some time");
            let bounds = Duration::from_secs(1)..=Duration::from_secs(60);
            assert!(bounds.contains(&wait), "{wait:?}");
        }
    }
    // Once more through the judge, with attempts left.
    let settings = Settings::default();
    let shared = shared(&settings);
    let mut flow = Flow::new(READ, &CallOptions::default(), &settings, &shared);
    flow.attempts = 1;
    match flow.judge(Outcome::Answer(raw), |_, _| Reading::default(), &base(), &At(ours)) {
        Verdict::Done(_) => {}
        Verdict::Wait(wait) => {
            assert!(wait <= settings.longest_wait, "{wait:?}");
            // To come back at once is left to the backoff.
            let asked = asked.filter(|asked| !asked.is_zero());
            assert!(asked.is_none_or(|asked| asked == wait), "{asked:?} was asked for, {wait:?} is waited");
        }
        Verdict::TokenRefused(error) | Verdict::Fail(error) => {
            assert_one_line(&error.to_string());
            assert_eq!(error.retry_after(), asked);
        }
    }
}

enum Expected {
    Nothing,
    Exactly(Duration),
    ASecondToAMinute,
}

/// The header `clock`, which stands for the machine's own.
fn clock(headers: &HeaderMap) -> Option<SystemTime> {
    let seconds: i64 = match headers.get("clock") {
        Some(clock) => clock.to_str().ok()?.parse().ok()?,
        None => 1_700_000_000,
    };
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// The clock by which the server counts.
fn servers(headers: &HeaderMap, wall: SystemTime) -> SystemTime {
    let date = text(headers, "date").and_then(|date| httpdate::parse_http_date(date).ok());
    let is_apart = |date: &SystemTime| {
        let [sooner, later] = if *date < wall { [*date, wall] } else { [wall, *date] };
        later.duration_since(sooner).is_ok_and(|apart| apart > Duration::from_secs(2))
    };
    date.filter(is_apart).unwrap_or(wall)
}

fn retry_after(headers: &HeaderMap, wall: SystemTime) -> Expected {
    let Some(text) = text(headers, "retry-after") else { return Expected::Nothing };
    if is_number(text) {
        return Expected::Exactly(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let Ok(date) = httpdate::parse_http_date(text) else { return Expected::Nothing };
    let wait = date.duration_since(wall).unwrap_or_default();
    assert!(wait.is_zero() || wall + wait == date, "a date is reached and not passed");
    Expected::Exactly(wait)
}

fn reset(headers: &HeaderMap) -> Expected {
    let is_number = text(headers, "x-ratelimit-reset").is_some_and(is_number);
    if is_number { Expected::ASecondToAMinute } else { Expected::Nothing }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// Digits, however many; a plus sign before them does no harm.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
