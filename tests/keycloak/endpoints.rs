//! The other endpoints, and paths that lead to none.

use super::*;

const PROTOCOL: &str = "/protocol/openid-connect";

#[tokio::test]
async fn introspection() {
    for pair in nagra().await {
        let tokens = pair.log_in("login", "&scope=openid").await;
        let offline = pair.log_in("offline", "&scope=offline_access").await;
        let own =
            pair.token("of its own", |_| format!("grant_type=client_credentials&{JOB}&scope=openid")).await;
        for (what, both, name) in [
            ("an access token", &tokens, "access_token"),
            ("a refresh token", &tokens, "refresh_token"),
            ("an identity", &tokens, "id_token"),
            ("an offline token", &offline, "refresh_token"),
            ("its own access token", &own, "access_token"),
            ("its own identity", &own, "id_token"),
        ] {
            let body = |side| format!("{JOB}&token={}", both.text(side, name));
            pair.post(what, "token/introspect", body).await;
        }
        for (what, body) in [
            ("garbage", format!("{JOB}&token=garbage")),
            ("empty", format!("{JOB}&token=")),
            ("missing", JOB.to_owned()),
            ("twice", format!("{JOB}&token=x&token=y")),
            ("a hint", format!("{JOB}&token=x&token_type_hint=refresh_token")),
            ("a hint that is none", format!("{JOB}&token=x&token_type_hint=magic")),
            ("public client", "client_id=crm_client&token=x".to_owned()),
            ("missing client", "token=x".to_owned()),
            ("unknown client", "client_id=x&token=x".to_owned()),
            ("missing secret", "client_id=crm_job&token=x".to_owned()),
            ("wrong secret", "client_id=crm_job&client_secret=x&token=x".to_owned()),
            ("bearer only", "client_id=crm_bearer&token=x".to_owned()),
            (
                "bearer only with a secret",
                "client_id=crm_api&client_secret=plainly-fake-secret&token=x".to_owned(),
            ),
        ] {
            pair.post(what, "token/introspect", |_| body.clone()).await;
        }
        let body =
            |side| format!("client_id=crm_client&refresh_token={}", tokens.text(side, "refresh_token"));
        pair.post("logout", "logout", body).await;
        for name in ["access_token", "refresh_token"] {
            let body = |side| format!("{JOB}&token={}", tokens.text(side, name));
            pair.post(&format!("{name} after the logout"), "token/introspect", body).await;
        }
    }
}

#[tokio::test]
async fn user_info() {
    let path = format!("{PROTOCOL}/userinfo");
    let none = |_| String::new();
    for pair in nagra().await {
        let tokens = pair.log_in("login", "&scope=openid").await;
        pair.user_info("with an identity", &tokens).await;
        for name in ["access_token", "refresh_token", "id_token"] {
            let headers = |side| format!("authorization: Bearer {}\r\n", tokens.text(side, name));
            pair.send(name, "POST", &path, headers, none).await;
        }
        let body = |side| format!("access_token={}", tokens.text(side, "access_token"));
        pair.post("in the form", "userinfo", body).await;
        let nobody = |_| String::new();
        pair.send("nothing", "GET", &path, nobody, none).await;
        for authorization in ["Bearer garbage", "Bearer", "Basic YTpi"] {
            let headers = |_| format!("authorization: {authorization}\r\n");
            pair.send(authorization, "GET", &path, headers, none).await;
        }
        let own = pair.token("own", |_| format!("grant_type=client_credentials&{JOB}&scope=openid")).await;
        pair.user_info("a client's own account", &own).await;
        let plain = pair.log_in("login without an identity", "").await;
        pair.user_info("without an identity", &plain).await;
        let body =
            |side| format!("client_id=crm_client&refresh_token={}", tokens.text(side, "refresh_token"));
        pair.post("logout", "logout", body).await;
        pair.user_info("after the logout", &tokens).await;
    }
}

#[tokio::test]
async fn methods_and_paths() {
    let none = |_| String::new();
    for pair in nagra().await {
        for (method, path) in [
            ("POST", "/.well-known/openid-configuration"),
            ("POST", "/protocol/openid-connect/certs"),
            ("PUT", "/protocol/openid-connect/logout"),
            ("GET", "/protocol/openid-connect/logout"),
            ("GET", "/protocol/openid-connect/revoke"),
            ("GET", "/protocol/openid-connect/token/introspect"),
            ("PUT", "/protocol/openid-connect/userinfo"),
            ("GET", "/protocol/openid-connect/unknown"),
            ("POST", "/protocol/openid-connect/unknown"),
            ("GET", "/protocol/openid-connect"),
            ("POST", "/protocol/openid-connect"),
            ("GET", "/protocol/other/token"),
            ("POST", "/protocol/other/token"),
            ("GET", "/unknown"),
            ("POST", "/unknown"),
        ] {
            pair.send(&format!("{method} {path}"), method, path, none, none).await;
        }
        for path in [
            "/keycloak/auth/realms/unknown/protocol/openid-connect/token",
            "/keycloak/auth/realms/unknown/.well-known/openid-configuration",
            "/keycloak/auth/realms/unknown",
            "/keycloak/auth/realms",
            "/keycloak/auth/realms/",
            "/keycloak/auth/unknown",
            "/realms/nagra/protocol/openid-connect/token",
            "/auth/realms/nagra/protocol/openid-connect/token",
        ] {
            for method in ["GET", "POST"] {
                pair.send_anywhere(&format!("{method} {path}"), method, path, none, none).await;
            }
        }
    }
}

/// The fake has fewer entries than the real server, and for each that it has the same words.
#[tokio::test]
async fn discovery_and_certificates() {
    for pair in nagra().await {
        let [real, fake] = pair.documents("/.well-known/openid-configuration").await;
        for (name, value) in fake.as_object().expect("an object") {
            match (value.as_array(), real[name].as_array()) {
                (Some(some), Some(all)) => assert!(some.iter().all(|one| all.contains(one)), "{name}"),
                _ => assert_eq!(value, &real[name], "{name} at {:?}", pair.generation),
            }
        }
        let [real, fake] = pair.documents("/protocol/openid-connect/certs").await.map(|document| {
            let keys = document["keys"].as_array().expect("keys").clone();
            let mut keys: Vec<_> = keys
                .iter()
                .map(|key| {
                    ["kty", "alg", "use", "e"].map(|name| key[name].as_str().unwrap_or_default().to_owned())
                })
                .collect();
            keys.sort();
            keys
        });
        assert_eq!(fake, real);
    }
}

#[tokio::test]
async fn realms_that_answer_nobody() {
    let plain = || Fake::builder().https_required(true);
    let mut closed = pairs("closed", Fake::builder).await;
    for pair in &closed {
        pair.fake.disable_realm();
    }
    closed.extend(pairs("secure", plain).await);
    for pair in &closed {
        for (what, endpoint, body) in [
            ("login", "token", LOGIN),
            ("nothing", "token", ""),
            ("logout", "logout", "client_id=crm_client&refresh_token=x"),
            ("revoke", "revoke", "client_id=crm_client&token=x"),
            ("introspection", "token/introspect", "client_id=crm_client&token=x"),
        ] {
            pair.post(what, endpoint, |_| body.to_owned()).await;
        }
    }
    for pair in pairs("secure", plain).await {
        let none = |_| String::new();
        for path in ["/.well-known/openid-configuration", "/protocol/openid-connect/certs"] {
            pair.send(path, "GET", path, none, none).await;
        }
    }
    for pair in pairs("closed", Fake::builder).await {
        pair.fake.disable_realm();
        pair.documents("/.well-known/openid-configuration").await;
        pair.documents("/protocol/openid-connect/certs").await;
    }
}
