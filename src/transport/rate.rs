//! No more calls in a span of time than a server allows, counted where the server sees them.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};
use tokio::sync::Notify;

use crate::{Error, Result, time::Clock};

/// A server that asks for a longer pause is asked again after this one: a single wrong header must
/// not silence a client for good.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How many calls may reach a server in a sliding window of time.
///
/// Give it to the `rate_limit` method of a builder, for example to stay below what a server
/// allows. Clones count together: clients that were given clones of one value keep to it
/// together, and pause together when the server answers 429.
///
/// A call counts from its sending until a window after its end, because the server sees it at
/// some moment between the two. So no window at the server has more calls than the limit,
/// however long a request was on its way to an answer; the price is that slow answers lower the
/// rate a little. A call that was given up counts as seen when it was.
/// Calls that wait are served in the order in which they came, and one that is dropped gives its
/// place back.
///
/// ```
/// use std::time::Duration;
/// use entitlements::RateLimit;
///
/// let limit = RateLimit::new(25, Duration::from_secs(1)).and(1_000, Duration::from_secs(60));
/// let same = limit.clone(); // for another client: both count together
/// ```
#[derive(Clone)]
pub struct RateLimit(Arc<Limiter>);

struct Limiter {
    windows: Vec<Window>,
    /// Held by the caller whose turn it is; the lock is fair, so it is also the queue.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    /// Tells the caller whose turn it is that something has changed.
    changed: Notify,
    paused: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    calls: u32,
    length: Duration,
}

#[derive(Default)]
struct State {
    /// Calls that were let in and have not ended.
    running: u32,
    /// For each window, when the calls ended that still count in it.
    ended: Vec<VecDeque<Instant>>,
    paused_until: Option<Instant>,
}

/// Whether the next call may be sent.
enum Admission {
    Granted,
    /// Not before this moment.
    At(Instant),
    /// Not before another call has ended.
    AfterAnother,
}

/// Why a call was not let in, and how long it would have had to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The server asked for a pause that is too long for this call.
    Paused(Duration),
    /// The limit has no room before the deadline of the call.
    Full(Duration),
}

impl fmt::Debug for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let windows = self.0.windows.iter().map(|window| (window.calls, window.length));
        f.debug_tuple("RateLimit").field(&windows.collect::<Vec<_>>()).finish()
    }
}

impl RateLimit {
    /// At most `calls` in any span of `window`.
    ///
    /// A client is built only if `calls` is at least 1 and `window` lies between a millisecond
    /// and a day.
    #[must_use]
    pub fn new(calls: u32, window: Duration) -> Self {
        Self::of_windows(vec![(calls, window)])
    }

    /// No limit. A 429 pauses the callers all the same.
    #[must_use]
    pub fn none() -> Self {
        Self::with_windows(Vec::new())
    }

    /// The same and at most `calls` in any span of `window`. The result counts for itself.
    #[must_use]
    pub fn and(&self, calls: u32, window: Duration) -> Self {
        let mut windows = self.0.windows.clone();
        windows.push(Window { calls, length: window });
        Self::with_windows(windows)
    }

    pub(crate) fn of_windows(windows: Vec<(u32, Duration)>) -> Self {
        let window = |(calls, length)| Window { calls, length };
        Self::with_windows(windows.into_iter().map(window).collect())
    }

    fn with_windows(windows: Vec<Window>) -> Self {
        let ended = windows.iter().map(|_| VecDeque::new()).collect();
        Self(Arc::new(Limiter {
            windows,
            turn: tokio::sync::Mutex::default(),
            state: Mutex::new(State { ended, ..State::default() }),
            changed: Notify::new(),
            paused: AtomicBool::new(false),
        }))
    }

    pub(crate) fn check(&self) -> Result<()> {
        let is_usable = |window: &Window| {
            window.calls > 0 && (Duration::from_millis(1)..=LONGEST_WINDOW).contains(&window.length)
        };
        if self.0.windows.iter().all(is_usable) {
            return Ok(());
        }
        Err(Error::configuration(
            "the rate limit needs at least one call and a window between a millisecond and a day",
        ))
    }

    #[cfg(feature = "connect")]
    pub(crate) fn windows(&self) -> Vec<(u32, Duration)> {
        self.0.windows.iter().map(|window| (window.calls, window.length)).collect()
    }

    #[cfg(test)]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    #[cfg(feature = "connect")]
    pub(crate) fn downgrade(&self) -> WeakRateLimit {
        WeakRateLimit(Arc::downgrade(&self.0))
    }

    /// Lets all callers wait before their next request.
    pub(crate) fn pause(&self, now: Instant, wait: Duration) {
        let Some(until) = now.checked_add(wait.min(LONGEST_PAUSE)) else { return };
        let mut state = self.0.lock();
        state.paused_until = state.paused_until.max(Some(until));
        self.0.paused.store(true, Ordering::Release);
    }

    /// Whether calls are let in without being counted or asked to wait.
    pub(crate) fn is_open(&self) -> bool {
        self.0.windows.is_empty() && !self.0.paused.load(Ordering::Acquire)
    }

    /// Waits for its turn and for room. Fails at once when it is known that there will be none
    /// before the deadline, or that the server wants a pause longer than `longest_pause`.
    pub(crate) async fn enter<'a>(
        &'a self,
        clock: &'a dyn Clock,
        deadline: Option<Instant>,
        longest_pause: Duration,
    ) -> Result<Slot<'a>, Refused> {
        let limiter = &*self.0;
        limiter.refuse_long_pause(clock.now(), deadline, longest_pause)?;
        limiter.refuse_without_room(clock.now(), deadline)?;
        let _turn = limiter.turn.lock().await;
        loop {
            let now = clock.now();
            limiter.refuse_long_pause(now, deadline, longest_pause)?;
            match limiter.admit(now) {
                Admission::Granted => return Ok(Slot { limiter, clock, reached_server: false }),
                Admission::At(moment) => {
                    limiter.refuse_without_room(now, deadline)?;
                    let pause = clock.pause(moment.saturating_duration_since(now));
                    let changed = Box::pin(limiter.changed.notified());
                    let (Either::Left(_) | Either::Right(_)) = select(pause, changed).await;
                }
                Admission::AfterAnother => limiter.changed.notified().await,
            }
        }
    }
}

/// A limit that ends with the last client that keeps to it.
#[cfg(feature = "connect")]
pub(crate) struct WeakRateLimit(std::sync::Weak<Limiter>);

#[cfg(feature = "connect")]
impl WeakRateLimit {
    pub(crate) fn upgrade(&self) -> Option<RateLimit> {
        self.0.upgrade().map(RateLimit)
    }
}

impl Limiter {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse_long_pause(
        &self,
        now: Instant,
        deadline: Option<Instant>,
        longest_pause: Duration,
    ) -> Result<(), Refused> {
        let Some(until) = self.lock().paused_until else { return Ok(()) };
        let wait = until.saturating_duration_since(now);
        if wait > longest_pause || deadline.is_some_and(|deadline| deadline <= until && !wait.is_zero()) {
            return Err(Refused::Paused(wait));
        }
        Ok(())
    }

    fn admit(&self, now: Instant) -> Admission {
        let mut state = self.lock();
        let room = self.room(&mut state, now);
        if matches!(room, Admission::Granted) {
            state.running += 1;
        }
        room
    }

    /// Refuses what could not be let in before its deadline even if nobody waited before it.
    fn refuse_without_room(&self, now: Instant, deadline: Option<Instant>) -> Result<(), Refused> {
        match self.room(&mut self.lock(), now) {
            Admission::At(moment) if deadline.is_some_and(|deadline| deadline <= moment) => {
                Err(Refused::Full(moment.saturating_duration_since(now)))
            }
            _ => Ok(()),
        }
    }

    fn room(&self, state: &mut State, now: Instant) -> Admission {
        if let Some(until) = state.paused_until {
            if now < until {
                return Admission::At(until);
            }
            state.paused_until = None;
            self.paused.store(false, Ordering::Release);
        }
        let State { running, ended, .. } = state;
        let mut room = Admission::Granted;
        for (window, ended) in self.windows.iter().zip(ended) {
            while ended.front().is_some_and(|end| *end + window.length <= now) {
                ended.pop_front();
            }
            if ended.len() + (*running as usize) < window.calls as usize {
                continue;
            }
            let Some(first) = ended.front() else { return Admission::AfterAnother };
            let free = *first + window.length;
            room = match room {
                Admission::At(other) => Admission::At(other.max(free)),
                _ => Admission::At(free),
            };
        }
        room
    }
}

/// The place of one request in its windows.
pub(crate) struct Slot<'a> {
    limiter: &'a Limiter,
    clock: &'a dyn Clock,
    reached_server: bool,
}

impl Slot<'_> {
    /// Whether the server may have seen the request; until this is said, it has not.
    pub(crate) fn set_reached_server(&mut self, reached: bool) {
        self.reached_server = reached;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let now = self.clock.now();
        let mut state = self.limiter.lock();
        state.running -= 1;
        if self.reached_server {
            for ended in &mut state.ended {
                ended.push_back(now);
            }
        }
        drop(state);
        self.limiter.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
