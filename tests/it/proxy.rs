//! Proxies: where they count, what they see, and that this machine is never reached through one.

use entitlements::{
    Error, ErrorKind,
    auth::{Keycloak, StaticToken},
    crm_gateway::{Client, ClientBuilder},
};

use super::support::{
    child,
    raw::{RawServer, answer},
};

const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;
const TOKEN: &str = "not-a-real-token";

fn client(base: &str) -> ClientBuilder {
    Client::builder(base).auth(StaticToken::new(TOKEN)).max_attempts(1)
}

async fn call(builder: ClientBuilder) -> Result<(), Error> {
    builder.build().expect("a client").list_entitlements().send().await.map(drop)
}

/// The URL of a proxy with a user name and a password that have to be encoded.
fn with_password(proxy: &RawServer) -> String {
    proxy.uri().replace("://", "://ada:not%20real@")
}

#[tokio::test]
async fn plain_http_to_another_machine_is_asked_of_the_proxy_with_the_whole_url() {
    let proxy = RawServer::start([answer::json(200, EMPTY)]).await;
    let builder = client("http://api.example").allow_plain_http().proxy(with_password(&proxy));
    call(builder).await.expect("a page");
    let seen = proxy.requests();
    assert!(seen[0].line.starts_with("GET http://api.example/crm-gateway/v1/"), "{}", seen[0].line);
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic YWRhOm5vdCByZWFs"));
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
#[tokio::test]
async fn of_https_the_proxy_sees_host_and_port_only() {
    let proxy = RawServer::start([answer::empty(502).close()]).await;
    let error = call(client("https://api.example").proxy(with_password(&proxy))).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::NotSent, "{error}");
    assert_secret_free(&error);
    let seen = proxy.requests();
    assert_eq!((seen.len(), seen[0].line.as_str()), (1, "CONNECT api.example:443 HTTP/1.1"));
    assert_eq!(seen[0].header("proxy-authorization"), Some("Basic YWRhOm5vdCByZWFs"));
    assert_eq!(seen[0].header("authorization"), None);
}

/// An error with all its causes.
#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn assert_secret_free(error: &Error) {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let text = format!("{error} {error:?}");
        for secret in ["not%20real", "not real", "YWRh", TOKEN] {
            assert!(!text.contains(secret), "{text}");
        }
        cause = error.source();
    }
}

#[tokio::test]
async fn this_machine_is_reached_through_no_proxy_whoever_sets_it() {
    let proxy = RawServer::start([]).await;
    let api =
        RawServer::start([answer::json(200, EMPTY), answer::json(200, EMPTY), answer::json(200, EMPTY)])
            .await;
    let uri = proxy.uri();
    call(client(&api.uri()).proxy(&uri)).await.expect("a page");
    call(client(&api.uri_by_name()).proxy(&uri)).await.expect("a page");
    let everything = move |http: reqwest::ClientBuilder| {
        http.proxy(reqwest::Proxy::all(&uri).expect("a proxy"))
            // A name of this machine stays with this machine, too.
            .resolve("localhost", "192.0.2.1:9".parse().expect("an address"))
    };
    call(client(&api.uri_by_name()).http_builder(everything)).await.expect("a page");
    assert_eq!((api.requests().len(), proxy.requests().len()), (3, 0));
}

#[tokio::test]
async fn api_and_token_endpoint_are_decided_separately() {
    let page = || answer::json(200, EMPTY);
    let token = || answer::json(200, r#"{"access_token":"a","expires_in":300}"#);

    // The token endpoint is on this machine, the API is not.
    let (proxy, login) = (RawServer::start([page()]).await, RawServer::start([token()]).await);
    let auth = |base: &str| {
        let login = Keycloak::realm(base, "nagra").client_id("crm_client");
        login.password("operator", "not-a-real-password").allow_plain_http()
    };
    let builder = Client::builder("http://api.example").auth(auth(&login.uri())).allow_plain_http();
    call(builder.proxy(proxy.uri())).await.expect("a page");
    assert_eq!((proxy.requests().len(), login.requests().len()), (1, 1));
    assert!(proxy.requests()[0].line.starts_with("GET http://api.example/"));

    // And the other way round.
    let (proxy, api) = (RawServer::start([token()]).await, RawServer::start([page()]).await);
    let builder = Client::builder(api.uri()).auth(auth("http://login.example"));
    call(builder.proxy(proxy.uri())).await.expect("a page");
    assert_eq!((proxy.requests().len(), api.requests().len()), (1, 1));
    assert!(proxy.requests()[0].line.starts_with("POST http://login.example/realms/"));
}

#[tokio::test]
async fn the_last_word_counts_and_replaces_what_reqwest_was_told() {
    let (first, second) = (RawServer::start([]).await, RawServer::start([answer::json(200, EMPTY)]).await);
    let uri = first.uri();
    let own = move |http: reqwest::ClientBuilder| http.proxy(reqwest::Proxy::all(&uri).expect("a proxy"));
    let builder = client("http://api.example").allow_plain_http().http_builder(own);
    call(builder.no_proxy().proxy(second.uri())).await.expect("a page");
    assert_eq!((first.requests().len(), second.requests().len()), (0, 1));

    // Nothing answers there without a proxy.
    let uri = first.uri();
    let own = move |http: reqwest::ClientBuilder| http.proxy(reqwest::Proxy::all(&uri).expect("a proxy"));
    let builder = client("http://api.invalid").allow_plain_http().http_builder(own).proxy(first.uri());
    let error = call(builder.no_proxy()).await.expect_err("no such host");
    assert_eq!((error.kind(), first.requests().len()), (ErrorKind::NotSent, 0));
}

#[tokio::test]
async fn a_proxy_of_the_callers_own_rules_counts_where_nothing_else_was_said() {
    let proxy = RawServer::start([answer::json(200, EMPTY)]).await;
    let uri = proxy.uri();
    let own = move |http: reqwest::ClientBuilder| http.proxy(reqwest::Proxy::http(&uri).expect("a proxy"));
    call(client("http://api.example").allow_plain_http().http_builder(own)).await.expect("a page");
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn a_url_that_names_no_proxy_is_refused_and_not_repeated() {
    let cases = [
        "not-a-real-secret",
        "proxy.not-a-real-secret.example:3128",
        "socks5://ada:not-a-real-secret@proxy.example",
        "ftp://not-a-real-secret.example",
        "http://",
        "http://ada:not-a-real-secret@",
        "http://proxy.example/not-a-real-secret",
        "http://proxy.example/?not-a-real-secret",
        "http://ada:not-a-real-secret@proxy.example:99999",
        "",
    ];
    for url in cases {
        // Also where no proxy is used.
        for base in ["http://127.0.0.1:9", "http://api.example"] {
            let error = client(base).allow_plain_http().proxy(url).build().expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let text = format!("{error} {:?}", std::error::Error::source(&error).map(ToString::to_string));
            assert!(text.contains("`proxy`") && !text.contains("secret"), "{text}");
        }
    }
}

#[test]
fn a_builder_shows_no_password_of_its_proxy() {
    let shown = format!("{:?}", client("http://api.example").proxy("http://ada:not-a-real-secret@p.example"));
    assert!(!shown.contains("secret"), "{shown}");
}

/// Every variable that names a proxy.
const VARIABLES: [&str; 6] =
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

#[tokio::test]
async fn this_machine_is_not_reached_through_a_proxy_of_the_environment() {
    if let Some(base) = child::base() {
        return call(client(&base)).await.expect("a page");
    }
    for variable in VARIABLES {
        let (api, proxy) = (RawServer::start([answer::json(200, EMPTY)]).await, RawServer::start([]).await);
        let environment = [(child::BASE, &*api.uri()), (variable, &*proxy.uri())];
        child::run("proxy::this_machine_is_not_reached_through_a_proxy_of_the_environment", &environment)
            .await;
        assert_eq!((api.requests().len(), proxy.requests().len()), (1, 0), "{variable}");
    }
}

/// Without this the test above would pass where the environment is not read at all.
#[tokio::test]
async fn another_machine_is_reached_through_a_proxy_of_the_environment() {
    if let Some(base) = child::base() {
        return call(client(&base).allow_plain_http()).await.expect("a page");
    }
    for variable in ["http_proxy", "ALL_PROXY"] {
        let proxy = RawServer::start([answer::json(200, EMPTY)]).await;
        let environment = [(child::BASE, "http://api.example"), (variable, &*proxy.uri())];
        child::run("proxy::another_machine_is_reached_through_a_proxy_of_the_environment", &environment)
            .await;
        assert_eq!(proxy.requests().len(), 1, "{variable}");
    }
}
