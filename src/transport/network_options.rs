//! The builder methods for connections that all clients share.

/// The settings of [`Network`](super::network::Network) that every client builder has.
macro_rules! network_options {
    ($($settings:ident).+) => {
        /// Trusts the certificates of a PEM bundle too, beside those of the platform: for a server
        /// whose certificate comes from an authority of your own.
        ///
        /// May be called again for further bundles. Default: none. It holds for the API, the token
        /// endpoint and a proxy that is reached by https.
        ///
        /// `build()` answers with [`Configuration`](crate::ErrorKind::Configuration) if there is
        /// no certificate in the text, if one cannot be read, or if no TLS feature is enabled; on
        /// Android, with the feature `rustls`, also without
        /// [`without_platform_roots`](Self::without_platform_roots).
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .root_certificates(std::fs::read("operator-ca.pem")?)
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn root_certificates(mut self, pem: impl AsRef<[u8]>) -> Self {
            self.$($settings).+.network.root_certificates.push(pem.as_ref().into());
            self
        }

        /// Trusts only what [`root_certificates`](Self::root_certificates) gives, and nothing that
        /// the platform trusts. Default: both.
        ///
        /// `build()` answers with [`Configuration`](crate::ErrorKind::Configuration) if nothing
        /// was given, or if no TLS feature is enabled.
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .root_certificates(std::fs::read("operator-ca.pem")?)
        ///     .without_platform_roots()
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn without_platform_roots(mut self) -> Self {
            self.$($settings).+.network.without_platform_roots = true;
            self
        }

        /// Shows a client certificate to a server that asks for one (mutual TLS): its chain, the
        /// client's own certificate first, and its private key, in one PEM text.
        ///
        /// With `rustls` the key is RSA, ECDSA (P-256, P-384) or Ed25519 as PKCS#8
        /// (`BEGIN PRIVATE KEY`), PKCS#1 (`BEGIN RSA PRIVATE KEY`) or SEC 1
        /// (`BEGIN EC PRIVATE KEY`); with `native-tls` alone it is what the system's library takes,
        /// as PKCS#8. It must not be encrypted. The copy that the builder keeps is wiped by
        /// `build()`; those of the TLS library are its own business.
        /// Default: none; the last call counts. It is shown to the API, the token endpoint and a
        /// proxy that is reached by https, if they ask.
        ///
        /// `build()` answers with [`Configuration`](crate::ErrorKind::Configuration) if certificate
        /// or key is missing or cannot be read, if the key is encrypted, if there are several, if
        /// it does not belong to the certificate, or if no TLS feature is enabled.
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .client_certificate(std::fs::read("client-chain-and-key.pem")?)
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn client_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
            let pem = secrecy::SecretSlice::from(pem.as_ref().to_vec());
            self.$($settings).+.network.client_certificate = Some(std::sync::Arc::new(pem));
            self
        }

        /// Sends all requests to other machines through a proxy: `http://host:port`, or `https://`
        /// with a TLS feature, with user name and password in the URL if the proxy wants them.
        ///
        /// https servers are reached by `CONNECT`, so that the proxy sees their host and port only.
        /// What goes to this machine (`localhost`, `127.0.0.0/8`, `::1`) never goes through it;
        /// API and token endpoint are decided separately. `NO_PROXY` does not count for it, and
        /// a proxy that [`http_builder`](Self::http_builder) sets is replaced.
        /// Default: what the environment says (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
        /// `NO_PROXY`, each also in lower case) or, on Windows and macOS, the system's settings.
        /// The last call of this and [`no_proxy`](Self::no_proxy) counts.
        ///
        /// `build()` answers with [`Configuration`](crate::ErrorKind::Configuration) for a URL that
        /// names no proxy; the text never repeats it.
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .proxy("http://user:not-a-real-password@proxy.example:3128")
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn proxy(mut self, url: impl Into<String>) -> Self {
            let url = secrecy::SecretString::from(url.into());
            self.$($settings).+.network.proxy = crate::transport::ProxyChoice::Url(url);
            self
        }

        /// Uses no proxy, whatever the environment, the system or
        /// [`http_builder`](Self::http_builder) says. Default: see [`proxy`](Self::proxy).
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> entitlements::Result<()> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .no_proxy()
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn no_proxy(mut self) -> Self {
            self.$($settings).+.network.proxy = crate::transport::ProxyChoice::None;
            self
        }

        /// Sets options of reqwest that this builder does not have: the connection pool, TCP,
        /// DNS, a local address, proxies by rules of your own.
        ///
        /// `own` is called by `build()`, once for the API, and once more for a token endpoint that
        /// needs other connections (https or not, this machine or not). The last call counts.
        ///
        /// Our settings are applied over yours, so these cannot be changed:
        ///
        /// - no redirect is followed, nothing is repeated by reqwest, no `Referer` is sent;
        /// - TLS as a whole: backend, root and client certificates, checks of certificate and host
        ///   name, versions, ALPN (`http/1.1`). Use the methods of this builder;
        /// - an `https` base URL is `https` only;
        /// - what goes to this machine goes through no proxy, and `localhost` is this machine;
        ///   [`proxy`](Self::proxy) and [`no_proxy`](Self::no_proxy), where called, replace your
        ///   proxies;
        /// - the connect timeout, which is [`connect_timeout`](Self::connect_timeout), and the
        ///   limit of an attempt, which is [`timeout`](Self::timeout); a `read_timeout` of yours
        ///   holds beside it;
        /// - `connection_verbose` is off, because it would log tokens;
        /// - decompression: gzip with the feature `gzip`, otherwise none;
        /// - the headers that the client sets itself.
        ///
        /// Headers that you set here go to the token endpoint too, and are not checked: use
        /// [`default_header`](Self::default_header). A `unix_socket` takes the place of every
        /// connection, and a cookie store is shared by API and token endpoint; both stay as you
        /// set them.
        ///
        /// `build()` answers with [`Configuration`](crate::ErrorKind::Configuration) if reqwest
        /// refuses the options. The type is that of `reqwest` 0.13.
        ///
        /// ```no_run
        /// # #[cfg(feature = "crm-gateway")]
        /// # fn run() -> entitlements::Result<()> {
        /// # use entitlements::{auth::StaticToken, crm_gateway::Client};
        /// let client = Client::builder("https://operator.example:8443")
        ///     .http_builder(|http| http.pool_max_idle_per_host(4).tcp_nodelay(true))
        /// #   .auth(StaticToken::new("t"))
        ///     .build()?;
        /// # Ok(()) }
        /// ```
        pub fn http_builder(
            mut self,
            own: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
        ) -> Self {
            self.$($settings).+.network.http_builder = Some(std::sync::Arc::new(own));
            self
        }
    };
}
pub(crate) use network_options;
