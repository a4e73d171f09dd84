//! Certificates and keys from PEM. No error holds anything of what was given.

use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{Error, Result};

/// A client's certificate chain, the client's own first, and the key of that one.
pub(super) struct Identity {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

/// The refusal of what was given to a builder method.
pub(super) fn refuse(method: &str, rule: &str) -> Error {
    Error::configuration(format!("`{method}`: {rule}"))
}

/// The certificates of all bundles; each has to hold one.
pub(super) fn roots(bundles: &[impl AsRef<[u8]>], only: bool) -> Result<Vec<CertificateDer<'static>>> {
    const METHOD: &str = "root_certificates";
    if only && bundles.is_empty() {
        let rule = "nothing would be trusted; give the certificates by `root_certificates`";
        return Err(refuse("without_platform_roots", rule));
    }
    let mut all = Vec::new();
    for bundle in bundles {
        let found = certificates(METHOD, bundle.as_ref())?;
        all.extend(found);
    }
    Ok(all)
}

/// A chain and its key, in any order and mixed with other text.
pub(super) fn identity(pem: &[u8]) -> Result<Identity> {
    const METHOD: &str = "client_certificate";
    let chain = certificates(METHOD, pem)?;
    if is_encrypted(pem) {
        let rule = "the private key is encrypted; decrypt it first, for example with `openssl pkcs8`";
        return Err(refuse(METHOD, rule));
    }
    let mut keys = PrivateKeyDer::pem_slice_iter(pem);
    let key = match (keys.next(), keys.next()) {
        (Some(Ok(key)), None) => key,
        (Some(Err(_)), _) => return Err(refuse(METHOD, "the private key is no valid PEM")),
        (Some(Ok(_)), Some(_)) => return Err(refuse(METHOD, "there is more than one private key")),
        (None, _) => return Err(refuse(METHOD, "there is no private key in the PEM text")),
    };
    Ok(Identity { chain, key })
}

fn certificates(method: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_slice_iter(pem).collect::<std::result::Result<Vec<_>, _>>();
    match found {
        Ok(found) if found.is_empty() => Err(refuse(method, "there is no certificate in the PEM text")),
        Ok(found) => Ok(found),
        Err(_) => Err(refuse(method, "the text is no valid PEM")),
    }
}

/// Both forms: a section of its own (PKCS#8), and a header inside the old ones.
fn is_encrypted(pem: &[u8]) -> bool {
    let needle = b"ENCRYPTED";
    pem.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pem: &str) -> String {
        identity(pem.as_bytes()).err().expect(pem).to_string()
    }

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";

    #[test]
    fn what_is_missing_is_named_and_nothing_is_shown() {
        let key = |kind: &str| format!("-----BEGIN {kind}-----\nc2VjcmV0\n-----END {kind}-----\n");
        assert!(refusal("").contains("no certificate"));
        assert!(refusal(&key("PRIVATE KEY")).contains("no certificate"));
        assert!(refusal(CERTIFICATE).contains("no private key"));
        assert!(refusal(&(CERTIFICATE.to_owned() + &key("PUBLIC KEY"))).contains("no private key"));
        assert!(refusal(&(CERTIFICATE.to_owned() + &key("ENCRYPTED PRIVATE KEY"))).contains("encrypted"));
        let two = CERTIFICATE.to_owned() + &key("PRIVATE KEY") + &key("EC PRIVATE KEY");
        assert!(refusal(&two).contains("more than one"));
        let cut = CERTIFICATE.to_owned() + "-----BEGIN PRIVATE KEY-----\nc2Vjcm V0!!\n";
        assert!(!refusal(&cut).contains("c2Vj") && refusal(&cut).contains("client_certificate"));
        for kind in ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"] {
            identity((key(kind) + CERTIFICATE).as_bytes()).map(drop).expect(kind);
        }
    }

    #[test]
    fn bundles_are_joined_and_an_empty_one_is_named() {
        let two = format!("# a comment\n{CERTIFICATE}{CERTIFICATE}");
        assert_eq!(roots(&[two.as_str(), CERTIFICATE], false).expect("valid").len(), 3);
        assert!(
            roots(&[CERTIFICATE, "nothing"], true).expect_err("empty").to_string().contains("no certificate")
        );
        assert!(roots(&[""; 0], true).expect_err("empty").to_string().contains("without_platform_roots"));
        assert!(roots(&[""; 0], false).expect("nothing was asked for").is_empty());
    }
}
