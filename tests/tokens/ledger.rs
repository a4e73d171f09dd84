//! Judges the token requests of a day by the fake's journal: each login needs a reason of its own.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use entitlements::fakes::{
    Entry, Journal,
    keycloak::{Call, Operation},
};

use super::{
    day::{Decree, Fate},
    figures::Figures,
};

pub(crate) const ACCESS: u64 = 300;
pub(crate) const IDLE: u64 = 1_800;
pub(crate) const LONGEST: u64 = 36_000;
/// Before that no token is renewed that nobody refused; rounding to seconds takes one of them.
const EARLIEST_RENEWAL: u64 = ACCESS * 4 / 5 - 1;

/// A decree and how many token requests there had been.
pub(crate) type Decreed = (u64, Decree);

#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) figures: Figures,
    pub(crate) violations: Vec<String>,
    /// Started and used last, in seconds.
    session: Option<(u64, u64)>,
    /// There is a reason for a login.
    may_log_in: bool,
    /// The newest token was ended by an administrator.
    is_ended: bool,
    shown: HashSet<String>,
}

impl Ledger {
    pub(crate) fn read(journal: &Journal<Call>, decrees: impl Iterator<Item = Decreed>) -> Self {
        let mut ledger = Self { may_log_in: true, ..Self::default() };
        let mut decrees = decrees.peekable();
        for entry in journal.entries_of(Operation::Token) {
            while let Some((_, decree)) = decrees.next_if(|(requests, _)| *requests < entry.number) {
                ledger.decree(decree);
            }
            ledger.request(entry);
        }
        let figures = ledger.figures;
        let reasons = 1 + figures.session_ends() + figures.lost();
        // Those that were carried out although their answer was lost count as well.
        if figures.logins > reasons {
            ledger.violations.push(format!("{} logins for {reasons} reasons", figures.logins));
        }
        ledger
    }

    fn decree(&mut self, decree: Decree) {
        self.is_ended = true;
        if decree != Decree::RevokeAccessTokens && !self.may_log_in && self.session.is_some() {
            self.figures.decreed_ends += 1;
            self.may_log_in = true;
        }
    }

    fn request(&mut self, entry: &Entry<Call>) {
        let fate = entry.fault.as_deref().map_or(Fate::Arrived, Fate::of);
        match entry.request.form("grant_type").as_deref() {
            Some("password") => self.log_in(entry, fate),
            Some("refresh_token") => self.refresh(entry, fate),
            other => self.violate(entry, &format!("a token request with grant {other:?}")),
        }
    }

    fn log_in(&mut self, entry: &Entry<Call>, fate: Fate) {
        let now = seconds(entry.at);
        if let (false, Some((started, last))) = (self.may_log_in, self.session) {
            if now >= last + IDLE {
                self.figures.idle_ends += 1;
            // Its tokens are so short that a new session is due.
            } else if now + ACCESS / 2 > started + LONGEST {
                self.figures.longest_ends += 1;
            } else {
                self.violate(entry, "a login without a reason");
            }
        }
        self.may_log_in = true;
        match fate {
            Fate::PutOff => {}
            Fate::Lost { carried_out } => {
                self.figures.lost_logins += 1;
                self.figures.logins += u64::from(carried_out);
            }
            Fate::Arrived => {
                self.figures.logins += 1;
                if entry.status.is_none_or(|status| status != 200) {
                    self.violate(entry, "a login was refused");
                }
                (self.session, self.may_log_in, self.is_ended) = (Some((now, now)), false, false);
            }
        }
    }

    fn refresh(&mut self, entry: &Entry<Call>, fate: Fate) {
        let now = seconds(entry.at);
        let token = entry.request.form("refresh_token").unwrap_or_default();
        if self.shown.contains(&token) {
            self.violate(entry, "a refresh token was sent again that may be spent");
        }
        if fate == Fate::PutOff {
            return;
        }
        self.shown.insert(token);
        let Some((started, last)) = self.session else {
            return self.violate(entry, "a refresh before there was a session");
        };
        let is_short = last + ACCESS > started + LONGEST;
        if now < last + EARLIEST_RENEWAL && !self.is_ended && !is_short {
            self.violate(entry, "a refresh although the token was good");
        }
        match fate {
            Fate::Lost { carried_out } => {
                self.figures.lost_refreshes += 1;
                self.figures.refreshes += u64::from(carried_out);
                self.may_log_in = true;
            }
            Fate::Arrived if entry.status.is_some_and(|status| status == 200) => {
                self.figures.refreshes += 1;
                self.session = Some((started, now));
                self.is_ended = false;
            }
            // The session was over; the login that follows is asked for the reason.
            Fate::Arrived | Fate::PutOff => {}
        }
    }

    fn violate(&mut self, entry: &Entry<Call>, what: &str) {
        self.violations.push(format!("{what}: request {}", entry.number));
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map(|passed: Duration| passed.as_secs()).unwrap_or_default()
}
