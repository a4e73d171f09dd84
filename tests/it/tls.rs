//! TLS against servers of this process: whom a client trusts, and how it shows who it is.

use entitlements::{
    Error, ErrorKind, Result,
    auth::{Context, Keycloak, StaticToken, Token, TokenSource},
    crm_gateway::{Client, ClientBuilder},
    time::BoxFuture,
};

use super::support::{
    certificates::{Authority, Issued, LOCAL},
    child,
    raw::{RawServer, answer},
};

const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;
/// rustls wins where both backends are enabled.
const RUSTLS: bool = cfg!(feature = "rustls");

fn client(base: &str) -> ClientBuilder {
    Client::builder(base).auth(StaticToken::new("not-a-real-token")).max_attempts(1)
}

async fn call(builder: ClientBuilder) -> Result<()> {
    builder.build().expect("a client").list_entitlements().send().await.map(drop)
}

fn pages(count: usize) -> Vec<answer::Answer> {
    vec![answer::json(200, EMPTY); count]
}

/// The handshake failed before anything was said, and the error says that it was TLS, and how.
#[track_caller]
fn assert_refused(outcome: Result<()>, server: &RawServer, words: &str) {
    let error = outcome.expect_err("the handshake has to fail");
    assert_eq!(error.kind(), ErrorKind::NotSent, "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
    assert!(!RUSTLS || error.to_string().contains(words), "{error}");
    assert_eq!(server.requests().len(), 0, "nothing may arrive");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_beside_the_platforms_or_alone() {
    let (authority, another) = (Authority::new(), Authority::new());
    let server = RawServer::start_tls(pages(4), authority.server(&LOCAL).serve()).await;
    let given = || client(&server.uri()).root_certificates(authority.pem());
    call(given()).await.expect("a page");
    call(given().without_platform_roots()).await.expect("a page");
    call(client(&server.uri_by_name()).root_certificates(authority.pem())).await.expect("by name, too");
    // One bundle, and several calls.
    let bundle = format!("# two of them\n{}\n{}", another.pem(), another.pem());
    call(client(&server.uri()).root_certificates(bundle).root_certificates(authority.pem()))
        .await
        .expect("a page");
}

#[tokio::test]
async fn an_unknown_authority_is_refused() {
    let (authority, another) = (Authority::new(), Authority::new());
    let server = RawServer::start_tls(pages(1), authority.server(&LOCAL).serve()).await;
    let words = "no one trusted here; see `root_certificates`";
    assert_refused(call(client(&server.uri())).await, &server, words);
    let only_another = || client(&server.uri()).root_certificates(another.pem());
    assert_refused(call(only_another()).await, &server, words);
    assert_refused(call(only_another().without_platform_roots()).await, &server, words);
}

/// What reqwest can be told to overlook.
fn careless(builder: ClientBuilder) -> ClientBuilder {
    builder.http_builder(|http| http.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true))
}

/// A backend of the caller's, which trusts everybody.
#[cfg(feature = "native-tls")]
fn own_backend(builder: ClientBuilder) -> ClientBuilder {
    builder.http_builder(|http| http.tls_backend_native().danger_accept_invalid_certs(true))
}

#[cfg(not(feature = "native-tls"))]
fn own_backend(builder: ClientBuilder) -> ClientBuilder {
    builder.http_builder(|http| http.tls_backend_rustls().danger_accept_invalid_certs(true))
}

#[tokio::test]
async fn bad_certificates_are_refused_whatever_reqwest_was_told() {
    let authority = Authority::new();
    let cases = [
        (authority.server(&["other.example"]), "another host name"),
        (authority.expired(&LOCAL), "expired"),
        (Authority::new().server(&LOCAL), "no one trusted here"),
    ];
    for (issued, words) in cases {
        let server = RawServer::start_tls(pages(1), issued.serve()).await;
        for told in [|builder| builder, careless, own_backend] {
            for only in [false, true] {
                let builder = told(client(&server.uri()).root_certificates(authority.pem()));
                let builder = if only { builder.without_platform_roots() } else { builder };
                assert_refused(call(builder).await, &server, words);
            }
        }
    }
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_gets_the_one_that_was_given() {
    let authority = Authority::new();
    let tls = authority.server(&LOCAL).serve_clients_of(&authority);
    let server = RawServer::start_tls(pages(2), tls).await;
    let own = authority.client();
    let given = || client(&server.uri()).root_certificates(authority.pem());
    call(given().client_certificate(own.pem())).await.expect("a page");
    // Key first, and with other text around.
    let turned = format!("key:\n{}\nchain:\n{}", own.key.serialize_pem(), own.certificate.pem());
    call(given().client_certificate(turned)).await.expect("a page");
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn rustls_takes_a_key_as_sec1_too() {
    let authority = Authority::new();
    let tls = authority.server(&LOCAL).serve_clients_of(&authority);
    let server = RawServer::start_tls(pages(1), tls).await;
    let own = authority.client();
    let pem = own.certificate.pem() + &own.key_as_sec1();
    call(client(&server.uri()).root_certificates(authority.pem()).client_certificate(pem))
        .await
        .expect("a page");
}

#[cfg(not(feature = "rustls"))]
#[test]
fn the_systems_library_takes_pkcs8_only_and_the_error_says_how_to_convert() {
    let own = Authority::new().client();
    let pem = own.certificate.pem() + &own.key_as_sec1();
    let error = client("https://api.example").client_certificate(pem).build().expect_err("SEC 1");
    assert!(error.to_string().contains("openssl pkcs8 -topk8"), "{error}");
}

#[tokio::test]
async fn without_the_client_certificate_that_is_wanted_nothing_arrives() {
    let authority = Authority::new();
    let server = RawServer::start_tls(pages(1), authority.server(&LOCAL).serve_clients_of(&authority)).await;
    let given = || client(&server.uri()).root_certificates(authority.pem());
    let of_another = Authority::new().client().pem();
    for builder in [given(), given().client_certificate(of_another)] {
        let error = call(builder).await.expect_err("no certificate, or a wrong one");
        // Of the system's library it cannot be told that the server refused before it read.
        let kinds: &[_] =
            if RUSTLS { &[ErrorKind::NotSent] } else { &[ErrorKind::NotSent, ErrorKind::Server] };
        assert!(kinds.contains(&error.kind()), "{error}");
        assert!(!RUSTLS || error.to_string().contains("client certificate"), "{error}");
        assert_eq!(server.requests().len(), 0);
    }
}

#[tokio::test]
async fn the_token_endpoint_has_the_same_certificates() {
    let authority = Authority::new();
    let tls = || authority.server(&LOCAL).serve_clients_of(&authority);
    let token = answer::json(200, r#"{"access_token":"a","expires_in":300}"#);
    let login = RawServer::start_tls([token], tls()).await;
    // The API is plain http, so that the two need different clients.
    for api in [RawServer::start_tls(pages(1), tls()).await, RawServer::start(pages(1)).await] {
        let login = if api.uri().starts_with("https") {
            &login
        } else {
            &RawServer::start_tls([answer::json(200, r#"{"access_token":"a","expires_in":300}"#)], tls())
                .await
        };
        let auth = Keycloak::realm(&login.uri(), "nagra").client_id("crm_client").password("u", "not-real");
        let builder = Client::builder(api.uri()).auth(auth).root_certificates(authority.pem());
        call(builder.client_certificate(authority.client().pem())).await.expect("a page");
        assert_eq!(login.requests().len(), 1);
    }

    let auth = Keycloak::realm(&login.uri(), "nagra").client_id("crm_client").password("u", "not-real");
    let api = RawServer::start([]).await;
    let error = call(Client::builder(api.uri()).auth(auth).max_attempts(1)).await.expect_err("unknown");
    assert_eq!(error.kind(), ErrorKind::NotSent, "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
}

#[cfg(feature = "rustls")]
#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let server = RawServer::start([]).await;
    let error = call(client(&server.uri().replace("http:", "https:")).connect_timeout(SHORT)).await;
    let error = error.expect_err("no TLS there");
    assert_eq!(error.kind(), ErrorKind::NotSent, "{error}");
}

#[cfg(feature = "rustls")]
const SHORT: std::time::Duration = std::time::Duration::from_millis(50);

/// A login of an application's own, which asks without TLS.
#[derive(Debug)]
struct Careless(String);

impl TokenSource for Careless {
    fn acquire<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Token>> {
        Box::pin(async {
            let sent = context.http().get(&self.0).send().await;
            assert!(sent.expect_err("plain http is refused").is_builder());
            Err(Error::new(ErrorKind::LoginRequired, "as it should be"))
        })
    }
}

#[tokio::test]
async fn a_client_for_https_sends_nothing_by_plain_http() {
    let server = RawServer::start([]).await;
    let careless = |http: reqwest::ClientBuilder| http.https_only(false);
    let builder = Client::builder("https://api.example").auth(Careless(server.uri())).http_builder(careless);
    let error = call(builder.no_proxy()).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
    assert_eq!(server.requests().len(), 0);
}

fn pem_of(kind: &str, content: &str) -> String {
    format!("-----BEGIN {kind}-----\n{content}\n-----END {kind}-----\n")
}

#[test]
fn certificates_that_cannot_be_used_are_refused_by_build_and_not_shown() {
    type Set = fn(ClientBuilder, String) -> ClientBuilder;
    let roots: Set = |builder, pem| builder.root_certificates(pem);
    let pair: Set = |builder, pem| builder.client_certificate(pem);
    let (own, another) = (Authority::new().client(), Authority::new().client());
    let Issued { certificate, key } = &own;
    let key_pem = key.serialize_pem();
    // Four bytes that are no certificate and no key.
    let nothing = "c2VjcmV0";
    let mismatch = if RUSTLS { "does not belong" } else { "do not belong together" };
    let cases = [
        ("root_certificates", roots, String::new(), "no certificate"),
        ("root_certificates", roots, "c2VjcmV0".into(), "no certificate"),
        ("root_certificates", roots, key_pem.clone(), "no certificate"),
        ("root_certificates", roots, pem_of("CERTIFICATE", nothing), "cannot be read"),
        ("root_certificates", roots, pem_of("CERTIFICATE", "!c2VjcmV0!"), "no valid PEM"),
        ("client_certificate", pair, String::new(), "no certificate"),
        ("client_certificate", pair, key_pem.clone(), "no certificate"),
        ("client_certificate", pair, certificate.pem(), "no private key"),
        (
            "client_certificate",
            pair,
            certificate.pem() + &pem_of("ENCRYPTED PRIVATE KEY", nothing),
            "encrypted",
        ),
        ("client_certificate", pair, certificate.pem() + &pem_of("PRIVATE KEY", nothing), "cannot be used"),
        ("client_certificate", pair, pem_of("CERTIFICATE", nothing) + &key_pem, "can"),
        ("client_certificate", pair, own.pem() + &another.key.serialize_pem(), "more than one"),
        ("client_certificate", pair, certificate.pem() + &another.key.serialize_pem(), mismatch),
    ];
    let secret: Vec<_> = key_pem.lines().filter(|line| !line.starts_with('-')).collect();
    for (method, set, pem, words) in cases {
        // Also where nothing is reached by TLS.
        for base in ["https://api.example", "http://127.0.0.1:9"] {
            let error = set(client(base), pem.clone()).build().expect_err(words);
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            let source = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error} {error:?} {source:?}");
            assert!(text.contains(&format!("`{method}`")) && text.contains(words), "{words}: {text}");
            assert!(!text.contains(nothing) && !secret.iter().any(|line| text.contains(line)), "{text}");
        }
    }
    let shown = format!("{:?}", client("https://api.example").client_certificate(own.pem()));
    assert!(!secret.iter().any(|line| shown.contains(line)), "{shown}");
}

#[test]
fn trusting_nobody_is_refused_by_build() {
    let error = client("https://api.example").without_platform_roots().build().expect_err("nobody");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("`without_platform_roots`"), "{error}");
}

/// What the platform trusts can be replaced by a variable where OpenSSL's rules hold: runs a test once
/// more with an authority of the platform's that nobody else knows, and says what its server saw.
#[cfg(target_os = "linux")]
async fn with_an_authority_of_the_platform(test: &'static str) -> usize {
    let authority = Authority::new();
    let name = format!("entitlements-{}-{}.pem", test.replace("::", "-"), std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(&file, authority.pem()).expect("a file");
    let path = file.to_str().expect("a path");
    let server = RawServer::start_tls(pages(2), authority.server(&LOCAL).serve()).await;
    let uri = server.uri();
    let environment = [(child::BASE, &*uri), ("SSL_CERT_FILE", path), ("SSL_CERT_DIR", "/nonexistent")];
    child::run(test, &environment).await;
    std::fs::remove_file(file).expect("the file is there");
    server.requests().len()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_platforms_authorities_are_trusted_beside_others() {
    if let Some(base) = child::base() {
        call(client(&base)).await.expect("a page");
        call(client(&base).root_certificates(Authority::new().pem())).await.expect("beside others, too");
        return;
    }
    let test = "tls::the_platforms_authorities_are_trusted_beside_others";
    assert_eq!(with_an_authority_of_the_platform(test).await, 2);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_platforms_authorities_can_be_switched_off() {
    if let Some(base) = child::base() {
        let builder = client(&base).root_certificates(Authority::new().pem()).without_platform_roots();
        let error = call(builder).await.expect_err("unknown");
        assert!(error.to_string().contains("TLS"), "{error}");
        return;
    }
    let test = "tls::the_platforms_authorities_can_be_switched_off";
    assert_eq!(with_an_authority_of_the_platform(test).await, 0);
}
