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
            return Err(Error::configuration(
                "`max_concurrency(0)` would let no call through; set at least 1",
            ));
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
        Refused::Full(wait) => {
            ("the rate limit of this client has no room before the deadline of the call", wait)
        }
    };
    Error::new(ErrorKind::RateLimited, message).with_retry_after(wait)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::time::SystemClock;

    fn gate(concurrency: usize, rate: RateLimit) -> Result<Gate> {
        Gate::new(concurrency, rate, Arc::new(SystemClock), Duration::from_secs(60))
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_requests_at_the_same_time_than_allowed() {
        let gate = gate(3, RateLimit::none()).expect("a gate");
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let request = async |_| {
            let _pass = gate.enter(None).await.expect("no deadline");
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        };
        join_all((0..20).map(request)).await;
        assert_eq!(most.into_inner(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_its_place_until_its_deadline() {
        let gate = gate(1, RateLimit::none()).expect("a gate");
        let first = gate.enter(None).await.expect("free");
        let began = tokio::time::Instant::now();
        let deadline = Some(Instant::now() + Duration::from_secs(5));
        let error = gate.enter(deadline).await.err().expect("no place");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!((4..=5).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
        drop(first);
        gate.enter(deadline).await.expect("free again");
    }

    #[tokio::test]
    async fn what_the_limit_refuses_says_when_to_come_back() {
        let gate = gate(1, RateLimit::none()).expect("a gate");
        gate.pause(Duration::from_secs(300));
        let error = gate.enter(None).await.err().expect("a long pause");
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(290)));
    }

    #[test]
    fn a_gate_that_lets_nothing_through_is_refused() {
        assert!(gate(0, RateLimit::none()).is_err());
        assert!(gate(1, RateLimit::new(0, Duration::from_secs(1))).is_err());
        assert!(gate(usize::MAX, RateLimit::none()).is_ok());
    }
}
