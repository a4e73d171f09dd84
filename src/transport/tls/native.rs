//! TLS by the system's library.

use std::error::Error as StdError;

use base64::{Engine, engine::general_purpose::STANDARD};
use native_tls::{Certificate, Identity, Protocol, TlsConnector};
use reqwest::{Client, ClientBuilder};
use rustls_pki_types::PrivateKeyDer;
use secrecy::{ExposeSecret, SecretString};

use super::pem::{self, refuse};
use crate::{Error, Result, transport::network::Network};

/// A connector of our own, so that it does not matter which backend reqwest would take, and which
/// checks the caller's options of reqwest switched off.
pub(in crate::transport) fn configure(
    builder: ClientBuilder,
    secure: bool,
    network: &Network,
) -> Result<ClientBuilder> {
    let mut tls = TlsConnector::builder();
    tls.min_protocol_version(Some(Protocol::Tlsv12));
    tls.disable_built_in_roots(network.without_platform_roots || !secure);
    for certificate in pem::roots(&network.root_certificates, network.without_platform_roots)? {
        let certificate = Certificate::from_der(&certificate).map_err(|error| {
            refuse("root_certificates", "a certificate of the PEM text cannot be read").with_source(error)
        })?;
        tls.add_root_certificate(certificate);
    }
    if let Some(pem) = &network.client_certificate {
        tls.identity(identity(&pem::identity(pem.expose_secret())?)?);
    }
    let tls = tls.build().map_err(|error| Error::configuration("TLS cannot be set up").with_source(error))?;
    Ok(builder.tls_backend_preconfigured(tls))
}

fn identity(pair: &pem::Identity) -> Result<Identity> {
    const METHOD: &str = "client_certificate";
    let PrivateKeyDer::Pkcs8(key) = &pair.key else {
        let rule = "the system's TLS library takes the key as PKCS#8 (`BEGIN PRIVATE KEY`) only; `openssl \
                    pkcs8 -topk8 -nocrypt` converts it";
        return Err(refuse(METHOD, rule));
    };
    let chain: String = pair.chain.iter().map(|certificate| section("CERTIFICATE", certificate)).collect();
    let key = SecretString::from(section("PRIVATE KEY", key.secret_pkcs8_der()));
    let refused = |error| {
        let rule = "certificate or private key cannot be used, or they do not belong together";
        refuse(METHOD, rule).with_source(error)
    };
    let identity = Identity::from_pkcs8(chain.as_bytes(), key.expose_secret().as_bytes()).map_err(refused)?;
    // Some systems compare the two only here.
    TlsConnector::builder().identity(identity.clone()).build().map_err(refused)?;
    Ok(identity)
}

/// The library reads PEM only, and its lines have an end.
fn section(kind: &str, der: &[u8]) -> String {
    let text = SecretString::from(STANDARD.encode(der));
    let mut rest = text.expose_secret();
    // Not less than it takes: a section that grows would leave parts of a key behind.
    let mut section = String::with_capacity(128 + rest.len() + rest.len() / 64);
    section.extend(["-----BEGIN ", kind, "-----\n"]);
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        section.push_str(line);
        section.push('\n');
        rest = behind;
    }
    section.extend(["-----END ", kind, "-----\n"]);
    section
}

#[allow(clippy::unnecessary_wraps, reason = "without a backend of ours it can fail")]
pub(in crate::transport) fn build(builder: ClientBuilder) -> Result<reqwest::Result<Client>> {
    Ok(builder.build())
}

/// The library's own errors do not say which check failed in a way that holds on all systems.
pub(super) fn failure(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    error.is::<native_tls::Error>().then_some(
        "TLS: the handshake with the server failed; check its certificate, `root_certificates` and \
         `client_certificate` of the builder",
    )
}

/// As for `failure`: it cannot be told.
pub(super) fn is_refused_certificate(_error: &(dyn StdError + 'static)) -> bool {
    false
}
