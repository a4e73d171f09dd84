//! Where two things happen at once, and the last moment of each.

use futures_util::{FutureExt, join, poll};

use super::{super::held::Held, *};

/// A token that is at hand, and the world that gave it.
pub(super) async fn begun(turns: impl IntoIterator<Item = Turn>) -> (World, Bearer) {
    let world = World::with(turns);
    let first = world.auth.bearer(&world.context).await.expect("a token");
    (world, first)
}

#[tokio::test]
async fn a_renewal_is_seen_to_by_one_caller() {
    let (world, _) = begun([]).await;
    world.advance(IN_SOFT_WINDOW);
    let seen_to = std::cell::Cell::new(0);
    for _ in 0..10 {
        let context = || {
            seen_to.set(seen_to.get() + 1);
            world.context.clone()
        };
        assert!(world.auth.at_hand(world.clock.now(), context).is_some());
    }
    assert_eq!(seen_to.get(), 1, "the others take no lock");
}

#[tokio::test]
async fn a_renewal_is_not_begun_beside_what_is_under_way() {
    let (world, first) = begun([]).await;
    world.advance(IN_SOFT_WINDOW);
    let mut other = Box::pin(world.token());
    // Another caller is refused and asks for a token just after this one has claimed the renewal.
    let context = || {
        assert!(world.auth.reject(&first, &world.context));
        assert!(other.as_mut().now_or_never().is_none());
        world.context.clone()
    };
    assert!(world.auth.at_hand(world.clock.now(), context).is_some());
    assert_eq!(other.await, "Bearer t2");
    world.settle().await;
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn a_token_that_came_meanwhile_is_taken() {
    let (world, first) = begun([]).await;
    let acquired = world.auth.acquired(&world.context, None).await.expect("it is there");
    assert_eq!((acquired.generation(), world.source.calls()), (1, 1));
    assert!(world.auth.reject(&first, &world.context));
    assert!(world.auth.reject(&first, &world.context), "the next one is still to come");
    world.token().await;
    let acquired = world.auth.acquired(&world.context, Some(1)).await.expect("it is there");
    assert_eq!((acquired.generation(), world.source.calls()), (2, 2));
}

#[tokio::test]
async fn a_renewal_that_fails_is_a_failure_only_for_whom_the_old_token_was_refused() {
    let (world, first) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]).await;
    assert!(world.auth.reject(&first, &world.context));
    let refused = || world.auth.acquired(&world.context, Some(1));
    let (one, other) = join!(refused(), world.token());
    assert_eq!(one.expect_err("no other token").kind(), ErrorKind::Server);
    assert_eq!(other, "Bearer t1");
    let remembered = refused().await.expect_err("not with the same token again");
    assert!(remembered.retry_after().is_some());
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn an_end_of_the_wait_is_an_end_of_the_failure() {
    let world = World::with([Turn::Fail(ErrorKind::LoginFailed)]);
    world.error().await;
    assert!(world.auth.status().last_failure.is_some());
    world.auth.retry_now();
    assert_eq!(world.auth.status().last_failure, None);
    world.token().await;
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_not_given_up() {
    let world = World::with([]);
    let auth = Auth::from(crate::auth::StaticToken::new("not-a-real-token"));
    let bearer = auth.bearer(&world.context).await.expect("a token");
    assert!(!auth.reject(&bearer, &world.context));
    assert!(auth.status().has_token);
}

#[tokio::test]
async fn an_older_token_that_is_refused_twice_says_nothing_of_the_newer_one() {
    let (world, first) = begun([]).await;
    world.advance(Duration::from_secs(1));
    assert!(world.auth.reject(&first, &world.context));
    let second = world.auth.bearer(&world.context).await.expect("a token");
    world.auth.refused_again(&first, world.clock.now(), world.clock.now());
    assert!(world.auth.status().has_token);
    assert!(world.auth.reject(&second, &world.context), "no pause");
}

#[tokio::test]
async fn a_failed_renewal_makes_no_token_younger() {
    let (world, first) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    assert!(world.auth.status().last_failure.is_some());
    world.advance(Duration::from_secs(2));
    world.auth.refused_again(&first, world.clock.now(), world.clock.now());
    assert!(!world.auth.status().has_token, "an old one that is refused is replaced");
}

#[tokio::test]
async fn a_renewal_that_may_wait_beyond_the_end_keeps_no_token_alive() {
    let (world, _) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)]).await;
    world.advance(LIFETIME.checked_sub(Duration::from_secs(1)).expect("longer"));
    world.token().await;
    world.settle().await;
    world.advance(Duration::from_secs(1));
    assert_eq!(world.error().await.kind(), ErrorKind::LoginFailed);
    assert_eq!(world.source.calls(), 2);
}

#[tokio::test]
async fn the_same_token_again_is_known_by_its_end_but_for_what_rounding_takes() {
    let left = LIFETIME.checked_sub(IN_SOFT_WINDOW).expect("less");
    let rounded = left + Duration::from_millis(900);
    let (world, _) = begun([Turn::SameToken(LIFETIME), Turn::SameToken(rounded)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    world.advance(left.checked_sub(Duration::from_secs(1)).expect("longer"));
    world.token().await;
    world.settle().await;
    assert_eq!(world.source.calls(), 2, "nothing better is to be had before the end");

    // Refused, and given again as if it were new.
    let (world, first) = begun([Turn::SameToken(LIFETIME), Turn::SameToken(LIFETIME)]).await;
    assert!(world.auth.reject(&first, &world.context));
    world.token().await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    assert_eq!(world.source.calls(), 2);

    // The same text with a new life is a new token.
    let (world, _) = begun([Turn::SameToken(LIFETIME), Turn::SameToken(LIFETIME)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    assert_eq!(world.source.calls(), 3);
}

#[test]
fn a_token_whose_end_is_now_has_ended() {
    let clock = TestClock::new();
    let (asked_at, context) = (clock.now(), context(&clock));
    let arrived = |after| {
        clock.advance(after);
        let token = Token::new("t").expires_in(Duration::from_secs(1));
        Held::new(token, asked_at, 1, Duration::ZERO, None, &context).map(drop)
    };
    arrived(Duration::from_millis(999)).expect("valid for another millisecond");
    let error = arrived(Duration::from_millis(1)).expect_err("no longer");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn an_acquisition_has_the_time_of_four_requests_and_their_waits() {
    let world = World::with([Turn::Hang]);
    let begun = tokio::time::Instant::now();
    world.error().await;
    let expected = 4 * world.context.timeout() + Duration::from_secs(10);
    assert!(
        (expected..expected + Duration::from_secs(1)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(world.source.calls(), 1);
}

#[tokio::test]
async fn what_was_given_up_is_nobodys_token_and_clears_nobodys_place() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let cache = &world.auth.0;
    let given_up = |number| {
        let asked_at = world.clock.now() + Duration::from_secs(7);
        let token = Token::new("late").expires_in(LIFETIME).counted_from_then(asked_at);
        let outcome = cache.settle(number, Ok(Some(token)), world.clock.now(), &world.context);
        let held = outcome.expect("valid").expect("a token");
        assert_eq!((held.bearer.generation(), held.expires_at()), (0, Some(asked_at + LIFETIME)));
        assert!(cache.current.load().is_none() && world.auth.status() == AuthStatus::default());
        cache.abandoned(number);
    };
    let failed = Err(Error::new(ErrorKind::Server, "late"));
    let late = cache.settle(9, failed, world.clock.now(), &world.context);
    assert!(late.is_err() && world.auth.status().last_failure.is_none(), "an outdated failure");
    given_up(1);
    let mut waiting = Box::pin(world.token());
    assert!(poll!(waiting.as_mut()).is_pending());
    world.settle().await;
    given_up(0);
    given_up(2);
    source.release();
    assert_eq!(join!(waiting, world.token()), ("Bearer t1".to_owned(), "Bearer t1".to_owned()));
    assert_eq!(source.calls(), 1);
}

#[tokio::test]
async fn a_fault_in_the_last_second_is_not_waited_for_beyond_the_end() {
    let (world, _) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]).await;
    let half = Duration::from_millis(500);
    world.advance(LIFETIME.checked_sub(half).expect("longer"));
    world.token().await;
    world.settle().await;
    assert!(world.auth.status().last_failure.is_some());
    world.advance(half);
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn another_token_with_a_shorter_life_has_a_last_part_too() {
    let short = Duration::from_secs(40);
    let (world, _) = begun([Turn::Token(LIFETIME), Turn::Token(short)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    world.advance(short.checked_sub(Duration::from_secs(1)).expect("longer"));
    assert_eq!(world.token().await, "Bearer t2");
    world.settle().await;
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn a_token_that_was_refused_to_one_serves_others_without_a_wait_when_no_other_is_to_be_had() {
    let (world, first) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server), Turn::Hang]).await;
    assert!(world.auth.reject(&first, &world.context));
    world.auth.acquired(&world.context, Some(1)).await.expect_err("no other");
    // Who does not give up meets the end of it.
    for _ in 0..10 {
        assert!(!world.auth.reject(&first, &world.context), "no other is to be had now");
        assert_eq!(world.token().await, "Bearer t1");
    }
    world.advance(IN_SOFT_WINDOW);
    assert_eq!(world.token().await, "Bearer t1", "the next try is a renewal that nobody waits for");
    world.settle().await;
    assert_eq!(world.source.calls(), 3);
    assert_eq!(world.token().await, "Bearer t1");
}

/// The steady load of a forbidden account: others send the fresh token first, and are refused first.
#[tokio::test]
async fn a_pause_starts_also_when_others_find_out_first() {
    let (world, first) = begun([]).await;
    world.advance(Duration::from_secs(100));
    let refused_at = world.clock.now();
    assert!(world.auth.reject(&first, &world.context));
    let second = world.auth.bearer(&world.context).await.expect("a token");
    assert!(world.auth.reject(&second, &world.context), "another call, which saw no refusal before");
    world.auth.refused_again(&second, refused_at, world.clock.now());
    let third = world.auth.bearer(&world.context).await.expect("a token");
    assert!(!world.auth.reject(&third, &world.context));
    assert_eq!(world.source.calls(), 3);
}

#[tokio::test]
async fn a_claim_that_comes_late_begins_no_session() {
    let (world, _) = begun([]).await;
    world.advance(IN_SOFT_WINDOW);
    let context = || {
        assert!(world.auth.0.current.swap(None).is_some(), "as a logout does it");
        world.context.clone()
    };
    assert!(world.auth.at_hand(world.clock.now(), context).is_some());
    world.settle().await;
    assert_eq!(world.source.calls(), 1);
}

#[tokio::test]
async fn to_try_again_now_holds_for_renewals_too() {
    let (world, _) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    world.auth.retry_now();
    world.token().await;
    world.settle().await;
    assert_eq!(world.token().await, "Bearer t3");
}

#[tokio::test]
async fn what_caused_a_failure_is_known_to_all_who_waited() {
    #[derive(Debug)]
    struct Unreachable;
    impl TokenSource for Unreachable {
        fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
            let cause = std::io::Error::other("no route to host");
            Box::pin(async { Err(Error::new(ErrorKind::NotSent, "no connection").with_source(cause)) })
        }
    }
    let (world, auth) = (World::with([]), Auth::from(Unreachable));
    for _ in 0..2 {
        let error = auth.bearer(&world.context).await.expect_err("unreachable");
        let cause = std::error::Error::source(&error).expect("a cause");
        assert_eq!(cause.to_string(), "no route to host");
    }
}
