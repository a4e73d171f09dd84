//! Where the requests go: the checked base URL.

use reqwest::Url;

use super::{
    Settings,
    client::{http_client, is_loopback},
    path,
};
use crate::{Error, Result};

/// A base URL that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Without a slash at the end.
    base: String,
    url: Url,
}

impl Server {
    pub(crate) fn parse(base: &str, plain_http: bool) -> Result<Self> {
        let url = checked_url("base URL", base, plain_http)?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, url })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.url.port_or_known_default()
    }

    /// Refuses a request that would go elsewhere than the operation's template says.
    ///
    /// The path of a raw request is no template: it is sent as it is, or not at all.
    pub(crate) fn check(&self, url: &Url, template: &str, is_raw: bool) -> Result<()> {
        // Both are normalised, and a template begins with a slash: with the same beginning and a
        // path that matches, origin and base path are the same too.
        let own = url.as_str().strip_prefix(&self.base);
        let own_path = own.and_then(|own| own.split(['?', '#']).next());
        if own_path.is_some_and(|own| own == template || (!is_raw && path::matches(own, template))) {
            return Ok(());
        }
        // The template of a raw request is what the caller wrote, which can be anything.
        let rule = "leads elsewhere, or has characters that must be percent-encoded";
        Err(Error::invalid_input("path", rule))
    }

    /// The HTTP client for this server.
    pub(crate) fn http_client(&self, settings: &Settings) -> Result<reqwest::Client> {
        http_client(&self.url, settings)
    }

    /// The HTTP client for the token endpoint: the same one, unless TLS or proxies differ.
    pub(crate) fn login_client(
        &self,
        own: &reqwest::Client,
        login: Option<&Url>,
        settings: &Settings,
    ) -> Result<reqwest::Client> {
        let kind = |url: &Url| (url.scheme() == "https", is_loopback(url));
        match login.filter(|login| kind(login) != kind(&self.url)) {
            Some(login) => http_client(login, settings),
            None => Ok(own.clone()),
        }
    }
}

/// A URL that requests can be made under: absolute, HTTPS or loopback, nothing after the path.
pub(crate) fn checked_url(what: &str, text: &str, plain_http: bool) -> Result<Url> {
    let refuse = |rule: &str| Err(Error::configuration(format!("the {what} {rule}")));
    let Ok(url) = Url::parse(text) else {
        return refuse("is not an absolute URL such as `https://host/path`");
    };
    if url.as_str().len() > super::LONGEST_URL {
        return refuse("is longer than the 65,534 bytes that can be sent");
    }
    // A URL parser drops line breaks, follows `..`, and takes a backslash for a slash.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return refuse("has spaces, control characters or backslashes");
    }
    if text.split('/').any(is_step) {
        return refuse("has `.` or `..` in its path");
    }
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return refuse("needs the scheme `https` and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not hold a user name or password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("must not have a query or a fragment");
    }
    if url.scheme() == "http" && !plain_http && !is_loopback(&url) {
        return refuse(
            "is plain http to another machine; use https, or `allow_plain_http()` in a test network",
        );
    }
    if url.scheme() == "https" && !cfg!(any(feature = "rustls", feature = "native-tls")) {
        return refuse("is https, but no TLS feature is enabled; enable `rustls` or `native-tls`");
    }
    Ok(url)
}

fn is_step(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        checked_url("base URL", text, false).expect_err(text).to_string()
    }

    #[test]
    fn unusable_base_urls_are_named() {
        assert!(refusal("connect.symphony.com/admin").contains("not an absolute URL"));
        assert!(refusal("ftp://a.example").contains("needs the scheme"));
        assert!(refusal("https://me:pw@a.example").contains("user name"));
        assert!(refusal("https://a.example/?x=1").contains("query"));
        assert!(refusal("http://a.example").contains("plain http"));
        assert!(refusal("http://localhost.evil.example").contains("plain http"));
        assert!(refusal("http://localhost.").contains("plain http"));
        assert!(refusal("http://[::ffff:10.0.0.1]").contains("plain http"));
        assert!(refusal("").contains("not an absolute URL"));
    }

    #[cfg(not(any(feature = "rustls", feature = "native-tls")))]
    #[test]
    fn https_needs_a_tls_feature() {
        assert!(refusal("https://a.example").contains("no TLS feature is enabled"));
    }

    #[test]
    fn plain_http_is_for_loopback_or_by_name() {
        for local in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:9",
        ] {
            checked_url("base URL", local, false).expect(local);
        }
        checked_url("base URL", "http://a.example", true).expect("allowed by name");
    }

    #[test]
    fn requests_stay_at_the_origin_and_below_the_base_path() {
        let server = Server::parse("http://localhost:81/admin/", false).expect("valid");
        assert_eq!(server.base(), "http://localhost:81/admin");
        let check = |url: &str| server.check(&Url::parse(url).expect("a URL"), "/api/{x}", false);
        check("http://localhost:81/admin/api/1").expect("fits");
        check("http://localhost:81/admin/api/1?x=/2#3").expect("fits");
        for bad in [
            "http://localhost:82/admin/api/1",
            "https://localhost:81/admin/api/1",
            "http://localhost:81/api/1",
            "http://localhost:81/admin/api/1/2",
            "http://localhost:811/admin/api/1",
            "http://localhost:81/adminx/api/1",
            "http://me@localhost:81/admin/api/1",
        ] {
            check(bad).expect_err(bad);
        }
    }
}
