//! What ends by itself: in real time at the real server, by the moved clock at the fake.

use futures_util::future::join_all;

use super::*;

#[tokio::test]
async fn access_and_refresh_tokens_end() {
    let pairs = short().await;
    let ended = pairs.iter().map(async |pair| {
        let tokens = pair.log_in("login", "&scope=openid").await;
        pair.user_info("at first", &tokens).await;
        pair.pass(seconds(4)).await;
        pair.user_info("after its end", &tokens).await;
        let body = |side| format!("{JOB}&token={}", tokens.text(side, "access_token"));
        pair.post("introspection after its end", "token/introspect", body).await;
        let body = |side| format!("client_id=crm_client&token={}", tokens.text(side, "access_token"));
        pair.post("revoke after its end", "revoke", body).await;
        pair.pass(seconds(6)).await;
        let refused = refresh(pair, "refresh after its end", &tokens).await;
        assert_eq!(refused.description(), "Token is not active");
        let token = |side| tokens.text(side, "refresh_token");
        pair.token("another client's after its end", |side| refresh_as(JOB, &token(side))).await;
        for (what, client) in [("another client's", JOB), ("own", "client_id=crm_client")] {
            let body = |side| format!("{client}&token={}", token(side));
            pair.post(&format!("revoke {what} after its end"), "revoke", body).await;
            let body = |side| format!("{client}&refresh_token={}", token(side));
            pair.post(&format!("logout with {what} after its end"), "logout", body).await;
        }
        refresh(pair, "refresh after its end and the logout", &tokens).await;
    });
    join_all(ended).await;
}

#[tokio::test]
async fn lifetimes_shrink_towards_the_end_of_a_session() {
    let pairs = short().await;
    let ended = pairs.iter().map(async |pair| {
        let mut tokens = pair.log_in("login", "").await;
        for passed in [5, 10, 15] {
            pair.pass(seconds(5)).await;
            tokens = refresh(pair, &format!("after {passed} seconds"), &tokens).await;
            assert_eq!(tokens.status(), 200, "{tokens:?}");
        }
        pair.pass(seconds(6)).await;
        let refused = refresh(pair, "after the end of the session", &tokens).await;
        assert_eq!(refused.description(), "Token is not active");
    });
    join_all(ended).await;
}
