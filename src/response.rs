//! What a successful call returns.

use std::{fmt, ops::Deref};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use crate::Error;

/// A decoded answer together with what came along with it.
///
/// It dereferences to the model, so fields are read directly; [`Response::into_inner`] keeps
/// only the model.
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
}

impl<T> Response<T> {
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
    pub(crate) fn with_item_errors(mut self, errors: impl IntoIterator<Item = (usize, Error)>) -> Self {
        (self.item_places, self.item_errors) = errors.into_iter().unzip();
        self
    }

    /// A value that stands for an answer which was an error.
    #[cfg(any_listing)]
    pub(crate) fn standing_for(error: &Error, value: T) -> Self {
        let raw = Raw {
            status: error.status().unwrap_or_default(),
            headers: error.headers().clone(),
            body: error.body().clone(),
            attempts: error.attempts(),
            correlation_id: error.correlation_id().map(str::to_owned),
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
