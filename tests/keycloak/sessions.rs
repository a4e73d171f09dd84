//! Refreshing, rotation, logging out and revoking.

use super::{pair::Side, *};

#[tokio::test]
async fn refreshes() {
    for pair in nagra().await {
        let tokens = pair.log_in("login", "").await;
        let second = refresh(&pair, "refresh", &tokens).await;
        refresh(&pair, "the old one again", &tokens).await;
        refresh(&pair, "the new one", &second).await;
        let access = |side| tokens.text(side, "access_token");
        let public = "client_id=crm_client";
        let missing = |_| format!("grant_type=refresh_token&{public}");
        pair.token("missing", missing).await;
        pair.token("empty", |_| refresh_as(public, "")).await;
        pair.token("garbage", |_| refresh_as(public, "garbage")).await;
        pair.token("three parts of garbage", |_| refresh_as(public, "a.b.c")).await;
        pair.token("an access token", |side| refresh_as(public, &access(side))).await;
        let tampered = |side| format!("{}AAAA", tokens.text(side, "refresh_token"));
        pair.token("tampered", |side| refresh_as(public, &tampered(side))).await;
        let token = |side| tokens.text(side, "refresh_token");
        pair.token("another client's", |side| refresh_as(JOB, &token(side))).await;
        pair.token("another public client's", |side| refresh_as("client_id=crm_other", &token(side))).await;
        for scope in ["openid", "profile", "phone", "magic", ""] {
            let with_scope = |side| format!("{}&scope={scope}", refresh_as(public, &token(side)));
            pair.token(&format!("scope {scope}"), with_scope).await;
        }
        pair.token("unknown scope and no token", |side| format!("{}&scope=magic", missing(side))).await;
        pair.token("unknown scope and garbage", |_| format!("{}&scope=magic", refresh_as(public, "x"))).await;
    }
}

#[tokio::test]
async fn a_refresh_under_another_name_of_the_host() {
    let path = "/protocol/openid-connect";
    let headers = |side: Side| {
        let host = if side == Side::Real { "host: moved.example\r\n" } else { "" };
        format!("{host}content-type: application/x-www-form-urlencoded\r\n")
    };
    for pair in nagra().await {
        let tokens = pair.log_in("login", "").await;
        pair.fake.rename_host("http://moved.example");
        let token = |side| tokens.text(side, "refresh_token");
        let body = |side| refresh_as("client_id=crm_client", &token(side));
        let refused = pair.send("refresh", "POST", &format!("{path}/token"), headers, body).await;
        assert!(refused.description().starts_with("Invalid token issuer. Expected"), "{refused:?}");
        let body = |side| format!("client_id=crm_client&refresh_token={}", token(side));
        pair.send("logout", "POST", &format!("{path}/logout"), headers, body).await;
        let body = |side| format!("{JOB}&token={}", token(side));
        pair.send("introspection", "POST", &format!("{path}/token/introspect"), headers, body).await;
    }
}

#[tokio::test]
async fn a_replay_under_rotation_ends_the_newest_token_too() {
    for pair in rotating().await {
        for more in ["", "&scope=offline_access"] {
            let first = pair.log_in("login", more).await;
            let second = refresh(&pair, "first use", &first).await;
            let replay = refresh(&pair, "replay", &first).await;
            assert_eq!(replay.description(), "Maximum allowed refresh token reuse exceeded");
            let newest = refresh(&pair, "the newest", &second).await;
            assert_eq!(newest.description(), "Session doesn't have required client");
            refresh(&pair, "replay again", &first).await;
            let revoked = |side| format!("client_id=crm_client&token={}", second.text(side, "refresh_token"));
            pair.post("revoke the newest", "revoke", revoked).await;
        }
        let first = pair.log_in("login", "").await;
        let token = |side| first.text(side, "refresh_token");
        let first_use = refresh(&pair, "first use", &first).await;
        pair.post("logout with a spent token", "logout", |side| {
            format!("client_id=crm_client&refresh_token={}", token(side))
        })
        .await;
        refresh(&pair, "the newest after the logout", &first_use).await;
    }
}

#[tokio::test]
async fn a_token_that_was_replaced_twice_is_stale() {
    for pair in rotating().await {
        let first = pair.log_in("login", "").await;
        pair.pass(seconds(2)).await;
        let second = refresh(&pair, "first use", &first).await;
        pair.pass(seconds(2)).await;
        let third = refresh(&pair, "second token", &second).await;
        let stale = refresh(&pair, "first token", &first).await;
        assert_eq!(stale.description(), "Stale token");
        refresh(&pair, "third token", &third).await;
    }
}

/// The push comes last: it makes every token of the realm stale.
#[tokio::test]
async fn a_token_may_be_used_as_often_as_the_realm_says() {
    for pair in reusing().await {
        let first = pair.log_in("login", "").await;
        let second = refresh(&pair, "first use", &first).await;
        refresh(&pair, "second use", &first).await;
        refresh(&pair, "third use", &first).await;
        refresh(&pair, "the newest", &second).await;

        let first = pair.log_in("login", "").await;
        pair.pass(seconds(2)).await;
        let sibling = refresh(&pair, "first use", &first).await;
        pair.pass(seconds(2)).await;
        let second = refresh(&pair, "second use", &first).await;
        refresh(&pair, "the newest, which is the token used last from now on", &second).await;
        refresh(&pair, "the other child of the first", &sibling).await;

        let tokens = pair.log_in("login", "").await;
        pair.pass(seconds(2)).await;
        let pushed = Pair::now();
        pair.administer("PUT", "", &format!("{{\"notBefore\":{pushed}}}")).await;
        pair.fake.push_not_before();
        let stale = refresh(&pair, "after a push", &tokens).await;
        assert_eq!(stale.description(), "Stale token");
        let later = pair.log_in("login after a push", "").await;
        for side in [Side::Real, Side::Fake] {
            let policy = later.of(side).json()["not-before-policy"].as_u64().expect("a number");
            assert!(policy.abs_diff(pushed) < 60, "{side:?}: {policy} instead of {pushed}");
        }
        // For another run with the same server.
        pair.administer("PUT", "", "{\"notBefore\":0}").await;
    }
}

#[tokio::test]
async fn logging_out() {
    for pair in nagra().await {
        let tokens = pair.log_in("login", "").await;
        let token = |side| tokens.text(side, "refresh_token");
        let with = |client: &'static str| move |side| format!("{client}&refresh_token={}", token(side));
        let garbage = |_| "client_id=crm_client&refresh_token=x".to_owned();
        pair.post("garbage", "logout", garbage).await;
        pair.post("no token, which a person in a browser has not", "logout", |_| JOB.to_owned()).await;
        for (what, client) in [
            ("another client's", JOB),
            ("no client", ""),
            ("unknown client", "client_id=x"),
            ("missing secret", "client_id=crm_job"),
            ("bearer only", "client_id=crm_bearer"),
            ("bearer only with a secret", "client_id=crm_api&client_secret=plainly-fake-secret"),
            ("right", "client_id=crm_client"),
            ("again", "client_id=crm_client"),
        ] {
            pair.post(what, "logout", with(client)).await;
        }
        let refused = refresh(&pair, "refresh after it", &tokens).await;
        assert_eq!(refused.description(), "Session not active");
    }
}

#[tokio::test]
async fn revoking() {
    for pair in nagra().await {
        let tokens = pair.log_in("login", "&scope=openid").await;
        for (what, body) in [
            ("garbage", "client_id=crm_client&token=garbage"),
            ("empty", "client_id=crm_client&token="),
            ("missing", "client_id=crm_client"),
            ("twice", "client_id=crm_client&token=x&token=y"),
            ("a hint that is none", "client_id=crm_client&token=x&token_type_hint=magic"),
            ("no client", "token=x"),
            ("unknown client", "client_id=x&token=x"),
            ("missing secret", "client_id=crm_job&token=x"),
            ("bearer only", "client_id=crm_bearer&token=x"),
            ("bearer only with a secret", "client_id=crm_api&client_secret=plainly-fake-secret&token=x"),
        ] {
            pair.post(what, "revoke", |_| body.to_owned()).await;
        }
        for (what, client, name) in [
            ("another client's access token", JOB, "access_token"),
            ("another client's refresh token", JOB, "refresh_token"),
            ("an identity", "client_id=crm_client", "id_token"),
            ("an access token", "client_id=crm_client", "access_token"),
            ("an access token again", "client_id=crm_client", "access_token"),
        ] {
            pair.post(what, "revoke", |side| format!("{client}&token={}", tokens.text(side, name))).await;
        }
        pair.user_info("who it speaks for now", &tokens).await;
        let fresh = refresh(&pair, "refresh after it", &tokens).await;
        pair.user_info("who the new one speaks for", &fresh).await;
        for what in ["a refresh token", "a refresh token again"] {
            let body = |side| format!("client_id=crm_client&token={}", tokens.text(side, "refresh_token"));
            pair.post(what, "revoke", body).await;
        }
        let refused = refresh(&pair, "refresh after that", &fresh).await;
        assert_eq!(refused.description(), "Session not active");
        let body = |side| format!("client_id=crm_client&token={}", fresh.text(side, "access_token"));
        pair.post("an access token without a session", "revoke", body).await;
    }
}

#[tokio::test]
async fn offline_tokens() {
    for pair in nagra().await {
        let offline = pair.log_in("offline", "&scope=offline_access").await;
        let other = pair.log_in("another session", "").await;
        let body = |side| format!("client_id=crm_client&refresh_token={}", other.text(side, "refresh_token"));
        pair.post("logout of the other session", "logout", body).await;
        refresh(&pair, "the offline token outlives it", &offline).await;
        let second = pair.log_in("a second offline session", "&scope=offline_access").await;
        let body = |side| format!("client_id=crm_client&token={}", offline.text(side, "refresh_token"));
        pair.post("revoke", "revoke", body).await;
        let refused = refresh(&pair, "refresh after it", &offline).await;
        assert_eq!(refused.description(), "Offline user session not found");
        refresh(&pair, "the second offline session outlives it", &second).await;
        let body =
            |side| format!("client_id=crm_client&refresh_token={}", second.text(side, "refresh_token"));
        pair.post("logout", "logout", body).await;
        refresh(&pair, "refresh after the logout", &second).await;
    }
}
