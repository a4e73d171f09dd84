//! What happens in one day of virtual time. All of it follows from the seed.

use std::time::Duration;

use entitlements::fakes::{Fault, Faults, RateHeader};
use fastrand::Rng;

const DAY: u64 = 24 * 60 * 60 * 1000;
const MINUTE: u64 = 60 * 1000;
/// Longer than a client waits for an answer.
const TOO_SLOW: Duration = Duration::from_secs(40);
/// A request counts as under way for less than the shortest delay of an answer.
pub(crate) const AT_WORK: Duration = Duration::from_millis(50);

#[derive(Debug)]
pub(crate) struct Day {
    /// In their order.
    pub(crate) calls: Vec<Plan>,
    pub(crate) decrees: Vec<Strike>,
    pub(crate) weather: Vec<(Duration, Faults)>,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) at: Duration,
    /// How often others have their turn before it starts.
    pub(crate) yields: u32,
    /// How long a request is on its way to the API.
    pub(crate) on_its_way: Duration,
    pub(crate) leaves: Leaves,
}

/// When the caller goes away.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Leaves {
    Never,
    /// Its future is dropped instead of being polled once more. One that is `eager` is polled
    /// without having been woken, and so goes in the middle of a wait.
    AfterPolls {
        polls: u32,
        eager: bool,
    },
    After(Duration),
}

/// An administrator's decree, and when it comes.
#[derive(Debug)]
pub(crate) struct Strike {
    pub(crate) at: Duration,
    pub(crate) decree: Decree,
    /// Not before the next token request, whose answer takes its time: the token in it has ended
    /// before it arrives.
    pub(crate) under_way: Option<Faults>,
}

/// What an administrator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decree {
    LogOutAll,
    PushNotBefore,
    RevokeAccessTokens,
}

impl Day {
    pub(crate) fn new(seed: u64, calls: usize) -> Self {
        let mut random = Rng::with_seed(seed);
        // On some days sessions reach their longest life, because nothing ends them before.
        let is_calm = seed.is_multiple_of(8);
        let longest_pause = if is_calm { 5 } else { random.choice([5, 25, 60]).expect("some") };
        let calls = calls_of(&mut random, calls, longest_pause * MINUTE);
        let [some_decrees, some_weather] = [random.u64(1..=8), random.u64(5..=60)];
        let most = if is_calm { 0 } else { some_decrees };
        let decrees = moments(&mut random, most, 5 * MINUTE);
        let strike = |at| {
            let decree = random.choice(DECREES).expect("some");
            let slow = Fault::delay(Duration::from_secs(random.u64(2..10)));
            let slow = random.bool().then(|| slow.then(calm(&mut random)));
            Strike { at, decree, under_way: slow }
        };
        let decrees = decrees.into_iter().map(strike).collect();
        let most = if is_calm { 0 } else { random.choice([3, some_weather]).expect("some") };
        Self { calls, decrees, weather: weather(&mut random, most) }
    }
}

const DECREES: [Decree; 3] = [Decree::LogOutAll, Decree::PushNotBefore, Decree::RevokeAccessTokens];

/// Calls in busy times, alone and in bursts, with pauses of up to an hour between them.
fn calls_of(random: &mut Rng, count: usize, longest_pause: u64) -> Vec<Plan> {
    let (mut busy, mut at) = (Vec::new(), 0);
    while at < DAY {
        let until = (at + random.u64(MINUTE..30 * MINUTE)).min(DAY);
        busy.push(at..until);
        // Short pauses are more frequent than long ones.
        let share = random.u64(0..1000) * random.u64(0..1000);
        at = until + MINUTE / 2 + longest_pause * share / 1_000_000;
    }
    let mut moments = Vec::with_capacity(count);
    while moments.len() < count {
        let stretch = random.choice(&busy).expect("some").clone();
        let near = random.u64(stretch);
        let size = if random.u32(0..10) == 0 { random.usize(2..80) } else { 1 };
        let size = size.min(count - moments.len());
        let spread = random.choice([1, 100, 3_000]).expect("some");
        moments.extend((0..size).map(|_| near + random.u64(0..spread)));
    }
    moments.sort_unstable();
    moments.into_iter().map(|at| plan(random, at)).collect()
}

fn plan(random: &mut Rng, at: u64) -> Plan {
    let leaves = match random.u32(0..10) {
        0 | 1 => Leaves::AfterPolls { polls: random.u32(0..8), eager: random.bool() },
        2 => Leaves::After(Duration::from_millis(random.u64(0..3_000))),
        _ => Leaves::Never,
    };
    let on_its_way = Duration::from_millis(if random.bool() { 0 } else { random.u64(1..2_000) });
    Plan { at: Duration::from_millis(at), yields: random.u32(0..4), on_its_way, leaves }
}

/// At most so many moments of a day, so far apart at least.
fn moments(random: &mut Rng, most: u64, apart: u64) -> Vec<Duration> {
    let mut moments: Vec<_> = (0..most).map(|_| random.u64(0..DAY)).collect();
    moments.sort_unstable();
    moments.dedup_by(|next, kept| *next < *kept + apart);
    moments.into_iter().map(Duration::from_millis).collect()
}

/// Answers that are lost. At most two in a row, because a login is tried three times: an
/// acquisition takes less time than lies between two changes of the weather, so it sees two of
/// them at most.
fn weather(random: &mut Rng, most: u64) -> Vec<(Duration, Faults)> {
    let mut before = 0;
    let mut all = vec![(Duration::ZERO, calm(random))];
    for at in moments(random, most, 3 * MINUTE) {
        let lost = random.u32(0..=2 - before);
        before = lost;
        let faults: Vec<_> = (0..lost).map(|_| Faults::from(bad(random))).collect();
        let afterwards = calm(random);
        all.push((at, faults.into_iter().rev().fold(afterwards, |then, first| first.then(then))));
    }
    all
}

/// Answers that take their time and arrive.
fn calm(random: &mut Rng) -> Faults {
    let times = [60, 60, 100, 100, 200, 200, 400, 900, 4_000, 12_000];
    let times = times.into_iter().map(|time| Fault::delay(Duration::from_millis(time)));
    Faults::one_of(times, 1.0, random.u64(..))
}

/// An answer that is lost, or one that says when to come again.
fn bad(random: &mut Rng) -> Fault {
    let bytes = random.usize(0..400);
    let fault = match random.u32(0..12) {
        0 => Fault::reset().after_change(),
        1 => Fault::reset(),
        2 => Fault::status(502).after_change(),
        3 => Fault::html(502).after_change(),
        4 => Fault::status(500).after_change(),
        5 => Fault::status(503),
        6 => Fault::truncated_body(bytes),
        7 => Fault::reset_after(bytes * 2),
        8 => Fault::closed_after(bytes * 2),
        9 => return Fault::delay(TOO_SLOW),
        10 => Fault::status(504).after_change(),
        _ => Fault::too_many_requests(RateHeader::RetryAfter(Duration::from_secs(random.u64(1..5)))),
    };
    fault.delayed(Duration::from_millis(random.u64(60..1_000)))
}

/// What a fault did, by its name in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The answer arrived.
    Arrived,
    /// The request was refused for now, and nothing was done.
    PutOff,
    /// The client cannot know whether it was carried out.
    Lost { carried_out: bool },
}

impl Fate {
    pub(crate) fn of(fault: &str) -> Self {
        let too_slow = format!("delayed by {TOO_SLOW:?}");
        if fault.ends_with("(no effect)") || fault.starts_with("none") && !fault.ends_with(&too_slow) {
            Self::Arrived
        } else if fault.starts_with("status 429") {
            Self::PutOff
        } else {
            let instead = fault.starts_with("reset,") || fault.starts_with("status");
            Self::Lost { carried_out: !instead || fault.contains("after the change") }
        }
    }
}
