//! What an outcome means for the call: done, once more, or an error.

use std::{
    borrow::Cow,
    time::{Duration, Instant, SystemTime},
};

use reqwest::Url;

use super::{
    CallOptions, OperationInfo, Repeat, Settings,
    attempt::Outcome,
    budget::Budget,
    gate::Gate,
    hint,
    retry::{Backoff, asked_wait},
};
use crate::{Error, ErrorKind, response::Raw, time::Clock};

/// What the words of a service say about one of its answers.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The vendor's code, if it is one of the vendor's known ones.
    pub(crate) code: Option<Cow<'static, str>>,
    /// Whether the answer refuses the token, whatever its status.
    pub(crate) refusal: Refusal,
    /// Whether it is the service's considered answer: a documented problem, whatever its status.
    pub(crate) considered: bool,
    /// Whether it says that what was to be removed is not there.
    pub(crate) says_gone: bool,
    /// Our own words for it.
    pub(crate) message: Option<&'static str>,
    /// What is probably wrong, where one mistake is likely.
    pub(crate) hint: Option<&'static str>,
}

/// What a service looks at beside the answer.
pub(crate) struct Asked<'a> {
    #[cfg_attr(not(feature = "connect"), allow(dead_code, reason = "only one service has two logins"))]
    pub(crate) info: &'a OperationInfo,
    #[cfg_attr(not(feature = "symphony"), allow(dead_code, reason = "only one service has a known path"))]
    pub(crate) base: &'a Url,
}

/// How a service reads an answer.
pub(crate) type Read = fn(&Raw, &Asked<'_>) -> Reading;

/// Whether an answer is about the token.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is about something else.
    #[default]
    None,
    /// The token is refused; a fresh one can help.
    Token,
}

pub(crate) enum Verdict {
    Done(Raw),
    Wait(Duration),
    TokenRefused(Error),
    Fail(Error),
}

/// What all calls of a client have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) budget: Budget,
}

/// The state of one call over all its attempts.
pub(crate) struct Flow<'a> {
    pub(crate) info: &'a OperationInfo,
    pub(crate) attempts: u32,
    shared: &'a Shared,
    backoff: Backoff,
    max_attempts: u32,
    attempt_timeout: Duration,
    /// `None` is a deadline so far away that no clock reaches it.
    deadline: Option<Instant>,
    longest_wait: Duration,
    correlation_id: Option<String>,
    /// How often an unexplained 500 may be repeated.
    internal_errors: u32,
    /// An earlier attempt may have been carried out.
    perhaps_done: bool,
    /// The latest repeat was taken from the budget.
    paid: bool,
}

impl<'a> Flow<'a> {
    pub(crate) fn new(
        info: &'a OperationInfo,
        options: &CallOptions,
        settings: &Settings,
        shared: &'a Shared,
    ) -> Self {
        let correlation_id =
            options.correlation_id.clone().or_else(|| settings.correlated.then(crate::unique_id::unique_id));
        Self {
            info,
            attempts: 0,
            shared,
            backoff: settings.backoff,
            max_attempts: options.max_attempts.unwrap_or(settings.max_attempts).max(1),
            attempt_timeout: options.attempt_timeout.unwrap_or(settings.attempt_timeout),
            deadline: options.end.or_else(|| settings.end_of(options)),
            longest_wait: settings.longest_wait,
            correlation_id,
            internal_errors: settings.internal_errors,
            perhaps_done: false,
            paid: false,
        }
    }

    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }

    /// The time for the next attempt: never beyond the deadline of the call.
    pub(crate) fn attempt_timeout(&self, now: Instant) -> Result<Duration, Error> {
        let left = self.left(now);
        if left.is_zero() {
            return Err(self.late("the deadline of the call passed before the attempt"));
        }
        Ok(self.attempt_timeout.min(left))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The time that is left for the whole call.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(now))
    }

    pub(crate) fn late(&self, message: &'static str) -> Error {
        self.finish(Error::new(ErrorKind::Timeout, message))
    }

    /// Adds to an error what is known about the call.
    pub(crate) fn finish(&self, error: Error) -> Error {
        let error = error.with_operation(self.info.name).with_attempts(self.attempts);
        match self.correlation_id() {
            Some(id) => error.with_correlation_id(id),
            None => error,
        }
    }

    pub(crate) fn judge(&mut self, outcome: Outcome, read: Read, base: &Url, clock: &dyn Clock) -> Verdict {
        let now = clock.now();
        match outcome {
            Outcome::NotSent(error) => self.again_or(error, None, now),
            Outcome::Lost(error) => self.lost(error, now),
            Outcome::TooLarge(error) if self.info.repeat == Repeat::Never => {
                Verdict::Fail(self.finish(error.with_kind(ErrorKind::OutcomeUnknown)))
            }
            Outcome::TooLarge(error) | Outcome::Unbuildable(error) => Verdict::Fail(self.finish(error)),
            Outcome::Answer(mut raw) => {
                raw.attempts = self.attempts;
                raw.correlation_id.clone_from(&self.correlation_id);
                let mut reading = read(&raw, &Asked { info: self.info, base });
                reading.hint = reading.hint.or_else(|| hint::of_answer(&raw, base));
                raw.hint = reading.hint;
                self.answered(raw, reading, now, clock.wall())
            }
        }
    }

    /// An attempt that may have been carried out: repeated only where that is harmless.
    fn lost(&mut self, error: Error, now: Instant) -> Verdict {
        self.perhaps_done = true;
        if self.info.repeat != Repeat::Never {
            return self.again_or(error, None, now);
        }
        Verdict::Fail(self.finish(error.with_kind(ErrorKind::OutcomeUnknown)))
    }

    fn answered(&mut self, raw: Raw, reading: Reading, now: Instant, wall: SystemTime) -> Verdict {
        let status = raw.status;
        if reading.refusal == Refusal::Token {
            return Verdict::TokenRefused(self.error(raw, reading));
        }
        if status.is_success() || self.is_gone(&reading) {
            self.shared.budget.earn(self.paid);
            return Verdict::Done(raw);
        }
        let wait = asked_wait(status, &raw.headers, wall);
        let considered = reading.considered;
        let error = self.error(raw, reading);
        let error = if let Some(wait) = wait { error.with_retry_after(wait) } else { error };
        match status.as_u16() {
            429 => {
                let wait = wait.unwrap_or_else(|| self.own_wait());
                self.shared.gate.pause(wait);
                self.again_or(error, Some(wait), now)
            }
            503 if wait.is_some() => self.again_or(error, wait, now),
            // A documented problem is the server's considered answer, whatever its status.
            500..=599 if considered => Verdict::Fail(error),
            // It cannot do it at all, and a repeat does not teach it.
            501 | 505 if self.info.repeat != Repeat::Never => Verdict::Fail(error),
            408 | 502..=504 => self.lost(error, now),
            500..=599 if self.internal_errors == 0 => Verdict::Fail(error),
            500..=599 => {
                self.internal_errors -= 1;
                self.lost(error, now)
            }
            _ => Verdict::Fail(error),
        }
    }

    /// A removal that may have happened already is complete when nothing is left to remove.
    fn is_gone(&self, reading: &Reading) -> bool {
        self.info.repeat == Repeat::Removal && self.perhaps_done && reading.says_gone
    }

    /// The wait where the server asks for none.
    fn own_wait(&self) -> Duration {
        self.backoff.wait(self.attempts).min(self.longest_wait)
    }

    /// Another attempt if the limits allow it, otherwise the error at once. A wait that the server
    /// asked for is its own measure against too many repeats, so it costs none of the budget.
    fn again_or(&mut self, error: Error, asked: Option<Duration>, now: Instant) -> Verdict {
        let asked = asked.filter(|wait| !wait.is_zero());
        let wait = asked.unwrap_or_else(|| self.own_wait());
        let hint = if self.attempts >= self.max_attempts {
            None
        } else if wait > self.longest_wait {
            Some("the server asks for a longer wait than `longest_wait` of the client allows")
        } else if wait >= self.left(now) {
            Some("another attempt would begin after the deadline of the call")
        } else if asked.is_none() && !self.shared.budget.take() {
            Some("not repeated, because too many calls of this client fail; see `retry_budget`")
        } else {
            self.paid = asked.is_none();
            return Verdict::Wait(wait);
        };
        // The last attempt reached nobody, but an earlier one may have.
        let error = match error.kind() {
            ErrorKind::NotSent if self.perhaps_done => error.with_kind(ErrorKind::Server),
            _ => error,
        };
        let hint = error.hint().or(hint);
        Verdict::Fail(self.finish(error).with_hint(hint))
    }

    fn error(&self, raw: Raw, reading: Reading) -> Error {
        let (kind, message) = match raw.status.as_u16() {
            200..=299 => (ErrorKind::Forbidden, "the server refused the token"),
            401 => (
                ErrorKind::LoginFailed,
                "the server refused the token, also after a renewal if one was possible",
            ),
            403 => (ErrorKind::Forbidden, "this identity may not do that"),
            404 => (ErrorKind::NotFound, "the server does not have what the call is about"),
            408 => (ErrorKind::Timeout, "the server did not get the request in time"),
            409 => (ErrorKind::Conflict, "the call contradicts the state at the server"),
            429 => (ErrorKind::RateLimited, "too many calls"),
            300..=399 => (
                ErrorKind::UnexpectedAnswer,
                "the server redirects, which is never followed; check the base URL",
            ),
            400..=499 => (ErrorKind::Rejected, "the server refused the request as it stands"),
            500..=599 => (ErrorKind::Server, "the server failed"),
            _ => (ErrorKind::UnexpectedAnswer, "no status that the specification knows"),
        };
        let error = Error::new(kind, reading.message.unwrap_or(message)).with_raw(raw);
        self.finish(if let Some(code) = reading.code { error.with_code(code) } else { error })
    }
}
