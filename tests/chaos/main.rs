//! Thousands of calls through fakes of all three services in bad weather: every fifth answer is
//! lost, broken, late or refused. A process of its own, so that memory and descriptors are its own.
//!
//! `CHAOS_CALLS` sets how many calls, `CHAOS_SEED` repeats a run: the same calls in the same order,
//! and the same faults for the n-th request of an operation. Which of the calls that are under way
//! meets which fault is up to the scheduler.

mod calls;
mod figures;
mod ledger;
mod world;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use self::{
    figures::{Figures, Usage},
    ledger::Ledger,
    world::{Random, World},
};

const CALLS: u64 = 5_000;
/// So many calls are under way at once.
const CONCURRENCY: u32 = 32;
/// After so many calls the journals are read; the fakes keep more requests than these can send.
const READ_EVERY: u64 = 100;
/// A call takes a few seconds at most.
const HANGING: Duration = Duration::from_secs(60);
/// How often it is looked whether the machine is late.
const PULSE: Duration = Duration::from_millis(10);
/// What calls may leave behind: arenas of the allocator that are not used to their full.
const GROWTH: u64 = 16 * 1024 * 1024;
/// What is there in the meantime, with all that is under way.
const PEAK: u64 = 48 * 1024 * 1024;
/// Connections of the pools, which come and go: two ends of two for each call that is under way.
const DESCRIPTORS: usize = 128;

struct Run {
    seed: u64,
    calls: u64,
    begun: AtomicU64,
    done: AtomicU64,
    world: World,
    ledger: Ledger,
    figures: Figures,
    /// The milliseconds by which the machine was late so far.
    late: AtomicU64,
}

#[test]
fn chaos() {
    let calls = number("CHAOS_CALLS").unwrap_or(CALLS);
    let seed = number("CHAOS_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Random::new(u64::from(now.subsec_nanos()) ^ now.as_secs()).below(1_000_000)
    });
    println!("{calls} calls; CHAOS_SEED={seed} repeats them");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let run = runtime.expect("a runtime").block_on(go(seed, calls));
    println!("{}", run.figures);
}

async fn go(seed: u64, calls: u64) -> Arc<Run> {
    let run = Arc::new(Run {
        seed,
        calls,
        begun: AtomicU64::new(0),
        done: AtomicU64::new(0),
        world: World::start(seed).await,
        ledger: Ledger::default(),
        figures: Figures::default(),
        late: AtomicU64::new(0),
    });
    watch(&run);
    let pulse = tokio::spawn(measure_lateness(run.clone()));
    // What any call needs is there before it is measured: pages of the allocator, tokens, journals
    // that are full.
    let warm_up = (calls / 5).max(READ_EVERY * u64::from(CONCURRENCY)).min(calls / 2);
    until(&run, warm_up).await;
    let before = Usage::now();
    until(&run, calls).await;
    pulse.abort();
    run.ledger.settle_all(&run.world, &run.figures).await;
    run.world.assert_settled();
    let after = Usage::now();
    run.figures.set_usage(before, after);
    assert_flat(before, after, run.figures.most_descriptors(), seed);
    run
}

/// Lets the workers go on until so many calls have begun, and waits for their ends.
async fn until(run: &Arc<Run>, calls: u64) {
    let workers: Vec<_> = (0..CONCURRENCY).map(|_| tokio::spawn(work(run.clone(), calls))).collect();
    for worker in workers {
        if let Err(error) = worker.await {
            panic!("with CHAOS_SEED={}: {error}", run.seed);
        }
    }
}

async fn work(run: Arc<Run>, until: u64) {
    while let Some(number) = next(&run.begun, until) {
        calls::call(&run, number).await;
        let done = run.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(READ_EVERY) {
            run.ledger.settle(&run.world, &run.figures);
            run.figures.see_descriptors();
        }
    }
}

/// A loaded machine wakes nobody in time, which is no fault of a call that has a deadline.
async fn measure_lateness(run: Arc<Run>) {
    loop {
        let start = Instant::now();
        tokio::time::sleep(PULSE).await;
        let late = start.elapsed().saturating_sub(2 * PULSE).as_millis();
        run.late.fetch_add(late.try_into().unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The number of the next call, below `end`.
fn next(begun: &AtomicU64, end: u64) -> Option<u64> {
    let next = |begun| (begun < end).then_some(begun + 1);
    begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()
}

/// Ends the process if no call comes to an end for a long time.
fn watch(run: &Arc<Run>) {
    let weak = Arc::downgrade(run);
    thread::spawn(move || {
        let mut last = u64::MAX;
        while let Some(run) = weak.upgrade() {
            let (seed, done) = (run.seed, run.done.load(Ordering::Relaxed));
            if done == last && done < run.calls {
                eprintln!("a call hangs after {done} calls with CHAOS_SEED={seed}");
                std::process::abort();
            }
            last = done;
            drop(run);
            thread::sleep(HANGING);
        }
    });
}

fn assert_flat(before: Usage, after: Usage, most_descriptors: usize, seed: u64) {
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown <= GROWTH, "memory grew by {grown} bytes with CHAOS_SEED={seed}");
    let peak = after.peak.saturating_sub(before.resident);
    assert!(peak <= PEAK, "memory grew by {peak} bytes in between, with CHAOS_SEED={seed}");
    let opened = most_descriptors.saturating_sub(before.descriptors);
    assert!(opened <= DESCRIPTORS, "{opened} more descriptors were open with CHAOS_SEED={seed}");
}

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}
