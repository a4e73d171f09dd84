//! The one acquisition that is under way, in a task of its own.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, MutexGuard},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::{sync::oneshot, task::AbortHandle, time::Instant};

use super::{Cache, Held, State};
use crate::{
    Error, ErrorKind, Result,
    auth::{Context, Token},
};

/// Mostly it is one. There is room for a refresh that is not answered, and a login at the third try.
const REQUESTS: u32 = 4;
/// For the waits between them.
const WAITS: Duration = Duration::from_secs(10);
/// After this much more the task is not run at all: its runtime is alive, but nobody drives it.
const STALLED: Duration = Duration::from_secs(5);

/// What a flight brings home: a token, nothing after the end of a session, or why not.
pub(super) type Outcome = std::result::Result<Option<Arc<Held>>, Arc<Error>>;

pub(super) enum Work {
    Acquire,
    LogOut,
    Revoke(Option<Token>),
}

impl Work {
    async fn run(self, cache: &Cache, context: &Context) -> Result<Option<Token>> {
        match self {
            Self::Acquire => cache.source.acquire(context).await.map(Some),
            Self::LogOut => cache.source.log_out(context).await.map(|()| None),
            Self::Revoke(token) => cache.source.revoke(token.as_ref(), context).await.map(|()| None),
        }
    }
}

/// A handle to the work that is under way; clones wait for the same.
#[derive(Clone)]
pub(super) struct Flight {
    pub(super) number: u64,
    /// Whether it gets a token, and does not end a session.
    pub(super) is_acquisition: bool,
    /// `None` if the task went away without an outcome.
    outcome: Shared<BoxFuture<'static, Option<Outcome>>>,
    stalled_at: Option<Instant>,
    task: Option<AbortHandle>,
}

/// How a wait for a flight ended.
pub(super) enum Arrival {
    Outcome(Outcome),
    /// Its runtime ended before the work did.
    Abandoned,
    /// Nobody drives its runtime.
    Stalled,
}

impl Flight {
    pub(super) async fn arrival(&self) -> Arrival {
        let outcome = async { self.outcome.clone().await.map_or(Arrival::Abandoned, Arrival::Outcome) };
        match self.stalled_at {
            None => outcome.await,
            Some(end) => tokio::time::timeout_at(end, outcome).await.unwrap_or(Arrival::Stalled),
        }
    }

    pub(super) fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Starts the work. A caller who goes away must not lose a rotated refresh token, so it runs in a
/// task of its own.
pub(super) fn start(
    cache: &Arc<Cache>,
    mut state: MutexGuard<'_, State>,
    work: Work,
    context: &Context,
) -> Flight {
    let limit = context.timeout().saturating_mul(REQUESTS).saturating_add(WAITS);
    let (sender, receiver) = oneshot::channel();
    state.flights += 1;
    let number = state.flights;
    let mut flight = Flight {
        number,
        is_acquisition: matches!(work, Work::Acquire),
        outcome: receiver.map(std::result::Result::ok).boxed().shared(),
        stalled_at: Instant::now().checked_add(limit.saturating_add(STALLED)),
        task: None,
    };
    state.flight = Some(flight.clone());
    // A runtime that is shutting down drops the task at once, and that takes the lock.
    drop(state);
    let pilot = Pilot { cache: cache.clone(), number, sender: Some(sender) };
    let task = tokio::spawn(pilot.fly(work, context.clone(), limit)).abort_handle();
    flight.task = Some(task.clone());
    if let Some(present) = cache.lock().flight.as_mut().filter(|present| present.number == number) {
        present.task = Some(task);
    }
    flight
}

struct Pilot {
    cache: Arc<Cache>,
    number: u64,
    sender: Option<oneshot::Sender<Outcome>>,
}

impl Pilot {
    async fn fly(mut self, work: Work, context: Context, limit: Duration) {
        let asked_at = context.clock().now();
        let run = AssertUnwindSafe(work.run(&self.cache, &context)).catch_unwind();
        let outcome = match tokio::time::timeout(limit, run).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(Error::new(ErrorKind::LoginFailed, "the token source panicked")),
            Err(_) => {
                let message = "the login took longer than four requests and the waits between them may";
                Err(Error::new(ErrorKind::Timeout, message))
            }
        };
        let outcome = self.cache.settle(self.number, outcome, asked_at, &context);
        if let Some(sender) = self.sender.take() {
            // Whoever waited may have gone.
            let _ = sender.send(outcome);
        }
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if self.sender.is_some() {
            self.cache.abandoned(self.number);
        }
    }
}
