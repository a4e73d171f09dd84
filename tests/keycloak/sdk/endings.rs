//! Sessions that end: by time, by the application, and by an administrator.

use entitlements::time::SystemClock;
use tokio::time::{Instant, sleep};

use super::{
    gateway::{FOUND, Gateway, Refusal},
    *,
};

/// In real time: after 9 seconds the server ends the session, whoever uses it. Its clock of whole
/// seconds says that tokens last a little longer, so the API may be the first to know.
#[tokio::test]
async fn near_the_end_of_a_session_there_is_a_new_one_and_no_caller_notices() {
    let settings = json!({
        "accessTokenLifespan": 3,
        "ssoSessionMaxLifespan": 9,
        "revokeRefreshToken": true,
    });
    at_every_server("session-end", settings, async |realm| {
        let gateway = Gateway::before(realm.clone()).await;
        let client = gateway.client(realm.login());
        let deadline = Instant::now() + seconds(60);
        while realm.events().await.count("LOGIN") < 2 {
            assert!(Instant::now() < deadline, "no second session in a minute");
            for _ in 0..5 {
                gateway.call(&client).await;
                sleep(Duration::from_millis(50)).await;
            }
        }
        gateway.call(&client).await;
        let events = realm.events().await;
        assert!(events.count("REFRESH_TOKEN") >= 2, "{events:?}");
        assert!(gateway.refused() <= 1, "{} refusals", gateway.refused());
        assert!(events.count("REFRESH_TOKEN_ERROR") <= gateway.refused(), "{events:?}");
    })
    .await;
}

/// In real time, too. Who knows that a session is over logs in at once; who does not asks once.
#[tokio::test]
async fn a_session_that_was_idle_for_too_long_is_replaced() {
    let settings = json!({"accessTokenLifespan": 2, "ssoSessionIdleTimeout": 4});
    at_every_server("idle", settings, async |realm| {
        let knows = Sdk::new(&realm, realm.login(), SystemClock);
        let believes = Sdk::moved_by_hand(&realm, realm.login());
        knows.bearer().await;
        let old = believes.bearer().await;
        // The server counts whole seconds.
        sleep(seconds(4 + 1)).await;
        assert!(!realm.accepts(&old).await);
        assert!(realm.accepts(&knows.bearer().await).await);
        assert!(believes.auth.reject(&old, &believes.context));
        assert!(realm.accepts(&believes.bearer().await).await);
        let events = realm.saw([("LOGIN", 4), ("REFRESH_TOKEN_ERROR", 1)]).await;
        assert_eq!(events.refused_refreshes(), ["Token is not active"]);
    })
    .await;
}

#[tokio::test]
async fn logging_out_ends_the_session_at_the_server_and_the_next_call_logs_in() {
    at_every_server("log-out", json!({"revokeRefreshToken": true}), async |realm| {
        let sdk = Sdk::moved_by_hand(&realm, realm.login());
        let before = sdk.renewed().await;
        assert_eq!(realm.sessions().await, 1);
        sdk.auth.log_out(&sdk.context).await.expect("logged out");
        assert_eq!(realm.sessions().await, 0);
        assert!(!realm.accepts(&before).await);
        assert!(!sdk.auth.status().has_token);
        sdk.auth.log_out(&sdk.context).await.expect("there is nothing to do");

        for bearer in sdk.bearers(100).await {
            assert!(bearer.generation() > before.generation());
        }
        assert!(realm.accepts(&sdk.bearer().await).await);
        assert_eq!(realm.sessions().await, 1);
        realm.saw([("LOGIN", 2), ("LOGOUT", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn revoked_tokens_are_worthless_at_the_server_and_the_next_call_logs_in() {
    at_every_server("revoke", json!({"revokeRefreshToken": true}), async |realm| {
        for login in [realm.login(), realm.login().offline_access()] {
            let sdk = Sdk::moved_by_hand(&realm, login);
            sdk.bearer().await;
            let before = sdk.renewed().await;
            assert!(realm.accepts(&before).await);
            sdk.auth.revoke(&sdk.context).await.expect("revoked");
            assert!(!realm.accepts(&before).await);
            assert!(!sdk.auth.status().has_token);
            assert!(realm.accepts(&sdk.bearer().await).await);
        }
        // Both tokens of two sessions.
        realm.saw([("LOGIN", 4), ("REFRESH_TOKEN", 2), ("REVOKE_GRANT", 4)]).await;
    })
    .await;
}

/// The API is the first to learn of it, in each of its ways to say so.
#[tokio::test]
async fn a_user_whom_an_administrator_logs_out_is_logged_in_again_within_the_call() {
    let settings = json!({"revokeRefreshToken": true});
    at_every_server("admin-logout", settings, async |realm| {
        let gateway = Gateway::before(realm.clone()).await;
        let client = gateway.client(realm.login());
        let user = realm.user_id().await;
        for (already, refusal) in
            [Refusal::Forbidden, Refusal::Unauthorized, Refusal::ResultCode].into_iter().enumerate()
        {
            gateway.refuse_by(refusal);
            gateway.call(&client).await;
            realm.administer("POST", &format!("/users/{user}/logout"), None).await;
            let calls = (0..20).map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.list_entitlements().count().await })
            });
            for call in calls.collect::<Vec<_>>() {
                let count = call.await.expect("no panic").expect("a count");
                assert_eq!(count, FOUND, "{refusal:?}");
            }
            let events = realm.events().await;
            assert_eq!(events.count("LOGIN"), 2 + already, "{refusal:?}: {events:?}");
            assert_eq!(events.refused_refreshes(), vec!["Session not active"; 1 + already]);
        }
    })
    .await;
}

#[tokio::test]
async fn a_not_before_push_costs_one_login_and_no_call() {
    at_every_server("not-before", json!({"revokeRefreshToken": true}), async |realm| {
        let gateway = Gateway::before(realm.clone()).await;
        let client = gateway.client(realm.login());
        gateway.call(&client).await;
        // What was issued in the same second is not older.
        sleep(seconds(2)).await;
        realm.push_not_before().await;
        gateway.call(&client).await;
        assert_eq!(gateway.refused(), 1);
        let events = realm.saw([("LOGIN", 2), ("REFRESH_TOKEN_ERROR", 1)]).await;
        assert_eq!(events.refused_refreshes(), ["Stale token"]);
    })
    .await;
}
