//! Virtual time: the clock of client and fakes is the one of a runtime that stands still.

use std::time::{Duration, Instant, SystemTime};

use entitlements::time::{BoxFuture, Clock};

/// Moves when every task waits, to the next moment for which one of them waits. So delays of the
/// fakes, timeouts and pauses keep their order, as they would in a real day.
#[derive(Debug, Clone)]
pub(crate) struct Virtual {
    start: Instant,
    wall: SystemTime,
}

impl Virtual {
    /// A clock whose second begins so long before now; tokens count in whole seconds.
    pub(crate) fn new(into_second: Duration) -> Self {
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + into_second;
        Self { start: tokio::time::Instant::now().into_std(), wall }
    }
}

impl Clock for Virtual {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> SystemTime {
        self.wall + (self.now() - self.start)
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
