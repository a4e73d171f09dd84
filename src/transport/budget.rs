//! How many repeats all calls of a client may make together.

use std::sync::atomic::{AtomicU64, Ordering};

/// A repeat costs this much, and a success without one earns 1.
const REPEAT: u64 = 10;

/// A bucket of repeats. While a server is down, each call may be repeated until the bucket is
/// empty; then calls fail at their first attempt, so that repeats do not keep the server down.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicU64,
    full: u64,
}

impl Budget {
    pub(crate) fn new(repeats: u32) -> Self {
        let full = u64::from(repeats) * REPEAT;
        Self { left: AtomicU64::new(full), full }
    }

    /// Takes one repeat, if there is one.
    pub(crate) fn take(&self) -> bool {
        let take = |left: u64| left.checked_sub(REPEAT);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// A success: the repeat that was taken for it is given back, and one that took none earns a
    /// tenth.
    pub(crate) fn earn(&self, took_one: bool) {
        if self.left.load(Ordering::Relaxed) == self.full {
            return;
        }
        let earned = if took_one { REPEAT } else { 1 };
        let add = |left: u64| Some((left + earned).min(self.full));
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_uses_the_repeats_up_and_successes_earn_them_back() {
        let budget = Budget::new(3);
        assert_eq!((0..10).filter(|_| budget.take()).count(), 3);
        for _ in 0..9 {
            budget.earn(false);
        }
        assert!(!budget.take(), "nine successes earn nine tenths");
        budget.earn(false);
        assert!(budget.take());
        budget.earn(true);
        assert!(budget.take(), "a repeat that succeeded is given back");
    }

    #[test]
    fn it_never_holds_more_than_its_size() {
        let budget = Budget::new(1);
        for _ in 0..100 {
            budget.earn(true);
        }
        assert!(budget.take());
        assert!(!budget.take());
        assert!(!Budget::new(0).take());
    }
}
