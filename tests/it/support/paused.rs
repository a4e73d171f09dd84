//! Tokio's time as the clock of clients and fakes, for tests that pause it: it goes on when everybody
//! waits.

use std::{
    sync::LazyLock,
    time::{Duration, Instant, SystemTime},
};

use entitlements::time::{BoxFuture, Clock};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Paused;

static BEGINNING: LazyLock<Instant> = LazyLock::new(|| Paused.now());

impl Clock for Paused {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> SystemTime {
        // Its zero lies before the first look at it, also in another test's time.
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + self.now().duration_since(*BEGINNING)
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
