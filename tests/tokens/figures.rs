//! What is counted.

use std::{fmt, ops::AddAssign, time::Duration};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct Figures {
    pub(crate) schedules: u64,
    pub(crate) calls: u64,
    pub(crate) cancelled: u64,
    /// Calls whose token was refused, and that succeeded with the next.
    pub(crate) replayed: u64,
    /// Calls that failed because an administrator ended their second token as well.
    pub(crate) unlucky: u64,
    pub(crate) logins: u64,
    pub(crate) refreshes: u64,
    /// Answers of which the client cannot know whether the request was carried out.
    pub(crate) lost_logins: u64,
    pub(crate) lost_refreshes: u64,
    /// Sessions that were left alone for too long, reached their longest life, or were ended.
    pub(crate) idle_ends: u64,
    pub(crate) longest_ends: u64,
    pub(crate) decreed_ends: u64,
}

impl Figures {
    pub(crate) fn session_ends(&self) -> u64 {
        self.idle_ends + self.longest_ends + self.decreed_ends
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost_logins + self.lost_refreshes
    }

    /// With the time that it took.
    pub(crate) fn line(&self, took: Duration) -> String {
        format!("{self}\n{:.1} s, {:.1} ms a schedule", took.as_secs_f64(), {
            took.as_secs_f64() * 1e3 / f64::from(u32::try_from(self.schedules.max(1)).unwrap_or(u32::MAX))
        })
    }
}

impl AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.calls += other.calls;
        self.cancelled += other.cancelled;
        self.replayed += other.replayed;
        self.unlucky += other.unlucky;
        self.logins += other.logins;
        self.refreshes += other.refreshes;
        self.lost_logins += other.lost_logins;
        self.lost_refreshes += other.lost_refreshes;
        self.idle_ends += other.idle_ends;
        self.longest_ends += other.longest_ends;
        self.decreed_ends += other.decreed_ends;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "schedules {}, calls {}: cancelled {}, replayed {}, unlucky {}",
            self.schedules, self.calls, self.cancelled, self.replayed, self.unlucky
        )?;
        writeln!(
            f,
            "logins {}, refreshes {}, lost answers {} (to logins {}, to refreshes {})",
            self.logins,
            self.refreshes,
            self.lost(),
            self.lost_logins,
            self.lost_refreshes
        )?;
        write!(
            f,
            "sessions ended {}: idle {}, at their longest {}, by decree {}",
            self.session_ends(),
            self.idle_ends,
            self.longest_ends,
            self.decreed_ends
        )
    }
}
