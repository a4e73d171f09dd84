//! Runtimes that end, that nobody drives, or that are not there.

use futures_util::FutureExt;
use tokio::runtime::Runtime;

use super::*;

/// A runtime with an acquisition under way, which nobody drives any more.
fn undriven(world: &World) -> Runtime {
    let idle = Builder::new_current_thread().enable_all().build().expect("a runtime");
    idle.block_on(async {
        let (waiting, started) = (world.token(), world.settle());
        futures_util::future::select(Box::pin(waiting), Box::pin(started)).await;
    });
    idle
}

/// Its time flies while it waits for another one.
fn impatient() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

#[test]
fn the_task_of_a_runtime_that_ended_is_replaced() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    for expected in ["Bearer t2", "Bearer t4", "Bearer t6"] {
        let dies = runtime();
        dies.block_on(async {
            let waiting = world.token();
            let started = world.settle();
            futures_util::future::select(Box::pin(waiting), Box::pin(started)).await;
        });
        drop(dies);
        source.release();
        assert_eq!(runtime().block_on(world.token()), expected);
        world.advance(LIFETIME);
    }
}

#[test]
fn a_renewal_in_a_runtime_that_ended_is_started_again() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    source.release();
    assert_eq!(runtime().block_on(world.token()), "Bearer t1");
    world.advance(IN_SOFT_WINDOW);
    assert_eq!(runtime().block_on(world.token()), "Bearer t1", "its renewal ended with its runtime");
    source.release();
    let lives = runtime();
    assert_eq!(lives.block_on(world.token()), "Bearer t1");
    lives.block_on(world.settle());
    assert_eq!(lives.block_on(world.token()), "Bearer t2");
}

#[test]
fn the_task_of_a_runtime_that_nobody_drives_is_replaced() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let idle = undriven(&world);
    source.release();
    source.release();
    let other = impatient();
    assert_eq!(other.block_on(world.token()), "Bearer t2");
    idle.block_on(world.settle());
    assert_eq!(other.block_on(world.token()), "Bearer t2", "what was given up changes nothing");
    assert_eq!(source.0.open.available_permits(), 1, "and does not go on");
    assert_eq!(world.auth.status().generation, 1);
}

#[test]
fn outside_of_a_runtime_there_is_an_error_and_no_panic() {
    let world = World::with([]);
    let error = world.auth.bearer(&world.context).now_or_never();
    let error = error.expect("at once").expect_err("no runtime");
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn outside_of_a_runtime_the_token_at_hand_serves_and_is_not_renewed() {
    let world = World::with([]);
    let inside = Builder::new_current_thread().enable_all().build().expect("a runtime");
    inside.block_on(world.token());
    world.advance(IN_SOFT_WINDOW);
    let bearer = world.auth.bearer(&world.context).now_or_never();
    assert_eq!(bearer.expect("at once").expect("at hand").header(), "Bearer t1");
    assert_eq!(world.source.calls(), 1);
    inside.block_on(async {
        assert_eq!(world.token().await, "Bearer t1");
        world.settle().await;
        assert_eq!(world.token().await, "Bearer t2", "nobody else had claimed the renewal");
    });
}

#[test]
fn a_logout_does_not_wait_for_a_runtime_that_nobody_drives() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let _idle = undriven(&world);
    source.release();
    source.release();
    let other = impatient();
    other.block_on(world.auth.log_out(&world.context)).expect("logged out");
    assert_eq!(source.log_outs(), 1);
}

#[test]
fn outside_of_a_runtime_no_session_is_ended() {
    let world = World::with([]);
    for outcome in
        [world.auth.log_out(&world.context).now_or_never(), world.auth.revoke(&world.context).now_or_never()]
    {
        let error = outcome.expect("at once").expect_err("no runtime");
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
