//! What is behind the lock: which token is the newest, what is under way, what failed.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{
    AuthStatus, Bearer, Cache, MOST_STARTS,
    failures::{Failures, share},
    flight::{self, Arrival, Flight, Outcome, Work},
    held::Held,
};
use crate::{
    Error, ErrorKind, Result,
    auth::{Context, Token},
    transport::in_a_runtime,
};

/// After a fresh token was refused, too, refusals are reported as they are for this long.
pub(super) const COOL_DOWN: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct State {
    /// The number of the newest token.
    pub(super) generation: u64,
    pub(super) flight: Option<Flight>,
    /// Numbers the flights, so that one that was given up changes nothing any more.
    pub(super) flights: u64,
    pub(super) failures: Failures,
    /// A token that the server refused to one caller; others may use it if there is no other.
    pub(super) refused: Option<Arc<Held>>,
    /// The token of a session that is being ended; it serves on if that fails.
    pub(super) ending: Option<Arc<Held>>,
    /// Until then a refusal is an answer, and no reason for another token.
    pub(super) cool_down_until: Option<Instant>,
}

/// What a caller does who has no token.
pub(super) enum Step {
    Ready(Bearer),
    Failed(Error),
    Wait(Flight),
}

impl Cache {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a renewal for which nobody waits, unless the token is not the one to renew any more.
    pub(super) fn renew(self: &Arc<Self>, held: &Arc<Held>, context: &Context) {
        let state = self.lock();
        let is_current = self.current.load().as_ref().is_some_and(|current| Arc::ptr_eq(current, held));
        if is_current && state.flight.is_none() {
            flight::start(self, state, Work::Acquire, context);
        }
    }

    pub(super) fn step(self: &Arc<Self>, context: &Context, refused: Option<u64>) -> Step {
        let now = context.clock().now();
        let state = self.lock();
        if let Some(bearer) = self.current.load().as_ref().and_then(|held| usable(held, now, refused)) {
            return Step::Ready(bearer);
        }
        if let Some(flight) = &state.flight {
            return Step::Wait(flight.clone());
        }
        if let Some(error) = state.failures.present(now) {
            return Step::Failed(error);
        }
        Step::Wait(flight::start(self, state, Work::Acquire, context))
    }

    /// After a renewal that failed: what others than the one who was refused can go on with.
    pub(super) fn still_valid(&self, now: Instant, refused: Option<u64>) -> Option<Bearer> {
        self.current.load().as_ref().and_then(|held| usable(held, now, refused))
    }

    pub(super) fn reject(&self, generation: u64, now: Instant) -> bool {
        if !self.source.is_renewable() {
            return false;
        }
        let mut state = self.lock();
        let is_cooling = state.cool_down_until.is_some_and(|end| now < end);
        let current = self.current.load_full();
        match current {
            Some(held) if held.bearer.generation() == generation => {
                // It is still here because no other is to be had now.
                if is_cooling || state.failures.present(now).is_some() {
                    return false;
                }
                self.current.store(None);
                state.refused = Some(held);
                self.status.send_modify(|status| status.has_token = false);
                true
            }
            // There is a newer one, or another caller saw to it.
            _ => true,
        }
    }

    /// `refused_at` is when the token before it was refused to the same call. One that was under way by
    /// then may have been ended together with it, and one that is not fresh any more on its own.
    pub(super) fn refused_again(&self, bearer: &Bearer, refused_at: Instant, now: Instant) {
        let asked_at = bearer.asked_at();
        let is_fresh = asked_at >= refused_at && now.saturating_duration_since(asked_at) < COOL_DOWN;
        if is_fresh {
            self.lock().cool_down_until = now.checked_add(COOL_DOWN);
        } else {
            self.reject(bearer.generation(), now);
        }
    }

    /// Takes the outcome of a flight over, unless it was given up.
    pub(super) fn settle(
        &self,
        number: u64,
        outcome: Result<Option<Token>>,
        asked_at: Instant,
        context: &Context,
    ) -> Outcome {
        let now = context.clock().now();
        let mut state = self.lock();
        let flight = state.flight.take_if(|flight| flight.number == number);
        let before = self.current.load_full().or(state.refused.clone());
        let outcome = outcome.and_then(|token| {
            let Some(token) = token else { return Ok(None) };
            let counted_from = token.counted_from().unwrap_or(asked_at);
            // One that was given up has no number that a refusal could name.
            let generation = if flight.is_some() { state.generation + 1 } else { 0 };
            let held =
                Held::new(token, counted_from, generation, self.longest_margin, before.as_deref(), context);
            held.map(|held| Some(Arc::new(held)))
        });
        let outcome = outcome.map_err(Arc::new);
        let Some(flight) = flight else { return outcome };
        match &outcome {
            Ok(Some(held)) => {
                state.generation = held.bearer.generation();
                state.failures.clear();
                state.refused = None;
                state.ending = None;
                self.current.store(Some(held.clone()));
            }
            Ok(None) => {
                state.refused = None;
                state.ending = None;
                self.current.store(None);
            }
            Err(error) if flight.is_acquisition => {
                let valid_until = before.as_deref().and_then(Held::expires_at);
                let until = state.failures.add(error, now, valid_until);
                if let Some(held) = self.current.load_full().or(state.refused.take()) {
                    let is_valid = held.is_valid(now);
                    self.current.store(is_valid.then(|| Arc::new(held.unclaimed(Some(until)))));
                }
            }
            // The session is as it was, and so is its token.
            Err(_) => {
                let held = state.ending.take().map(|held| Arc::new(held.unclaimed(None)));
                self.current.store(held);
            }
        }
        self.publish(&state, context);
        outcome
    }

    fn publish(&self, state: &State, context: &Context) {
        let (now, wall) = (context.clock().now(), context.clock().wall());
        let current = self.current.load();
        let expires_at = current.as_ref().and_then(|held| held.expires_at());
        self.status.send_replace(AuthStatus {
            generation: state.generation,
            renewals: state.generation,
            has_token: current.is_some(),
            expires_at: expires_at.and_then(|at| wall.checked_add(at.saturating_duration_since(now))),
            last_failure: state.failures.status(now, wall),
        });
    }

    /// The task of a flight went away without an outcome; the next caller starts another.
    pub(super) fn abandoned(&self, number: u64) {
        let mut state = self.lock();
        if state.flight.as_ref().is_some_and(|flight| flight.number == number) {
            state.flight = None;
            if let Some(held) = self.current.load_full() {
                self.current.store(Some(Arc::new(held.unclaimed(None))));
            }
        }
    }

    pub(super) fn give_up(&self, flight: &Flight) {
        self.abandoned(flight.number);
        flight.abort();
    }

    /// Runs what ends a session, alone, and then has no token.
    pub(super) async fn end(
        self: &Arc<Self>,
        context: &Context,
        work: impl Fn(Option<Token>) -> Work + Send,
    ) -> Result<()> {
        in_a_runtime()?;
        for _ in 0..MOST_STARTS {
            let (flight, is_ours) = {
                let mut state = self.lock();
                if let Some(flight) = state.flight.clone() {
                    (flight, false)
                } else {
                    let held = self.current.swap(None);
                    let newest = held.as_ref().or(state.refused.as_ref());
                    let token = newest.map(|held| held.token.clone());
                    state.ending = held;
                    self.status.send_modify(|status| status.has_token = false);
                    (flight::start(self, state, work(token), context), true)
                }
            };
            match flight.arrival().await {
                Arrival::Outcome(outcome) if is_ours => {
                    return outcome.map(drop).map_err(|error| share(&error));
                }
                Arrival::Outcome(_) | Arrival::Abandoned => {}
                Arrival::Stalled => self.give_up(&flight),
            }
        }
        let message = "other logins and logouts came first; call again";
        Err(Error::new(ErrorKind::NotSent, message))
    }
}

fn usable(held: &Arc<Held>, now: Instant, refused: Option<u64>) -> Option<Bearer> {
    let bearer = &held.bearer;
    (bearer.is_valid(now) && Some(bearer.generation()) != refused).then(|| bearer.clone())
}
