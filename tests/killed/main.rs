//! A process that lists is killed at any moment and started again, two hundred times: what its lives
//! wrote down, put together, is the listing, each item once. The fakes run here, and the
//! [`application`] is this binary once more.
//!
//! `KILLED_SEED` makes another run: other lives, and other changes of the collection between
//! them. What a life was doing besides, when it ended, is up to the scheduler. `KILLED_TIMES` sets
//! how often each test kills.

mod application;
mod borders;
mod changes;
mod life;
mod record;
mod refusals;
mod world;

use std::{
    collections::HashSet,
    env, fmt,
    time::{Duration, Instant},
};

use self::{application::Task, changes::Changes, life::Life, record::Record, world::World};

const TIMES: usize = 200;
/// The lives are the same in every run, so that a failure is one of the change at hand.
const SEED: u64 = 1;
/// A life writes down at most so many items, and up to so many parts of lines more while it is
/// being killed.
const LONGEST_LIFE: usize = 20;
const LEEWAY: usize = 6;
/// With these a listing outlasts its last kill, whatever is removed from it.
const ITEMS_A_LIFE: usize = LONGEST_LIFE + LEEWAY + changes::MOST;
/// A listing that was read in few lives has some left as well.
const MORE_ITEMS: usize = 100;

/// Also the listing application: with the environment that a killer gives it, it is the process that
/// is killed.
#[test]
fn symphony_forwards() {
    if let Some(task) = Task::given() {
        return task.run();
    }
    let times = times();
    Run::of(World::symphony(items(times)), times).undisturbed();
}

#[test]
fn symphony_backwards() {
    let times = times();
    Run::of(World::symphony(items(times)).backwards(), times).undisturbed();
}

#[test]
fn crm_gateway_side_by_side() {
    let times = times();
    Run::of(World::crm_gateway(items(times)), times).undisturbed();
}

#[test]
fn symphony_while_advisors_come_and_go() {
    let times = times();
    Run::of(World::symphony(items(times)), times).with_changes();
}

#[test]
fn symphony_backwards_while_advisors_come_and_go() {
    let times = times();
    Run::of(World::symphony(items(times)).backwards(), times).with_changes();
}

#[test]
fn crm_gateway_while_entitlements_come_and_go() {
    let times = times();
    Run::of(World::crm_gateway(items(times)), times).with_changes();
}

/// One listing, from its first life to its last.
struct Run {
    world: World,
    times: usize,
    seed: u64,
    random: fastrand::Rng,
    record: Record,
    begun: Instant,
    figures: Figures,
}

#[derive(Default)]
struct Figures {
    /// Lives that ended when all pages were there that are fetched ahead; others may have.
    ahead: usize,
    /// Lives that left half a line behind, and lives that wrote down no item.
    torn: usize,
    empty: usize,
    requests: u64,
    pages: u64,
    took: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ahead, torn, empty, requests, pages, took } = self;
        write!(
            f,
            "{ahead} were well ahead, {torn} left half a line, {empty} wrote nothing; {requests} requests for {pages} pages, {:.1} s",
            took.as_secs_f64()
        )
    }
}

impl Run {
    fn of(world: World, times: usize) -> Self {
        let seed = number("KILLED_SEED").unwrap_or(SEED);
        let record = Record::new(world.name());
        println!("{}: {times} kills; KILLED_SEED={seed} repeats them", world.name());
        let random = fastrand::Rng::with_seed(seed);
        Self { world, times, seed, random, record, begun: Instant::now(), figures: Figures::default() }
    }

    /// The collection stays the same: every item once, in order.
    fn undisturbed(mut self) {
        let reference = self.world.reference();
        for _ in 0..self.times {
            self.live();
        }
        let written = self.finish();
        let difference = written.iter().zip(&reference).position(|(one, other)| one != other);
        assert!(
            written == reference,
            "{} of {} items were written, the first that differs is {difference:?}; {}",
            written.len(),
            reference.len(),
            self.again()
        );
    }

    /// Others add and remove between the lives: nothing comes twice, and what stays is not lost.
    fn with_changes(mut self) {
        let reference = self.world.reference();
        let mut changes = Changes::of(&reference);
        for _ in 0..self.times {
            self.live();
            changes.happen(&self.world, &self.record.ids(), &mut self.random);
        }
        let written = self.finish();
        let again = self.again();
        let mut seen = HashSet::new();
        let twice: Vec<_> = written.iter().filter(|id| !seen.insert(id.as_str())).collect();
        assert!(twice.is_empty(), "{twice:?} were written twice; {again}");
        let lost: Vec<_> = changes.stayed().filter(|id| !seen.contains(id)).collect();
        assert!(lost.is_empty(), "{lost:?} were there all the time and lost; {again}");
        let known: HashSet<_> = changes.stayed().collect();
        let in_order = written.iter().map(String::as_str).filter(|id| known.contains(id));
        // Backwards, a page reaches further back where some of it were removed, and those come first.
        let has_order = !self.world.is_backwards();
        assert!(!has_order || in_order.eq(changes.stayed()), "what stayed is out of order; {again}");
        println!("{changes}");
    }

    /// One life, and its end.
    fn live(&mut self) {
        let steps = self.random.usize(0..=2 * LONGEST_LIFE);
        let leeway = self.random.usize(0..=LEEWAY);
        let waits = self.random.bool();
        let before = self.record.read();
        let requests = self.world.requests();
        let mut life = Life::begin(&self.world.task(self.record.path()));
        life.allow(steps + leeway);
        assert!(life.reach(steps), "it went away by itself; {}", self.again());
        if waits {
            let is_ahead = self.world.reaches(requests + application::PAGES_AHEAD + 1);
            assert!(is_ahead, "nothing was fetched ahead; {}", self.again());
            self.figures.ahead += 1;
        }
        life.kill();
        let after = self.record.read();
        self.figures.torn += usize::from(after.is_torn);
        self.figures.empty += usize::from(after.lines.len() == before.lines.len());
    }

    /// The last life, which nobody ends. All that was written down, by all lives.
    fn finish(&mut self) -> Vec<String> {
        let mut life = Life::begin(&self.world.task(self.record.path()));
        life.allow(4 * items(self.times));
        assert!(life.finish(), "the last life failed; {}", self.again());
        self.figures.took = self.begun.elapsed();
        (self.figures.requests, self.figures.pages) = (self.world.requests(), self.world.pages());
        println!("{}: {}", self.world.name(), self.figures);
        let written = self.record.read();
        assert!(!written.is_torn, "the last line is half a line; {}", self.again());
        for (index, line) in written.lines.iter().enumerate() {
            assert_eq!(line.cursor().items_so_far(), index as u64 + 1, "line {index}; {}", self.again());
        }
        self.record.ids()
    }

    fn again(&self) -> String {
        format!(
            "{}: KILLED_SEED={} KILLED_TIMES={} cargo test --features fakes --test killed -- --nocapture",
            self.world.name(),
            self.seed,
            self.times
        )
    }
}

fn items(times: usize) -> usize {
    times * ITEMS_A_LIFE + MORE_ITEMS
}

fn times() -> usize {
    number("KILLED_TIMES").and_then(|times| usize::try_from(times).ok()).unwrap_or(TIMES)
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}
