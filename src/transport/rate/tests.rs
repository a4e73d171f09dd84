use std::{future::poll_fn, task::Poll};

use futures_util::future::join_all;

use super::*;
use crate::time::BoxFuture;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Tokio's time, which these tests pause: waits of many callers pass side by side.
#[derive(Debug)]
struct Paused;

impl Clock for Paused {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

fn now() -> Instant {
    Paused.now()
}

async fn enter(limit: &RateLimit) -> Slot<'_> {
    limit.enter(&Paused, None, MINUTE).await.expect("no deadline")
}

/// A request that takes a while to the server and back; when the server saw it.
async fn call(limit: &RateLimit, there: Duration, back: Duration) -> Instant {
    let mut slot = enter(limit).await;
    slot.set_reached_server(true);
    tokio::time::sleep(there).await;
    let seen = now();
    tokio::time::sleep(back).await;
    seen
}

fn most_in_any(window: Duration, seen: &[Instant]) -> usize {
    let within = |from: &Instant| seen.iter().filter(|at| (*from..*from + window).contains(*at)).count();
    seen.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn no_window_at_the_server_has_more_calls_than_the_limit_whatever_the_network_does() {
    for seed in 0..40 {
        let mut random = fastrand::Rng::with_seed(seed);
        let limit = RateLimit::new(10, SECOND).and(60, 20 * SECOND);
        let mut slow = || Duration::from_millis(random.u64(0..700));
        let began = now();
        let calls = (0..200).map(|_| call(&limit, slow(), slow()));
        let mut seen = join_all(calls).await;
        seen.sort();
        assert!(most_in_any(SECOND, &seen) <= 10, "seed {seed}");
        assert!(most_in_any(20 * SECOND, &seen) <= 60, "seed {seed}");
        // 200 calls need more than three long windows, each longer by at most one slow call.
        let longest = (SECOND * 22) * 4;
        assert!(now() - began < longest, "seed {seed}: {:?}", now() - began);
    }
}

#[tokio::test(start_paused = true)]
async fn the_documented_limits_are_used_to_the_full() {
    let limit = RateLimit::new(100, SECOND).and(2_000, MINUTE);
    let began = now();
    let seen = join_all((0..4_000).map(|_| call(&limit, Duration::ZERO, Duration::ZERO))).await;
    assert_eq!(most_in_any(SECOND, &seen), 100);
    assert_eq!(most_in_any(MINUTE, &seen), 2_000);
    assert_eq!((now() - began).as_secs(), 60 + 19, "the second 2,000 begin after a minute");
}

#[tokio::test(start_paused = true)]
async fn calls_are_let_in_in_the_order_in_which_they_came() {
    let limit = RateLimit::new(3, SECOND);
    let order = Mutex::new(Vec::new());
    let caller = async |number: usize| {
        let _slot = enter(&limit).await;
        order.lock().expect("no panic").push(number);
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    join_all((0..30).map(caller)).await;
    assert_eq!(*order.lock().expect("no panic"), (0..30).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_does_not_take_the_place_of_a_caller_who_waits() {
    let limit = RateLimit::new(1, SECOND);
    call(&limit, Duration::ZERO, Duration::ZERO).await;
    let order = Mutex::new(Vec::new());
    let newcomer = async {
        tokio::time::sleep(SECOND).await;
        call(&limit, Duration::ZERO, Duration::ZERO).await;
        order.lock().expect("no panic").push("newcomer");
    };
    let waiting = async {
        call(&limit, Duration::ZERO, Duration::ZERO).await;
        order.lock().expect("no panic").push("waiting");
    };
    // The newcomer is asked first at the moment at which there is room.
    futures_util::future::join(newcomer, waiting).await;
    assert_eq!(*order.lock().expect("no panic"), ["waiting", "newcomer"]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_caller_gives_its_place_back() {
    let limit = RateLimit::new(1, SECOND);
    call(&limit, Duration::ZERO, Duration::ZERO).await;
    let began = now();
    let mut callers: Vec<_> = (0..3).map(|_| Box::pin(enter(&limit))).collect();
    for caller in &mut callers {
        let pending = poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await;
        assert!(pending);
    }
    // The one whose turn it is, and the one behind it.
    callers.drain(..2);
    drop(callers.pop().expect("the last one").await);
    assert_eq!(now() - began, SECOND, "it waited for the window only");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_reached_the_server_does_not_count() {
    let limit = RateLimit::new(1, SECOND);
    let began = now();
    let slot = enter(&limit).await;
    let waiting = async {
        let _slot = enter(&limit).await;
        now() - began
    };
    let unsent = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(slot);
    };
    let (waited, ()) = tokio::join!(waiting, unsent);
    assert_eq!(waited, Duration::from_millis(5));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_dropped_under_way_counts_as_seen() {
    let limit = RateLimit::new(1, SECOND);
    let began = now();
    let dropped = tokio::time::timeout(Duration::from_millis(100), call(&limit, SECOND, SECOND)).await;
    assert!(dropped.is_err());
    drop(enter(&limit).await);
    assert_eq!(now() - began, SECOND + Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_everybody_who_shares_the_limit() {
    for limit in [RateLimit::none(), RateLimit::new(50, SECOND)] {
        let began = now();
        limit.pause(began, 3 * SECOND);
        limit.pause(began, SECOND);
        assert!(!limit.is_open());
        let shared = limit.clone();
        let callers = (0..5).map(|_| call(&shared, Duration::ZERO, Duration::ZERO));
        assert!(join_all(callers).await.iter().all(|seen| *seen - began == 3 * SECOND));
    }
    let limit = RateLimit::none();
    limit.pause(now(), SECOND);
    drop(enter(&limit).await);
    assert!(limit.is_open(), "it is over");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_is_refused_at_once_and_ends_some_day() {
    let limit = RateLimit::new(50, SECOND);
    let began = now();
    limit.pause(began, Duration::MAX);
    let refused = limit.enter(&Paused, None, MINUTE).await.err();
    assert_eq!(refused, Some(Refused::Paused(LONGEST_PAUSE)));
    assert_eq!(now(), began);
    tokio::time::sleep(Duration::from_secs(570)).await;
    let deadline = Some(now() + 20 * SECOND);
    let refused = limit.enter(&Paused, deadline, MINUTE).await.err();
    assert_eq!(refused, Some(Refused::Paused(30 * SECOND)));
    drop(enter(&limit).await);
    assert_eq!(now() - began, LONGEST_PAUSE);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_begins_while_callers_wait_holds_for_them_too() {
    let limit = RateLimit::new(1, SECOND);
    call(&limit, Duration::ZERO, Duration::ZERO).await;
    let began = now();
    let waiting = async {
        drop(enter(&limit).await);
        now() - began
    };
    let refused = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        limit.pause(now(), 5 * SECOND);
    };
    assert_eq!(tokio::join!(waiting, refused).0, Duration::from_millis(5_500));
}

#[tokio::test(start_paused = true)]
async fn no_room_before_the_deadline_is_told_at_once() {
    let limit = RateLimit::new(1, MINUTE);
    call(&limit, Duration::ZERO, Duration::ZERO).await;
    let began = now();
    let refused = limit.enter(&Paused, Some(began + MINUTE), MINUTE).await.err();
    assert_eq!(refused, Some(Refused::Full(MINUTE)));
    assert_eq!(now(), began);
    drop(limit.enter(&Paused, Some(began + MINUTE + SECOND), MINUTE).await.expect("just in time"));
    assert_eq!(now() - began, MINUTE);
}

#[tokio::test(start_paused = true)]
async fn no_room_is_told_at_once_also_behind_others() {
    let limit = RateLimit::new(1, MINUTE);
    call(&limit, Duration::ZERO, Duration::ZERO).await;
    let began = now();
    let behind = async {
        let refused = limit.enter(&Paused, Some(began + SECOND), MINUTE).await.err();
        (refused, now() - began)
    };
    let (_first, (refused, waited)) = tokio::join!(enter(&limit), behind);
    assert_eq!((refused, waited), (Some(Refused::Full(MINUTE)), Duration::ZERO));
}

#[test]
fn limits_that_cannot_be_are_refused() {
    let refused = |calls, window| RateLimit::new(calls, window).check().is_err();
    assert!(refused(0, SECOND));
    assert!(refused(1, Duration::ZERO));
    assert!(refused(1, Duration::MAX));
    assert!(!refused(1, MINUTE));
    assert!(RateLimit::new(1, SECOND).and(0, SECOND).check().is_err());
    assert!(RateLimit::none().check().is_ok());
    assert_eq!(format!("{:?}", RateLimit::new(2, SECOND)), "RateLimit([(2, 1s)])");
}
