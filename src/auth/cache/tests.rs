mod edges;
mod logouts;
mod runtimes;

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::{runtime::Builder, sync::Semaphore};

use super::{state::COOL_DOWN, *};
use crate::{
    auth::Token,
    time::{BoxFuture, Clock, TestClock},
    transport::{Sender, Server, Settings},
};

const LIFETIME: Duration = Duration::from_secs(300);
const IN_SOFT_WINDOW: Duration = Duration::from_secs(256);

/// What an acquisition does; without a script it gives the next token.
#[derive(Clone, Copy)]
enum Turn {
    Token(Duration),
    SameToken(Duration),
    Fail(ErrorKind),
    Panic,
    Hang,
}

#[derive(Clone)]
struct Scripted(Arc<Script>);

struct Script {
    turns: Mutex<VecDeque<Turn>>,
    calls: AtomicU64,
    log_outs: AtomicU64,
    /// Each acquisition and logout takes a permit.
    open: Semaphore,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    fn new(turns: impl IntoIterator<Item = Turn>) -> Self {
        let turns = Mutex::new(turns.into_iter().collect());
        Self(Arc::new(Script {
            turns,
            calls: AtomicU64::new(0),
            log_outs: AtomicU64::new(0),
            open: Semaphore::new(1_000),
        }))
    }

    fn held_back(self) -> Self {
        self.0.open.forget_permits(1_000);
        self
    }

    fn release(&self) {
        self.0.open.add_permits(1);
    }

    fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::SeqCst)
    }

    fn log_outs(&self) -> u64 {
        self.0.log_outs.load(Ordering::SeqCst)
    }
}

impl TokenSource for Scripted {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async {
            let call = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::task::yield_now().await;
            self.0.open.acquire().await.expect("never closed").forget();
            let turn = self.0.turns.lock().expect("lock").pop_front().unwrap_or(Turn::Token(LIFETIME));
            match turn {
                Turn::Token(lifetime) => Ok(Token::new(format!("t{call}")).expires_in(lifetime)),
                Turn::SameToken(lifetime) => Ok(Token::new("same").expires_in(lifetime)),
                Turn::Fail(kind) => Err(Error::new(kind, "no")),
                Turn::Panic => panic!("as scripted"),
                Turn::Hang => std::future::pending().await,
            }
        })
    }

    fn log_out<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            self.0.log_outs.fetch_add(1, Ordering::SeqCst);
            self.0.open.acquire().await.expect("never closed").forget();
            let mut turns = self.0.turns.lock().expect("lock");
            match turns.front().copied() {
                Some(Turn::Fail(kind)) => {
                    turns.pop_front();
                    Err(Error::new(kind, "no"))
                }
                _ => Ok(()),
            }
        })
    }
}

fn context(clock: &TestClock) -> Context {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let server = Server::parse("http://localhost", false).expect("valid");
    let http = server.http_client(&Settings::default()).expect("no TLS needed");
    Context::shared(Sender::new(http), clock, Duration::from_secs(1))
}

struct World {
    source: Scripted,
    auth: Auth,
    clock: TestClock,
    context: Context,
}

impl World {
    fn new(source: Scripted) -> Self {
        let clock = TestClock::new();
        Self { auth: Auth::from(source.clone()), source, context: context(&clock), clock }
    }

    fn with(turns: impl IntoIterator<Item = Turn>) -> Self {
        Self::new(Scripted::new(turns))
    }

    async fn token(&self) -> String {
        text(&self.auth.bearer(&self.context).await.expect("a token"))
    }

    async fn error(&self) -> Error {
        self.auth.bearer(&self.context).await.expect_err("no token")
    }

    fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// Lets what runs in the background run.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }
}

fn text(bearer: &Bearer) -> String {
    bearer.header().to_str().expect("text").to_owned()
}

#[tokio::test]
async fn a_thousand_callers_with_a_cold_cache_share_one_acquisition() {
    let world = World::with([]);
    let all = join_all((0..1_000).map(|_| world.token())).await;
    assert!(all.iter().all(|value| value == "Bearer t1"));
    assert_eq!(world.source.calls(), 1);
}

#[tokio::test]
async fn in_the_soft_window_one_renewal_runs_while_everybody_goes_on() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    source.release();
    assert_eq!(world.token().await, "Bearer t1");
    world.advance(IN_SOFT_WINDOW);
    for value in join_all((0..1_000).map(|_| world.token())).await {
        assert_eq!(value, "Bearer t1");
    }
    world.settle().await;
    assert_eq!(world.source.calls(), 2, "one renewal, and it is held back");
    source.release();
    world.settle().await;
    assert_eq!(world.token().await, "Bearer t2");
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn a_failed_renewal_leaves_the_token_and_is_not_repeated_at_once() {
    let world = World::with([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]);
    world.token().await;
    world.advance(IN_SOFT_WINDOW);
    for _ in 0..100 {
        assert_eq!(world.token().await, "Bearer t1");
        world.settle().await;
    }
    assert_eq!(world.source.calls(), 2);
    let failure = world.auth.status().last_failure.expect("the renewal failed");
    assert_eq!((failure.kind, failure.in_a_row), (ErrorKind::Server, 1));
    world.advance(Duration::from_secs(2));
    assert_eq!(world.token().await, "Bearer t1", "and the next renewal is on its way");
    world.settle().await;
    assert_eq!(world.token().await, "Bearer t3");
    assert_eq!(world.auth.status().last_failure, None);
}

#[tokio::test]
async fn at_the_hard_end_everybody_waits_and_gets_the_same_result() {
    let world = World::with([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)]);
    world.token().await;
    world.advance(LIFETIME);
    let all = join_all((0..100).map(|_| world.error())).await;
    assert!(all.iter().all(|error| error.kind() == ErrorKind::LoginFailed));
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn a_wrong_password_and_a_thousand_callers_make_at_most_five_logins_a_minute() {
    let world = World::with([Turn::Fail(ErrorKind::LoginFailed); 100]);
    for _ in 0..60 {
        for error in join_all((0..1_000).map(|_| world.error())).await {
            assert_eq!(error.kind(), ErrorKind::LoginFailed);
        }
        world.advance(Duration::from_secs(1));
    }
    assert!((2..=5).contains(&world.source.calls()), "{}", world.source.calls());
    let error = world.error().await;
    assert!(error.retry_after().is_some_and(|wait| wait > Duration::from_secs(1)), "{error}");
    let before = world.source.calls();
    world.auth.retry_now();
    world.error().await;
    assert_eq!(world.source.calls(), before + 1);
}

#[tokio::test]
async fn a_late_refusal_does_not_drop_the_newer_token() {
    let world = World::with([]);
    let first = world.auth.bearer(&world.context).await.expect("a token");
    assert!(world.auth.reject(&first, &world.context));
    assert!(!world.auth.status().has_token);
    assert_eq!(world.token().await, "Bearer t2");
    assert!(world.auth.reject(&first, &world.context));
    assert_eq!(world.token().await, "Bearer t2");
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn after_a_fresh_token_was_refused_too_there_is_no_other_for_a_minute() {
    let world = World::with([]);
    let first = world.auth.bearer(&world.context).await.expect("a token");
    assert!(world.auth.reject(&first, &world.context));
    let second = world.auth.bearer(&world.context).await.expect("a token");
    world.auth.refused_again(&second, world.clock.now(), world.clock.now());
    for _ in 0..59 {
        let bearer = world.auth.bearer(&world.context).await.expect("a token");
        assert_eq!(text(&bearer), "Bearer t2");
        assert!(!world.auth.reject(&bearer, &world.context));
        assert!(world.auth.reject(&first, &world.context), "the newer one may do where this one did not");
        world.advance(Duration::from_secs(1));
    }
    world.advance(Duration::from_secs(1));
    assert!(world.auth.reject(&second, &world.context));
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn an_old_token_that_is_refused_at_the_second_attempt_starts_no_pause() {
    let world = World::with([]);
    let bearer = world.auth.bearer(&world.context).await.expect("a token");
    world.advance(COOL_DOWN);
    world.auth.refused_again(&bearer, world.clock.now(), world.clock.now());
    assert_eq!(world.token().await, "Bearer t2");
    let bearer = world.auth.bearer(&world.context).await.expect("a token");
    assert!(world.auth.reject(&bearer, &world.context));
}

#[tokio::test]
async fn a_refused_token_serves_others_when_its_renewal_fails() {
    let world = World::with([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]);
    let first = world.auth.bearer(&world.context).await.expect("a token");
    assert!(world.auth.reject(&first, &world.context));
    let refused = world.auth.acquired(&world.context, Some(first.generation())).await;
    assert_eq!(refused.expect_err("the login failed").kind(), ErrorKind::Server);
    assert_eq!(world.token().await, "Bearer t1");
    assert_eq!(world.source.calls(), 2);
    world.advance(LIFETIME);
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_cancel_the_acquisition() {
    let world = World::with([]);
    let waiting = world.token();
    tokio::select! { biased; _ = waiting => panic!("the source yields first"), () = std::future::ready(()) => {} }
    assert_eq!(world.token().await, "Bearer t1");
    assert_eq!(world.source.calls(), 1);
}

#[tokio::test]
async fn a_source_that_panics_is_an_error_and_may_try_again() {
    let world = World::with([Turn::Panic]);
    assert_eq!(world.error().await.kind(), ErrorKind::LoginFailed);
    world.advance(Duration::from_secs(7));
    assert_eq!(world.token().await, "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn an_acquisition_has_a_deadline_of_its_own() {
    let world = World::with([Turn::Hang]);
    let error = world.error().await;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    world.advance(Duration::from_secs(2));
    assert_eq!(world.token().await, "Bearer t2");
}

#[tokio::test]
async fn the_same_token_again_is_not_asked_for_until_it_ends() {
    let left = LIFETIME.checked_sub(IN_SOFT_WINDOW).expect("less");
    let world = World::with([Turn::SameToken(LIFETIME), Turn::SameToken(left)]);
    world.token().await;
    world.advance(IN_SOFT_WINDOW);
    for _ in 0..43 {
        assert_eq!(world.token().await, "Bearer same");
        world.settle().await;
        world.advance(Duration::from_secs(1));
    }
    assert_eq!(world.source.calls(), 2, "the first time, and once in the soft window");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn a_token_that_has_expired_on_arrival_is_an_error_and_no_loop() {
    let world = World::with([Turn::Token(Duration::ZERO); 50]);
    for _ in 0..50 {
        let error = world.error().await;
        assert_eq!(error.kind(), ErrorKind::LoginFailed);
        assert!(error.to_string().contains("had expired when it arrived"), "{error}");
    }
    assert_eq!(world.source.calls(), 1);
}

#[tokio::test]
async fn the_state_can_be_watched() {
    let world = World::with([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)]);
    let mut watch = world.auth.watch();
    assert_eq!(watch.status(), AuthStatus::default());
    let first = world.auth.bearer(&world.context).await.expect("a token");
    let status = watch.changed().await.expect("a change");
    assert_eq!((status.generation, status.renewals, status.has_token), (1, 1, true));
    assert_eq!(status.expires_at, Some(world.clock.wall() + LIFETIME));
    assert!(world.auth.reject(&first, &world.context));
    assert!(!watch.changed().await.expect("a change").has_token);
    world.auth.acquired(&world.context, Some(1)).await.expect_err("refused");
    let failure = watch.changed().await.expect("a change").last_failure.expect("one");
    assert_eq!((failure.kind, failure.at, failure.in_a_row), (ErrorKind::LoginFailed, world.clock.wall(), 1));
    assert!(failure.next_attempt >= world.clock.wall() + Duration::from_secs(4));
    drop((world, first));
    assert_eq!(watch.changed().await, None);
}

#[test]
fn a_limit_belongs_to_a_credential_and_a_server() {
    let limit = |auth: &Auth, server| auth.rate_limit(server, RateLimit::none);
    let (one, other) = (World::with([]).auth, World::with([]).auth);
    assert!(limit(&one, "https://a.example").is_same(&limit(&one.clone(), "https://a.example")));
    assert!(!limit(&one, "https://a.example").is_same(&limit(&one, "https://b.example")));
    assert!(!limit(&one, "https://a.example").is_same(&limit(&other, "https://a.example")));
}

#[tokio::test]
async fn nothing_is_asked_for_before_the_first_call() {
    let world = World::with([]);
    world.settle().await;
    assert_eq!((world.source.calls(), world.auth.status().generation), (0, 0));
}

/// Applications call from tasks of their own.
#[test]
fn what_waits_for_tokens_can_be_spawned() {
    fn is_send(_: &impl Send) {}
    let world = World::with([]);
    is_send(&world.auth.bearer(&world.context));
    is_send(&world.auth.log_out(&world.context));
    is_send(&world.auth.revoke(&world.context));
    is_send(&world.auth.watch().changed());
}
