//! A thousand callers with a wrong password.

use std::time::Duration;

use entitlements::{
    ErrorKind,
    auth::{Auth, Keycloak},
    crm_gateway::Client,
    fakes::{
        crm_gateway::Fake,
        keycloak::{self, BruteForce, CLIENT_ID, PASSWORD, USER},
    },
    time::TestClock,
};
use futures_util::future::join_all;

const CALLERS: usize = 1_000;
/// A caller comes again after so many seconds.
const AGAIN: usize = 10;

fn login(fake: &Fake, password: &str) -> Keycloak {
    Keycloak::new(fake.keycloak().token_url()).client_id(CLIENT_ID).password(USER, password)
}

/// Row: "A wrong password, 1,000 callers, a minute: at most five logins tried". An account that
/// Keycloak protects against guessing is not locked by them.
#[tokio::test]
async fn a_thousand_callers_try_at_most_five_logins_in_a_minute_and_lock_nobody() {
    let clock = TestClock::new();
    let realm = keycloak::Fake::builder()
        .brute_force(BruteForce::default())
        .token_request_takes(Duration::from_millis(100));
    let fake = Fake::builder().clock(clock.clone()).keycloak(realm).start().await;
    let client = Client::builder(fake.uri())
        .auth(login(&fake, "not-the-password"))
        .clock(clock.clone())
        .build()
        .expect("a client");
    for second in 0..60 {
        let callers = (0..CALLERS).filter(|caller| caller % AGAIN == second % AGAIN);
        let calls = callers.map(|_| client.list_entitlements().count());
        for outcome in join_all(calls).await {
            let error = outcome.expect_err("the password is wrong");
            assert_eq!(error.kind(), ErrorKind::LoginFailed, "{error}");
        }
        clock.advance(Duration::from_secs(1));
    }
    let tried = fake.keycloak().counts().failures;
    assert!((2..=5).contains(&tried), "{tried} logins were tried");
    assert_eq!(fake.keycloak().journal().token_requests(), tried);
    assert_eq!(fake.list_requests(), 0, "nothing was sent without a token");

    let context = fake.keycloak().context().expect("a context");
    let right = Auth::from(login(&fake, PASSWORD)).bearer(&context).await;
    assert_eq!(right.expect("the account is not locked").generation(), 1);
}

/// That it could have been locked.
#[tokio::test]
async fn without_a_pause_the_account_would_be_locked() {
    let clock = TestClock::new();
    let realm = keycloak::Fake::builder().brute_force(BruteForce::default());
    let fake = Fake::builder().clock(clock).keycloak(realm).start_in_process();
    let context = fake.keycloak().context().expect("a context");
    for _ in 0..2 {
        let wrong = Auth::from(login(&fake, "not-the-password"));
        wrong.bearer(&context).await.expect_err("the password is wrong");
    }
    let right = Auth::from(login(&fake, PASSWORD)).bearer(&context).await;
    assert_eq!(right.expect_err("it is locked").kind(), ErrorKind::LoginFailed);
}
