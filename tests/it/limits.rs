//! Deadlines, waits and lifetimes at their edges.

use std::{sync::Arc, time::Duration};

use entitlements::{
    ErrorKind, Result,
    auth::{Auth, Context, Keycloak, StaticToken, Token, TokenSource},
    crm_gateway::Client,
    time::{BoxFuture, TestClock},
};

use super::support::raw::{RawServer, answer};

const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;

/// A login that never ends.
#[derive(Debug)]
struct Stuck;

impl TokenSource for Stuck {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_login_that_never_ends_ends_the_call_at_its_deadline() {
    let auth = Auth::from(Arc::new(Stuck) as Arc<dyn TokenSource>);
    let client = Client::builder("http://127.0.0.1:9").auth(auth).build().expect("a client");
    let call = client.list_entitlements().with_deadline(Duration::from_millis(5)).send();
    let error = call.await.expect_err("too late");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
}

/// A login that panics.
#[derive(Debug)]
struct Broken;

impl TokenSource for Broken {
    fn acquire<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async { panic!("a fault of the application's own login") })
    }
}

#[tokio::test]
async fn a_login_that_panics_is_a_failed_login_and_not_a_transient_error() {
    let client = Client::builder("http://127.0.0.1:9").auth(Broken).build().expect("a client");
    for _ in 0..2 {
        let error = client.list_entitlements().send().await.expect_err("broken");
        assert_eq!(error.kind(), ErrorKind::LoginFailed);
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn the_longest_deadlines_and_lifetimes_are_none_at_all() {
    let token = r#"{"access_token":"a","expires_in":9223372036854775807,"refresh_expires_in":9223372036854775807,"refresh_token":"r"}"#;
    let server =
        RawServer::start([answer::json(200, token), answer::json(200, EMPTY), answer::json(200, EMPTY)])
            .await;
    let login =
        Keycloak::realm(&server.uri(), "nagra").client_id("crm_client").password("u", "not-a-real-password");
    let client = Client::builder(server.uri()).auth(login).deadline(Duration::MAX).timeout(Duration::MAX);
    let client = client.build().expect("a client");
    client.list_entitlements().send().await.expect("a page");
    client.list_entitlements().send().await.expect("a page with the same token");

    let server = RawServer::start([answer::json(200, EMPTY)]).await;
    let client = Client::builder(server.uri()).auth(StaticToken::new("t")).build().expect("a client");
    client.list_entitlements().with_deadline(Duration::MAX).send().await.expect("a page");
}

#[tokio::test]
async fn a_server_error_with_a_code_of_the_gateways_is_repeated_like_any_other() {
    for status in [500, 502, 503, 504] {
        let failure = || answer::json(status, r#"{"code":500,"errorCode":1000,"message":"x"}"#);
        let server = RawServer::start([failure(), failure(), failure(), answer::json(200, EMPTY)]).await;
        let builder = Client::builder(server.uri()).auth(StaticToken::new("t")).clock(TestClock::new());
        let page = builder.build().expect("a client").list_entitlements().send().await.expect("a page");
        assert_eq!(page.attempts(), 4, "{status}");
    }
}

#[tokio::test]
async fn a_refresh_that_was_answered_without_a_token_is_not_repeated() {
    let token = |refresh: &str| {
        answer::json(200, &format!(r#"{{"access_token":"a","expires_in":300,"refresh_token":"{refresh}"}}"#))
    };
    let page = || answer::json(200, EMPTY);
    let script = [token("first"), page(), answer::with(200, &[], "<html>"), token("second"), page()];
    let server = RawServer::start(script).await;
    let clock = TestClock::new();
    let login =
        Keycloak::realm(&server.uri(), "nagra").client_id("crm_client").password("u", "not-a-real-password");
    let client = Client::builder(server.uri()).auth(login).clock(clock.clone()).build().expect("a client");
    client.list_entitlements().send().await.expect("a page");
    clock.advance(Duration::from_secs(300));
    client.list_entitlements().send().await.expect("a page after a new login");
    let bodies: Vec<_> =
        server.requests().iter().map(|seen| String::from_utf8_lossy(&seen.body).into_owned()).collect();
    assert!(bodies[2].starts_with("grant_type=refresh_token"), "{bodies:?}");
    assert!(bodies[3].starts_with("grant_type=password"), "{bodies:?}");
}

#[tokio::test]
async fn a_correlation_id_cannot_make_two_lines_of_an_error() {
    let client = Client::builder("http://127.0.0.1:9").auth(StaticToken::new("t")).build().expect("a client");
    let error = client.list_entitlements().with_correlation_id("a\nb").send().await.expect_err("refused");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn a_builder_shows_neither_headers_nor_addresses() {
    let builder = Client::builder("https://me:not-a-real-password@operator.example")
        .default_header("x-api-key", "not-a-real-key");
    let shown = format!("{builder:?}");
    assert!(!shown.contains("not-a-real"), "{shown}");
}

#[tokio::test]
async fn what_a_server_announces_takes_no_memory() {
    let head =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000000000000000000\r\n\r\n";
    let server = RawServer::start([answer::bytes(&[head, &*vec![b' '; 200_000]].concat())]).await;
    let builder = Client::builder(server.uri()).auth(StaticToken::new("not-a-real-token"));
    let client = builder.max_body(usize::MAX).max_attempts(1).build().expect("a client");
    let error = client.list_entitlements().send().await.expect_err("it broke off");
    assert_eq!(error.kind(), ErrorKind::Server);
}

#[tokio::test]
async fn a_token_endpoint_that_asks_for_a_wait_is_quoted() {
    let busy = answer::with(503, &[("retry-after", "7")], "");
    let server = RawServer::start((0..4).map(|_| busy.clone())).await;
    let login = Keycloak::new(format!("{}/token", server.uri())).client_id("crm_client");
    let login = login.password("operator", "not-a-real-password");
    let builder = Client::builder(server.uri()).auth(login).clock(TestClock::new());
    let error = builder.build().expect("a client").list_entitlements().send().await.expect_err("busy");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_call_that_was_lost_and_then_refused_does_not_say_that_it_was_never_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let lost = async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await.expect("a request");
    };
    let builder = Client::builder(format!("http://{address}")).auth(StaticToken::new("not-a-real-token"));
    let client = builder.clock(TestClock::new()).build().expect("a client");
    let (error, ()) = tokio::join!(client.list_entitlements().send(), lost);
    let error = error.expect_err("lost, and then nobody listens");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 4));
}

#[tokio::test]
async fn no_wait_of_ones_own_is_longer_than_the_longest() {
    let once = [answer::empty(502), answer::json(200, EMPTY)];
    let server = RawServer::start((0..20).flat_map(|_| once.clone())).await;
    let clock = TestClock::new();
    let builder = Client::builder(server.uri()).auth(StaticToken::new("not-a-real-token"));
    let builder = builder.backoff(Duration::from_secs(10), Duration::from_secs(60));
    let client =
        builder.longest_wait(Duration::from_millis(50)).clock(clock.clone()).build().expect("a client");
    for _ in 0..20 {
        assert_eq!(client.list_entitlements().send().await.expect("a page").attempts(), 2);
    }
    assert!(clock.elapsed() <= Duration::from_secs(1), "{:?}", clock.elapsed());
}
