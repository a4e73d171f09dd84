//! What a request passes before it is sent: the limit on requests at the same time, and the limit
//! on requests in a span of time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::rate::{RateLimit, Refused, Slot};
use crate::{Error, ErrorKind, Result, time::Clock};

/// One gate of a client, of its clones, and of the clients made from it.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Fair: whoever waits longest is next.
    concurrency: Semaphore,
    rate: RateLimit,
    clock: Arc<dyn Clock>,
    longest_pause: Duration,
}

/// The leave to send one request; its places are free again when it is dropped.
pub(crate) struct Pass<'a> {
    slot: Option<Slot<'a>>,
    _permit: SemaphorePermit<'a>,
}

impl Pass<'_> {
    /// Whether the server may have seen the request.
    pub(crate) fn set_reached_server(&mut self, reached: bool) {
        if let Some(slot) = &mut self.slot {
            slot.set_reached_server(reached);
        }
    }
}

impl Gate {
    pub(crate) fn new(
        concurrency: usize,
        rate: RateLimit,
        clock: Arc<dyn Clock>,
        longest_pause: Duration,
    ) -> Result<Self> {
        if concurrency == 0 {
            return Err(Error::configuration("`max_concurrency(0)` would let no call through; set at least 1"));
        }
        rate.check()?;
        let concurrency = Semaphore::new(concurrency.min(Semaphore::MAX_PERMITS));
        Ok(Self { concurrency, rate, clock, longest_pause })
    }

    /// Waits until the request may be sent, at most until the deadline of the call.
    pub(crate) async fn enter(&self, deadline: Option<Instant>) -> Result<Pass<'_>> {
        let free = self.rate.is_open().then(|| self.concurrency.try_acquire());
        if let Some(Ok(permit)) = free {
            return Ok(Pass { slot: None, _permit: permit });
        }
        let left = deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(self.clock.now()));
        let waited = tokio::time::timeout(left, self.wait(deadline)).await;
        waited.unwrap_or_else(|_| {
            let message = "the limits of this client left no room for the call before its deadline";
            Err(Error::new(ErrorKind::Timeout, message))
        })
    }

    async fn wait(&self, deadline: Option<Instant>) -> Result<Pass<'_>> {
        let permit = self.concurrency.acquire().await;
        // A semaphore that nobody closes stays open.
        let permit = permit.map_err(|_| Error::new(ErrorKind::NotSent, "the client is being dropped"))?;
        if self.rate.is_open() {
            return Ok(Pass { slot: None, _permit: permit });
        }
        match self.rate.enter(&*self.clock, deadline, self.longest_pause).await {
            Ok(slot) => Ok(Pass { slot: Some(slot), _permit: permit }),
            Err(refused) => Err(refusal(refused)),
        }
    }

    /// Lets all callers wait, because the server said that there are too many requests.
    pub(crate) fn pause(&self, wait: Duration) {
        self.rate.pause(self.clock.now(), wait);
    }
}

fn refusal(refused: Refused) -> Error {
    let (message, wait) = match refused {
        Refused::Paused(wait) => {
            ("the server asked all callers for a pause that is longer than this call may wait", wait)
        }
        Refused::Full(wait) => ("the rate limit of this client has no room before the deadline of the call", wait),
    };
    Error::new(ErrorKind::RateLimited, message).with_retry_after(Some(wait))
}
