//! What may be an address that a browser is sent back to.

use url::{Host, Url};

use crate::{Error, Result};

/// Absolute and without a fragment (RFC 6749 section 3.1.2), and nothing that others could read:
/// https, http on this machine, or the scheme of a native app (RFC 8252 section 7).
pub(super) fn check(text: &str) -> Result<()> {
    let refuse = |rule: &str| Err(Error::invalid_input("redirect_uri", rule));
    // It is compared as text, but browsers drop line breaks and take a backslash for a slash.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return refuse("must be visible ASCII without spaces and backslashes");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("must be an absolute URI such as `https://shop.example/callback`");
    };
    if url.fragment().is_some() {
        return refuse("must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not hold a user name or password");
    }
    // The parser forgives missing slashes and superfluous ones.
    let rest = text.get(url.scheme().len() + 1..).unwrap_or_default();
    let has_authority = rest.strip_prefix("//").is_some_and(|rest| !rest.starts_with('/'));
    match url.scheme() {
        "https" if has_authority => {}
        "http" if has_authority && is_loopback(&url) => {}
        "http" if has_authority => {
            return refuse("is plain http to another machine, where others can read the code; use https");
        }
        "http" | "https" => return refuse("needs a host behind `https://`"),
        // A domain in reverse order, which no scheme of a browser or of the system is.
        scheme if scheme.contains('.') && rest.starts_with('/') => {}
        _ => return refuse("needs the scheme `https`, or that of a native app such as `example.shop.app:/`"),
    }
    if url.query_pairs().any(|(name, _)| matches!(&*name, "code" | "state" | "error")) {
        return refuse("must not have a query parameter `code`, `state` or `error`, which the login adds");
    }
    Ok(())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
