//! Symphony's login: how often the client signs, where, and what a refusal leads to.

use std::{collections::BTreeSet, sync::mpsc, time::Duration};

use entitlements::{
    ErrorKind,
    auth::{Auth, JwtSigner},
    fakes::{
        Fault,
        symphony::{Fake, KEY_NAME, Operation, PLAINLY_FAKE_KEY, Tenant},
    },
    symphony::Client,
    time::TestClock,
};
use futures_util::future::join_all;
use serde_json::Value;

const LIFETIME: Duration = Duration::from_secs(300);
const SKEW: Duration = Duration::from_secs(30);

fn signer(key_name: &str) -> JwtSigner {
    JwtSigner::from_pem(key_name, PLAINLY_FAKE_KEY).expect("a key")
}

fn client(fake: &Fake, auth: impl Into<Auth>, clock: &TestClock) -> Client {
    Client::builder(fake.base_url()).auth(auth).clock(clock.clone()).build().expect("a client")
}

async fn read(client: &Client) -> entitlements::Result<()> {
    client.list_entitlements().send().await.map(drop)
}

/// The tokens that the fake saw, in their order.
fn tokens(fake: &Fake) -> Vec<String> {
    let header = |sent: &entitlements::fakes::Request| {
        let value = sent.headers["authorization"].to_str().expect("text");
        value.strip_prefix("Bearer ").expect("a bearer token").to_owned()
    };
    fake.received().iter().map(header).collect()
}

fn distinct(tokens: &[String]) -> usize {
    tokens.iter().collect::<BTreeSet<_>>().len()
}

fn subject(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    claims["sub"].as_str().expect("a subject").to_owned()
}

#[tokio::test]
async fn there_is_one_signature_in_a_life_and_not_one_per_request() {
    let clock = TestClock::new();
    let fake = Fake::builder().clock(clock.clone()).start().await;
    let client = client(&fake, signer(KEY_NAME), &clock);
    assert!(join_all((0..50).map(|_| read(&client))).await.iter().all(Result::is_ok));
    clock.advance(LIFETIME / 2);
    assert!(join_all((0..50).map(|_| read(&client))).await.iter().all(Result::is_ok));
    assert_eq!((distinct(&tokens(&fake)), client.auth().status().renewals), (1, 1));
    clock.advance(LIFETIME);
    read(&client).await.expect("networks");
    assert_eq!((distinct(&tokens(&fake)), client.auth().status().renewals), (2, 2));
}

#[tokio::test]
async fn a_refused_token_is_signed_anew_once_and_then_for_a_minute_not_again() {
    let clock = TestClock::new();
    let once = Fault::status(401).times(1).then_normal();
    let fake = Fake::builder().clock(clock.clone()).faults(Operation::ListEntitlements, once).start().await;
    let client = client(&fake, signer(KEY_NAME), &clock);
    read(&client).await.expect("with a new signature");
    assert_eq!(distinct(&tokens(&fake)), 2);
    fake.faults(Operation::ListEntitlements, Fault::status(401).always());
    for attempts in [2, 1, 1] {
        let error = read(&client).await.expect_err("refused");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::LoginFailed, attempts));
    }
    assert_eq!(client.auth().status().renewals, 3);
    clock.advance(Duration::from_secs(60));
    assert_eq!(read(&client).await.expect_err("refused").attempts(), 2);
}

#[tokio::test]
async fn a_clock_that_runs_ahead_is_met_by_dating_back() {
    let (here, there) = (TestClock::new(), TestClock::new());
    let fake = Fake::builder().clock(there.clone()).start().await;
    here.advance(SKEW);
    let error = read(&client(&fake, signer(KEY_NAME), &here)).await.expect_err("issued in the future");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::LoginFailed, 2), "{error}");
    read(&client(&fake, signer(KEY_NAME).backdate(SKEW), &here)).await.expect("dated back");
}

#[tokio::test]
async fn keys_of_several_networks_share_no_token() {
    let clock = TestClock::new();
    let fake = Fake::builder().tenant(Tenant::new("other-desk")).clock(clock.clone()).start().await;
    let clients = [KEY_NAME, "other-desk"].map(|name| client(&fake, signer(name), &clock));
    for _ in 0..3 {
        for client in &clients {
            read(client).await.expect("networks");
        }
    }
    let subjects: Vec<_> = tokens(&fake).iter().map(|token| subject(token)).collect();
    let own = format!("ces:customer:{KEY_NAME}");
    assert_eq!(subjects, [own.as_str(), "ces:customer:other-desk"].repeat(3));
    assert_eq!(distinct(&tokens(&fake)), 2);
}

/// With one thread for what blocks, and that one occupied, only what does not need it goes on.
#[test]
fn signatures_are_made_beside_the_threads_of_async_code() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().max_blocking_threads(1).build().expect("a runtime");
    runtime.block_on(async {
        let clock = TestClock::new();
        let fake = Fake::builder().clock(clock.clone()).start_in_process();
        let client = fake.client().expect("a client");
        let (release, occupied) = mpsc::channel::<()>();
        let blocked = tokio::task::spawn_blocking(move || occupied.recv());
        let call = read(&client);
        futures_util::pin_mut!(call);
        for _ in 0..100 {
            assert!(futures_util::poll!(call.as_mut()).is_pending(), "signed on the thread of the runtime");
            tokio::task::yield_now().await;
        }
        release.send(()).expect("it waits");
        blocked.await.expect("it ended").expect("released");
        call.await.expect("networks");
    });
}
