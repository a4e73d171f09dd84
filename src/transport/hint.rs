//! `http` where `https` is meant, and the other way round: what gives it away.

use std::error::Error as StdError;

use http::header;
use reqwest::Url;

use super::tls;
use crate::response::Raw;

const HTTPS_IS_MEANT: &str =
    "the server does not take plain HTTP here; does the URL have to begin with `https`?";
const HTTP_IS_MEANT: &str = "the server does not speak TLS on this port; is it the one for `https`?";

/// What widespread servers answer, with status 400, to plain HTTP on a port for TLS: nginx,
/// Apache httpd, and servers in Go.
const PLAIN_HTTP_REFUSED: [&str; 3] = [
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "Client sent an HTTP request to an HTTPS server",
];
/// They stand at the beginning of a short page.
const LONGEST_PAGE: usize = 4096;

/// What an answer over plain HTTP says about the scheme.
pub(super) fn of_answer(raw: &Raw, base: &Url) -> Option<&'static str> {
    if base.scheme() != "http" {
        return None;
    }
    let page = &raw.body[..raw.body.len().min(LONGEST_PAGE)];
    let refused = || {
        PLAIN_HTTP_REFUSED.iter().any(|words| page.windows(words.len()).any(|part| part == words.as_bytes()))
    };
    let to_https = || {
        let target = raw.headers.get(header::LOCATION).map(|value| value.as_bytes().trim_ascii_start());
        target
            .and_then(|target| target.get(..8))
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"))
    };
    let is_it = match raw.status.as_u16() {
        400 => refused(),
        300..=399 => to_https(),
        _ => false,
    };
    is_it.then_some(HTTPS_IS_MEANT)
}

/// What a failure below HTTP says about the scheme of the URL.
pub(crate) fn of_failure(error: &reqwest::Error, secure: bool) -> Option<&'static str> {
    let is_it = if secure { speaks_no_tls } else { speaks_no_http };
    tls::causes(error).any(is_it).then_some(if secure { HTTP_IS_MEANT } else { HTTPS_IS_MEANT })
}

/// A server that expects TLS answers plain HTTP with an alert in TLS, which is no HTTP version.
/// Hyper has no method that tells this parse error from others, so its fixed words have to do; a
/// test watches them.
fn speaks_no_http(error: &(dyn StdError + 'static)) -> bool {
    error.to_string() == "invalid HTTP version parsed"
}

fn speaks_no_tls(error: &(dyn StdError + 'static)) -> bool {
    #[cfg(feature = "rustls")]
    if let Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) =
        error.downcast_ref()
    {
        return true;
    }
    // OpenSSL's fixed words for a record that is none, below the system's TLS library.
    cfg!(feature = "native-tls") && error.to_string().contains("wrong version number")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;

    fn answered(base: &str, status: u16, location: &'static str, body: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_static(location));
        let status = StatusCode::from_u16(status).expect("a status");
        of_answer(&Raw::new(status, headers, body.into()), &Url::parse(base).expect("a URL"))
    }

    #[test]
    fn an_answer_gives_the_scheme_away_only_over_plain_http() {
        const NGINX: &str = "<center>The plain HTTP request was sent to HTTPS port</center>";
        const FAR: &str = "https://a.example/";
        let cases = [
            (400, "", NGINX, true),
            (400, "", "Client sent an HTTP request to an HTTPS server.\n", true),
            (400, "", "You're speaking plain HTTP to an SSL-enabled server port.", true),
            (400, FAR, "another refusal", false),
            (403, "", NGINX, false),
            (500, "", NGINX, false),
            (301, FAR, "", true),
            (308, "HTTPS://A.EXAMPLE", "", true),
            (302, "http://a.example/?to=https://b.example", "", false),
            (302, "//a.example", "", false),
            (302, "https:", "", false),
            (200, FAR, NGINX, false),
        ];
        for (status, location, body, expected) in cases {
            let hint = answered("http://localhost:1/admin", status, location, body);
            assert_eq!(hint.is_some(), expected, "{status} {location} {body}");
            assert_eq!(answered("https://a.example", status, location, body), None, "{status}");
        }
    }

    #[test]
    fn a_phrase_behind_the_beginning_of_a_long_body_is_not_looked_for() {
        let body =
            Box::leak(format!("{}{}", " ".repeat(LONGEST_PAGE), PLAIN_HTTP_REFUSED[0]).into_boxed_str());
        assert_eq!(answered("http://localhost", 400, "", body), None);
    }
}
