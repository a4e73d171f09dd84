//! The token of a credential through thousands of days, each from a seed of its own: rotation on,
//! answers that are lost, callers who go away, sessions that end. The fake Keycloak is called in
//! process, and time is virtual.
//!
//! `TOKENS_SCHEDULES` sets how many days, `TOKENS_SEED` the first of them, which is the only one
//! unless their number is set. A day is the same in every run: time, jitter and the order of the
//! tasks follow from its seed.

mod caller;
mod clock;
mod day;
mod figures;
mod forbidden;
mod ledger;
mod simulation;
mod thousand;
mod wrong_password;

use std::{
    env,
    time::{Instant, SystemTime},
};

use self::{
    figures::Figures,
    simulation::{By, Outcome},
};

/// As many as take some ten seconds where nothing is optimised.
const SCHEDULES: u64 = 24;
const CALLS: usize = 10_000;
/// Real calls take longer.
const CLIENT_SCHEDULES: u64 = 4;
const CLIENT_CALLS: usize = 1_000;
/// Of a message.
const MOST_LINES: usize = 20;

#[test]
fn no_call_of_any_day_fails_and_no_spent_token_is_shown() {
    go(SCHEDULES, CALLS, By::Cache);
}

#[test]
fn the_same_through_a_client() {
    go(CLIENT_SCHEDULES, CLIENT_CALLS, By::Client);
}

#[test]
fn a_seed_gives_the_same_day_again() {
    for seed in [1, 4711] {
        let [one, other] = [(); 2].map(|()| simulation::run(seed, 2_000, By::Cache));
        assert_eq!((one.figures, one.digest), (other.figures, other.digest), "seed {seed}");
    }
}

fn go(schedules: u64, calls: usize, by: By) {
    let (first, schedules) = match (number("TOKENS_SEED"), number("TOKENS_SCHEDULES")) {
        (Some(seed), count) => (seed, count.unwrap_or(1)),
        // The long run is one of the cache.
        (None, count) => (by_chance(), count.filter(|_| by == By::Cache).unwrap_or(schedules)),
    };
    println!("{by:?}: {schedules} schedules; TOKENS_SEED={first} TOKENS_SCHEDULES={schedules} repeats them");
    let (start, mut all) = (Instant::now(), Figures::default());
    for seed in first..first + schedules {
        let outcome = simulation::run(seed, calls, by);
        all += outcome.figures;
        assert!(outcome.violations.is_empty(), "{}", message(seed, &outcome));
    }
    println!("{}", all.line(start.elapsed()));
    assert!(all.logins <= schedules + all.session_ends() + all.lost(), "{all}");
    let kinds = [
        all.cancelled,
        all.replayed,
        all.lost_logins,
        all.lost_refreshes,
        all.idle_ends,
        all.longest_ends,
        all.decreed_ends,
    ];
    let is_long = by == By::Cache && schedules >= SCHEDULES;
    assert!(!is_long || kinds.iter().all(|count| *count > 0), "the days are too kind: {all}");
    assert!(all.unlucky * 1_000 <= all.calls.max(1_000), "too many excuses: {all}");
}

fn message(seed: u64, outcome: &Outcome) -> String {
    let Outcome { figures, violations, digest, journal } = outcome;
    let shown = violations.iter().take(MOST_LINES).map(String::as_str).collect::<Vec<_>>().join("\n");
    format!(
        "{} violations:\n{shown}\n{figures}\n{journal}\ndigest {digest:016x}\n\
         TOKENS_SEED={seed} cargo test --features fakes --test tokens -- --nocapture    # the same again",
        violations.len()
    )
}

fn by_chance() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    fastrand::Rng::with_seed(u64::from(now.subsec_nanos()) ^ now.as_secs()).u64(0..1_000_000_000)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}
