//! What a client can set about its connections: certificates, proxy, and reqwest's own options.

use std::sync::Arc;

use reqwest::{Proxy, Url};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::{Error, Result};

/// The caller's own options of reqwest.
pub(crate) type HttpBuilder = dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync;

/// How connections are made. Everything is kept as it was given, and checked by `build()`.
#[derive(Clone, Default)]
pub(crate) struct Network {
    /// PEM bundles.
    pub(crate) root_certificates: Vec<Arc<[u8]>>,
    pub(crate) without_platform_roots: bool,
    /// Chain and private key as PEM.
    pub(crate) client_certificate: Option<Arc<SecretSlice<u8>>>,
    pub(crate) proxy: ProxyChoice,
    pub(crate) http_builder: Option<Arc<HttpBuilder>>,
}

/// Which proxy the requests to other machines go through.
#[derive(Clone, Default)]
pub(crate) enum ProxyChoice {
    /// What the environment or the system's settings say.
    #[default]
    System,
    None,
    /// Can hold a user name and password.
    Url(SecretString),
}

impl Network {
    /// Which builder method asks for TLS, if one does.
    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    pub(super) fn certificate_setting(&self) -> Option<&'static str> {
        let given = [
            ("root_certificates", !self.root_certificates.is_empty()),
            ("without_platform_roots", self.without_platform_roots),
            ("client_certificate", self.client_certificate.is_some()),
        ];
        given.into_iter().find_map(|(method, given)| given.then_some(method))
    }
}

impl ProxyChoice {
    /// The proxy that was given by its URL, and whether it is reached by TLS.
    pub(super) fn checked(&self) -> Result<Option<(Proxy, bool)>> {
        let Self::Url(text) = self else {
            return Ok(None);
        };
        // Nothing of the URL may stand in the error: it can hold a password.
        let refuse = |rule: &str| Err(Error::configuration(format!("`proxy`: the URL {rule}")));
        let Ok(url) = Url::parse(text.expose_secret()) else {
            return refuse("is not an absolute one such as `http://proxy.example:3128`");
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return refuse("needs the scheme `http` or `https` and a host");
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return refuse("must have nothing behind host and port");
        }
        let by_tls = url.scheme() == "https";
        if by_tls && !cfg!(any(feature = "rustls", feature = "native-tls")) {
            return refuse("is https, but no TLS feature is enabled; enable `rustls` or `native-tls`");
        }
        match Proxy::all(url) {
            Ok(proxy) => Ok(Some((proxy, by_tls))),
            Err(_) => refuse("cannot be used"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::transport::Settings;

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    #[test]
    fn a_proxy_by_https_needs_a_tls_feature() {
        let error = super::ProxyChoice::Url("https://proxy.example".into()).checked().expect_err("no TLS");
        assert!(error.to_string().contains("no TLS feature is enabled"), "{error}");
    }

    #[test]
    fn what_a_caller_adds_to_the_headers_is_sensitive() {
        let given = vec![("x-api-key".to_owned(), "not-a-real-key".to_owned())];
        let headers = Settings { default_headers: given, ..Settings::default() }.headers().expect("headers");
        assert!(headers["x-api-key"].is_sensitive() && !headers["accept"].is_sensitive());
        assert!(!format!("{headers:?}").contains("not-a-real"));
    }
}
