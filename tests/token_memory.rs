//! Reading a token that is at hand allocates nothing: a process of its own, for its allocator.

#[path = "../benches/counting/mod.rs"]
mod counting;

use std::{
    fmt,
    future::pending,
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use entitlements::{
    Result,
    auth::{Auth, Context, StaticToken, Token, TokenSource},
    time::{BoxFuture, TestClock},
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Notify,
};

const READS: u64 = 10_000;
const THREADS: usize = 8;
const LIFETIME: Duration = Duration::from_secs(300);
/// Of every renewal margin that the jitter can give.
const IN_SOFT_WINDOW: Duration = Duration::from_secs(256);
const TOKEN: &str = "not-a-real-token";

/// Gives one token that expires, and then none for ever.
#[derive(Clone, Default)]
struct Once(Arc<Counts>);

#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    renewing: Notify,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

impl TokenSource for Once {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async {
            if self.0.calls.fetch_add(1, Ordering::SeqCst) == 0 {
                return Ok(Token::new(TOKEN).expires_in(LIFETIME));
            }
            self.0.renewing.notify_one();
            pending().await
        })
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn context(clock: &TestClock) -> Context {
    // reqwest panics without it; the clients of this crate bring a provider of their own.
    #[cfg(feature = "rustls")]
    rustls::crypto::ring::default_provider().install_default().ok();
    Context::new(reqwest::Client::new(), clock.clone(), Duration::from_secs(30))
}

/// What a thread allocates in many reads, after a first one: a thread's first read makes what it
/// keeps for all others.
async fn allocations(auth: &Auth, context: &Context) -> u64 {
    auth.bearer(context).await.expect("a token");
    let before = counting::allocations();
    for _ in 0..READS {
        black_box(auth.bearer(context).await).expect("a token");
    }
    counting::allocations() - before
}

/// By one thread, and by eight at the same time.
fn assert_clean(what: &str, runtime: &Runtime, auth: &Auth, context: &Context) {
    let alone = runtime.block_on(allocations(auth, context));
    assert_eq!(alone, 0, "{what}, {READS} reads");
    let together: Vec<u64> = thread::scope(|scope| {
        let read = || runtime.block_on(allocations(auth, context));
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(read)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no reader panics")).collect()
    });
    assert_eq!(together, [0; THREADS], "{what}, {READS} reads of each thread");
}

#[test]
fn the_allocator_counts() {
    let before = counting::allocations();
    drop(black_box(Box::new(black_box(1))));
    assert_eq!(counting::allocations() - before, 1);
}

#[test]
fn a_read_of_a_static_token_allocates_nothing() {
    let auth = Auth::from(StaticToken::new(TOKEN));
    assert_clean("a static token", &runtime(), &auth, &context(&TestClock::new()));
}

#[test]
fn a_read_of_a_token_that_expires_allocates_nothing() {
    let source = Once::default();
    let auth = Auth::from(source.clone());
    assert_clean("a token that expires", &runtime(), &auth, &context(&TestClock::new()));
    assert_eq!(source.0.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn a_read_during_a_renewal_allocates_nothing() {
    let (runtime, source, clock) = (runtime(), Once::default(), TestClock::new());
    let (auth, context) = (Auth::from(source.clone()), context(&clock));
    runtime.block_on(async {
        auth.bearer(&context).await.expect("a token");
        clock.advance(IN_SOFT_WINDOW);
        // This one starts the renewal.
        auth.bearer(&context).await.expect("the old token");
        source.0.renewing.notified().await;
    });
    assert_clean("a token under renewal", &runtime, &auth, &context);
    assert_eq!(source.0.calls.load(Ordering::SeqCst), 2, "one renewal, which did not end");
    assert_eq!(auth.status().generation, 1);
}
