//! How an error is put together: by the crate, and by the tests of applications.

use std::{borrow::Cow, error::Error as StdError, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::{Error, ErrorKind, Inner, one_line::one_line};

/// For wrappers, and for tests of code that has to handle errors. Every accessor has a setter of
/// its name; what is not set is absent. Texts are escaped where they would make two lines of one.
impl Error {
    /// An error of the given kind with a text of yours.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: one_line(message.into()),
            operation: None,
            status: None,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            code: None,
            correlation_id: None,
            attempts: 0,
            retry_after: None,
            hint: None,
            source: None,
        }))
    }

    /// Sets the status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Replaces all headers of the answer.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.0.headers = headers;
        self
    }

    /// Adds a header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// Sets the body of the answer, which [`body`](Self::body) and [`problem`](Self::problem) read.
    ///
    /// ```
    /// # use entitlements::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Rejected, "").with_body(r#"{"code":400}"#);
    /// assert_eq!(error.body().as_ref(), br#"{"code":400}"#);
    /// ```
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Sets the vendor's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        self.0.code = Some(one_line(code.into()));
        self
    }

    /// Names the operation. A name that is there already stays: the innermost call knows best.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation.get_or_insert_with(|| one_line(operation.into()));
        self
    }

    /// Sets the id under which the call stands in the vendor's logs.
    #[must_use]
    pub fn with_correlation_id(mut self, id: impl Into<String>) -> Self {
        self.0.correlation_id = Some(one_line(id.into().into()).into_owned());
        self
    }

    /// Sets how many requests were sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Sets how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Sets what caused it. Loggers print a source, so give none that quotes personal data, such
    /// as an error of `serde_json`.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

#[cfg(any_service)]
impl Error {
    pub(crate) fn invalid_input(argument: &str, rule: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidInput, format!("`{argument}` {rule}"))
    }

    pub(crate) fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    /// Makes it another kind. What went wrong is not enough to go on where the outcome is unknown.
    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        if kind == ErrorKind::OutcomeUnknown && self.0.kind != kind {
            let advice = "it may have been carried out, so read back what is there before you repeat it";
            self.0.message = format!("{}; {advice}", self.0.message).into();
        }
        self.0.kind = kind;
        self
    }

    /// Says of which page of a listing it is.
    #[cfg(any_listing)]
    pub(crate) fn name_page(&mut self, number: u64) {
        self.0.message = format!("page {number}: {}", self.0.message).into();
    }

    /// What went wrong, for an error that says where as well.
    #[cfg(feature = "symphony")]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    #[cfg(any(feature = "symphony", feature = "connect"))]
    pub(crate) fn with_message(mut self, message: &'static str) -> Self {
        self.0.message = message.into();
        self
    }

    /// The answer that was the failure, or as much of it as came.
    pub(crate) fn with_answer(self, status: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        self.with_status(status).with_headers(headers).with_body(body)
    }

    /// An answer with what is known about its call.
    pub(crate) fn with_raw(mut self, raw: crate::response::Raw) -> Self {
        self.0.correlation_id = raw.correlation_id.map(|id| one_line(id.into()).into_owned());
        self.with_attempts(raw.attempts).with_answer(raw.status, raw.headers, raw.body).with_hint(raw.hint)
    }

    /// The same failure for another caller who waited for the same result.
    pub(crate) fn share(&self) -> Self {
        let Inner { kind, message, operation, status, headers, body, code, .. } = &*self.0;
        Self(Box::new(Inner {
            kind: *kind,
            message: message.clone(),
            operation: operation.clone(),
            status: *status,
            headers: headers.clone(),
            body: body.clone(),
            code: code.clone(),
            correlation_id: self.0.correlation_id.clone(),
            attempts: self.0.attempts,
            retry_after: self.0.retry_after,
            hint: self.0.hint,
            source: None,
        }))
    }
}

#[cfg(any(any_service, test))]
impl Error {
    /// Our own fixed words for a likely mistake, if there is one.
    pub(crate) fn with_hint(mut self, hint: Option<&'static str>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accessor_has_its_setter() {
        let mut headers = HeaderMap::new();
        headers.insert("a", HeaderValue::from_static("1"));
        let error = Error::new(ErrorKind::Server, "words")
            .with_operation("x.y")
            .with_status(StatusCode::BAD_GATEWAY)
            .with_headers(headers)
            .with_header(HeaderName::from_static("b"), HeaderValue::from_static("2"))
            .with_body("body")
            .with_code("c")
            .with_correlation_id("id")
            .with_attempts(3)
            .with_retry_after(Duration::from_secs(4))
            .with_source("cause");
        assert_eq!(error.kind(), ErrorKind::Server);
        assert_eq!(error.operation(), Some("x.y"));
        assert_eq!(error.status(), Some(StatusCode::BAD_GATEWAY));
        assert_eq!(
            (&error.headers()["a"], &error.headers()["b"]),
            (&"1".parse().unwrap(), &"2".parse().unwrap())
        );
        assert_eq!(error.body(), "body");
        assert_eq!(error.code(), Some("c"));
        assert_eq!(error.correlation_id(), Some("id"));
        assert_eq!(error.attempts(), 3);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(4)));
        assert_eq!(StdError::source(&error).map(ToString::to_string).as_deref(), Some("cause"));
        assert_eq!(error.hint(), None);
        assert_eq!(error.with_operation("outer").operation(), Some("x.y"));
    }

    #[test]
    fn whatever_a_caller_gives_stays_one_line() {
        let breaking = "a\nb\r\u{2028}c\u{1b}";
        let error = Error::new(ErrorKind::Rejected, breaking)
            .with_operation(breaking)
            .with_code(breaking)
            .with_correlation_id(breaking);
        for printed in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
            assert!(!printed.contains(|c: char| c.is_control() || c == '\u{2028}'), "{printed:?}");
            assert_eq!(printed.matches("a\\nb").count(), 4);
        }
    }
}
