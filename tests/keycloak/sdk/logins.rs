//! The grants, and the ways in which a client proves who it is.

use entitlements::{ErrorKind, auth::ClientAuthentication};

use super::{
    realm::{ODD_CLIENT, ODD_SECRET},
    *,
};
use crate::SECRET;

const BOTH_WAYS: [ClientAuthentication; 2] = [ClientAuthentication::Basic, ClientAuthentication::Form];

#[tokio::test]
async fn a_thousand_callers_without_a_token_cause_one_login() {
    at_every_server("cold", json!({}), async |realm| {
        let sdk = Sdk::moved_by_hand(&realm, realm.login());
        assert_eq!(sdk.auth.status().generation, 0, "nothing is asked for before the first call");
        let bearers = sdk.bearers(1_000).await;
        let status = sdk.auth.status();
        assert_eq!((status.generation, status.has_token, status.last_failure), (1, true, None));
        let left = status.expires_at.expect("an end").duration_since(sdk.clock.wall());
        assert!(left.is_ok_and(|left| left <= LIFETIME && LIFETIME < left + REQUEST), "{status:?}");
        assert!(bearers.iter().all(|bearer| bearer.header() == bearers[0].header()));
        assert!(realm.accepts(&bearers[0]).await);
        realm.saw([("LOGIN", 1)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_logs_in_as_itself_whatever_its_id_and_secret_are_made_of() {
    at_every_server("client", json!({}), async |realm| {
        for authentication in BOTH_WAYS {
            for (id, secret) in [("crm_job", SECRET), (ODD_CLIENT, ODD_SECRET)] {
                let login = realm.client().client_id(id).client_secret(secret).client_credentials();
                let sdk = Sdk::moved_by_hand(&realm, login.client_authentication(authentication));
                let first = sdk.bearer().await;
                assert!(realm.accepts(&first).await, "{id} {authentication:?}");
                let second = sdk.renewed().await;
                assert_ne!(first.header(), second.header());
                assert!(realm.accepts(&second).await, "{id} {authentication:?}");
            }
        }
        // There is no refresh token in this grant.
        realm.saw([("CLIENT_LOGIN", 8)]).await;

        for authentication in BOTH_WAYS {
            let login = realm.client().client_id(ODD_CLIENT).client_secret("plainly-fake-wrong");
            let login = login.client_credentials().client_authentication(authentication);
            let sdk = Sdk::moved_by_hand(&realm, login);
            let refused = sdk.auth.bearer(&sdk.context).await.expect_err("a wrong secret");
            assert_eq!(refused.kind(), ErrorKind::LoginFailed, "{refused}");
        }
        realm.saw([("CLIENT_LOGIN", 8), ("CLIENT_LOGIN_ERROR", 2)]).await;
    })
    .await;
}

#[tokio::test]
async fn a_user_logs_in_and_stays_so_at_a_client_with_a_secret() {
    at_every_server("confidential", json!({"revokeRefreshToken": true}), async |realm| {
        for authentication in BOTH_WAYS {
            let login = realm.client().client_id(ODD_CLIENT).client_secret(ODD_SECRET);
            let login = login.password(USER, PASSWORD).client_authentication(authentication);
            let sdk = Sdk::moved_by_hand(&realm, login);
            assert!(realm.accepts(&sdk.bearer().await).await);
            for _ in 0..3 {
                assert!(realm.accepts(&sdk.renewed().await).await);
            }
            sdk.auth.log_out(&sdk.context).await.expect("logged out");
        }
        assert_eq!(realm.sessions().await, 0);
        let events = realm.saw([("LOGIN", 2), ("REFRESH_TOKEN", 6), ("LOGOUT", 2)]).await;
        events.assert_newest_was_used();
    })
    .await;
}

/// The server says `refresh_expires_in: 0` then, which is not "at once".
#[tokio::test]
async fn an_offline_token_is_used_long_after_other_sessions_would_have_ended() {
    at_every_server("offline", json!({}), async |realm| {
        for rotation in [false, true] {
            realm.administer("PUT", "", Some(&json!({"revokeRefreshToken": rotation}))).await;
            let sdk = Sdk::moved_by_hand(&realm, realm.login().offline_access());
            sdk.bearer().await;
            for _ in 0..3 {
                sdk.clock.advance(seconds(24 * 3_600));
                assert!(realm.accepts(&sdk.bearer().await).await);
            }
        }
        let events = realm.saw([("LOGIN", 2), ("REFRESH_TOKEN", 6)]).await;
        events.assert_newest_was_used();
    })
    .await;
}

#[tokio::test]
async fn an_unknown_realm_and_an_unknown_client_are_failures_of_the_login() {
    at_every_server("unknown", json!({}), async |realm| {
        let nowhere = Keycloak::realm(&format!("http://{}{}", realm.host(), crate::pair::ROOT), "nowhere");
        let nowhere = nowhere.client_id("crm_client").password(USER, PASSWORD);
        let nobody = realm.client().client_id("nobody").password(USER, PASSWORD);
        for login in [nowhere, nobody] {
            let sdk = Sdk::moved_by_hand(&realm, login);
            let refused = sdk.auth.bearer(&sdk.context).await.expect_err("nothing to log in to");
            assert_eq!(refused.kind(), ErrorKind::LoginFailed, "{refused}");
        }
        realm.saw([("LOGIN_ERROR", 1)]).await;
    })
    .await;
}
