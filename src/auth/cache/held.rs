//! A token ready for use, and when it is renewed.

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use http::HeaderValue;

use crate::{
    Error, ErrorKind, Result,
    auth::{Context, Token},
};

/// A token is renewed at the latest when this share of its life is left.
const MARGIN_SHARE: u32 = 5;
/// The margin is anything from this share of itself to the whole, so that processes that started
/// together do not renew together.
const LEAST_JITTER: f64 = 0.75;
/// Two answers about the same token differ by what rounding to seconds takes.
const ROUNDING: Duration = Duration::from_secs(1);

/// The `Authorization` header of a token that is at hand. `Debug` does not show it.
#[derive(Clone)]
pub struct Bearer {
    header: HeaderValue,
    generation: u64,
    asked_at: Instant,
    expires_at: Option<Instant>,
}

impl Bearer {
    /// The value of the `Authorization` header: the word `Bearer` and the token, marked sensitive.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The number of the token, counted from 1 by its [`Auth`](super::super::Auth); for
    /// [`Auth::reject`](super::super::Auth::reject).
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Just before its request was sent.
    pub(super) fn asked_at(&self) -> Instant {
        self.asked_at
    }

    pub(crate) fn is_valid(&self, now: Instant) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// What the cache holds.
pub(super) struct Held {
    pub(super) bearer: Bearer,
    pub(super) token: Token,
    /// When its renewal would have been due without failures.
    due_at: Option<Instant>,
    renew_at: Option<Instant>,
    renewing: AtomicBool,
}

impl Held {
    pub(super) fn new(
        token: Token,
        counted_from: Instant,
        generation: u64,
        longest_margin: Duration,
        before: Option<&Self>,
        context: &Context,
    ) -> Result<Self> {
        let now = context.clock().now();
        let header = token.header()?;
        // The first clone of the bytes allocates, the later ones share what it made.
        drop(header.clone());
        let lifetime = token.lifetime();
        if lifetime.is_some_and(|lifetime| lifetime.is_zero()) {
            let message = "the token had expired when it arrived; check the lifetime at the login server";
            return Err(Error::new(ErrorKind::LoginFailed, message));
        }
        // An end that no clock reaches is none.
        let end = |early: Duration| counted_from.checked_add(lifetime?.saturating_sub(early));
        let expires_at = end(Duration::ZERO);
        if expires_at.is_some_and(|at| at <= now) {
            let message = "the token expired before its answer arrived";
            return Err(Error::new(ErrorKind::Timeout, message));
        }
        let is_longer = |before: &Self| match (before.bearer.expires_at, expires_at) {
            (Some(before), Some(now)) => now.saturating_duration_since(before) > ROUNDING,
            _ => true,
        };
        // Some servers hand out the same token until it ends, and asking earlier brings nothing.
        let is_same = before.is_some_and(|before| before.bearer.header == header && !is_longer(before));
        let margin = if is_same { Duration::ZERO } else { margin(lifetime, longest_margin) };
        Ok(Self {
            bearer: Bearer { header, generation, asked_at: counted_from, expires_at },
            token,
            due_at: end(margin),
            renew_at: end(margin),
            renewing: AtomicBool::new(false),
        })
    }

    /// The same token, whose renewal nobody sees to yet: when it is due, but not before this time.
    pub(super) fn unclaimed(&self, not_before: Option<Instant>) -> Self {
        let latest = self.expires_at();
        let renew_at = self.due_at.map(|due| not_before.map_or(due, |at| due.max(at)));
        Self {
            bearer: self.bearer.clone(),
            token: self.token.clone(),
            due_at: self.due_at,
            renew_at: renew_at.map(|at| latest.map_or(at, |latest| at.min(latest))),
            renewing: AtomicBool::new(false),
        }
    }

    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        self.renew_at.is_none_or(|at| now < at)
    }

    pub(super) fn is_valid(&self, now: Instant) -> bool {
        self.bearer.is_valid(now)
    }

    pub(super) fn expires_at(&self) -> Option<Instant> {
        self.bearer.expires_at
    }

    /// Most callers only read this, so that the memory stays shared between the processors.
    pub(super) fn is_renewal_open(&self) -> bool {
        !self.renewing.load(Ordering::Relaxed)
    }

    /// True for one caller only, whose task it is to see to the renewal.
    pub(super) fn claim_renewal(&self) -> bool {
        !self.renewing.swap(true, Ordering::AcqRel)
    }
}

fn margin(lifetime: Option<Duration>, longest: Duration) -> Duration {
    let share = lifetime.unwrap_or_default() / MARGIN_SHARE;
    let jitter = LEAST_JITTER + (1.0 - LEAST_JITTER) * fastrand::f64();
    share.min(longest).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_is_a_share_of_the_life_with_jitter_and_never_the_whole() {
        let seconds = Duration::from_secs;
        for (lifetime, longest, expected) in [
            (seconds(300), seconds(300), seconds(60)),
            (seconds(60), seconds(300), seconds(12)),
            (seconds(43_200), seconds(300), seconds(300)),
            (seconds(1), seconds(300), Duration::from_millis(200)),
            (seconds(300), Duration::ZERO, Duration::ZERO),
            (Duration::MAX, seconds(300), seconds(300)),
        ] {
            let margins: Vec<_> = (0..200).map(|_| margin(Some(lifetime), longest)).collect();
            assert!(margins.iter().all(|margin| *margin <= expected), "{lifetime:?}");
            assert!(margins.iter().all(|margin| *margin >= expected.mul_f64(LEAST_JITTER)), "{lifetime:?}");
            let distinct: std::collections::HashSet<_> = margins.into_iter().collect();
            assert!(distinct.len() > 100 || expected.is_zero(), "jitter: {lifetime:?}");
        }
    }
}
