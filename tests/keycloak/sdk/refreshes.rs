//! A session that goes on: renewals before and after a token's end, and who else uses its tokens.

use entitlements::time::SystemClock;
use tokio::time::{Instant, sleep};

use super::{
    gateway::Gateway,
    proxy::{Loss, Proxy},
    *,
};

#[tokio::test]
async fn each_refresh_uses_the_newest_token_with_rotation_and_without() {
    at_every_server("refresh", json!({}), async |realm| {
        for rotation in [false, true] {
            realm.administer("PUT", "", Some(&json!({"revokeRefreshToken": rotation}))).await;
            let sdk = Sdk::moved_by_hand(&realm, realm.login());
            let mut last = sdk.bearer().await;
            for _ in 0..10 {
                sdk.clock.advance(LIFETIME);
                let bearers = sdk.bearers(50).await;
                assert!(bearers.iter().all(|bearer| bearer.generation() == last.generation() + 1));
                last = bearers[0].clone();
                assert!(realm.accepts(&last).await);
            }
        }
        assert_eq!(realm.sessions().await, 2);
        let events = realm.saw([("LOGIN", 2), ("REFRESH_TOKEN", 20)]).await;
        events.assert_newest_was_used();
    })
    .await;
}

/// In real time, as the next one: the server's clock decides whether a token is good.
#[tokio::test]
async fn a_token_is_renewed_before_its_end_while_calls_go_on() {
    let settings = json!({"accessTokenLifespan": 3, "revokeRefreshToken": true});
    at_every_server("before-the-end", settings, async |realm| {
        let gateway = Gateway::before(realm.clone()).await;
        let client = gateway.client(realm.login());
        let deadline = Instant::now() + seconds(60);
        while client.auth().status().generation < 4 {
            assert!(Instant::now() < deadline, "no fourth token in a minute");
            gateway.call(&client).await;
            sleep(Duration::from_millis(50)).await;
        }
        // A slow answer may overtake the end of a token.
        assert!(gateway.refused() <= 1, "{} refusals", gateway.refused());
        let events = realm.saw([("LOGIN", 1), ("REFRESH_TOKEN", 3)]).await;
        events.assert_newest_was_used();
    })
    .await;
}

#[tokio::test]
async fn a_token_that_ended_while_nobody_called_is_replaced_for_all() {
    at_every_server("after-the-end", json!({"accessTokenLifespan": 3}), async |realm| {
        let sdk = Sdk::new(&realm, realm.login(), SystemClock);
        let first = sdk.bearer().await;
        let deadline = Instant::now() + seconds(20);
        while realm.accepts(&first).await {
            assert!(Instant::now() < deadline, "a token of three seconds lives on");
            sleep(Duration::from_millis(100)).await;
        }
        for bearer in sdk.bearers(100).await {
            assert_eq!(bearer.generation(), 2);
        }
        assert!(realm.accepts(&sdk.bearer().await).await);
        realm.saw([("LOGIN", 1), ("REFRESH_TOKEN", 1)]).await;
    })
    .await;
}

/// Somebody else used a token a second time, so the server ended the whole family.
#[tokio::test]
async fn a_stolen_token_costs_one_new_login_and_no_call() {
    at_every_server("stolen", json!({"revokeRefreshToken": true}), async |realm| {
        let proxy = Proxy::before(realm.host()).await;
        let sdk = Sdk::moved_by_hand(&realm, realm.login_through(&proxy.host()));
        sdk.bearer().await;
        let second = sdk.renewed().await;
        let spent = proxy.refresh_tokens().pop().expect("one refresh");
        let refused = realm.replay(&spent).await;
        assert_eq!(refused, "Maximum allowed refresh token reuse exceeded");
        assert!(!realm.accepts(&second).await, "the family is dead");

        sdk.clock.advance(LIFETIME);
        for bearer in sdk.bearers(100).await {
            assert_eq!(bearer.generation(), 3);
        }
        assert!(realm.accepts(&sdk.bearer().await).await);
        assert!(realm.accepts(&sdk.renewed().await).await);
        let expected = [("LOGIN", 2), ("REFRESH_TOKEN", 2), ("REFRESH_TOKEN_ERROR", 2)];
        let events = realm.saw(expected).await;
        assert_eq!(events.refused_refreshes(), [&refused, "Session doesn't have required client"]);
    })
    .await;
}

/// One answer of each kind of loss. What may be spent is never sent again.
#[tokio::test]
async fn a_refresh_whose_answer_is_lost_costs_one_login() {
    let ways = [Loss::Whole, Loss::HalfTheHead, Loss::HalfTheBody, Loss::BadGateway];
    at_every_server("lost", json!({"revokeRefreshToken": true}), async |realm| {
        let proxy = Proxy::before(realm.host()).await;
        let sdk = Sdk::moved_by_hand(&realm, realm.login_through(&proxy.host()));
        sdk.bearer().await;
        for way in ways {
            proxy.lose_next(way);
            assert!(realm.accepts(&sdk.renewed().await).await, "{way:?}");
            assert!(realm.accepts(&sdk.renewed().await).await, "{way:?}");
        }
        assert_eq!(proxy.lost(), ways.len());
        // Each loss is a refresh and a login; the next renewal is a refresh of the new session.
        let losses = ways.len();
        realm.saw([("LOGIN", 1 + losses), ("REFRESH_TOKEN", 2 * losses)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_refresh_whose_answer_is_too_late_costs_one_login() {
    at_every_server("late", json!({"revokeRefreshToken": true}), async |realm| {
        let proxy = Proxy::before(realm.host()).await;
        let mut sdk = Sdk::moved_by_hand(&realm, realm.login_through(&proxy.host()));
        sdk.bearer().await;
        let patient = sdk.context.clone();
        sdk.context = Context::new(realm.http().clone(), sdk.clock.clone(), seconds(3));
        proxy.lose_next(Loss::Late);
        let begun = Instant::now();
        assert!(realm.accepts(&sdk.renewed().await).await);
        assert!(begun.elapsed() >= seconds(3), "it did not wait for the answer");
        sdk.context = patient;
        assert!(realm.accepts(&sdk.renewed().await).await);
        realm.saw([("LOGIN", 2), ("REFRESH_TOKEN", 2)]).await;
    })
    .await;
}
