//! What goes into a fake's handler and what comes out of it.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

#[cfg(any(feature = "crm-gateway", feature = "connect"))]
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

/// A request as a fake received it.
///
/// Printing it shows neither values of parameters and headers nor the body, which can be secret or
/// personal.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path, still percent-encoded. wiremock normalises it; a fake that was started with
    /// `wire_listener(true)` shows it as it came.
    pub path: String,
    /// The query, still percent-encoded, without `?`; empty if there was none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Request {
    #[expect(clippy::needless_pass_by_value, reason = "what was received is given up for its copy")]
    pub(crate) fn new(method: Method, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Self {
        Self { method, path: path.to_owned(), query: query.to_owned(), headers: unshared(&headers), body }
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters(name).into_iter().next()
    }

    /// All values of a query parameter, decoded.
    #[must_use]
    pub fn parameters(&self, name: &str) -> Vec<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The token after `Bearer `.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    /// Id and secret of Basic credentials, as they were sent.
    #[cfg(any(feature = "crm-gateway", feature = "connect"))]
    pub(super) fn basic(&self) -> Option<(String, String)> {
        let (scheme, encoded) = self.header("authorization")?.split_once(' ')?;
        let decoded = STANDARD.decode(encoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    }

    /// The body as JSON, or `None` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The first value of a field of a form body, decoded.
    #[must_use]
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A value of a request that came by a socket shares the whole buffer that was read, which the
/// journal would keep.
fn unshared(headers: &HeaderMap) -> HeaderMap {
    let own = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).ok();
    let copies = headers.iter().filter_map(|(name, value)| Some((name.clone(), own(value)?)));
    let mut headers = HeaderMap::with_capacity(headers.len());
    headers.extend(copies);
    headers
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method)?;
        let segments = self.path.split('/').map(|segment| if is_word(segment) { segment } else { "…" });
        f.write_str(&segments.collect::<Vec<_>>().join("/"))?;
        let mut separator = '?';
        for part in self.query.split('&').filter(|part| !part.is_empty()) {
            let name = part.split_once('=').map(|(name, _)| name).filter(|name| is_word(name));
            write!(f, "{separator}{}", name.map_or_else(|| "…".to_owned(), |name| format!("{name}=…")))?;
            separator = '&';
        }
        write!(f, " ({})", outline(&self.headers, &self.body))
    }
}

/// A word of an address, such as `customer`, `externalNetwork` or `v2`, and not an identifier.
fn is_word(text: &str) -> bool {
    let is_version = text.len() == 2 && text.starts_with('v');
    is_version || text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-' || byte == b'_')
}

fn outline(headers: &HeaderMap, body: &Bytes) -> String {
    let names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    format!("headers: {}; body: {} bytes", names.join(", "), body.len())
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.status.as_u16(), outline(&self.headers, &self.body))
    }
}

/// What a fake answers. Printing it shows neither values of headers nor the body.
#[derive(Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether it is on purpose not what the specification says.
    pub(super) off_spec: bool,
}

impl Reply {
    /// An answer without a body.
    ///
    /// # Panics
    ///
    /// If the number is no final HTTP status: 200 to 599.
    #[must_use]
    #[track_caller]
    pub fn new(status: u16) -> Self {
        let found = StatusCode::from_u16(status).ok().filter(|_| (200..600).contains(&status));
        let status = found.unwrap_or_else(|| panic!("{status} is no final HTTP status; use 200 to 599"));
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), off_spec: false }
    }

    /// An answer with a JSON body.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new), or if the body cannot be written as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        let text = serde_json::to_string(body);
        let text = text.unwrap_or_else(|error| panic!("the body cannot be written as JSON: {error}"));
        Self::new(status).with_body("application/json", text)
    }

    /// An answer with a body of any kind.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: impl Into<String>) -> Self {
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Bytes::from(body.into());
        self
    }

    /// Sets a header, instead of an earlier one of the same name.
    ///
    /// # Panics
    ///
    /// If HTTP does not allow the name or the value.
    #[must_use]
    #[track_caller]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => self.headers.insert(name, value),
            (Err(_), _) => panic!("`{name}` is no name of a header"),
            (_, Err(_)) => panic!("the header `{name}` cannot have a value with control characters"),
        };
        self
    }

    /// A value that HTTP does not allow is left out.
    pub(super) fn with_valid_header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Says what time it is for the fake, unless the answer says it already.
    pub(super) fn dated(self, now: SystemTime) -> Self {
        if self.headers.contains_key(header::DATE) {
            return self;
        }
        self.with_valid_header("date", &http_date(since_epoch(now).as_secs()))
    }

    /// Marks an answer that a switch of the fake makes deviate from the specification.
    #[cfg(any_service)]
    pub(super) fn off_spec(mut self) -> Self {
        self.off_spec = true;
        self
    }

    #[cfg(feature = "fake-checks")]
    pub(super) fn is_off_spec(&self) -> bool {
        self.off_spec
    }
}

/// One value out of a form.
pub(super) fn form_decoded(text: &str) -> String {
    // Only the first `=` parts name and value, but any `&` would end the value.
    let form = format!("={}", text.replace('&', "%26"));
    url::form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

/// One segment of a path: other than in a form, a plus sign stands for itself.
#[cfg(any(feature = "symphony", feature = "connect"))]
pub(super) fn segment_decoded(text: &str) -> String {
    form_decoded(&text.replace('+', "%2B"))
}

pub(super) fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// So many seconds after the epoch, as HTTP writes it; it cannot write a later year than 9999.
pub(super) fn http_date(seconds: u64) -> String {
    const LAST: u64 = 253_402_300_799;
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(LAST)))
}
