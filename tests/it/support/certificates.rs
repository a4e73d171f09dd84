//! Certificates that are made for one test, and servers that show them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use tokio_rustls::rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::WebPkiClientVerifier,
};

/// The names of every server of a test.
pub(crate) const LOCAL: [&str; 2] = ["127.0.0.1", "localhost"];

/// An authority that nobody trusts unless a test says so.
pub(crate) struct Authority {
    own: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(crate) struct Issued {
    pub(crate) certificate: Certificate,
    pub(crate) key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        // Two of the same name would be taken for one, whose signatures are wrong.
        let name = format!("authority {:x?}", &key.public_key_raw()[1..9]);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let own = parameters.self_signed(&key).expect("a certificate");
        Self { own, issuer: Issuer::new(parameters, key) }
    }

    /// Its certificate as PEM.
    pub(crate) fn pem(&self) -> String {
        self.own.pem()
    }

    /// A certificate for servers of these names.
    pub(crate) fn server(&self, names: &[&str]) -> Issued {
        self.issue(&parameters(names, ExtendedKeyUsagePurpose::ServerAuth))
    }

    /// One whose time is over.
    pub(crate) fn expired(&self, names: &[&str]) -> Issued {
        let mut parameters = parameters(names, ExtendedKeyUsagePurpose::ServerAuth);
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(2021, 1, 1);
        self.issue(&parameters)
    }

    /// A certificate for a client.
    pub(crate) fn client(&self) -> Issued {
        self.issue(&parameters(&["client.example"], ExtendedKeyUsagePurpose::ClientAuth))
    }

    fn issue(&self, parameters: &CertificateParams) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        Issued { certificate, key }
    }
}

fn parameters(names: &[&str], purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("names");
    parameters.extended_key_usages.push(purpose);
    parameters
}

impl Issued {
    /// Certificate and key as one PEM text.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem() + &self.key.serialize_pem()
    }

    /// The key as SEC 1, which stands inside PKCS#8 for this kind of key.
    pub(crate) fn key_as_sec1(&self) -> String {
        let der = self.key.serialize_der();
        // An octet string of 109 bytes, and in it the sequence of version and key.
        let start = der.windows(4).position(|window| window == [0x04, 0x6d, 0x30, 0x6b]).expect("P-256");
        let inner = &der[start + 2..start + 2 + 0x6d];
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, inner);
        format!("-----BEGIN EC PRIVATE KEY-----\n{text}\n-----END EC PRIVATE KEY-----\n")
    }

    /// A server that shows this certificate.
    pub(crate) fn serve(&self) -> ServerConfig {
        self.config(None)
    }

    /// A server that shows this certificate, and wants one of its client by that authority.
    pub(crate) fn serve_clients_of(&self, authority: &Authority) -> ServerConfig {
        self.config(Some(authority))
    }

    fn config(&self, clients: Option<&Authority>) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("versions");
        let builder = match clients {
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.own.der().clone()).expect("a root");
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
            None => builder.with_no_client_auth(),
        };
        let chain = vec![CertificateDer::from(self.certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key");
        builder.with_single_cert(chain, key).expect("a configuration")
    }
}
