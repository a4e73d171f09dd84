//! No secret leaves for another server than its own: each one's requests, and redirects elsewhere.

use entitlements::{
    Error, ErrorKind,
    auth::{ClientAuthentication, Keycloak, StaticToken},
    crm_gateway::{Client, ClientBuilder},
};
use serde_json::json;

use super::support::raw::{RawServer, Seen, answer};

const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const ACCESS: &str = "not-a-real-access-token";
const HEADER: &str = "not-a-real-key";

/// What a caller could do to have redirects followed.
fn variants() -> [fn(ClientBuilder) -> ClientBuilder; 3] {
    [
        |builder| builder,
        |builder| builder.default_header("x-api-key", HEADER),
        |builder| {
            builder
                .default_header("x-api-key", HEADER)
                .http_builder(|http| http.redirect(reqwest::redirect::Policy::limited(10)).referer(true))
        },
    ]
}

fn keycloak(base: &str, authentication: ClientAuthentication) -> Keycloak {
    Keycloak::realm(base, "nagra")
        .client_id("crm_client")
        .client_secret("not-a-real-client-secret")
        .client_authentication(authentication)
        .password("operator", "not-a-real-password")
}

fn elsewhere(status: u16, to: &RawServer) -> answer::Answer {
    answer::with(status, &[("location", &format!("{}/stolen", to.uri()))], "")
}

async fn read(builder: ClientBuilder) -> Result<(), Error> {
    builder.build().expect("a client").list_entitlements().send().await.map(drop)
}

#[tokio::test]
async fn a_redirect_of_the_api_is_an_error_and_nothing_arrives_there() {
    for status in STATUSES {
        for variant in variants() {
            let other = RawServer::start([]).await;
            let api = RawServer::start([elsewhere(status, &other), elsewhere(status, &other)]).await;
            let builder = || variant(Client::builder(api.uri()).auth(StaticToken::new(ACCESS)));
            let error = read(builder()).await.expect_err("a redirect");
            assert_eq!(error.kind(), ErrorKind::UnexpectedAnswer, "{error}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            assert!(!error.is_transient(), "{error}");

            let client = builder().build().expect("a client");
            let write = client.request("POST", "/crm-gateway/v1/x").json(&json!({"secret": "not-real"}));
            write.send().await.expect_err("a redirect");
            assert_eq!((api.requests().len(), other.requests().len()), (2, 0), "{status}");
        }
    }
}

#[tokio::test]
async fn a_redirect_of_the_token_endpoint_is_an_error_and_nothing_arrives_there() {
    for status in STATUSES {
        for variant in variants() {
            for authentication in [ClientAuthentication::Basic, ClientAuthentication::Form] {
                let (other, api) = (RawServer::start([]).await, RawServer::start([]).await);
                let login = RawServer::start([elsewhere(status, &other)]).await;
                let auth = keycloak(&login.uri(), authentication);
                let error =
                    read(variant(Client::builder(api.uri()).auth(auth))).await.expect_err("a redirect");
                assert_eq!(error.kind(), ErrorKind::LoginFailed, "{error}");
                assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
                let seen = [&login, &api, &other].map(|server| server.requests().len());
                assert_eq!(seen, [1, 0, 0], "{status}");
            }
        }
    }
}

#[tokio::test]
async fn a_redirect_through_a_proxy_is_not_followed_either() {
    for status in STATUSES {
        for variant in variants() {
            let other = RawServer::start([]).await;
            let to_another_machine = answer::with(status, &[("location", "http://other.example/stolen")], "");
            let proxy = RawServer::start([elsewhere(status, &other), to_another_machine]).await;
            for _ in 0..2 {
                let builder = Client::builder("http://api.example").auth(StaticToken::new(ACCESS));
                let builder = variant(builder).allow_plain_http().proxy(proxy.uri());
                read(builder).await.expect_err("a redirect");
            }
            let seen = proxy.requests();
            assert_eq!((seen.len(), other.requests().len()), (2, 0), "{status}");
            assert!(seen.iter().all(|seen| seen.line.starts_with("GET http://api.example/")));
        }
    }
}

fn holds(seen: &Seen, secret: &str) -> bool {
    let headers = seen.headers.iter().any(|(_, value)| value.contains(secret));
    headers || seen.line.contains(secret) || String::from_utf8_lossy(&seen.body).contains(secret)
}

#[tokio::test]
async fn the_api_sees_the_access_token_only_and_the_token_endpoint_all_but_that() {
    for authentication in [ClientAuthentication::Basic, ClientAuthentication::Form] {
        let tokens = |number: u32| {
            let tokens = json!({
                "access_token": format!("{ACCESS}-{number}"), "expires_in": 300,
                "refresh_token": "not-a-real-refresh-token", "refresh_expires_in": 1800,
            });
            answer::json(200, &tokens.to_string())
        };
        let login = RawServer::start([tokens(1), tokens(2)]).await;
        let refused = answer::json(401, "{}");
        let api = RawServer::start([refused, answer::json(200, EMPTY)]).await;
        let auth = keycloak(&login.uri(), authentication);
        read(Client::builder(api.uri()).auth(auth).default_header("x-api-key", HEADER))
            .await
            .expect("a page");

        let (login, api) = (login.requests(), api.requests());
        assert_eq!((login.len(), api.len()), (2, 2));
        assert!(api.iter().all(|seen| holds(seen, ACCESS) && holds(seen, HEADER)));
        assert!(login.iter().all(|seen| !holds(seen, ACCESS) && !holds(seen, HEADER)), "{login:?}");
        // As text in the form, or with the client's id in base64.
        let client_secret = match authentication {
            ClientAuthentication::Form => "not-a-real-client-secret",
            _ => "Y3JtX2NsaWVudDpub3QtYS1yZWFsLWNsaWVudC1zZWNyZXQ=",
        };
        assert!(login.iter().all(|seen| holds(seen, client_secret)), "{login:?}");
        assert!(holds(&login[0], "not-a-real-password") && holds(&login[1], "not-a-real-refresh-token"));
        for secret in [client_secret, "not-a-real-password", "not-a-real-refresh-token"] {
            assert!(api.iter().all(|seen| !holds(seen, secret)), "{secret}");
        }
    }
}

#[tokio::test]
async fn the_callers_options_of_reqwest_do_not_replace_ours() {
    let page = || answer::json(200, EMPTY);
    let api = RawServer::start([page(), answer::hang_up(), page()]).await;
    let nanosecond = std::time::Duration::from_nanos(1);
    let hostile = move |http: reqwest::ClientBuilder| {
        let always =
            reqwest::retry::for_host("127.0.0.1").max_retries_per_request(5).classify_fn(|attempt| {
                match attempt.error() {
                    Some(_) => attempt.retryable(),
                    None => attempt.success(),
                }
            });
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", "Bearer another".parse().expect("a value"));
        headers.insert("user-agent", "another".parse().expect("a value"));
        http.connect_timeout(nanosecond).timeout(nanosecond).retry(always).default_headers(headers)
    };
    let builder = || Client::builder(api.uri()).auth(StaticToken::new(ACCESS)).http_builder(hostile);
    read(builder()).await.expect("a page");
    let seen = api.requests();
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {ACCESS}").as_str()));
    assert!(seen[0].header("user-agent").is_some_and(|value| value.starts_with("entitlements/")));

    read(builder().max_attempts(1)).await.expect_err("the connection was lost, and nobody repeats");
    assert_eq!(api.requests().len(), 2);
}

#[tokio::test]
async fn options_that_reqwest_refuses_are_an_error_of_the_build() {
    let own = |http: reqwest::ClientBuilder| http.user_agent("a\nb");
    let builder = Client::builder("http://127.0.0.1:9").auth(StaticToken::new(ACCESS)).http_builder(own);
    let error = builder.build().expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("http_builder"), "{error}");
}
