//! What a successful call returns.

use std::{fmt, ops::Deref};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::Error;

/// A decoded answer together with what came along with it.
///
/// It dereferences to the model, so fields are read directly; [`Response::into_inner`] keeps
/// only the model.
///
/// Your own tests make the one that a mock of yours returns:
///
/// ```
/// # #[cfg(feature = "symphony")] {
/// use entitlements::{
///     Response,
///     symphony::{EntitlementStatus, model::AdvisorEntitlement},
/// };
///
/// let mut ada = AdvisorEntitlement::default();
/// ada.status = Some(EntitlementStatus::Entitled);
/// let answer = Response::from_value(ada).with_attempts(2);
/// assert_eq!(answer.status, Some(EntitlementStatus::Entitled));
/// assert_eq!(answer.status().as_u16(), 200);
/// # }
/// ```
pub struct Response<T> {
    value: T,
    raw: Raw,
    item_errors: Vec<Error>,
    /// Where in the page the items of `item_errors` were.
    #[cfg_attr(not(any_listing), allow(dead_code, reason = "only listings have pages"))]
    item_places: Vec<usize>,
}

/// An answer before it is decoded.
#[derive(Clone)]
pub(crate) struct Raw {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) attempts: u32,
    pub(crate) correlation_id: Option<String>,
    /// What is probably wrong if it turns out that the body cannot be read.
    pub(crate) hint: Option<&'static str>,
}

impl Raw {
    pub(crate) fn new(status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        Self { status, headers, body, attempts: 0, correlation_id: None, hint: None }
    }
}

impl<T> Response<T> {
    /// An answer with this value, for the tests of an application: status 200, one attempt, no
    /// headers, an empty body. The setters change what your code looks at.
    pub fn from_value(value: T) -> Self {
        Self::new(value, Raw::new(StatusCode::OK, HeaderMap::new(), Bytes::new())).with_attempts(1)
    }

    /// Sets the status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.raw.status = status;
        self
    }

    /// Replaces all headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.raw.headers = headers;
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.raw.headers.append(name, value);
        self
    }

    /// Sets the body. The value stays as it is.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.raw.body = body.into();
        self
    }

    /// Sets how many requests were sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.raw.attempts = attempts;
        self
    }

    /// Sets the id under which the call stands in the vendor's logs.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.raw.correlation_id = Some(id.into());
        self
    }

    /// Sets the errors of items that could not be decoded.
    #[must_use]
    pub fn with_item_errors(mut self, errors: impl IntoIterator<Item = Error>) -> Self {
        self.item_errors = errors.into_iter().collect();
        // Behind the items that are there.
        self.item_places = vec![usize::MAX; self.item_errors.len()];
        self
    }

    pub(crate) fn new(value: T, raw: Raw) -> Self {
        Self { value, raw, item_errors: Vec::new(), item_places: Vec::new() }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.raw.status
    }

    /// The response headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.raw.headers
    }

    /// The body as it came, for fields that the model does not know yet.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.raw.body
    }

    /// How many requests were sent for this call; 1 unless something was repeated.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.raw.attempts
    }

    /// The id under which the call stands in the vendor's logs, where the API has one.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.raw.correlation_id.as_deref()
    }

    /// One error for each item of a page that could not be decoded; the items are left out of
    /// the model. Empty for everything that is not a page.
    #[must_use]
    pub fn item_errors(&self) -> &[Error] {
        &self.item_errors
    }

    /// The model alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    #[cfg(any_listing)]
    pub(crate) fn with_failed_items(mut self, errors: impl IntoIterator<Item = (usize, Error)>) -> Self {
        (self.item_places, self.item_errors) = errors.into_iter().unzip();
        self
    }

    /// The answer without its value.
    #[cfg(feature = "crm-gateway")]
    pub(crate) fn raw(&self) -> &Raw {
        &self.raw
    }

    /// A value that stands for an answer which was an error.
    #[cfg(any_listing)]
    pub(crate) fn standing_for(error: &Error, value: T) -> Self {
        let raw = Raw {
            attempts: error.attempts(),
            correlation_id: error.correlation_id().map(str::to_owned),
            ..Raw::new(error.status().unwrap_or_default(), error.headers().clone(), error.body().clone())
        };
        Self::new(value, raw)
    }

    #[cfg(feature = "symphony")]
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        let Self { value, raw, item_errors, item_places } = self;
        Response { value: change(value), raw, item_errors, item_places }
    }

    #[cfg(any_listing)]
    pub(crate) fn into_parts(self) -> (T, Vec<(usize, Error)>) {
        (self.value, self.item_places.into_iter().zip(self.item_errors).collect())
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.raw.status)
            .field("attempts", &self.raw.attempts)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accessor_has_its_setter() {
        let plain = Response::from_value(7);
        assert_eq!((*plain, plain.status(), plain.attempts()), (7, StatusCode::OK, 1));
        assert!(plain.headers().is_empty() && plain.body().is_empty() && plain.item_errors().is_empty());
        assert_eq!(plain.correlation_id(), None);

        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_static("1"));
        let full = plain
            .with_status(StatusCode::CREATED)
            .with_headers(headers)
            .with_header(HeaderName::from_static("b"), HeaderValue::from_static("2"))
            .with_body("7")
            .with_attempts(3)
            .with_correlation_id("id")
            .with_item_errors([Error::new(crate::ErrorKind::UnexpectedAnswer, "an item")]);
        assert_eq!((full.status(), full.attempts()), (StatusCode::CREATED, 3));
        assert_eq!((full.headers()["a"].as_bytes(), full.headers()["b"].as_bytes()), (&b"1"[..], &b"2"[..]));
        assert_eq!(full.body(), "7");
        assert_eq!(full.correlation_id(), Some("id"));
        assert_eq!(full.item_errors().len(), 1);
        assert_eq!(full.into_inner(), 7);
    }
}
