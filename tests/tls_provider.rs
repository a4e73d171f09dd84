//! Another crate of the process installed a rustls provider that cannot do anything: a process of
//! its own, because there is one provider per process.

use entitlements::{
    auth::{Keycloak, StaticToken},
    crm_gateway::Client,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

#[path = "it/support/mod.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod support;
use support::{
    certificates::{Authority, LOCAL},
    raw::{RawServer, answer},
};

const EMPTY: &str = r#"{"totalRecords":0,"resourceSet":[]}"#;

/// Nothing can be agreed upon with it: what reqwest builds with it has no cipher suite.
fn install_a_useless_provider() {
    let useless =
        CryptoProvider { cipher_suites: Vec::new(), kx_groups: Vec::new(), ..ring::default_provider() };
    useless.install_default().expect("the first one of this process");
}

#[tokio::test]
async fn clients_are_built_and_call_whatever_the_provider_of_the_process_is() {
    // Before there is any.
    assert!(CryptoProvider::get_default().is_none());
    call_everything().await;
    assert!(CryptoProvider::get_default().is_none(), "none is installed in passing");

    install_a_useless_provider();
    assert!(CryptoProvider::get_default().is_some_and(|provider| provider.cipher_suites.is_empty()));
    call_everything().await;
}

async fn call_everything() {
    // The platform's roots, which are never asked.
    Client::builder("https://api.example").auth(StaticToken::new("t")).build().expect("a client");

    let authority = Authority::new();
    let tls = || authority.server(&LOCAL).serve_clients_of(&authority);
    let token = answer::json(200, r#"{"access_token":"a","expires_in":300}"#);
    let login = RawServer::start_tls([token.clone(), token], tls()).await;
    let api = RawServer::start_tls([answer::json(200, EMPTY), answer::json(200, EMPTY)], tls()).await;
    for only in [false, true] {
        let auth = Keycloak::realm(&login.uri(), "nagra").client_id("crm_client").password("u", "not-real");
        let builder = Client::builder(api.uri())
            .auth(auth)
            .root_certificates(authority.pem())
            .client_certificate(authority.client().pem());
        let builder = if only { builder.without_platform_roots() } else { builder };
        let client = builder.build().expect("a client");
        client.list_entitlements().send().await.expect("a page");
    }
    let plain = RawServer::start([answer::json(200, EMPTY)]).await;
    let client = Client::builder(plain.uri()).auth(StaticToken::new("t")).build().expect("a client");
    client.list_entitlements().send().await.expect("a page");
}
