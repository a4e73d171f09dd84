//! Hundreds of renewals while every twentieth answer is lost and every second caller goes away.

use std::env;

use super::{proxy::Proxy, *};

const ROUNDS: u32 = 300;
const CALLERS: u64 = 40;
const SHARE: f64 = 0.05;

/// Why another token is needed.
#[derive(Debug, Clone, Copy)]
enum Cause {
    /// All wait for it.
    Ended,
    /// One renews it, the others go on with the old one.
    EndsSoon,
    /// An API refused it.
    Refused,
}

/// `KEYCLOAK_SEED=4711` loses other answers.
fn seed() -> u64 {
    env::var("KEYCLOAK_SEED").map_or(20, |seed| seed.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_that_is_lost_and_no_caller_who_goes_away_fails_a_call() {
    let seed = seed();
    at_every_server("losses", json!({"revokeRefreshToken": true}), async |realm| {
        let proxy = Proxy::before(realm.host()).await;
        proxy.lose(SHARE, seed);
        let sdk = Sdk::moved_by_hand(&realm, realm.login_through(&proxy.host()));
        // The first answer may be lost like any other.
        let mut newest = sdk.bearer().await;
        for round in 0..ROUNDS {
            let causes = [Cause::Ended, Cause::EndsSoon, Cause::Refused];
            let cause = causes[round as usize % causes.len()];
            let before = newest.generation();
            match cause {
                Cause::Ended => sdk.clock.advance(LIFETIME),
                // The window is the last fifth of its life at most, and three quarters of that at least.
                Cause::EndsSoon => sdk.clock.advance(LIFETIME.mul_f64(0.9)),
                Cause::Refused => assert!(sdk.auth.reject(&newest, &sdk.context), "round {round}"),
            }
            call_and_go(&sdk, &format!("seed {seed}, round {round}, {cause:?}")).await;
            // A renewal for which nobody waits.
            let mut watch = sdk.auth.watch();
            while watch.status().generation == before {
                let changed = tokio::time::timeout(REQUEST, watch.changed()).await;
                changed.unwrap_or_else(|_| panic!("seed {seed}, round {round}: no new token"));
            }
            newest = sdk.bearer().await;
            assert_eq!(newest.generation(), before + 1, "seed {seed}, round {round}");
        }
        assert!(realm.accepts(&newest).await);

        let (events, lost) = (realm.events().await, proxy.lost());
        let [logins, refreshes] = ["LOGIN", "REFRESH_TOKEN"].map(|kind| events.count(kind));
        eprintln!("{ROUNDS} renewals, {lost} answers lost: {refreshes} refreshes, {logins} logins");
        assert_eq!(events.count("REFRESH_TOKEN_ERROR"), 0, "{events:?}");
        assert_eq!(events.count("LOGIN_ERROR"), 0, "{events:?}");
        assert!(lost >= 10, "{lost} lost answers are too few to show anything");
        assert!(logins <= 1 + lost, "{logins} logins and {lost} lost answers");
        // Each renewal began with a refresh, so none was skipped in favour of a login.
        assert_eq!(refreshes, ROUNDS as usize);
        events.assert_newest_was_used();
    })
    .await;
}

/// Every second caller goes away, at one moment or another; the others get a token.
async fn call_and_go(sdk: &Sdk<TestClock>, what: &str) {
    let calls = (0..CALLERS).map(|number| {
        let (auth, context) = (sdk.auth.clone(), sdk.context.clone());
        let call = tokio::spawn(async move { auth.bearer(&context).await });
        (number, call)
    });
    let mut staying = Vec::new();
    for (number, call) in calls.collect::<Vec<_>>() {
        if number % 2 == 0 {
            staying.push(call);
            continue;
        }
        if number % 4 == 1 {
            tokio::time::sleep(Duration::from_micros(100 * number)).await;
        }
        call.abort();
    }
    for call in staying {
        call.await.expect("no panic").unwrap_or_else(|error| panic!("{what}: {error}"));
    }
}
