//! An account that is locked after too many wrong passwords, and one that logs in once at a time.

use entitlements::ErrorKind;

use super::*;

const CALLERS: usize = 200;

/// The sixth failure would lock the account for a quarter of an hour.
#[tokio::test]
async fn a_wrong_password_is_tried_five_times_in_a_minute_and_does_not_lock_the_account() {
    let settings = json!({
        "bruteForceProtected": true,
        "failureFactor": 6,
        "quickLoginCheckMilliSeconds": 0,
        "waitIncrementSeconds": 900,
    });
    at_every_server("wrong-password", settings, async |realm| {
        let login = realm.client().client_id("crm_client").password(USER, "plainly-fake-wrong");
        let sdk = Sdk::moved_by_hand(&realm, login);
        let minute = seconds(60);
        while sdk.clock.elapsed() < minute {
            let calls = (0..CALLERS).map(|_| {
                let (auth, context) = (sdk.auth.clone(), sdk.context.clone());
                tokio::spawn(async move { auth.bearer(&context).await })
            });
            for call in calls.collect::<Vec<_>>() {
                let refused = call.await.expect("no panic").expect_err("a wrong password");
                assert_eq!(refused.kind(), ErrorKind::LoginFailed, "{refused}");
            }
            sdk.clock.advance(seconds(1));
        }
        let failure = sdk.auth.status().last_failure.expect("a failure");
        let tried = realm.events().await.count("LOGIN_ERROR");
        assert!((3..=5).contains(&tried), "{tried} logins in a minute");
        assert_eq!(failure.in_a_row as usize, tried);

        let right = Sdk::moved_by_hand(&realm, realm.login());
        assert!(realm.accepts(&right.bearer().await).await);
        realm.saw([("LOGIN_ERROR", tried), ("LOGIN", 1)]).await;
    })
    .await;
}

/// Logins of one user that meet are refused by the server, as if the password were wrong. It forgets
/// a login beside its answer, so the next one must not follow at once.
#[tokio::test]
async fn the_right_password_is_sent_once_for_all_callers() {
    let settings = json!({"bruteForceProtected": true, "failureFactor": 3});
    at_every_server("right-password", settings, async |realm| {
        let sdk = Sdk::moved_by_hand(&realm, realm.login());
        for bearer in sdk.bearers(CALLERS).await {
            assert_eq!(bearer.generation(), 1);
        }
        for _ in 0..5 {
            sdk.auth.log_out(&sdk.context).await.expect("logged out");
            tokio::time::sleep(Duration::from_millis(500)).await;
            sdk.bearers(CALLERS).await;
        }
        realm.saw([("LOGIN", 6), ("LOGOUT", 5)]).await;
    })
    .await;
}
