//! TLS by rustls with ring and the platform's verifier.

use std::{error::Error as StdError, sync::Arc};

use reqwest::{Client, ClientBuilder};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, InconsistentKeys, RootCertStore,
    crypto::{CryptoProvider, ring},
};
use rustls_pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use secrecy::ExposeSecret;

use super::pem::{self, refuse};
use crate::{Error, Result, transport::network::Network};

/// A configuration of our own, so that it does not matter which provider another crate of
/// the process has chosen, or whether any has.
pub(in crate::transport) fn configure(
    builder: ClientBuilder,
    secure: bool,
    network: &Network,
) -> Result<ClientBuilder> {
    let provider = Arc::new(ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let given = pem::roots(&network.root_certificates, network.without_platform_roots)?;
    let mut store = RootCertStore::empty();
    for certificate in given.iter().cloned() {
        store.add(certificate).map_err(|error| {
            refuse("root_certificates", "a certificate of the PEM text cannot be read").with_source(error)
        })?;
    }
    let tls = if secure && !network.without_platform_roots {
        let verifier = Arc::new(platform_verifier(given, provider)?);
        tls.dangerous().with_custom_certificate_verifier(verifier)
    } else {
        // Nothing has to be loaded where there is no https.
        tls.with_root_certificates(store)
    };
    let mut tls = match &network.client_certificate {
        Some(pem) => {
            let pem::Identity { chain, key } = pem::identity(pem.expose_secret())?;
            tls.with_client_auth_cert(chain, key).map_err(unusable_identity)?
        }
        None => tls.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(builder.tls_backend_preconfigured(tls))
}

#[cfg(not(target_os = "android"))]
fn platform_verifier(given: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Verifier> {
    let verifier = if given.is_empty() {
        Verifier::new(provider)
    } else {
        Verifier::new_with_extra_roots(given, provider)
    };
    verifier.map_err(failed)
}

/// Android's verifier takes no further roots.
#[cfg(target_os = "android")]
fn platform_verifier(given: Vec<CertificateDer<'static>>, provider: Arc<CryptoProvider>) -> Result<Verifier> {
    if !given.is_empty() {
        let rule = "cannot be added to the platform's on Android; call `without_platform_roots` too";
        return Err(refuse("root_certificates", rule));
    }
    Verifier::new(provider).map_err(failed)
}

#[allow(clippy::unnecessary_wraps, reason = "without a backend of ours it can fail")]
pub(in crate::transport) fn build(builder: ClientBuilder) -> Result<reqwest::Result<Client>> {
    Ok(builder.build())
}

fn failed(error: rustls::Error) -> Error {
    Error::configuration(
        "TLS cannot be set up; does this machine have root certificates? If not, give them by \
         `root_certificates`",
    )
    .with_source(error)
}

fn unusable_identity(error: rustls::Error) -> Error {
    let rule = match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "the private key does not belong to the first certificate"
        }
        rustls::Error::InvalidCertificate(_) => "the first certificate cannot be read",
        _ => "the private key cannot be used; it has to be RSA, ECDSA (P-256, P-384) or Ed25519",
    };
    refuse("client_certificate", rule).with_source(error)
}

pub(super) fn failure(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    if is_refused_certificate(error) {
        return Some(
            "TLS: the server wants a client certificate, or another one; see `client_certificate` of the builder",
        );
    }
    Some(match error.downcast_ref()? {
        rustls::Error::InvalidCertificate(reason) => match reason {
            CertificateError::UnknownIssuer => {
                "TLS: the server's certificate comes from no one trusted here; see `root_certificates` of the \
                 builder"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "TLS: the server's certificate has expired"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "TLS: the server's certificate is not valid yet; check the clock"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "TLS: the server's certificate is for another host name"
            }
            CertificateError::Revoked => "TLS: the server's certificate is revoked",
            _ => "TLS: the server's certificate is not acceptable",
        },
        rustls::Error::InvalidMessage(_) => "TLS: the server does not speak TLS; is https right?",
        _ => "TLS: the handshake with the server failed",
    })
}

pub(super) fn is_refused_certificate(error: &(dyn StdError + 'static)) -> bool {
    use AlertDescription as Alert;
    matches!(
        error.downcast_ref(),
        Some(rustls::Error::AlertReceived(
            Alert::NoCertificate
                | Alert::BadCertificate
                | Alert::UnsupportedCertificate
                | Alert::CertificateRevoked
                | Alert::CertificateExpired
                | Alert::CertificateUnknown
                | Alert::UnknownCA
                | Alert::CertificateRequired
        ))
    )
}
