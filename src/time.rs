//! Time as a dependency: what expires, waits or backs off asks a [`Clock`].
//!
//! A test hands the client a clock of its own and sees an hour pass at once. Socket timeouts are
//! not part of it: they stay on the runtime's clock, because a virtual pause beside real I/O
//! would end before the I/O could.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// A boxed future, as object-safe traits need one.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Tells the time and waits.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The monotonic time, for expiry and waiting.
    fn now(&self) -> Instant;

    /// The wall clock, for the claims of a signed token.
    fn wall(&self) -> SystemTime;

    /// Completes after `duration`. Dropping the future ends the wait.
    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Instant {
        (**self).now()
    }

    fn wall(&self) -> SystemTime {
        (**self).wall()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        (**self).pause(duration)
    }
}

/// The machine's own clock; the default of every client.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// A clock for tests: it stands still until it is moved, and a pause moves it at once.
///
/// Clones share the same time, so one value can drive a client and a fake together.
///
/// ```
/// use std::time::Duration;
/// use entitlements::time::{Clock, TestClock};
///
/// let clock = TestClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(300));
/// assert_eq!(clock.now() - before, Duration::from_secs(300));
/// ```
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Epoch>);

#[derive(Debug)]
struct Epoch {
    start: Instant,
    wall: SystemTime,
    passed: Mutex<Duration>,
}

impl TestClock {
    /// A clock that starts at the machine's present time.
    #[must_use]
    pub fn new() -> Self {
        let passed = Mutex::new(Duration::ZERO);
        Self(Arc::new(Epoch { start: Instant::now(), wall: SystemTime::now(), passed }))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        *self.0.passed.lock().unwrap_or_else(PoisonError::into_inner) += duration;
    }

    /// How far the clock was moved since it was made, pauses included.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        *self.0.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.0.start + self.elapsed()
    }

    fn wall(&self) -> SystemTime {
        self.0.wall + self.elapsed()
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move { clock.advance(duration) })
    }
}
