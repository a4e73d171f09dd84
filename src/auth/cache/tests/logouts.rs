//! The end of a session that was asked for.

use futures_util::poll;

use super::{edges::begun, *};

#[tokio::test]
async fn a_logout_does_not_make_a_failure_of_before_a_new_one() {
    let (world, _) = begun([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)]).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    let failure = world.auth.status().last_failure;
    assert!(failure.is_some_and(|failure| failure.at == world.clock.wall()));
    world.advance(Duration::from_secs(1));
    world.auth.log_out(&world.context).await.expect("logged out");
    assert_eq!(world.auth.status().last_failure, failure);
}

#[tokio::test]
async fn calls_wait_for_a_logout_and_log_in_again_after_it() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    source.release();
    assert_eq!(world.token().await, "Bearer t1");
    let (ended, token, ()) = futures_util::future::join3(
        async {
            let ended = world.auth.log_out(&world.context).await;
            source.release();
            ended
        },
        world.token(),
        async {
            world.settle().await;
            assert_eq!(world.source.calls(), 1, "the logout comes first");
            source.release();
        },
    )
    .await;
    ended.expect("logged out");
    assert_eq!(token, "Bearer t2");
}

#[tokio::test]
async fn a_credential_without_a_session_says_so_and_keeps_its_token() {
    let world = World::with([]);
    let auth = Auth::from(crate::auth::StaticToken::new("not-a-real-token"));
    auth.bearer(&world.context).await.expect("a token");
    for outcome in [auth.log_out(&world.context).await, auth.revoke(&world.context).await] {
        assert_eq!(outcome.expect_err("no session").kind(), ErrorKind::Configuration);
    }
    assert!(auth.status().has_token);
}

#[tokio::test]
async fn a_logout_runs_alone_and_after_what_is_under_way() {
    let source = Scripted::new([]).held_back();
    let world = World::new(source.clone());
    let (mut token, mut ended) = (Box::pin(world.token()), Box::pin(world.auth.log_out(&world.context)));
    assert!(poll!(token.as_mut()).is_pending() && poll!(ended.as_mut()).is_pending());
    world.settle().await;
    assert_eq!((source.calls(), source.log_outs()), (1, 0));
    source.release();
    assert_eq!(token.await, "Bearer t1");
    assert!(poll!(ended.as_mut()).is_pending(), "a login is no logout");
    world.settle().await;
    assert_eq!(source.log_outs(), 1);
    source.release();
    ended.await.expect("logged out");
    assert!(!world.auth.status().has_token);
}

#[tokio::test]
async fn calls_go_on_after_a_logout_that_failed_while_they_waited() {
    let source = Scripted::new([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]).held_back();
    let world = World::new(source.clone());
    source.release();
    world.token().await;
    let (mut ended, mut token) = (Box::pin(world.auth.log_out(&world.context)), Box::pin(world.token()));
    assert!(poll!(ended.as_mut()).is_pending() && poll!(token.as_mut()).is_pending());
    source.release();
    assert_eq!(ended.await.expect_err("not now").kind(), ErrorKind::Server);
    assert_eq!(token.await, "Bearer t1");
    assert_eq!(world.auth.status().last_failure, None, "no login failed");

    // The same without a token from before.
    let source = Scripted::new([Turn::Fail(ErrorKind::Server)]).held_back();
    let world = World::new(source.clone());
    let (mut ended, mut token) = (Box::pin(world.auth.log_out(&world.context)), Box::pin(world.token()));
    assert!(poll!(ended.as_mut()).is_pending() && poll!(token.as_mut()).is_pending());
    source.release();
    ended.await.expect_err("not now");
    source.release();
    assert_eq!(token.await, "Bearer t1");
}

#[tokio::test]
async fn after_a_logout_nothing_of_before_is_left_but_what_failed() {
    let turns = [Turn::Token(LIFETIME), Turn::Fail(ErrorKind::LoginFailed)];
    let (world, _) = begun(turns).await;
    world.advance(IN_SOFT_WINDOW);
    world.token().await;
    world.settle().await;
    assert!(world.auth.status().last_failure.is_some());
    world.auth.log_out(&world.context).await.expect("logged out");
    assert_eq!((world.auth.status().has_token, world.auth.status().expires_at), (false, None));
    assert_eq!(world.error().await.kind(), ErrorKind::LoginFailed, "a logout is no way around the wait");
    world.advance(Duration::from_secs(6));
    assert_eq!(world.token().await, "Bearer t3");

    world.auth.log_out(&world.context).await.expect("logged out");
    world.source.0.turns.lock().expect("lock").push_back(Turn::Fail(ErrorKind::Server));
    for _ in 0..2 {
        assert_eq!(world.error().await.kind(), ErrorKind::Server, "the old token serves nobody");
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_revoked_as_well() {
    let (world, source) = (World::with([]), Arc::new(Revoking::default()));
    let auth = Auth::from(source.clone());
    for is_refused in [false, true] {
        let bearer = auth.bearer(&world.context).await.expect("a token");
        assert!(!is_refused || auth.reject(&bearer, &world.context));
        auth.revoke(&world.context).await.expect("revoked");
    }
    auth.revoke(&world.context).await.expect("nothing to revoke");
    let t = || Some("t".to_owned());
    assert_eq!(*source.0.lock().expect("lock"), [t(), t(), None]);
}

#[tokio::test]
async fn a_logout_that_fails_brings_no_refused_token_back_and_the_good_one_ready_for_renewal() {
    let world = World::with([]);
    let unable = Auth::from(Revoking::default());
    let first = unable.bearer(&world.context).await.expect("a token");
    assert!(unable.reject(&first, &world.context));
    unable.log_out(&world.context).await.expect_err("it has no session");
    assert!(!unable.status().has_token);

    let source = Scripted::new([Turn::Token(LIFETIME), Turn::Fail(ErrorKind::Server)]);
    let world = World::new(source);
    world.token().await;
    world.advance(IN_SOFT_WINDOW);
    let held = world.auth.0.current.load_full().expect("a token");
    assert!(held.claim_renewal(), "whoever claimed it was late");
    world.auth.log_out(&world.context).await.expect_err("not now");
    world.token().await;
    world.settle().await;
    assert_eq!(world.token().await, "Bearer t2");
}

/// Notes which tokens it is to revoke.
#[derive(Debug, Default)]
struct Revoking(Mutex<Vec<Option<String>>>);

impl TokenSource for Revoking {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(std::future::ready(Ok(Token::new("t"))))
    }

    fn revoke<'a>(&'a self, token: Option<&'a Token>, _: &'a Context) -> BoxFuture<'a, Result<()>> {
        let token = token.map(|token| token.expose_secret().to_owned());
        self.0.lock().expect("lock").push(token);
        Box::pin(std::future::ready(Ok(())))
    }
}
